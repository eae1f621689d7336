import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  byDay,
  minutesIn,
  MINUTES_PER_DAY,
  type SeenMinutes,
  withMinutes,
} from "../../../src/core/ledger/category-sightings.ts";
import { allowedMinutes, silenceOf } from "../../../src/core/ledger/category-silence.ts";

const HOUR = 60;
const DAY = MINUTES_PER_DAY;
const START = Date.UTC(2026, 2, 1) / 60_000;
const at = (minute: number): number => minute * 60_000;

/** Sightings every `every` minutes in the working hours of so many days. */
const office = (days: number, { from = 7, to = 19, every = 5 } = {}): number[] =>
  Array.from({ length: days * DAY }, (_, index) => START + index).filter((minute) => {
    const ofDay = minute % DAY;
    return ofDay >= from * HOUR && ofDay <= to * HOUR && ofDay % every === 0;
  });

describe("the allowed silence", () => {
  test("is twice the night of a tenant that is quiet at night", () => {
    const minutes = office(20, { from: 7, to: 22 });
    expect(allowedMinutes(minutes, at(START + 20 * DAY))).toBe(2 * 9 * HOUR);
  });

  test("is no shorter than an hour and no longer than a day", () => {
    const always = Array.from({ length: 20 * DAY }, (_, index) => START + index);
    expect(allowedMinutes(always, at(START + 20 * DAY))).toBe(HOUR);
    expect(allowedMinutes(office(20, { from: 9, to: 10 }), at(START + 20 * DAY))).toBe(24 * HOUR);
  });

  test("is a day until there are two weeks of records", () => {
    const always = Array.from({ length: 20 * DAY }, (_, index) => START + index);
    const after = (days: number) => allowedMinutes(always.slice(0, days * DAY), at(START + days * DAY));
    expect([after(0), after(13), after(14)]).toEqual([24 * HOUR, 24 * HOUR, HOUR]);
  });

  test("is not learned from one outage, however long, but from two", () => {
    const minutes = office(27, { from: 0, to: 24, every: 20 });
    const without = (...outages: (readonly [day: number, hours: number])[]) =>
      minutes.filter((minute) =>
        outages.every(([day, hours]) => minute <= START + day * DAY || minute >= START + day * DAY + hours * HOUR),
      );
    const until = at(START + 27 * DAY);
    expect(allowedMinutes(without(), until)).toBe(HOUR);
    expect(allowedMinutes(without([20, 30]), until)).toBe(HOUR);
    expect(allowedMinutes(without([10, 5], [20, 30]), until)).toBe(2 * 5 * HOUR);
  });

  test("forgets what is older than four weeks", () => {
    const quiet = office(10, { from: 7, to: 19 });
    const busy = Array.from({ length: 28 * DAY }, (_, index) => START + 10 * DAY + index);
    expect(allowedMinutes([...quiet, ...busy], at(START + 38 * DAY))).toBe(HOUR);
    expect(allowedMinutes([...quiet, ...busy], at(START + 30 * DAY))).toBe(24 * HOUR);
  });

  test("property: no silence that comes every day raises an alert, and it stays within its bounds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 * HOUR }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: DAY }),
        (night, every, now) => {
          const minutes = Array.from({ length: 20 * DAY }, (_, index) => START + index).filter(
            (minute) => minute % DAY >= night && minute % every === 0,
          );
          const until = START + 20 * DAY - 1 - now;
          const seen = minutes.filter((minute) => minute <= until);
          const { silentMinutes, allowedMinutes: allowed } = silenceOf({ minutes: seen, expectedSince: 0 }, at(until));
          expect(silentMinutes).toBeLessThanOrEqual(allowed);
          expect(allowed).toBeGreaterThanOrEqual(HOUR);
          expect(allowed).toBeLessThanOrEqual(24 * HOUR);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("the silence", () => {
  test("counts from the last record, or from when the category is expected", () => {
    const until = at(START + 90) + 59_000;
    expect(silenceOf({ minutes: [START, START + 30], expectedSince: 0 }, until)).toEqual({
      lastSeenAt: at(START + 30),
      silentMinutes: 60,
      allowedMinutes: 24 * HOUR,
    });
    expect(silenceOf({ minutes: [], expectedSince: at(START) }, until)).toMatchObject({
      lastSeenAt: undefined,
      silentMinutes: 90,
    });
    expect(silenceOf({ minutes: [], expectedSince: undefined }, until)).toMatchObject({ silentMinutes: 0 });
  });

  test("is none if pimwatch has not read the hub since the last record", () => {
    expect(silenceOf({ minutes: [START], expectedSince: 0 }, at(START - 600))).toMatchObject({ silentMinutes: 0 });
  });
});

test("property: minutes merge to the same days in any order, in any parts and any number of times", () => {
  const minute = fc.integer({ min: START, max: START + 3 * DAY });
  fc.assert(
    fc.property(fc.array(fc.array(minute)), (parts) => {
      const merge = (all: readonly (readonly number[])[]): number[] => {
        const days = new Map<number, SeenMinutes>();
        for (const part of all)
          for (const [day, ofDay] of byDay(part)) days.set(day, withMinutes(days.get(day) ?? new Uint8Array(), ofDay));
        return [...days]
          .flatMap(([day, seen]) => minutesIn(seen).map((ofDay) => day * DAY + ofDay))
          .toSorted((a, b) => a - b);
      };
      const expected = [...new Set(parts.flat())].toSorted((a, b) => a - b);
      expect(merge(parts)).toEqual(expected);
      expect(merge([...parts.toReversed(), ...parts])).toEqual(expected);
    }),
  );
});
