import { expect, test } from "vitest";
import { chance } from "../../local/samples/chance.ts";
import { timeline } from "../../simulation/timeline.ts";

test("what is due happens in the order of its times, and what goes on at once goes on before the next", async () => {
  const time = timeline(1_000, chance("a seed"));
  const seen: string[] = [];
  const see = (what: string) => () => {
    seen.push(`${what} at ${time.now()}`);
    void Promise.resolve().then(() => seen.push(`after ${what}`));
  };
  for (const [delay, what] of [
    [30, "c"],
    [10, "a"],
    [20, "b"],
    [99, "too late"],
  ] as const)
    time.after(delay, see(what));
  time.after(15, see("prevented"))();
  await time.runTo(1_050);
  expect(seen).toEqual(["a at 1010", "after a", "b at 1020", "after b", "c at 1030", "after c"]);
  expect(time.now()).toBe(1_050);
  await time.runTo(1_099);
  expect(seen.at(-2)).toBe("too late at 1099");
});

test("hundreds of things, each set by the one before, happen one by one, with all that each begins", async () => {
  const time = timeline(0, chance("many"));
  const seen: string[] = [];
  const next = async (count: number): Promise<void> => {
    seen.push(`${count} at ${time.now()}`);
    await Promise.resolve().then(() => Promise.resolve());
    seen.push(`${count} goes on at ${time.now()}`);
    if (count < 300) time.after(1, () => void next(count + 1));
  };
  time.after(1, () => void next(1));
  await time.runTo(200);
  const expected = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index).flatMap((n) => [
      `${n} at ${n}`,
      `${n} goes on at ${n}`,
    ]);
  expect(seen).toEqual(expected(1, 200));
  await time.runTo(1_000);
  expect(seen).toEqual(expected(1, 300));
  expect(time.now()).toBe(1_000);
});

test("chance decides between things at one time, the same way for the same seed", async () => {
  const orderOf = async (seed: string) => {
    const time = timeline(0, chance(seed));
    const seen: number[] = [];
    for (let what = 0; what < 8; what += 1) time.after(5, () => seen.push(what));
    await time.runTo(5);
    return seen.join("");
  };
  const orders = [];
  for (const seed of ["a", "b", "c", "d"]) orders.push(await orderOf(seed));
  expect(new Set(orders).size).toBeGreaterThan(1);
  expect(await orderOf("a")).toBe(orders[0]);
});
