import { printed, type CaseGroup } from "../semantics.ts";
import { rangeOfRows } from "./numbers.examples.ts";

const FIVE = [1, 2, 3, 4, 5];

/** Texts, conversions and encodings. */
export const TEXT_EXAMPLES: readonly CaseGroup[] = [
  printed("tostring-function", ["tostring(123)", "123"]),
  printed(
    "tobool-function",
    ['tobool("true")', true],
    ['tobool("false")', false],
    ["tobool(1)", true],
    ["tobool(123)", true],
  ),
  printed("tolong-function", ['tolong("123") == 123', true]),
  printed("toint-function", ['toint("123") == 123', true], ["toint(2.3)", 2]),
  printed("toreal-function", ['todouble("123.4") == 123.4', true]),
  printed(
    "todatetime-function",
    ['todatetime("2015-12-31 23:59:59.9")', "2015-12-31T23:59:59.9000000Z"],
    ["todatetime('12-02-2022') == datetime('12-02-2022')", true],
  ),
  printed("totimespan-function", ['totimespan("0.00:01:00") == time(1min)', true]),
  printed(
    "toguid-function",
    ['toguid("0123456789abcdef0123456789abcdef")', "01234567-89ab-cdef-0123-456789abcdef"],
    ['toguid("0123456789ab-cdef-0123-456789abcdef")', "01234567-89ab-cdef-0123-456789abcdef"],
    ['toguid("a string that is not a guid")', null],
  ),
  printed("toupper-function", ['toupper("hello") == "HELLO"', true]),
  printed("tolower-function", ['tolower("Hello") == "hello"', true]),
  printed(
    "strlen-function",
    ['strlen("hello")', 5],
    ['strlen("⒦⒰⒮⒯⒪")', 5],
    // The first letter and its accent are two code points.
    ["strlen('C\u0327edilla')", 8],
  ),
  printed("string-size-function", ['string_size("hello")', 5], ['string_size("⒦⒰⒮⒯⒪")', 15]),
  printed("reverse-function", ['reverse("ABCDEFGHIJKLMNOPQRSTUVWXYZ")', "ZYXWVUTSRQPONMLKJIHGFEDCBA"], {
    query: "print reverse(12345), reverse(123.45), reverse(datetime(2017-10-15 12:00)), reverse(3h)",
    rows: [["54321", "54.321", "Z0000000.00:00:21T51-01-7102", "00:00:30"]],
  }),
  printed(
    "strcat-function",
    ['strcat("hello", " ", "world")', "hello world"],
    [String.raw`strcat("Line 1\n", "Line 2\n", "Line 3")`, "Line 1\nLine 2\nLine 3"],
  ),
  printed("strcat-delim-function", ["strcat_delim('-', 1, '2', 'A', 1s)", "1-2-A-00:00:01"]),
  printed(
    "strcat-array-function",
    ['strcat_array(dynamic([1, 2, 3]), "->")', "1->2->3"],
    ["strcat_array(dynamic([1, 2, 3]), '\"')", '1"2"3'],
  ),
  printed("regex-quote-function", ["regex_quote('(so$me.Te^xt)')", String.raw`\(so\$me\.Te\^xt\)`]),
  printed(
    "trim-start-function",
    ['trim_start("https://", "https://bing.com")', "bing.com"],
    {
      query: String.raw`${rangeOfRows(1, 5)} | project trim_start(@"[^\w]+", strcat("-  ", "Te st", x, @"// $"))`,
      rows: FIVE.map((x) => [`Te st${x}// $`]),
    },
    [String.raw`trim_start(@"\s+", "    Hello, world!    ")`, "Hello, world!    "],
  ),
  printed(
    "trim-end-function",
    ['trim_end(".com", "bing.com")', "bing"],
    {
      query: String.raw`${rangeOfRows(1, 5)} | project trim_end(@"[^\w]+", strcat("-  ", "Te st", x, @"// $"))`,
      rows: FIVE.map((x) => [`-  Te st${x}`]),
    },
    [String.raw`trim_end(@"\s+", "    Hello, world!    ")`, "    Hello, world!"],
  ),
  printed(
    "replace-strings-function",
    [
      `replace_strings("A magic trick can turn a cat into a dog", dynamic(['cat', 'dog']), dynamic(['dog', 'pigeon']))`,
      "A magic trick can turn a dog into a pigeon",
    ],
    [
      `replace_strings("A magic trick can turn a cat into a dog", dynamic(['turn', ' into a dog']), dynamic(['disappear', '']))`,
      "A magic trick can disappear a cat",
    ],
    [`replace_strings("This is an example", dynamic(['This', 'is']), dynamic(['This', 'was']))`, "This was an example"],
    [
      `replace_strings("This is an example", dynamic(['is', 'This']), dynamic(['was', 'This']))`,
      "Thwas was an example",
    ],
    [`replace_strings("This is an example", dynamic(['This', 'is']), dynamic([12345, 'was']))`, "This was an example"],
  ),
  printed("base64-encode-tostring-function", ['base64_encode_tostring("Kusto")', "S3VzdG8="]),
  printed("base64-decode-toarray-function", ['base64_decode_toarray("S3VzdG8=")', [75, 117, 115, 116, 111]]),
  printed(
    "base64-encode-fromarray-function",
    ['base64_encode_fromarray(base64_decode_toarray("S3VzdG8="))', "S3VzdG8="],
    ['base64_encode_fromarray(base64_decode_toarray("U3RyaW5n0KHR0tGA0L7Rh9C60LA"))', ""],
  ),
  printed("url-decode-function", ["url_decode('https%3a%2f%2fwww.bing.com%2f')", "https://www.bing.com/"]),
  printed(
    "hash-sha256-function",
    ['hash_sha256("World")', "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"],
    ["hash_sha256(datetime(2020-01-01))", "ba666752dc1a20eb750b0eb64e780cc4c968bc9fb8813461c1d7e750f302d71d"],
    ['hash_sha256("TEXAS")', "9087f20f23f91b5a77e8406846117049029e6798ebbd0d38aea68da73a00ca37"],
  ),
  printed(
    "hash-sha1-function",
    ['hash_sha1("World")', "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"],
    ["hash_sha1(datetime(2020-01-01))", "e903e533f4d636b4fc0dcf3cf81e7b7f330de776"],
    ['hash_sha1("TEXAS")', "3128d805194d4e6141766cc846778eeacb12e3ea"],
  ),
  printed(
    "hash-md5-function",
    ['hash_md5("World")', "f5a7924e621e84c9280a9a27e1bcb7f6"],
    ["hash_md5(datetime(2020-01-01))", "786c530672d1f8db31fee25ea8a9390b"],
    ['hash_md5("TEXAS")', "3b00dbe6e07e7485a1c12d36c8e9910a"],
  ),
  printed(
    "unicode-codepoints-from-string-function",
    ['unicode_codepoints_from_string("⒦⒰⒮⒯⒪")', [9382, 9392, 9390, 9391, 9386]],
    [
      'unicode_codepoints_from_string("קוסטו - Kusto")',
      [1511, 1493, 1505, 1496, 1493, 32, 45, 32, 75, 117, 115, 116, 111],
    ],
    ['unicode_codepoints_to_string(unicode_codepoints_from_string("Kusto"))', "Kusto"],
  ),
  printed(
    "unicode-codepoints-to-string-function",
    ["make_string(75, 117, 115, 116, 111)", "Kusto"],
    ["make_string(dynamic([75, 117, 115, 116, 111]))", "Kusto"],
    ["make_string(dynamic([75, 117, 115]), 116, 111)", "Kusto"],
    ["make_string(75, 10, 117, 10, 115, 10, 116, 10, 111)", "K\nu\ns\nt\no"],
  ),
  printed(
    "parse-url-query-function",
    ['parse_urlquery("k1=v1&k2=v2&k3=v3")', { "Query Parameters": { k1: "v1", k2: "v2", k3: "v3" } }],
    {
      query: `let valueOf = (query: string, name: string) { tostring(parse_urlquery(query)["Query Parameters"].[name]) };
        print url = 'view=vs-2019&preserve-view=true' | extend view = valueOf(url, 'view') | extend keep = valueOf(url, 'preserve-view')`,
      rows: [["view=vs-2019&preserve-view=true", "vs-2019", "true"]],
    },
  ),
];
