import { derived, printed, type CaseGroup } from "../semantics.ts";

const LOG = `'src=10.1.1.123 dst=10.1.1.124 bytes=125`;
const TRAFFIC = "src: string, dst: string, bytes: long, failure: string";
const THREAD = "Text: string, ThreadId: long, Machine: string";

/** Functions and operators that hunting queries use, most of them over one text. */
export const HUNTING_EXAMPLES: readonly CaseGroup[] = [
  printed(
    "parse-kv-operator",
    {
      query: `print s = "ThreadId:458745723, Machine:Node001, Text: The service is up, Level: Info"
        | parse-kv s as (${THREAD}) with (pair_delimiter=',', kv_delimiter=':') | project-away s`,
      rows: [["The service is up", 458745723, "Node001"]],
    },
    {
      query: `print s = ${LOG} failure="connection aborted" "event time"=2021-01-01T10:00:54'
        | parse-kv s as (['event time']: datetime, ${TRAFFIC}) with (pair_delimiter=' ', kv_delimiter='=', quote='"')
        | project-away s`,
      rows: [["2021-01-01T10:00:54.0000000Z", "10.1.1.123", "10.1.1.124", 125, "connection aborted"]],
    },
    {
      query: `print s = ${LOG} failure=(connection aborted) (event time)=(2021-01-01 10:00:54)'
        | parse-kv s as (['event time']: datetime, ${TRAFFIC}) with (pair_delimiter=' ', kv_delimiter='=', quote='()')
        | project-away s`,
      rows: [["2021-01-01T10:00:54.0000000Z", "10.1.1.123", "10.1.1.124", 125, "connection aborted"]],
    },
    {
      query: `print s = ${LOG} failure="the remote host sent \\\\"bye!\\\\"" time=2021-01-01T10:00:54'
        | parse-kv s as (['time']: datetime, ${TRAFFIC})
          with (pair_delimiter=' ', kv_delimiter='=', quote='"', escape='\\\\')
        | project-away s`,
      rows: [["2021-01-01T10:00:54.0000000Z", "10.1.1.123", "10.1.1.124", 125, 'the remote host sent "bye!"']],
    },
    {
      query: `print s = 'name=John Doe phone=555 5555 city=New York'
        | parse-kv s as (name: string, phone: string, city: string) with (pair_delimiter=' ', kv_delimiter='=')
        | project-away s`,
      rows: [["John", "555", "New"]],
    },
    {
      query: `print s = 'name=John Doe phone=555 5555 city=New York'
        | parse-kv s as (name: string, phone: string, city: string)
          with (pair_delimiter=' ', kv_delimiter='=', greedy=true)
        | project-away s`,
      rows: [["John Doe", "555 5555", "New York"]],
    },
    {
      query: `print s = "2021-01-01T10:00:34 [INFO] ThreadId:458745723, Machine:Node001, Text: Started"
        | parse-kv s as (${THREAD}) | project-away s`,
      rows: [["Started", 458745723, "Node001"]],
    },
    {
      query: `print s = "2021-01-01T10:00:34 [INFO] ThreadId:458745723, Machine:Node001, Text: 'The service \\\\' is up'"
        | parse-kv s as (${THREAD}) with (quote="'", escape='\\\\') | project-away s`,
      rows: [["The service ' is up", 458745723, "Node001"]],
    },
    {
      query: String.raw`print s = @'["referer url: https://hostname.com/redirect?dest=/?h=1234", "request url: https://hostname.com/?h=1234", "advertiser id: 24fefbca-cf27-4d62-a623-249c2ad30c73"]'
        | parse-kv s as (['referer url']: string, ['request url']: string, ['advertiser id']: guid)
          with (regex=@'"([\w ]+)\s*:\s*([^"]*)"')
        | project-away s`,
      rows: [
        [
          "https://hostname.com/redirect?dest=/?h=1234",
          "https://hostname.com/?h=1234",
          "24fefbca-cf27-4d62-a623-249c2ad30c73",
        ],
      ],
    },
  ),
  derived(
    "parse-kv-operator",
    // The first value of a key counts, spaces around it do not, and a key that is missing has none.
    {
      query: `print s = "a=1;b;a=3; c = x y ;d=" | parse-kv s as (a: long, b: long, c: string, d: string, s: string, e: decimal)
        with (pair_delimiter=';', kv_delimiter='=') `,
      rows: [[1, null, "x y", "", "", null]],
    },
    // A quote that is not closed is text.
    {
      query: `print s = 'a="x b=y c=z' | parse-kv s as (a: string, b: string)
        with (pair_delimiter=' ', kv_delimiter='=', quote='"') | project a, b`,
      rows: [['"x', "y"]],
    },
    {
      query: `print s = 'a=b=c d e=f g' | parse-kv s as (a: string, e: string)
        with (pair_delimiter=' ', kv_delimiter='=', greedy=true) | project a, e`,
      rows: [["b=c d", "f g"]],
    },
  ),
  printed(
    "hash-function",
    ['hash("World")', 1846988464401551951n],
    ['hash("World", 100)', 51],
    ['hash(datetime("2015-01-01"))', 1380966698541616202n],
  ),
  printed(
    "hash-xxhash64-function",
    ['hash_xxhash64("World")', 1846988464401551951n],
    ['hash_xxhash64("World", 100)', 51],
    ['hash_xxhash64(datetime("2015-01-01"))', 1380966698541616202n],
  ),
  derived(
    "hash-function",
    // The values of the algorithm's own test vectors: nothing, and more than one stripe of 32 bytes.
    ['hash("")', -1205034819632174695n],
    ['hash("Nobody inspects the spammish repetition")', toLong(0xfbcea83c8a378bf1n)],
    ['hash("Hello")', 753694413698530628n],
    ["hash(long(null))", null],
    ['hash("World", 0)', null],
  ),
  printed("parse-version-function", {
    query: `datatable(v: string)["0.0.0.5", "0.0.7.0", "0.0.3", "0.2", "0.1.2.0", "1.2.3.4", "1"]
      | extend parsed = parse_version(v) | project parsed`,
    rows: [
      ["5"],
      ["700000000"],
      ["300000000"],
      ["20000000000000000"],
      ["10000000200000000"],
      ["1000000020000000300000004"],
      ["1000000000000000000000000"],
    ],
  }),
  printed("parse-version-function", {
    query: `datatable(lab: string, v: string)["Lab A", "0.0.0.5", "Lab B", "0.0.7.0", "Lab D", "0.0.3", "Lab C", "0.2",
        "Lab G", "0.1.2.0", "Lab F", "1.2.3.4", "Lab E", "1"]
      | extend needs_update = iff(parse_version(v) < parse_version("1.0.0.0"), "Yes", "No")
      | project lab, v, needs_update | sort by lab asc, v, needs_update`,
    rows: [
      ["Lab A", "0.0.0.5", "Yes"],
      ["Lab B", "0.0.7.0", "Yes"],
      ["Lab C", "0.2", "Yes"],
      ["Lab D", "0.0.3", "Yes"],
      ["Lab E", "1", "No"],
      ["Lab F", "1.2.3.4", "No"],
      ["Lab G", "0.1.2.0", "Yes"],
    ],
  }),
  derived(
    "parse-version-function",
    ['parse_version("1.2.3.4.5")', null],
    ['parse_version("123456789")', null],
    ['parse_version("")', null],
    ['parse_version("99999999.99999999.99999999.99999999")', "99999999999999999999999999999999"],
  ),
  printed("indexof-regex-function", {
    query: `print indexof_regex("abcabc", @"a.c"), indexof_regex("abcabcdefg", @"a.c", 0, 9, 2),
      indexof_regex("abcabc", @"a.c", 1, -1, 2), indexof_regex("ababaa", @"a.a", 0, -1, 2),
      indexof_regex("abcabc", @"a|ab", -1)`,
    rows: [[0, 3, -1, -1, null]],
  }),
  derived(
    "indexof-regex-function",
    [String.raw`indexof_regex("user a, user bc, user d", @"user \w+", 3, -1, 2)`, 17],
    ['indexof_regex("abc", "x")', -1],
  ),
  printed("bag-pack-columns-function", {
    query: `datatable(Id: string, Value: string, Other: long)["A", "val_a", 1, "B", "val_b", 2, "C", "val_c", 3]
      | extend Packed = bag_pack_columns(Id, Value)`,
    rows: [
      ["A", "val_a", 1, { Id: "A", Value: "val_a" }],
      ["B", "val_b", 2, { Id: "B", Value: "val_b" }],
      ["C", "val_c", 3, { Id: "C", Value: "val_c" }],
    ],
  }),
  printed("base64-encode-fromguid-function", [
    'base64_encode_fromguid(toguid("ae3133f2-6e22-49ae-b06a-16e6a9b212eb"))',
    "8jMxriJurkmwahbmqbIS6w==",
  ]),
  printed("base64-decode-toguid-function", ['base64_decode_toguid("abcd1231")', null]),
  derived("base64-decode-toguid-function", [
    'base64_decode_toguid("8jMxriJurkmwahbmqbIS6w==")',
    "ae3133f2-6e22-49ae-b06a-16e6a9b212eb",
  ]),
  printed("format-bytes-function", {
    query: `print format_bytes(564), format_bytes(10332, 1), format_bytes(20010332), format_bytes(20010332, 2),
      format_bytes(20010332, 0, "KB")`,
    rows: [["564 Bytes", "10.1 KB", "19 MB", "19.08 MB", "19541 KB"]],
  }),
  derived(
    "format-bytes-function",
    ["format_bytes(1024, 2)", "1 KB"],
    ["format_bytes(-2048)", "-2 KB"],
    ['format_bytes(5, 0, "XB")', ""],
    ["format_bytes(real(null))", ""],
  ),
  printed("todecimal-function", ['todecimal("123.45678") == decimal(123.45678)', true]),
  derived(
    "scalar-data-types/decimal",
    ["decimal(1.0)", "1"],
    ["decimal(0.1) + 0.2", "0.3"],
    ["decimal(1e5)", "100000"],
    ["decimal(null)", null],
    ["-decimal(2.5)", "-2.5"],
    ["decimal(1) / 3", "0.3333333333333333333333333333333333"],
    ["decimal(20) / 3", "6.666666666666666666666666666666667"],
    ["decimal(1) / 0", null],
    ["decimal(7.5) % 2", "1.5"],
    ["decimal(1234567890123456789.0123456789) * 10", "12345678901234567890.123456789"],
    ["decimal(1e67) * 10", null],
    ["todecimal(0.1)", "0.1"],
    ["todecimal(9223372036854775807)", "9223372036854775807"],
    ['todecimal("ten")', null],
    ["tolong(decimal(7.9))", 7],
    ["toreal(decimal(7.9))", 7.9],
    ["tostring(decimal(1.10))", "1.1"],
    ["decimal(2) in (1, 2.0)", true],
    ["decimal(2) between (1 .. 3)", true],
    ["round(decimal(-2.345), 2)", "-2.35"],
    ["ceiling(decimal(1.2))", "2"],
    ["bin(decimal(7.5), 2)", "6"],
    ["abs(decimal(-1.5))", "1.5"],
    ["max_of(decimal(1.5), 2)", "2"],
    ["around(decimal(1.5), 2, 1)", true],
    ["sqrt(decimal(4))", 2],
    ["1h * decimal(1.5)", "01:30:00"],
    ["pack_array(decimal(1.5))", ["1.5"]],
    ["hourofday(unixtime_seconds_todatetime(decimal(3600)))", 1],
    {
      query: `datatable(x: decimal)[1.5, 12, decimal(3)] | summarize sum(x), avg(x), max(x), make_list(x) by y = 1`,
      rows: [[1, "16.5", "5.5", "12", ["1.5", "12", "3"]]],
    },
    { query: "datatable(x: decimal)[1.5, 12, decimal(3)] | order by x asc", rows: [["1.5"], ["3"], ["12"]] },
  ),
];

function toLong(bits: bigint): bigint {
  return BigInt.asIntN(64, bits);
}
