import fc from "fast-check";
import { expect, test } from "vitest";
import { afterFailure, isDue, type RowFailure } from "../../../src/core/incident/row-failure.ts";
import { LONGEST_BACK_OFF_MS, REFUSED_AFTER_MS } from "../../../src/core/timing.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse("2026-03-04T09:14:00Z");

const failed = (before: RowFailure | undefined, at: number, counts: boolean) =>
  afterFailure(before, { at, reason: "answered 500", counts }, MINUTE);

/** The state of a row after failures that all count, at these minutes after the first. */
function after(...minutes: number[]): ReturnType<typeof failed> {
  let known: RowFailure | undefined;
  let last = failed(undefined, NOW, true);
  for (const minute of minutes) {
    last = failed(known, NOW + minute * MINUTE, true);
    known = last.outcome === "again" ? last.failure : known;
  }
  return last;
}

test("the first failure that counts is recorded, and the row waits for the given time", () => {
  expect(failed(undefined, NOW, true)).toEqual({
    outcome: "again",
    failure: { counted: 1, since: NOW, failedAt: NOW, retryAt: NOW + MINUTE, reason: "answered 500" },
  });
});

test("each failure that counts doubles the wait, up to an hour", () => {
  const waits: number[] = [];
  let known: RowFailure | undefined;
  for (let count = 1; count <= 9; count += 1) {
    const next = failed(known, NOW, true);
    known = next.outcome === "again" ? next.failure : undefined;
    waits.push(((known?.retryAt ?? NaN) - NOW) / MINUTE);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("a failure that does not count neither starts a wait nor lengthens one", () => {
  const uncounted = failed(undefined, NOW, false);
  expect(uncounted).toEqual({
    outcome: "again",
    failure: { counted: 0, since: undefined, failedAt: NOW, retryAt: NOW, reason: "answered 500" },
  });
  const known: RowFailure = { counted: 3, since: NOW, failedAt: NOW, retryAt: NOW, reason: "" };
  expect(failed(known, NOW + HOUR, false)).toMatchObject({
    failure: { counted: 3, since: NOW, failedAt: NOW + HOUR, retryAt: NOW + HOUR + 4 * MINUTE },
  });
});

const DAY = 24 * 60;
test.each([
  { why: "a day of failures", minutes: [0, 600, DAY], refused: true },
  { why: "a minute less than a day", minutes: [0, 600, DAY - 1], refused: false },
  { why: "two failures in a year", minutes: [0, 365 * DAY], refused: false },
  { why: "many failures in an hour", minutes: Array.from({ length: 60 }, (_, minute) => minute), refused: false },
])("$why: counts as refused: $refused", ({ minutes, refused }) => {
  expect(after(...minutes).outcome).toBe(refused ? "refused" : "again");
});

test("a row that counts as refused says how often it failed, since when and why", () => {
  expect(after(0, 600, DAY)).toEqual({
    outcome: "refused",
    reason: "failed 3 times since 2026-03-04T09:14:00.000Z while the sink accepted other rows: answered 500",
  });
});

test("a row never counts as refused because of failures that do not count, no matter how long they last", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 100 * HOUR }), { maxLength: 50 }), fc.nat({ max: 2 }), (waits, counted) => {
      let known: RowFailure | undefined;
      let time = NOW;
      for (const [index, wait] of waits.entries()) {
        const next = failed(known, (time += wait), index < counted);
        if (next.outcome === "refused") throw new Error("refused");
        known = next.failure;
      }
    }),
  );
});

test("failures that count for more than a day end in a refusal, despite other failures in between", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 3 * HOUR }), fc.boolean()), { maxLength: 60 }), (attempts) => {
      let known: RowFailure | undefined;
      let time = NOW;
      for (const [wait, counts] of attempts)
        known = ((next) => (next.outcome === "again" ? next.failure : known))(failed(known, (time += wait), counts));
      const first = failed(known, (time += HOUR), true);
      const second = first.outcome === "again" ? failed(first.failure, (time += HOUR), true) : first;
      const third = second.outcome === "again" ? failed(second.failure, time + REFUSED_AFTER_MS, true) : second;
      expect(third.outcome).toBe("refused");
    }),
  );
});

test("a row is due when its wait is over, or if the clock was set back since the wait was set", () => {
  const { failure } = failed(undefined, NOW, true) as { failure: RowFailure };
  expect([NOW, NOW + MINUTE - 1, NOW + MINUTE].map((now) => isDue(failure, now))).toEqual([false, false, true]);
  expect(isDue(failure, NOW + MINUTE - LONGEST_BACK_OFF_MS - 1)).toBe(true);
});
