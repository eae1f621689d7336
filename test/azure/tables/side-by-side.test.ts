import fc from "fast-check";
import { expect, test } from "vitest";
import { sideBySide } from "../../../src/azure/tables/side-by-side.ts";

/** Work in which later items overtake earlier ones, and how many items ran at once. */
function counted(failsAt: (item: number) => boolean = () => false) {
  const seen = { now: 0, most: 0, begun: [] as number[] };
  const work = async (item: number): Promise<string> => {
    seen.begun.push(item);
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    for (let turn = 0; turn < 1 + ((item * 7) % 5); turn += 1) await Promise.resolve();
    seen.now -= 1;
    if (failsAt(item)) throw new Error(`item ${item}`);
    return `done ${item}`;
  };
  return { seen, work };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("whatever the number of items and the limit, each runs once, in order, with no more than the limit at a time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 }), async (count, limit) => {
      const { seen, work } = counted();
      const { results, failures } = await sideBySide(numbers(count), limit, work);
      expect({ results, failures }).toEqual({ results: numbers(count).map((item) => `done ${item}`), failures: [] });
      expect(seen).toMatchObject({ now: 0, most: Math.min(count, limit), begun: numbers(count) });
    }),
  );
});

test("a failing item does not hold up the others", async () => {
  const { seen, work } = counted((item) => item % 4 === 1);
  const { results, failures } = await sideBySide(numbers(12), 3, work);
  expect(results).toEqual([0, 2, 3, 4, 6, 7, 8, 10, 11].map((item) => `done ${item}`));
  expect(failures.map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    "Error: item 1",
    "Error: item 5",
    "Error: item 9",
  ]);
  expect(seen.begun).toHaveLength(12);
});

test("after several failures in a row no more items begin, and it ends when the running ones have ended", async () => {
  const { seen, work } = counted((item) => item >= 10);
  await expect(sideBySide(numbers(100), 4, work)).rejects.toThrow(/^item \d\d$/);
  expect(seen.now).toBe(0);
  expect(seen.begun.length).toBeLessThanOrEqual(10 + 3 + 4);
});
