import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countOf,
  missingFrom,
  type SequenceRange,
  splitAt,
  unionOf,
  without,
} from "../../../src/core/ledger/sequence-ranges.ts";

const range = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 8 })).map(([first, more]) => ({ first, last: first + more }));
const ranges = fc.array(range, { maxLength: 12 });

/** All numbers in the ranges. */
function numbersOf(all: readonly SequenceRange[]): Set<number> {
  return new Set(all.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, more) => first + more)));
}

test("a union has the same numbers, ascending, in ranges that do not overlap or touch", () => {
  fc.assert(
    fc.property(ranges, (all) => {
      const union = unionOf(all);
      expect(numbersOf(union)).toEqual(numbersOf(all));
      expect(countOf(union)).toBe(numbersOf(all).size);
      for (const [index, { first, last }] of union.entries()) {
        expect(last).toBeGreaterThanOrEqual(first);
        if (index > 0) expect(first).toBeGreaterThan((union[index - 1]?.last ?? NaN) + 1);
      }
    }),
  );
});

test("the missing numbers are those of the whole that are in no range", () => {
  fc.assert(
    fc.property(range, ranges, (whole, all) => {
      const taken = numbersOf(all);
      const expected = [...numbersOf([whole])].filter((number) => !taken.has(number));
      expect([...numbersOf(missingFrom(whole, all))]).toEqual(expected);
    }),
  );
});

test("ranges without others have their numbers except those of the others, ascending", () => {
  fc.assert(
    fc.property(ranges, ranges, (some, others) => {
      const taken = numbersOf(others);
      const expected = [...numbersOf(unionOf(some))].filter((number) => !taken.has(number));
      expect([...numbersOf(without(some, others))]).toEqual(expected);
    }),
  );
});

test("nothing is missing from an empty whole", () => {
  expect(missingFrom({ first: 0, last: -1 }, [])).toEqual([]);
});

test("a split has each number once, on the right side of the bound", () => {
  fc.assert(
    fc.property(range, fc.nat({ max: 60 }), (whole, bound) => {
      const { below, rest } = splitAt(whole, bound);
      const numbers = [...numbersOf([whole])];
      expect([...numbersOf(below ? [below] : [])]).toEqual(numbers.filter((number) => number < bound));
      expect([...numbersOf(rest ? [rest] : [])]).toEqual(numbers.filter((number) => number >= bound));
    }),
  );
});
