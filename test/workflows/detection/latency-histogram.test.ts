import { expect, test } from "vitest";
import { latencyHistogram } from "../../../src/workflows/detection/handle-events.ts";

const UNTIL = new Date("2026-03-04T10:00:00.000Z");
const before = (seconds: number): string => new Date(UNTIL.getTime() - seconds * 1000).toISOString();

test("each delay is counted once, under the first bound that includes it", () => {
  const since = [0, 0.5, 1, 1.001, 4, 3600, 3600.001, 1e6].map(before);
  expect(latencyHistogram(since, UNTIL)).toEqual({ 1: 3, 2: 1, 5: 1, 3600: 1, over: 2 });
});

test("a delay is zero if the clock runs ahead, and a missing time is not counted", () => {
  expect(latencyHistogram([before(-30)], UNTIL)).toEqual({ 1: 1 });
  expect(latencyHistogram([null, "", "yesterday"], UNTIL)).toEqual({});
});
