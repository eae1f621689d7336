import { derived, printed, type CaseGroup } from "./semantics.ts";

/** Cases for encodings and addresses. */
export const ENCODINGS_CASES: readonly CaseGroup[] = [
  printed("url-encode-function", [
    "url_encode('https://www.bing.com/hello world')",
    "https%3a%2f%2fwww.bing.com%2fhello+world",
  ]),
  printed("url-encode-component-function", [
    "url_encode_component('https://www.bing.com/hello world')",
    "https%3a%2f%2fwww.bing.com%2fhello%20world",
  ]),
  derived(
    "url-decode-function",
    ["url_decode('https%3a%2f%2fwww.bing.com%2fhello+world')", "https://www.bing.com/hello world"],
    ["url_decode('%zz%41')", "%zzA"],
  ),
  printed(
    "base64-decode-tostring-function",
    ['base64_decode_tostring("S3VzdG8=")', "Kusto"],
    ['base64_decode_tostring("U3RyaW5n0KHR0tGA0L7Rh9C60LA=")', ""],
  ),
  derived(
    "base64-encode-tostring-function",
    ['base64_encode_tostring("Kusto")', "S3VzdG8="],
    ['base64_decode_tostring("not base64!")', ""],
    ['hash_sha256("World")', "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"],
    ['hash_md5("World")', "f5a7924e621e84c9280a9a27e1bcb7f6"],
  ),
  printed(
    "tohex-function",
    ["tohex(256)", "100"],
    ["tohex(-256)", "ffffffffffffff00"],
    ["tohex(toint(-256), 8)", "ffffff00"],
    ["tohex(256, 8)", "00000100"],
    ["tohex(256, 2)", "100"],
  ),
  printed("parse-url-function", [
    'parse_url("scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment")',
    {
      Scheme: "scheme",
      Host: "host",
      Port: "1234",
      Path: "this/is/a/path",
      Username: "username",
      Password: "password",
      "Query Parameters": { k1: "v1", k2: "v2" },
      Fragment: "fragment",
    },
  ]),
  derived(
    "parse-url-function",
    ['tostring(parse_url("https://login.example/a").Host)', "login.example"],
    ['tostring(parse_url("no url").Scheme)', ""],
    ['parse_urlquery("k1=v1&k2=v2")', { "Query Parameters": { k1: "v1", k2: "v2" } }],
  ),
  printed(
    "ipv4-compare-function",
    ["ipv4_compare('192.168.1.0', '192.168.1.0')", 0],
    ["ipv4_compare('192.168.1.1/24', '192.168.1.255')", 0],
    ["ipv4_compare('192.168.1.1', '192.168.1.255/24')", 0],
    ["ipv4_compare('192.168.1.1/30', '192.168.1.255/24')", 0],
    ["ipv4_compare('192.168.1.1', '192.168.1.0', 31)", 0],
    ["ipv4_compare('192.168.1.1/24', '192.168.1.255', 31)", 0],
    ["ipv4_compare('192.168.1.1', '192.168.1.255', 24)", 0],
  ),
  printed(
    "ipv4-is-in-range-function",
    ["ipv4_is_in_range('192.168.1.1', '192.168.1.1')", true],
    ["ipv4_is_in_range('192.168.1.1', '192.168.1.255/24')", true],
  ),
  printed(
    "ipv4-is-private-function",
    ["ipv4_is_private('192.168.1.1/24')", true],
    ["ipv4_is_private('10.1.2.3/24')", true],
    ["ipv4_is_private('202.1.2.3')", false],
    ["ipv4_is_private('127.0.0.1')", false],
    ["ipv4_is_private('10.1.2.3')", true],
  ),
  printed(
    "has-ipv4-function",
    ["has_ipv4('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.0.1')", true],
    ["has_ipv4('05:04:54 127.0.0.256 GET /favicon.ico 404', '127.0.0.256')", false],
    ["has_ipv4('05:04:54127.0.0.1 GET /favicon.ico 404', '127.0.0.1')", false],
  ),
  printed(
    "has-ipv4-prefix-function",
    ["has_ipv4_prefix('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.')", true],
    ["has_ipv4_prefix('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0')", false],
    ["has_ipv4_prefix('05:04:54 127.0.0.256 GET /favicon.ico 404', '127.0.')", false],
    ["has_ipv4_prefix('05:04:54127.0.0.1 GET /favicon.ico 404', '127.0.')", false],
  ),
  derived(
    "ipv4-compare-function",
    ["ipv4_compare('192.0.2.1', '192.0.2.2')", -1],
    ["ipv4_compare('192.0.2.9', '192.0.2.2')", 1],
    ["ipv4_compare('192.0.2.256', '192.0.2.2')", null],
    ["ipv4_is_match('192.0.2.1', '192.0.2.200', 24)", true],
    ["ipv4_is_in_any_range('192.0.2.1', '198.51.100.0/24', '192.0.2.0/24')", true],
    ["ipv4_is_in_any_range('192.0.2.1', dynamic(['198.51.100.0/24']))", false],
    ["parse_ipv4('192.0.2.1')", 3221225985],
    ["parse_ipv4('null')", null],
    ["format_ipv4('192.0.2.77', 24)", "192.0.2.0"],
    ["ipv6_compare('::ffff:192.0.2.1', '192.0.2.1')", 0],
    ["ipv6_is_match('fe80::1', 'fe80::2', 64)", true],
    ["parse_ipv6('fe80::85d:e82c:9446:7994')", "fe80:0000:0000:0000:085d:e82c:9446:7994"],
  ),
  printed(
    "parse-csv-function",
    [
      'parse_csv(\'aa,"b,b,b",cc,"Escaping quotes: ""Title""","line1\\nline2"\')',
      ["aa", "b,b,b", "cc", 'Escaping quotes: "Title"', "line1\nline2"],
    ],
    ["parse_csv('record1,a,b,c\\nrecord2,x,y,z')", ["record1", "a", "b", "c"]],
  ),
  printed("parse-path-function", {
    query: String.raw`datatable(p: string)[@"C:\temp\file.txt", @"temp\file.txt", "file://C:/temp/file.txt:some.exe", @"\\shared\users\temp\file.txt.gz", "/usr/lib/temp/file.txt"]
      | extend d = parse_path(p) | project tostring(d.Scheme), tostring(d.RootPath), tostring(d.DirectoryPath), tostring(d.DirectoryName), tostring(d.Filename), tostring(d.Extension), tostring(d.AlternateDataStreamName)`,
    rows: [
      ["", "C:", String.raw`C:\temp`, "temp", "file.txt", "txt", ""],
      ["", "", "temp", "temp", "file.txt", "txt", ""],
      ["file", "C:", "C:/temp", "temp", "file.txt", "txt", "some.exe"],
      ["", "", String.raw`\\shared\users\temp`, "temp", "file.txt.gz", "gz", ""],
      ["", "", "/usr/lib/temp", "temp", "file.txt", "txt", ""],
    ],
  }),
];
