import { derived, printed, type CaseGroup } from "../semantics.ts";

const GUID = "74be27de-1e4e-49d9-b579-fe0b331d3642";

/** Literals of each type with their values. */
const LITERALS = [
  ["5", 5],
  ["0x10", 16],
  ["-5", -5],
  ["- // sign\n 9223372036854775808", -9223372036854775808n],
  ["int(5)", 5],
  ["int(-5)", -5],
  ["int(null)", null],
  ["long(5)", 5],
  ["long(null)", null],
  ["1.5", 1.5],
  ["real(1.5)", 1.5],
  ["double(1.5)", 1.5],
  ["real(nan)", "NaN"],
  ["real(-inf)", "-Infinity"],
  ["real(null)", null],
  ["true", true],
  ["bool(false)", false],
  ["bool(null)", null],
  ["1.5h", "01:30:00"],
  ["time(1d)", "1.00:00:00"],
  ["timespan(null)", null],
  ["datetime(2020-01-01)", "2020-01-01T00:00:00.0000000Z"],
  ["date(2020-01-01)", "2020-01-01T00:00:00.0000000Z"],
  ["datetime(null)", null],
  [`guid(${GUID})`, GUID],
  ["guid(null)", null],
  ["dynamic(null)", null],
  [
    `dynamic([1, // one\n datetime(2020-01-01), // two\n 2d, -3])`,
    [1, "2020-01-01T00:00:00.0000000Z", "2.00:00:00", -3],
  ],
  [
    "dynamic({ // a bag\n 'a' // key\n : // value\n 1, 'b': [ // list\n true, // last\n null]})",
    { a: 1, b: [true, null] },
  ],
  ["'abc'", "abc"],
  ["'a' // joined\n 'b'", "ab"],
] as const;

/** The datetime formats of Kusto's page that end in a time of day. */
const WITH_CLOCK = ["Sat, 8 Nov 14", "8 Nov 14", "Saturday, 08-Nov-14", "08-Nov-14", "2014-11-08", "2014-11-8"];

export const LITERALS_CASES: readonly CaseGroup[] = [
  derived("comment", ...LITERALS.map(([text, value]) => [`// why\n\n  // and more\n\t${text}`, value] as const)),
  derived(
    "comment",
    ["1 + // two\n 2", 3],
    ["1 + // minus two\n -2", -1],
    ["'b' in~ ('a', // last\n 'B')", true],
    ["1h // until\n between ( // from\n 30m // to\n .. // end\n 2h)", true],
    ["case( // no\n false, // one\n int(1), // two\n int(2))", 2],
    ["toint( // text\n '5' // five\n)", 5],
    ["dynamic([1, 2])[ // last\n -1]", 2],
    ["extract('(.)', // group\n 1, 'x', // type\n typeof( // of\n string))", "x"],
    {
      query: "let limit = // five\n int(5);\nlet from = // start\n datetime(2020-01-01);\nprint limit, from",
      rows: [[5, "2020-01-01T00:00:00.0000000Z"]],
    },
    {
      query:
        "datatable(a: int, b: datetime)[ // first\n 1, // its time\n datetime(2020-01-01), // second\n int(-2), // none\n datetime(null)]",
      rows: [
        [1, "2020-01-01T00:00:00.0000000Z"],
        [-2, null],
      ],
    },
    {
      query: "datatable(a: long)[1, long(null), 2] | order by a desc // not: nulls last\n nulls // really\n first",
      rows: [[null], [2], [1]],
    },
    {
      query: "let f = (a: long, b: timespan = // default\n 1h) { b * a }; print f( // two\n 2)",
      rows: [["02:00:00"]],
    },
  ),
  printed(
    "scalar-data-types/datetime",
    ...WITH_CLOCK.flatMap((date) =>
      ["15:05:02", "15:05:02 GMT", "15:05", "15:05 GMT"].map((clock) => {
        const second = clock.startsWith("15:05:02") ? "02" : "00";
        return [`datetime(${date} ${clock})`, `2014-11-08T15:05:${second}.0000000Z`] as const;
      }),
    ),
    ["datetime(2014-05-25T08:20:03.123456Z)", "2014-05-25T08:20:03.1234560Z"],
    ["datetime(2014-05-25T08:20:03.123456)", "2014-05-25T08:20:03.1234560Z"],
    ["datetime(2014-11-8T15:05:25 GMT)", "2014-11-08T15:05:25.0000000Z"],
    ["datetime(2014-11-8T15:05 GMT)", "2014-11-08T15:05:00.0000000Z"],
    ["datetime(2015-12-31 23:59:59.9)", "2015-12-31T23:59:59.9000000Z"],
    ["datetime() == now()", true],
  ),
  derived(
    "scalar-data-types/datetime",
    ["datetime(2015.12.31 23:59:59.9)", "2015-12-31T23:59:59.9000000Z"],
    ["todatetime('2015/12/31')", "2015-12-31T00:00:00.0000000Z"],
    ["isnull(todatetime('2015-12/31'))", true],
    ["datetime(12-02-2022)", "2022-12-02T00:00:00.0000000Z"],
    ["todatetime('12/02/2022')", "2022-12-02T00:00:00.0000000Z"],
    ["todatetime('1-2-2022 11:04:05.5 PM')", "2022-01-02T23:04:05.5000000Z"],
    ["todatetime('1/2/2022 12:04 AM')", "2022-01-02T00:04:00.0000000Z"],
    ["isnull(todatetime('1/2/2022 13:04 AM'))", true],
    ["isnull(todatetime('13-02-2022'))", true],
    ["isnull(todatetime('02-30-2022'))", true],
    ["todatetime('2014-11-08 03:05:25 PM')", "2014-11-08T15:05:25.0000000Z"],
    ["todatetime('Sat, 8 Nov 2014 15:05:02 +0100')", "2014-11-08T14:05:02.0000000Z"],
    ["todatetime('Sat, 8 Nov 14 15:05:02 EST')", "2014-11-08T20:05:02.0000000Z"],
    ["todatetime('8 November 2014')", "2014-11-08T00:00:00.0000000Z"],
    ["todatetime('November 8, 2014 15:05')", "2014-11-08T15:05:00.0000000Z"],
    ["isnull(todatetime('Foo, 8 Nov 14 15:05:02 GMT'))", true],
    ["isnull(todatetime('8 Novel 14'))", true],
    ["todatetime('8 Nov 49')", "2049-11-08T00:00:00.0000000Z"],
    ["todatetime('8 Nov 50')", "1950-11-08T00:00:00.0000000Z"],
    ["todatetime('2014-11')", "2014-11-01T00:00:00.0000000Z"],
    ["todatetime('2014')", "2014-01-01T00:00:00.0000000Z"],
    ["todatetime('0099-12-31T23:59:59.9999999Z')", "0099-12-31T23:59:59.9999999Z"],
    ["isnull(todatetime('0001-01-01T00:00:00+01:00'))", true],
    ["datetime(2020, 1, 31)", "2020-01-31T00:00:00.0000000Z"],
  ),
];
