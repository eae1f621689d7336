import { expect, test } from "vitest";
import { durationInWords, minutesOf } from "../../../src/core/pim-settings/duration.ts";

test.each([
  ["02:00:00", 120],
  ["00:30", 30],
  ["1.00:00:00", 1_440],
  ["365.00:00:00", 525_600],
  ["24:00:00", 1_440],
  ["PT8H", 480],
  ["PT30M", 30],
  ["P1DT2H", 1_560],
  ["P1Y", 525_600],
  ["180 (Days)", 259_200],
  ["(Days) 180", 259_200],
  ["(180 Days)", 259_200],
  ["8 hour(s)", 480],
  ["8h", 480],
  ["1 day, 2 hours", 1_560],
  ["1 hour and 30 minutes", 90],
  ["1.5 hours", 90],
  ["permanent", Infinity],
  ["never expires", Infinity],
  ["8", null],
  ["(Days)", null],
  ["P", null],
  ["PT", null],
  ["soon", null],
  ["", null],
  ["8 parsecs", null],
  ["-02:00:00", null],
])("%j is %s minutes", (text, minutes) => {
  expect(minutesOf(text)).toBe(minutes);
});

test("a bare number has the given unit", () => {
  expect(minutesOf("8", "Hours")).toBe(480);
  expect(minutesOf("8", "lightyears")).toBeNull();
});

test.each([
  [480, "8 h"],
  [1_440, "24 h"],
  [2_880, "2 days"],
  [90, "1 h 30 min"],
  [30, "30 min"],
  [Infinity, "no end"],
])("%s minutes are %j", (minutes, words) => {
  expect(durationInWords(minutes)).toBe(words);
});
