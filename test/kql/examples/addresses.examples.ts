import { printed, type Case, type CaseGroup } from "../semantics.ts";

/** Couples of addresses that Kusto's pages call equal, the last argument being a prefix. */
const V6 = "fe80::85d:e82c:9446:7994";
const NEAR = "fe80::85d:e82c:9446:7998";

const EQUAL: readonly (readonly string[])[] = [
  ["192.168.1.1", "192.168.1.1"],
  ["192.168.1.1/24", "192.168.1.255"],
  ["192.168.1.1", "192.168.1.255/24"],
  ["192.168.1.1/30", "192.168.1.255/24"],
  [V6, V6],
  [`${V6}/120`, NEAR],
  [V6, `${NEAR}/120`],
  [`${V6}/120`, `${NEAR}/120`],
  ["192.168.1.1", "::ffff:c0a8:0101"],
  ["192.168.1.1/24", "::ffff:c0a8:01ff"],
  ["::ffff:c0a8:0101", "192.168.1.255/24"],
  ["::192.168.1.1/30", "192.168.1.255/24"],
];

const EQUAL_UNDER: readonly (readonly [left: string, right: string, prefix: number])[] = [
  ["192.168.1.1/24", "192.168.1.255", 31],
  ["192.168.1.1", "192.168.1.255", 24],
  [V6, "fe80::85d:e82c:9446:7995", 127],
  [`${V6}/127`, NEAR, 120],
  [`${V6}/120`, NEAR, 127],
];

/** Those of the mixed couples, whose prefix counts in the form of IPv6. */
const MIXED: readonly (readonly [left: string, right: string, prefix: number])[] = [
  ["192.168.1.1/24", "::ffff:c0a8:01ff", 127],
  ["::ffff:c0a8:0101", "192.168.1.255", 120],
  ["::192.168.1.1/30", "192.168.1.255/24", 127],
];

function couples(name: string, list: readonly (readonly (string | number)[])[], value: 0 | true): Case[] {
  return list.map((args): Case => [
    `${name}(${args.map((each) => (typeof each === "number" ? each : `'${each}'`)).join(", ")})`,
    value,
  ]);
}

const FORMATTED = [
  ["'192.168.1.1', 24", "192.168.1.0", "192.168.1.0/24"],
  ["'192.168.1.1', 32", "192.168.1.1", "192.168.1.1/32"],
  ["'192.168.1.1/24', 32", "192.168.1.0", "192.168.1.0/24"],
  ["'192.168.1.1/24', long(-1)", "", ""],
] as const;

const HOST = "a5e:f127:8a9d:146d:e102:b5d3:c755";

/** IPv4 and IPv6 addresses. */
export const ADDRESS_EXAMPLES: readonly CaseGroup[] = [
  printed("parse-ipv4-function", {
    query: `datatable(ip: string)['192.168.1.1', '192.168.1.1/24', '255.255.255.255/31'] | project parse_ipv4(ip)`,
    rows: [[3232235777], [3232235776], [4294967294]],
  }),
  printed("format-ipv4-function", ...FORMATTED.map(([args, address]): Case => [`format_ipv4(${args})`, address])),
  printed(
    "format-ipv4-mask-function",
    ...FORMATTED.map(([args, , masked]): Case => [`format_ipv4_mask(${args})`, masked]),
  ),
  printed("parse-ipv6-function", {
    query: `datatable(ip: string)['192.168.255.255', '192.168.255.255/24', '255.255.255.255'] | project parse_ipv6(ip)`,
    rows: [
      ["0000:0000:0000:0000:0000:ffff:c0a8:ffff"],
      ["0000:0000:0000:0000:0000:ffff:c0a8:ff00"],
      ["0000:0000:0000:0000:0000:ffff:ffff:ffff"],
    ],
  }),
  printed(
    "ipv6-compare-function",
    ...couples("ipv6_compare", EQUAL, 0),
    ...couples("ipv6_compare", EQUAL_UNDER.slice(2), 0),
    ...couples("ipv6_compare", MIXED.slice(0, 2), 0),
  ),
  printed(
    "ipv6-is-match-function",
    ...couples("ipv6_is_match", EQUAL, true),
    ...couples("ipv6_is_match", EQUAL_UNDER.slice(2), true),
    ...couples("ipv6_is_match", MIXED.slice(0, 2), true),
  ),
  printed(
    "ipv4-is-match-function",
    ["ipv4_is_match('192.168.1.1/24', '192.168.1.255')", true],
    ["ipv4_is_match('192.168.1.0', '192.168.1.0')", true],
    ["ipv4_is_match('192.168.1.1', '192.168.1.0', 31)", true],
    ...couples("ipv4_is_match", EQUAL.slice(1, 4), true),
    ...couples("ipv4_is_match", EQUAL_UNDER.slice(0, 2), true),
  ),
  printed(
    "ipv6-is-in-range-function",
    [`ipv6_is_in_range('${HOST}:abcd', '${HOST}:0000/112')`, true],
    [`ipv6_is_in_range('${HOST}:abcd', '${HOST}:abcd')`, true],
    [`ipv6_is_in_range('${HOST}:abcd', '0:0:0:0:0:ffff:c0a8:ac/60')`, false],
  ),
  printed(
    "ipv6-is-in-any-range-function",
    [`ipv6_is_in_any_range("${HOST}:f6cd", dynamic(["${HOST}:f6cd/112", "0:0:0:0:0:ffff:c0a8:ac/60"]))`, true],
    [`ipv6_is_in_any_range("${HOST}:f6cd", "${HOST}:f6cd/112", "0:0:0:0:0:ffff:c0a8:ac/60")`, true],
    [`ipv6_is_in_any_range("a5e:f127:8a9d:146d:e102:b5d3:c756:abd1", dynamic(["${HOST}:f6cd/112"]))`, false],
  ),
  printed(
    "ipv4-is-in-any-range-function",
    ["ipv4_is_in_any_range('192.168.1.6', '192.168.1.1/24', '10.0.0.1/8', '127.1.0.1/16')", true],
    ['ipv4_is_in_any_range("127.0.0.1", dynamic(["127.0.0.1", "192.168.1.1"]))', true],
    {
      query: `datatable(IP: string)["10.1.2.3", "192.168.1.5", "123.1.11.21", "1.1.1.1"]
        | project ipv4_is_in_any_range(IP, dynamic(["192.168.1.1/16", "127.0.0.1/8", "10.0.0.1/8"]))`,
      rows: [[true], [true], [false], [false]],
    },
  ),
  printed("ipv4-netmask-suffix-function", {
    query: `datatable(ip: string)['10.1.2.3', '192.168.1.1/24', '127.0.0.1/16'] | project ipv4_netmask_suffix(ip)`,
    rows: [[32], [24], [16]],
  }),
  printed(
    "has-any-ipv4-function",
    ["has_any_ipv4('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.0.1', '127.0.0.2')", true],
    [`has_any_ipv4('05:04:54 127.0.0.256 GET /favicon.ico 404', dynamic(["127.0.0.256", "192.168.1.1"]))`, false],
    ["has_any_ipv4('05:04:54127.0.0.1 GET /favicon.ico 404', '127.0.0.1', '192.168.1.1')", false],
  ),
  printed(
    "has-any-ipv4-prefix-function",
    ["has_any_ipv4_prefix('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.', '192.168.')", true],
    [`has_any_ipv4_prefix('05:04:54 127.0.0.1 GET /favicon.ico 404', dynamic(["127.0", "192.168."]))`, false],
    ["has_any_ipv4_prefix('05:04:54 127.0.0.256 GET /favicon.ico 404', '127.0.', '192.168.')", false],
    ["has_any_ipv4_prefix('05:04:54127.0.0.1 GET /favicon.ico 404', '127.0.', '192.')", false],
  ),
];
