import { expect, test } from "vitest";
import { runInvocation } from "../../src/invocations/run-invocation.ts";

/** The value of the work, or the error it threw. */
const endOf = (work: () => Promise<unknown>, deadlineMs?: number): Promise<unknown> =>
  runInvocation(work, deadlineMs).catch((error: unknown) => error);

test("the value of the work is returned", async () => {
  expect(await endOf(() => Promise.resolve(7))).toBe(7);
  expect(await endOf(() => Promise.resolve())).toBeUndefined();
});

test("an Error is passed on unchanged, even one thrown before the work begins", async () => {
  const bug = new TypeError("a bug");
  expect(await endOf(() => Promise.reject(bug))).toBe(bug);
  const throwAtOnce = (): Promise<void> => {
    throw bug;
  };
  expect(await endOf(throwAtOnce)).toBe(bug);
});

// The worker reports a rejection without a value as success.
test.each([
  { thrown: undefined, message: "thrown: undefined" },
  { thrown: null, message: "thrown: null" },
  { thrown: "no", message: "thrown: no" },
  { thrown: 0, message: "thrown: 0" },
  { thrown: Symbol("s"), message: "thrown: Symbol(s)" },
])("$message becomes an Error", async ({ thrown, message }) => {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the subject of this test
  const end = await endOf(() => Promise.reject(thrown));
  expect(end).toBeInstanceOf(Error);
  expect(end).toMatchObject({ message, cause: thrown });
});

test("a thrown value that cannot be printed becomes an Error", async () => {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the subject of this test
  expect(await endOf(() => Promise.reject(Object.create(null)))).toBeInstanceOf(Error);
});

test("work that never ends fails at the deadline, and a later failure of it is not an unhandled rejection", async () => {
  let fail: (error: Error) => void = () => undefined;
  const never = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  expect(await endOf(() => never, 5)).toEqual(new Error("not done after 0.005 s"));
  fail(new Error("too late"));
  await new Promise(setImmediate); // an unhandled rejection would fail this run
});
