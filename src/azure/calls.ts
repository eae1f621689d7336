import { DependencyError, PimwatchError } from "../errors.ts";

export { CALL_TIMEOUT_MS } from "../core/timing.ts";

/**
 * Makes a call that ends in time, whatever the service does.
 *
 * The SDKs set no bound: they wait for an answer for ever and obey a `Retry-After` of an hour. Their option for
 * the time of a request is not read for transactions and ends at the answer's headers, and a credential may not
 * look at the signal at all; so the call is left behind, too, and not only aborted. It may still take effect.
 *
 * Every failure names the service: the host's log shows a message alone, and "socket hang up" could be anybody's.
 *
 * @throws {DependencyError} when the time is up or the service cannot be reached
 * @throws the SDK's own error where it has a status: callers tell these apart
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
  } catch (error) {
    throw naming(service, error);
  } finally {
    clearTimeout(timer);
  }
}

/** The error with the service's name in its message. A mistake of ours keeps its own words and stack. */
function naming(service: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PimwatchError || isMistake(error)) return error;
  if (!("statusCode" in error) || typeof error.statusCode !== "number")
    return new DependencyError(service, whatHappened(error), { cause: error });
  if (!error.message.startsWith(`${service}: `)) error.message = `${service}: ${error.message}`;
  return error;
}

function isMistake(error: Error): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/**
 * One line. After its retries, or where all addresses of a host failed, a client throws an AggregateError, which has
 * no message of its own: those of its parts count, each once.
 */
function whatHappened(error: Error): string {
  if (error instanceof AggregateError) {
    const parts: unknown[] = error.errors;
    const said = new Set(parts.map((part) => (part instanceof Error ? whatHappened(part) : String(part))));
    if (said.size > 0) return [...said].join("; ");
  }
  const [line = ""] = error.message.split("\n", 1);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return (line.includes(code) ? line : `${line} (${code})`) || error.name;
}

/** One page of a list, so that each is a call with a time of its own, however slowly the pages are read. */
export async function firstOf<T>(pages: AsyncIterableIterator<T>): Promise<T | undefined> {
  const next = await pages.next();
  return next.done === true ? undefined : next.value;
}
