import { expect, test } from "vitest";
import { doEach, doMost, throwFirst } from "../../src/core/do-each.ts";

/** What was tried, and what came of it, where the work fails for some. */
async function done(things: readonly number[], failing: readonly number[]) {
  const tried: number[] = [];
  const { done: count, errors } = await doEach(things, (thing) => {
    tried.push(thing);
    return failing.includes(thing) ? Promise.reject(new Error(`of ${thing}`)) : Promise.resolve();
  });
  return { tried, count, errors: errors.map(String) };
}

test("one that fails does not hold up the others", async () => {
  expect(await done([1, 2, 3, 4], [1, 2, 4])).toEqual({
    tried: [1, 2, 3, 4],
    count: 1,
    errors: ["Error: of 1", "Error: of 2", "Error: of 4"],
  });
});

test("three that fail in a row end it: what they depend on is down", async () => {
  expect(await done([1, 2, 3, 4, 5], [2, 3, 4])).toMatchObject({ tried: [1, 2, 3, 4], count: 1 });
});

/** As `done`, for `doMost`. */
async function most(things: readonly number[], failing: readonly number[]) {
  const tried: number[] = [];
  const { errors, isDown } = await doMost(things, (thing) => {
    tried.push(thing);
    return failing.includes(thing) ? Promise.reject(new Error(`of ${thing}`)) : Promise.resolve();
  });
  return { tried, failed: errors.length, isDown };
}

test.each([
  { why: "one fails", failing: [2], tried: [1, 2, 3, 4, 5, 6, 7, 8, 9], isDown: false },
  {
    why: "three fail side by side: the last is tried",
    failing: [2, 3, 4],
    tried: [1, 2, 3, 4, 9, 5, 6, 7, 8],
    isDown: false,
  },
  {
    why: "more fail side by side: the last ones are tried",
    failing: [1, 2, 3, 4, 5, 6, 7],
    tried: [1, 2, 3, 9, 4, 5, 6, 8, 7],
    isDown: false,
  },
  { why: "the last fails too", failing: [2, 3, 4, 9], tried: [1, 2, 3, 4, 9], isDown: true },
  { why: "all fail", failing: [1, 2, 3, 4, 5, 6, 7, 8, 9], tried: [1, 2, 3, 9], isDown: true },
])("things that may be at fault themselves: $why", async ({ failing, tried, isDown }) => {
  const things = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const failed = tried.filter((thing) => failing.includes(thing)).length;
  expect(await most(things, failing)).toEqual({ tried, failed, isDown });
});

test("of fewer than four things that all fail none says whether their dependency is down", async () => {
  expect(await most([1, 2, 3], [1, 2, 3])).toEqual({ tried: [1, 2, 3], failed: 3, isDown: false });
});

test("the first error is thrown, and of none nothing", () => {
  const bug = new TypeError("a bug");
  expect(() => throwFirst([bug, new Error("another")])).toThrow(bug);
  expect(() => throwFirst(["a text"])).toThrow("something else than an error was thrown");
  expect(() => throwFirst([])).not.toThrow();
});
