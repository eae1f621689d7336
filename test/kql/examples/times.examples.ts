import { printed, type CaseGroup } from "../semantics.ts";

/** A function of a date with the offsets -1, 0 and 1 of its page. */
function withOffsets(page: string, name: string, ...expected: readonly string[]): CaseGroup {
  return printed(page, {
    query: `print ${[-1, 0, 1].map((offset) => `${name}(datetime(2017-01-01 10:10:17), ${offset})`).join(", ")}`,
    rows: [expected],
  });
}

const starts = (...days: readonly string[]) => days.map((day) => `${day}T00:00:00.0000000Z`);
const ends = (...days: readonly string[]) => days.map((day) => `${day}T23:59:59.9999999Z`);

/** Dates and timespans. */
export const TIME_EXAMPLES: readonly CaseGroup[] = [
  withOffsets("startofday-function", "startofday", ...starts("2016-12-31", "2017-01-01", "2017-01-02")),
  withOffsets("endofday-function", "endofday", ...ends("2016-12-31", "2017-01-01", "2017-01-02")),
  withOffsets("endofweek-function", "endofweek", ...ends("2016-12-31", "2017-01-07", "2017-01-14")),
  withOffsets("startofmonth-function", "startofmonth", ...starts("2016-12-01", "2017-01-01", "2017-02-01")),
  withOffsets("endofmonth-function", "endofmonth", ...ends("2016-12-31", "2017-01-31", "2017-02-28")),
  withOffsets("startofyear-function", "startofyear", ...starts("2016-01-01", "2017-01-01", "2018-01-01")),
  withOffsets("endofyear-function", "endofyear", ...ends("2016-12-31", "2017-12-31", "2018-12-31")),
  printed("day-of-month-function", ["dayofmonth(datetime(2015-12-14))", 14]),
  printed("day-of-year-function", ["dayofyear(datetime(2015-12-14))", 348]),
  printed("hour-of-day-function", ["hourofday(datetime(2015-12-14 18:54))", 18]),
  printed(
    "day-of-week-function",
    ["dayofweek(datetime(1947-11-30 10:00:05))", "00:00:00"],
    ["dayofweek(datetime(1970-05-11))", "1.00:00:00"],
    {
      query: "let dow = dayofweek(datetime(1970-5-12)); print span = dow, number = toint(dow / 1d)",
      rows: [["2.00:00:00", 2]],
    },
  ),
  printed("getyear-function", ["getyear(datetime(2015-10-12))", 2015]),
  printed("monthofyear-function", ['monthofyear(datetime("2015-12-14"))', 12]),
  printed(
    "week-of-year-function",
    ["week_of_year(datetime(2020-12-31))", 53],
    ["week_of_year(datetime(2020-06-15))", 25],
    ["week_of_year(datetime(1970-01-01))", 1],
    ["week_of_year(datetime(2000-01-01))", 52],
  ),
  printed(
    "make-datetime-function",
    ["make_datetime(2017,10,01)", "2017-10-01T00:00:00.0000000Z"],
    ["make_datetime(2017,10,01,12,10)", "2017-10-01T12:10:00.0000000Z"],
    ["make_datetime(2017,10,01,12,11,0.1234567)", "2017-10-01T12:11:00.1234567Z"],
  ),
  ...["seconds", "milliseconds", "microseconds", "nanoseconds"].map((unit, index) =>
    printed(`unixtime-${unit}-todatetime-function`, [
      `unixtime_${unit}_todatetime(1546300800${"000".repeat(index)})`,
      "2019-01-01T00:00:00.0000000Z",
    ]),
  ),
  printed("now-function", {
    query: `datatable(label: string, timespanValue: timespan)["minute", 60s, "hour", 1h, "day", 1d, "year", 365d]
      | extend timeAgo = now() - timespanValue | project label, timespanValue, now() - timeAgo`,
    rows: [
      ["minute", "00:01:00", "00:01:00"],
      ["hour", "01:00:00", "01:00:00"],
      ["day", "1.00:00:00", "1.00:00:00"],
      ["year", "365.00:00:00", "365.00:00:00"],
    ],
  }),
];
