/** An address with the length of its prefix. */
export interface Network {
  readonly address: bigint;
  readonly prefix: number;
}

const OCTET = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}(?:/(\\d{1,2}))?$`);

/** `192.0.2.7` or `192.0.2.0/24`; undefined for anything else. */
export function parseIpv4(text: string): Network | undefined {
  const parts = IPV4.exec(text.trim());
  if (!parts) return undefined;
  const prefix = parts[5] === undefined ? 32 : Number(parts[5]);
  if (prefix > 32) return undefined;
  const address = parts.slice(1, 5).reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return { address, prefix };
}

/** An IPv6 address, or an IPv4 one as IPv6 writes it; undefined for anything else. */
export function parseIpv6(text: string): Network | undefined {
  const [address = "", length, ...more] = text.trim().split("/");
  const v4 = parseIpv4(address);
  const prefix = length === undefined ? 128 : /^\d{1,3}$/.test(length) ? Number(length) + (v4 ? 96 : 0) : Number.NaN;
  if (more.length > 0 || !(prefix <= 128)) return undefined;
  if (v4) return { address: 0xffff_0000_0000n + v4.address, prefix };
  const value = ipv6Value(address);
  return value === undefined ? undefined : { address: value, prefix };
}

function ipv6Value(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map(groupsOf);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => sum * 0x1_0000n + BigInt(`0x${group}`), 0n);
}

/** The groups on one side of `::`; a dotted IPv4 address at the end is two groups. */
function groupsOf(text: string): string[] {
  if (text === "") return [];
  const groups = text.split(":");
  const v4 = parseIpv4(groups.at(-1) ?? "");
  if (!groups.at(-1)?.includes(".") || v4?.prefix !== 32) return groups;
  return [...groups.slice(0, -1), (v4.address >> 16n).toString(16), (v4.address & 0xffffn).toString(16)];
}

/** The address with all bits after the prefix set to zero. */
export function masked(address: bigint, prefix: number, bits: 32 | 128): bigint {
  const rest = BigInt(bits - Math.max(0, Math.min(bits, prefix)));
  return (address >> rest) << rest;
}

export function formatIpv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join(".");
}

/** Eight groups of four digits, as Kusto writes them. */
export function formatIpv6(address: bigint): string {
  return (address.toString(16).padStart(32, "0").match(/.{4}/g) ?? []).join(":");
}
