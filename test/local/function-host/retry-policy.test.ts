import * as fc from "fast-check";
import { expect, test } from "vitest";
import { retryPolicy, runWithRetries, type Attempt } from "../../../local/function-host/retry-policy.ts";
import type { RetryContext } from "../../../local/function-host/worker-messages.ts";

const forever = {
  retryStrategy: "exponentialBackoff",
  maxRetryCount: -1,
  minimumInterval: { seconds: 2 },
  maximumInterval: { seconds: 60 },
};

test.each([
  { random: 0, delays: [2000, 3600, 5200, 8400, 14800, 27600, 53200, 60000] },
  { random: 0.5, delays: [2000, 4000, 6000, 10000, 18000, 34000, 60000, 60000] },
])("exponential back-off with random $random waits $delays", ({ random, delays }) => {
  const { delayMs } = retryPolicy(forever, () => random);

  expect(delays.map((_, index) => Math.round(delayMs(index + 1)))).toEqual(delays);
});

test("exponential back-off stays between its minimum and its maximum", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (retry, random) => {
        const delay = retryPolicy(forever, () => random).delayMs(retry);
        expect(delay).toBeGreaterThanOrEqual(2000);
        expect(delay).toBeLessThanOrEqual(60_000);
      },
    ),
  );
});

test("a fixed delay is always the same", () => {
  const { delayMs } = retryPolicy({ retryStrategy: "fixedDelay", maxRetryCount: 3, delayInterval: { seconds: 5 } });

  expect([delayMs(1), delayMs(3)]).toEqual([5000, 5000]);
});

test.each([
  { change: { retryStrategy: "often" }, message: "retry: strategy often is neither fixedDelay nor exponentialBackoff" },
  { change: { maxRetryCount: -2 }, message: "retry: maxRetryCount is -2 and must be -1 (for ever) or a count" },
  { change: { minimumInterval: {} }, message: "retry: minimumInterval is required and not negative" },
  { change: { minimumInterval: { seconds: 61 } }, message: "retry: minimumInterval is over maximumInterval" },
])("$message", ({ change, message }) => {
  expect(() => retryPolicy({ ...forever, ...change })).toThrow(message);
});

function attempts(outcomes: readonly Attempt<string>[]) {
  const contexts: (RetryContext | undefined)[] = [];
  return {
    contexts,
    attempt: (context: RetryContext | undefined) => {
      contexts.push(context);
      return Promise.resolve(outcomes[contexts.length - 1] ?? { error: { message: "no more outcomes" } });
    },
  };
}
const failure = (message: string): Attempt<string> => ({ error: { message } });
const { signal } = new AbortController();

test("each attempt gets its number, and each retry also the last error", async () => {
  const { attempt, contexts } = attempts([failure("one"), failure("two"), { value: "done" }]);

  const end = await runWithRetries({ policy: retryPolicy(forever), delayScale: 0, signal, attempt });

  expect(end).toEqual({ value: "done" });
  expect(contexts).toEqual([
    { retryCount: 0, maxRetryCount: -1 },
    { retryCount: 1, maxRetryCount: -1, exception: { message: "one" } },
    { retryCount: 2, maxRetryCount: -1, exception: { message: "two" } },
  ]);
});

test.each([
  { maxRetryCount: 0, count: 1 },
  { maxRetryCount: 2, count: 3 },
])("a maximum of $maxRetryCount retries makes $count attempt(s)", async ({ maxRetryCount, count }) => {
  const { attempt, contexts } = attempts([failure("one"), failure("two"), failure("three")]);

  const policy = retryPolicy({ ...forever, maxRetryCount });
  const end = await runWithRetries({ policy, delayScale: 0, signal, attempt });

  expect(contexts).toHaveLength(count);
  expect(end).toHaveProperty("error");
});

test("without a policy there is one attempt", async () => {
  const { attempt, contexts } = attempts([failure("one")]);

  expect(await runWithRetries({ policy: undefined, delayScale: 0, signal, attempt })).toEqual(failure("one"));
  expect(contexts).toEqual([undefined]);
});

test("a wait ends when the host stops, and no attempt follows", async () => {
  const stop = new AbortController();
  const { attempt, contexts } = attempts([failure("one")]);
  const end = runWithRetries({ policy: retryPolicy(forever), delayScale: 1, signal: stop.signal, attempt });

  stop.abort();

  expect(await end).toBe("stopped");
  expect(contexts).toHaveLength(1);
});
