import { expect, test } from "vitest";
import { doEach, throwFirst } from "../../src/core/do-each.ts";

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

test("the first error is thrown, and of none nothing", () => {
  const bug = new TypeError("a bug");
  expect(() => throwFirst([bug, new Error("another")])).toThrow(bug);
  expect(() => throwFirst(["a text"])).toThrow("something else than an error was thrown");
  expect(() => throwFirst([])).not.toThrow();
});
