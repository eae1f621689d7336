import fc from "fast-check";
import { expect, test } from "vitest";
import { DELAY_BOUNDS, delayFigures, delaysOf, sumOfDelays } from "../../../src/core/ledger/delays.ts";

/** Delays that end at one time. */
const delays = (seconds: readonly number[]) => delaysOf(seconds.map((one) => [-one * 1_000, 0]));

test("each delay is counted once, under the first bound that includes it", () => {
  expect(delays([0, 0.5, 1, 1.001, 4, 86_400, 86_400.001, 1e6])).toEqual({ 1: 3, 2: 1, 5: 1, 86400: 1, over: 2 });
});

test("a delay below zero counts as the shortest, and one without a time is not counted", () => {
  expect(delays([-30])).toEqual({ 1: 1 });
  expect(delays([NaN])).toEqual({});
});

test("without any delay there are no figures", () => {
  expect(delayFigures({})).toBeUndefined();
  expect(delayFigures({ 1: 1 })).toEqual({ count: 1, medianSeconds: 1, p95Seconds: 1 }); // the control
});

const anySeconds = fc.array(fc.double({ min: 0, max: 200_000, noNaN: true }), { minLength: 1, maxLength: 60 });

test("median and 95th percentile are the bounds of those of the delays themselves", () => {
  /** The smallest delay that at least this share of the delays do not exceed, rounded up to its bound. */
  const direct = (seconds: readonly number[], share: number): number | null => {
    const sorted = seconds.toSorted((a, b) => a - b);
    const value = sorted.find((_, index) => index + 1 >= share * seconds.length) ?? NaN;
    return DELAY_BOUNDS.find((bound) => value <= bound) ?? null;
  };
  fc.assert(
    fc.property(anySeconds, (seconds) => {
      expect(delayFigures(delays(seconds))).toEqual({
        count: seconds.length,
        medianSeconds: direct(seconds, 0.5),
        p95Seconds: direct(seconds, 0.95),
      });
    }),
  );
});

test("the sum of two histograms is the histogram of all their delays", () => {
  fc.assert(
    fc.property(anySeconds, anySeconds, (one, other) => {
      expect(sumOfDelays(delays(one), delays(other))).toEqual(delays([...one, ...other]));
    }),
  );
});
