import fc from "fast-check";
import { expect, test } from "vitest";
import { inLanes } from "../../../src/workflows/delivery/deliver.ts";

test("every item of the queue runs, added ones too, with at most the given number at a time", async () => {
  const sizes = fc.array(fc.nat({ max: 4 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), async (given, lanes) => {
      const queue = [...given];
      const worked: number[] = [];
      let [running, most] = [0, 0];
      async function work(size: number): Promise<void> {
        most = Math.max(most, (running += 1));
        worked.push(size);
        for (let turn = 0; turn < size; turn += 1) await Promise.resolve();
        if (size > 0) queue.unshift(size - 1);
        running -= 1;
      }
      await inLanes(queue, { lanes, goesOn: () => true, work });
      expect(worked).toHaveLength(given.reduce((sum, size) => sum + size + 1, 0));
      expect(most).toBeLessThanOrEqual(lanes);
      if (!given.includes(0)) expect(most).toBe(Math.min(lanes, given.length));
    }),
  );
});

test("a slow item holds up only its own lane", async () => {
  const slow = Promise.withResolvers<void>();
  const worked: number[] = [];
  async function work(thing: number): Promise<void> {
    if (thing === 1) await slow.promise;
    worked.push(thing);
    if (thing === 4) slow.resolve();
  }
  await inLanes([1, 2, 3, 4], { lanes: 2, goesOn: () => true, work });
  expect(worked).toEqual([2, 3, 4, 1]);
});

test("no item begins while `goesOn` says no; items begin again if running work changes that", async () => {
  const queue = [1, 2, 3, 4, 5];
  const worked: number[] = [];
  let isOpen = true;
  async function work(thing: number): Promise<void> {
    worked.push(thing);
    await Promise.resolve();
    if (thing === 1) isOpen = false;
    if (thing === 1) await Promise.resolve();
    if (thing === 2) for (let turn = 0; turn < 9; turn += 1) await Promise.resolve();
    if (thing === 2) isOpen = true;
    if (thing === 4) isOpen = false;
  }
  await inLanes(queue, { lanes: 2, goesOn: () => isOpen, work });
  expect(worked).toEqual([1, 2, 3, 4]);
  expect(queue).toEqual([5]);
});
