import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { timeOrder, type TimedLine, type TimeOrder } from "../../../cli/backtest/time-order.ts";

let parent = "";
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "pimwatch-time-order-"));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

async function linesOf(order: TimeOrder): Promise<TimedLine[]> {
  const lines: TimedLine[] = [];
  for await (const line of order.inOrder()) lines.push(line);
  return lines;
}

test("gives lines in the order of time, and equal times as they came, however small the buffer is", async () => {
  const lines = fc.array(fc.record({ time: fc.bigInt(0n, 5n), text: fc.constantFrom("a", "ä b", "{}", "") }));
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 0, max: 12 }), async (added, maxBufferedCharacters) => {
      const numbered = added.map(({ time, text }, index) => ({ time, text: `${text}${index}` }));
      const order = timeOrder({ maxBufferedCharacters, parent });
      for (const line of numbered) order.add(line);
      const found = await linesOf(order);
      order.close();
      expect(found).toEqual(numbered.toSorted((left, right) => Number(left.time - right.time)));
    }),
    { numRuns: 40 },
  );
});

test("deletes its temporary files when it is closed", async () => {
  const order = timeOrder({ maxBufferedCharacters: 0, parent });
  order.add({ time: 1n, text: "a" });
  const [folder, ...others] = await readdir(parent);
  expect([folder, others]).toEqual([expect.stringMatching(/^pimwatch-/), []]);
  order.close();
  expect(await readdir(parent)).toEqual([]);
});
