import { printed, type Case, type CaseGroup } from "../semantics.ts";

/** Whole numbers as rows of a column `x`, as Kusto's operator `range` makes them. */
export function rangeOfRows(from: number, to: number, step = 1): string {
  return `print x = range(${from}, ${to}, ${step}) | mv-expand x to typeof(long)`;
}

/** The query makes one row of these values. */
function row(values: string, ...expected: (number | string | boolean | null)[]): Case {
  return { query: `print ${values}`, rows: [expected] };
}

/** Numbers, as on the pages of their functions. The pages round reals to 15 digits. */
export const NUMBER_EXAMPLES: readonly CaseGroup[] = [
  printed("abs-function", ["abs(-5)", 5]),
  printed(
    "numerical-operators",
    row("14 % 12, -14 % 12, 14 % -12, -14 % -12", 2, 10, 2, 10),
    ["1.0 / 2", 0.5],
    ["1 / 2.0", 0.5],
    ["1 / 2", 0],
    ["real(1) / 2", 0.5],
  ),
  printed("logical-operators", ["iff(bool(null) and true, true, false)", false]),
  printed(
    "bin-at-function",
    ["bin_at(6.5, 2.5, 7)", 4.5],
    ["bin_at(time(1h), 1d, 12h)", "-12:00:00"],
    ["bin_at(datetime(2017-05-15 10:20:00.0), 1d, datetime(1970-01-01 12:00:00.0))", "2017-05-14T12:00:00.0000000Z"],
    ["bin_at(datetime(2017-05-17 10:20:00.0), 7d, datetime(2017-06-04 00:00:00.0))", "2017-05-14T00:00:00.0000000Z"],
    {
      query: `datatable(Date: datetime, NumOfEvents: int)[
          datetime(2018-02-24T15:14), 3, datetime(2018-02-24T15:24), 4, datetime(2018-02-23T16:14), 4,
          datetime(2018-02-23T17:29), 4, datetime(2018-02-26T15:14), 5]
        | summarize Total = sum(NumOfEvents) by bin_at(Date, 1d, datetime(2018-02-24 15:14:00.0000000))
        | order by Date asc`,
      rows: [
        ["2018-02-23T15:14:00.0000000Z", 8],
        ["2018-02-24T15:14:00.0000000Z", 7],
        ["2018-02-26T15:14:00.0000000Z", 5],
      ],
    },
  ),
  printed("ceiling-function", row("ceiling(-1.1), ceiling(0), ceiling(0.9)", -1, 0, 1)),
  printed(
    "round-function",
    ["round(2.98765, 3)", 2.988],
    ["round(2.15, 1)", 2.2],
    ["round(2.15)", 2],
    ["round(-50.55, -2)", -100],
    ["round(21.5, -1)", 20],
  ),
  printed("log-function", ["log(5)", 1.6094379124341003]),
  printed("sign-function", row("sign(-42), sign(0), sign(11.2)", -1, 0, 1)),
  printed("around-function", {
    query: `print dt = range(datetime(2021-01-01 01:00), datetime(2021-01-01 02:00), 1min)
      | mv-expand dt to typeof(datetime) | where around(dt, datetime(2021-01-01 01:30), 1min)`,
    rows: [["2021-01-01T01:29:00.0000000Z"], ["2021-01-01T01:30:00.0000000Z"], ["2021-01-01T01:31:00.0000000Z"]],
  }),
  printed(
    "atan2-function",
    row("atan2(1, 1), atan2(0, -1), atan2(-1, 0)", 0.7853981633974483, 3.141592653589793, -1.5707963267948966),
  ),
  printed("pow-function", ["pow(2, 3)", 8]),
  printed("isinf-function", {
    query: `${rangeOfRows(-1, 1)} | extend div = 1.0 * x / 0.0 | project x, div, isinf(div)`,
    rows: [
      [-1, "-Infinity", true],
      [0, "NaN", false],
      [1, "Infinity", true],
    ],
  }),
  printed("isnan-function", {
    query: `${rangeOfRows(-1, 1)} | extend y = -1 * x | extend div = 1.0 * x / y | project div, isnan(div)`,
    rows: [
      [-1, false],
      ["NaN", true],
      [-1, false],
    ],
  }),
  printed("isfinite-function", {
    query: `${rangeOfRows(-1, 1)} | extend div = 1.0 * x / 0.0 | project isfinite(div)`,
    rows: [[false], [false], [false]],
  }),
  printed("min-of-function", ["min_of(10, 1, -3, 17)", -3], {
    query: `datatable(A: int, B: int)[5, 2, 10, 1, int(null), 3, 1, int(null), int(null), int(null)] | project min_of(A, B)`,
    rows: [[2], [1], [3], [1], [null]],
  }),
  printed("max-of-function", ["max_of(10, 1, -3, 17)", 17], {
    query: `datatable(A: int, B: int)[1, 6, 8, 1, int(null), 2, 1, int(null), int(null), int(null)] | project max_of(A, B)`,
    rows: [[6], [8], [2], [1], [null]],
  }),
  printed("binary-shift-left-function", ["binary_shift_left(1, 2)", 4]),
  printed("binary-not-function", ["binary_not(100)", -101]),
  printed("bitset-count-ones-function", ["bitset_count_ones(42)", 3]),
  printed("degrees-function", row("degrees(pi() / 4), degrees(pi() * 1.5), degrees(0)", 45, 270, 0)),
  printed(
    "radians-function",
    row("radians(90), radians(180), radians(360)", 1.5707963267948966, 3.141592653589793, 6.283185307179586),
  ),
  printed("sin-function", ["sin(1)", 0.8414709848078965]),
  printed("cot-function", ["cot(1)", 0.6420926159343306]),
  printed("cos-function", ["cos(1)", 0.5403023058681398]),
  printed("atan-function", ["atan(0.5)", 0.4636476090008061]),
  printed("binary-shift-right-function", ["binary_shift_right(1, 2)", 0]),
  printed("binary-xor-function", ["binary_xor(1, 1)", 0], ["binary_xor(1, 2)", 3]),
  printed("between-operator", {
    query: `${rangeOfRows(1, 100)} | where x between (50 .. 55)`,
    rows: [[50], [51], [52], [53], [54], [55]],
  }),
  printed("not-between-operator", {
    query: `${rangeOfRows(1, 10)} | where x !between (5 .. 9)`,
    rows: [[1], [2], [3], [4], [10]],
  }),
  printed("case-function", {
    query: `${rangeOfRows(1, 15, 2)} | extend bucket = case(x <= 3, "Small", x <= 10, "Medium", "Large")`,
    rows: [
      [1, "Small"],
      [3, "Small"],
      [5, "Medium"],
      [7, "Medium"],
      [9, "Medium"],
      [11, "Large"],
      [13, "Large"],
      [15, "Large"],
    ],
  }),
  printed("stdev-aggregation-function", {
    query: `${rangeOfRows(1, 5)} | summarize make_list(x), stdev(x)`,
    rows: [[[1, 2, 3, 4, 5], 1.5811388300841898]],
  }),
  printed("stdevif-aggregation-function", {
    query: `${rangeOfRows(1, 100)} | summarize stdevif(x, x % 2 == 0)`,
    rows: [[29.154759474226502]],
  }),
  printed("variance-aggregation-function", {
    query: `${rangeOfRows(1, 5)} | summarize make_list(x), variance(x)`,
    rows: [[[1, 2, 3, 4, 5], 2.5]],
  }),
  printed("stdevp-aggregation-function", {
    query: `${rangeOfRows(1, 5)} | summarize make_list(x), stdevp(x)`,
    rows: [[[1, 2, 3, 4, 5], 1.4142135623730951]],
  }),
  printed("varianceif-aggregation-function", {
    query: `${rangeOfRows(1, 100)} | summarize varianceif(x, x % 2 == 0)`,
    rows: [[850]],
  }),
  printed("variancep-aggregation-function", {
    query: `${rangeOfRows(1, 5)} | summarize make_list(x), variancep(x)`,
    rows: [[[1, 2, 3, 4, 5], 2]],
  }),
  printed("binary-all-and-aggregation-function", {
    query: `datatable(num: long)[0xFFFFFFFF, 0xFFFFF00F, 0xCFFFFFFD, 0xFAFEFFFF]
      | summarize toupper(tohex(binary_all_and(num)))`,
    rows: [["CAFEF00D"]],
  }),
  printed("binary-all-or-aggregation-function", {
    query: `datatable(num: long)[0x88888008, 0x42000000, 0x00767000, 0x00000005]
      | summarize toupper(tohex(binary_all_or(num)))`,
    rows: [["CAFEF00D"]],
  }),
  printed("binary-all-xor-aggregation-function", {
    query: `datatable(num: long)[0x44404440, 0x1E1E1E1E, 0x90ABBA09, 0x000B105A]
      | summarize toupper(tohex(binary_all_xor(num)))`,
    rows: [["CAFEF00D"]],
  }),
];
