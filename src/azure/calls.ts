import { DependencyError } from "../errors.ts";

/** A call with all of its retries, in milliseconds. */
export const CALL_TIMEOUT_MS = 20_000;

/** The SDKs' own retries: at most 3, at most 10 s apart where the server names no time of its own. */
export const RETRIES = { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 10_000 };

/**
 * Makes a call that ends in time, whatever the service does.
 *
 * The SDKs set no bound: they wait for an answer for ever and obey a `Retry-After` of an hour. Their option for
 * the time of a request is not read for transactions and ends at the answer's headers, and a credential may not
 * look at the signal at all; so the call is left behind, too, and not only aborted. It may still take effect.
 *
 * @throws {DependencyError} when the time is up
 */
export async function inTime<T>(
  service: string,
  timeoutMs: number,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new DependencyError(service, `did not answer within ${timeoutMs / 1_000} s`));
    deadline.abort();
  }, timeoutMs);
  try {
    return await Promise.race([call({ abortSignal: deadline.signal }), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** One page of a list, so that each is a call with a time of its own, however slowly the pages are read. */
export async function firstOf<T>(pages: AsyncIterableIterator<T>): Promise<T | undefined> {
  const next = await pages.next();
  return next.done === true ? undefined : next.value;
}
