import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDatetime } from "../../../src/kql/run/time.ts";
import { parseTimestamp } from "../../../src/core/event/timestamp.ts";

const format = (text: string): string | null => {
  const ticks = parseTimestamp(text);
  return ticks === null ? null : formatDatetime(ticks);
};

describe("the forms in exports", () => {
  test.each([
    ["2022-01-22T18:15:02.3875429Z", "2022-01-22T18:15:02.3875429Z"],
    ["2026-03-04T09:12:41.790418+00:00", "2026-03-04T09:12:41.7904180Z"],
    ["2026-03-04T09:12:41+02:00", "2026-03-04T07:12:41.0000000Z"],
    ["2026-03-04T23:12:41-0330", "2026-03-05T02:42:41.0000000Z"],
    ["2026-03-04T09:12:41.25", "2026-03-04T09:12:41.2500000Z"],
    ["2026-03-04T09:12:41.123456789Z", "2026-03-04T09:12:41.1234567Z"],
    ["2024-12-16 16:32:16.087554000", "2024-12-16T16:32:16.0875540Z"],
    ["2026-03-04t09:12:41z", "2026-03-04T09:12:41.0000000Z"],
    ["2026-03-04T09:12Z", "2026-03-04T09:12:00.0000000Z"],
    ["2026-03-04", "2026-03-04T00:00:00.0000000Z"],
    ["01/09/2007 09:41:00", "2007-01-09T09:41:00.0000000Z"],
    ["1/9/2007 9:41:00 AM", "2007-01-09T09:41:00.0000000Z"],
    ["1/9/2007 9:41:00 PM", "2007-01-09T21:41:00.0000000Z"],
    ["1/9/2007 10:41:00 AM +01:00", "2007-01-09T09:41:00.0000000Z"],
    ["12/31/2007 12:00:00 AM", "2007-12-31T00:00:00.0000000Z"],
    ["12/31/2007 12:00:00 PM", "2007-12-31T12:00:00.0000000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"],
    ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"],
  ])("%s is %s", (text, expected) => {
    expect(format(text)).toBe(expected);
  });
});

test.each([
  { text: "", why: "no text" },
  { text: "<null>", why: "the text null" },
  { text: "2026-02-29T00:00:00Z", why: "29 February of a common year" },
  { text: "31/12/2007 09:41:00", why: "day first: US exports write the month first" },
  { text: "1/9/2007 13:41:00 PM", why: "13 PM" },
  { text: "1/9/2007 0:41:00 AM", why: "0 AM" },
  { text: "2026-03-04T24:00:00Z", why: "24:00" },
  { text: "2026-03-04T09:60:00Z", why: "minute 60" },
  { text: "0001-01-01T00:00:00+01:00", why: "before the first valid time" },
  { text: "1772615561790", why: "a number" },
  { text: "2026-03-04T09:12:41.1234567890Z", why: "10 fractional digits" },
  { text: "x2026-03-04T09:12:41Z", why: "something before it" },
  { text: "2026-03-04T09:12:41Z\n", why: "something after it" },
])("$text is not a time: $why", ({ text }) => {
  expect(parseTimestamp(text)).toBeNull();
});

test("every time between 1970 and 2100 is read as in JavaScript, in either form", () => {
  const moment = fc.date({ min: new Date(0), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true });
  fc.assert(
    fc.property(moment, (date) => {
      const iso = date.toISOString();
      const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T(.+)Z$/.exec(iso) ?? [];
      const expected = `${iso.slice(0, -1)}0000Z`;
      expect([format(iso), format(`${month}/${day}/${year} ${clock}`)]).toEqual([expected, expected]);
    }),
  );
});

test("no text throws", () => {
  const parts = fc.constantFrom("2026", "-", "/", "03", "9", "T", " ", ":", ".", "12", "Z", "+01:00", "AM", "pm", "é");
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 14 }), (all) => void format(all.join(""))),
    { numRuns: 2_000 },
  );
});
