import { toText, wholeOf } from "../conversion.ts";
import { isArray } from "../dynamic-text.ts";
import type { Call, Compute, FunctionTable } from "../evaluation.ts";
import { asDynamic, asLong, asText } from "../operand.ts";
import type { Row } from "../values.ts";
import { allPriced, operand, scalar } from "./binding.ts";
import { formatIpv4, formatIpv6, masked, parseIpv4, parseIpv6, type Network } from "./ip-address.ts";

type Bits = 32 | 128;

const parsers: Readonly<Record<Bits, (text: string) => Network | undefined>> = { 32: parseIpv4, 128: parseIpv6 };

const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(parseIpv4);

/** Compares under the shortest of the prefixes: less than 0, 0 or greater than 0; null if one is not an address. */
function order(left: string, right: string, bits: Bits, prefix: number): number | null {
  const [a, b] = [parsers[bits](left), parsers[bits](right)];
  if (a === undefined || b === undefined) return null;
  const length = Math.min(a.prefix, b.prefix, prefix);
  const [first, second] = [masked(a.address, length, bits), masked(b.address, length, bits)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function compared(bits: Bits, result: (order: number) => number | boolean) {
  return (call: Call): Compute => {
    const [left, right] = [asText(operand(call, 0)), asText(operand(call, 1))];
    const prefix = call.operands[2] ? asLong(operand(call, 2)) : () => BigInt(bits);
    return (row) => {
      const found = order(left(row), right(row), bits, Number(prefix(row) ?? BigInt(bits)));
      if (found === null) return null;
      const value = result(found);
      return typeof value === "number" && call.type === "long" ? BigInt(value) : value;
    };
  };
}

function isWithin(address: Network, network: Network | undefined, bits: Bits): boolean {
  if (network === undefined) return false;
  return masked(address.address, network.prefix, bits) === masked(network.address, network.prefix, bits);
}

function inRanges(bits: Bits) {
  return (call: Call): Compute => {
    const address = asText(operand(call, 0));
    const ranges = texts(call, 1);
    return (row) => {
      const parsed = parsers[bits](address(row));
      return parsed === undefined ? null : ranges(row).some((range) => isWithin(parsed, parsers[bits](range), bits));
    };
  };
}

/** The arguments from a position on as texts, arrays flattened. */
function texts(call: Call, from: number): (row: Row) => string[] {
  const reads = call.operands.slice(from).map(asDynamic);
  return (row) =>
    reads.flatMap((read) => {
      const value = read(row);
      return isArray(value) ? value.map((each) => toText(each, "dynamic")) : [toText(value, "dynamic")];
    });
}

function isPrivate({ address }: Network): boolean {
  return PRIVATE_NETWORKS.some((network) => isWithin({ address, prefix: 32 }, network, 32));
}

/** Dotted numbers without a letter or digit next to them. */
const ADDRESSES = /(?<![0-9A-Za-z])\d{1,3}(?:\.\d{1,3}){3}(?![0-9A-Za-z])/g;

/** Whether a text contains an address, one of whose forms is among the arguments. */
function anyAddress(formsOf: (address: string) => readonly string[]) {
  return (call: Call): Compute => {
    const [source, wanted] = [asText(operand(call, 0)), texts(call, 1)];
    return (row) => {
      const found = [...source(row).matchAll(ADDRESSES)].map(([address]) => address).filter((each) => parseIpv4(each));
      const forms = new Set(found.flatMap(formsOf));
      return wanted(row).some((each) => forms.has(each));
    };
  };
}

const itself = (address: string) => [address];

/** A prefix ends at a dot or is the whole address. */
const prefixesOf = (address: string) => {
  const [a, b, c] = address.split(".");
  return [`${a}.`, `${a}.${b}.`, `${a}.${b}.${c}.`, address];
};

export const NETWORK: FunctionTable = {
  ipv4_compare: scalar(
    "ipv4_compare(a, b [, prefix])",
    compared(32, (each) => each),
  ),
  ipv4_is_match: scalar(
    "ipv4_is_match(a, b [, prefix])",
    compared(32, (each) => each === 0),
  ),
  ipv4_is_in_range: scalar("ipv4_is_in_range(address, range)", inRanges(32)),
  ipv4_is_in_any_range: scalar("ipv4_is_in_any_range(address, range, …)", inRanges(32)),
  ipv4_is_private: scalar("ipv4_is_private(address)", (call) => {
    const address = asText(operand(call, 0));
    return (row) => {
      const parsed = parseIpv4(address(row));
      return parsed === undefined ? null : isPrivate(parsed);
    };
  }),
  ipv4_netmask_suffix: scalar("ipv4_netmask_suffix(address)", (call) => {
    const address = asText(operand(call, 0));
    return (row) => {
      const parsed = parseIpv4(address(row));
      if (parsed === undefined) return null;
      return call.type === "long" ? BigInt(parsed.prefix) : parsed.prefix;
    };
  }),
  parse_ipv4: scalar("parse_ipv4(address)", (call) => {
    const address = asText(operand(call, 0));
    return (row) => {
      const parsed = parseIpv4(address(row));
      return parsed === undefined ? null : masked(parsed.address, parsed.prefix, 32);
    };
  }),
  parse_ipv4_mask: scalar("parse_ipv4_mask(address, prefix)", (call) => {
    const [address, prefix] = [asText(operand(call, 0)), asLong(operand(call, 1))];
    return (row) => {
      const [parsed, length] = [parseIpv4(address(row)), prefix(row)];
      if (parsed === undefined || length === null) return null;
      return masked(parsed.address, Math.min(parsed.prefix, Number(length)), 32);
    };
  }),
  format_ipv4: scalar("format_ipv4(address [, prefix])", (call) => formatted(call, false)),
  format_ipv4_mask: scalar("format_ipv4_mask(address [, prefix])", (call) => formatted(call, true)),
  parse_ipv6: scalar("parse_ipv6(address)", (call) => {
    const address = asText(operand(call, 0));
    return (row) => {
      const parsed = parseIpv6(address(row));
      return parsed === undefined ? "" : formatIpv6(masked(parsed.address, parsed.prefix, 128));
    };
  }),
  ipv6_compare: scalar(
    "ipv6_compare(a, b [, prefix])",
    compared(128, (each) => each),
  ),
  ipv6_is_match: scalar(
    "ipv6_is_match(a, b [, prefix])",
    compared(128, (each) => each === 0),
  ),
  ipv6_is_in_range: scalar("ipv6_is_in_range(address, range)", inRanges(128)),
  ipv6_is_in_any_range: scalar("ipv6_is_in_any_range(address, range, …)", inRanges(128)),
  ...allPriced(
    { character: 120 },
    {
      has_ipv4: scalar("has_ipv4(source, address)", anyAddress(itself)),
      has_any_ipv4: scalar("has_any_ipv4(source, address, …)", anyAddress(itself)),
      has_ipv4_prefix: scalar("has_ipv4_prefix(source, prefix)", anyAddress(prefixesOf)),
      has_any_ipv4_prefix: scalar("has_any_ipv4_prefix(source, prefix, …)", anyAddress(prefixesOf)),
    },
  ),
};

/** Formats an address (text or number), cut to the shorter of its own prefix and the argument. */
function formatted(call: Call, withMask: boolean): Compute {
  const { compute, type } = operand(call, 0);
  const prefix = call.operands[1] ? asLong(operand(call, 1)) : () => null;
  return (row) => {
    const value = compute(row);
    const number = wholeOf(value);
    const parsed =
      number !== null && number >= 0n && number <= 0xffff_ffffn
        ? { address: number, prefix: 32 }
        : parseIpv4(toText(value, type));
    const wanted = Number(prefix(row) ?? 32n);
    if (parsed === undefined || wanted < 0 || wanted > 32) return "";
    const length = Math.min(parsed.prefix, wanted);
    const text = formatIpv4(masked(parsed.address, length, 32));
    return withMask ? `${text}/${length}` : text;
  };
}
