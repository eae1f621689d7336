import { expect, test } from "vitest";
import { DependencyError } from "../../../src/errors.ts";
import { type Acceptances, sinkWatch } from "../../../src/workflows/delivery/sink-watch.ts";

const MINUTE = 60_000;

/** A watch with its own clock, and the acceptances that it noted for other instances. */
function watched(acceptances: Partial<Acceptances> = {}) {
  const clock = { now: 1_000_000 };
  const noted: number[] = [];
  const watch = sinkWatch("sink", {
    acceptances: {
      latest: () => Promise.resolve(noted.at(-1)),
      note: (_sink, at) => Promise.resolve(void noted.push(at)),
      ...acceptances,
    },
    pauseMs: 10_000,
    now: () => clock.now,
  });
  return { watch, clock, noted };
}

test("this process knows an acceptance at once; other instances know it once it is noted, at most every minute", async () => {
  const { watch, clock, noted } = watched();
  await watch.note();
  watch.accepted();
  await watch.note();
  clock.now += MINUTE - 1;
  watch.accepted();
  await watch.note();
  expect(noted).toEqual([1_000_000]);
  clock.now += 1;
  watch.accepted();
  await watch.note();
  expect(noted).toEqual([1_000_000, 1_060_000]);
});

test("the watch asks other instances for a later acceptance only if this process does not know one", async () => {
  let asked = 0;
  const latest = () => Promise.resolve(((asked += 1), 2_000_000));
  const { watch } = watched({ latest });
  watch.accepted();
  expect(await watch.hasAcceptedSince(999_999)).toBe(true);
  expect(asked).toBe(0);
  expect(await watch.hasAcceptedSince(1_000_000)).toBe(true);
  expect(await watch.hasAcceptedSince(2_000_000)).toBe(false);
  expect(asked).toBe(2);
});

test("a table that does not answer proves nothing, and a failed note is written again", async () => {
  const down = () => Promise.reject(new DependencyError("Table Storage", "down"));
  const { watch, clock } = watched({ latest: down });
  expect(await watch.hasAcceptedSince(0)).toBe(false);

  const notes: number[] = [];
  const failing = watched({
    note: (_sink, at) => (notes.push(at) === 1 ? down() : Promise.resolve()),
  });
  failing.watch.accepted();
  await failing.watch.note();
  await failing.watch.note();
  await failing.watch.note();
  expect(notes).toEqual([clock.now, clock.now]);
});

test("a bug of ours does not count as a table that does not answer", async () => {
  const { watch } = watched({ latest: () => Promise.reject(new TypeError("a bug")) });
  await expect(watch.hasAcceptedSince(0)).rejects.toThrow("a bug");
});
