import { setTimeout as sleep } from "node:timers/promises";
import type { InvocationError, RetryContext, RetryOptions } from "./worker-messages.ts";

/** When a failed invocation is retried. */
export interface RetryPolicy {
  /** -1 means for ever. */
  readonly maxRetryCount: number;
  /** Milliseconds to wait before retry number `retry` (1 is the first). */
  readonly delayMs: (retry: number) => number;
}

/**
 * Reads a registered retry policy.
 *
 * Exponential back-off first waits the minimum, then min(maximum, minimum + 2^(n-2) × minimum × a random 0.8 to 1.2).
 *
 * @param random 0 (inclusive) to 1
 * @throws {RangeError} for values that the real host refuses at its start: a missing or negative interval, minimum over
 * maximum
 * @see https://github.com/Azure/azure-webjobs-sdk ExponentialBackoffRetryAttribute, RandomizedExponentialBackoffStrategy
 */
export function retryPolicy(options: RetryOptions, random: () => number = Math.random): RetryPolicy {
  const { maxRetryCount } = options;
  if (!Number.isInteger(maxRetryCount) || maxRetryCount < -1) {
    throw new RangeError(`retry: maxRetryCount is ${maxRetryCount} and must be -1 (for ever) or a count`);
  }
  switch (options.retryStrategy) {
    case "fixedDelay": {
      const delay = milliseconds(options.delayInterval, "delayInterval");
      return { maxRetryCount, delayMs: () => delay };
    }
    case "exponentialBackoff": {
      const minimum = milliseconds(options.minimumInterval, "minimumInterval");
      const maximum = milliseconds(options.maximumInterval, "maximumInterval");
      if (minimum > maximum) throw new RangeError("retry: minimumInterval is over maximumInterval");
      return {
        maxRetryCount,
        delayMs(retry) {
          if (retry <= 1) return minimum;
          return Math.min(maximum, minimum + 2 ** (retry - 2) * minimum * (0.8 + 0.4 * random()));
        },
      };
    }
    default:
      throw new RangeError(`retry: strategy ${options.retryStrategy} is neither fixedDelay nor exponentialBackoff`);
  }
}

function milliseconds(interval: { readonly seconds?: number } | undefined, name: string): number {
  const seconds = interval?.seconds;
  if (seconds === undefined || !(seconds >= 0)) throw new RangeError(`retry: ${name} is required and not negative`);
  return seconds * 1000;
}

/** The end of one attempt. */
export type Attempt<Value> = { readonly value: Value } | { readonly error: InvocationError };

export interface RetryRun<Value> {
  readonly policy: RetryPolicy | undefined;
  /** Multiplies every wait; 1 is real time. */
  readonly delayScale: number;
  /** Ends a wait; no further attempt starts. */
  readonly signal: AbortSignal;
  readonly attempt: (retryContext: RetryContext | undefined) => Promise<Attempt<Value>>;
}

/**
 * Runs attempts until one succeeds or no retries are left; then the last attempt is the outcome.
 *
 * The count is in memory, as in the real host, and restarts with the host. With a policy, the first attempt also gets
 * its number, 0.
 *
 * @returns "stopped" if `signal` ended it in a wait
 */
export async function runWithRetries<Value>(run: RetryRun<Value>): Promise<Attempt<Value> | "stopped"> {
  const maximum = run.policy?.maxRetryCount;
  let retryContext: RetryContext | undefined =
    maximum === undefined ? undefined : { retryCount: 0, maxRetryCount: maximum };
  for (let retry = 0; ; retry += 1) {
    const attempt = await run.attempt(retryContext);
    if ("value" in attempt || run.policy === undefined) return attempt;
    const { maxRetryCount } = run.policy;
    if (maxRetryCount !== -1 && retry >= maxRetryCount) return attempt;
    if (!(await wait(run.policy.delayMs(retry + 1) * run.delayScale, run.signal))) return "stopped";
    retryContext = { retryCount: retry + 1, maxRetryCount, exception: attempt.error };
  }
}

async function wait(delayMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(delayMs, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
