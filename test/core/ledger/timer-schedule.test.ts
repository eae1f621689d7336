import { CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSchedule, runsDue } from "../../../src/core/ledger/timer-schedule.ts";

const NOON = Date.UTC(2026, 2, 4, 12);
const due = (expression: string, after = NOON, limit = 3): string[] =>
  runsDue(expression, { after, until: Infinity, limit }).map((time) => new Date(time).toISOString().slice(0, 19));

// The examples of Microsoft's page on timers, and other features of NCRONTAB.
test.each([
  ["0 */5 * * * *", ["2026-03-04T12:05:00", "2026-03-04T12:10:00", "2026-03-04T12:15:00"]],
  ["0 0 * * * *", ["2026-03-04T13:00:00", "2026-03-04T14:00:00", "2026-03-04T15:00:00"]],
  ["0 0 */2 * * *", ["2026-03-04T14:00:00", "2026-03-04T16:00:00", "2026-03-04T18:00:00"]],
  ["0 0 9-17 * * *", ["2026-03-04T13:00:00", "2026-03-04T14:00:00", "2026-03-04T15:00:00"]],
  ["0 30 9 * * *", ["2026-03-05T09:30:00", "2026-03-06T09:30:00", "2026-03-07T09:30:00"]],
  ["0 30 9 * * 1-5", ["2026-03-05T09:30:00", "2026-03-06T09:30:00", "2026-03-09T09:30:00"]],
  ["0 30 9 * Jan Mon", ["2027-01-04T09:30:00", "2027-01-11T09:30:00", "2027-01-18T09:30:00"]],
  ["30 * * * * *", ["2026-03-04T12:00:30", "2026-03-04T12:01:30", "2026-03-04T12:02:30"]],
  ["* * * * *", ["2026-03-04T12:01:00", "2026-03-04T12:02:00", "2026-03-04T12:03:00"]],
  ["0 5/20 12 * * *", ["2026-03-04T12:05:00", "2026-03-04T12:25:00", "2026-03-04T12:45:00"]],
  ["0 0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00", "2036-02-29T00:00:00"]],
  ["0 0 0 13 * Friday", ["2026-03-13T00:00:00", "2026-11-13T00:00:00", "2027-08-13T00:00:00"]],
  ["15,45 0 13,12 * * *", ["2026-03-04T12:00:15", "2026-03-04T12:00:45", "2026-03-04T13:00:15"]],
])("%s is due at %j", (expression, expected) => {
  expect(isSchedule(expression)).toBe(true);
  expect(due(expression)).toEqual(expected);
});

test("runs are due after one time and up to another, inclusive, and at most as many as the limit", () => {
  const after = NOON + 30_000;
  expect(runsDue("30 * * * * *", { after, until: after + 60_000, limit: 9 })).toEqual([after + 60_000]);
  expect(runsDue("30 * * * * *", { after, until: after + 59_999, limit: 9 })).toEqual([]);
  expect(runsDue("* * * * * *", { after, until: Infinity, limit: 2 })).toEqual([after + 1_000, after + 2_000]);
});

test.each([
  "",
  "0 * * * *x",
  "60 * * * * *",
  "* * * * * 7",
  "0 0 0 30 2 *",
  "1 2 3",
  "* * * * * * *",
  "a b c d e f",
  "-1 * * * * *",
  "1- * * * * *",
  "1/ * * * * *",
  "00:05:00",
])("%j is not a schedule", (expression) => {
  expect(isSchedule(expression)).toBe(false);
  expect(due(expression)).toEqual([]);
});

const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant("*"),
    fc.integer({ min, max }).map(String),
    fc.integer({ min: 2, max: 30 }).map((step) => `*/${Math.min(step, max)}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((values) => values.join(",")),
  );
// Cron needs a match of one of the two kinds of days, NCRONTAB of both: here one of them is "*".
const days = fc.oneof(fc.tuple(field(1, 28), fc.constant("*")), fc.tuple(fc.constant("*"), field(0, 6)));

test("it agrees with a cron package at any time", () => {
  fc.assert(
    fc.property(
      fc.tuple(field(0, 59), field(0, 59), field(0, 23), days, field(1, 12)),
      fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) }),
      ([second, minute, hour, [day, weekday], month], after) => {
        const expression = [second, minute, hour, day, month, weekday].join(" ");
        const cron = CronExpressionParser.parse(expression, { currentDate: new Date(after), tz: "UTC" });
        const expected = [1, 2, 3].map(() => cron.next().getTime());
        expect(runsDue(expression, { after, until: Infinity, limit: 3 })).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});
