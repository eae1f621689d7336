import { deferred } from "../core/deferred.ts";
import { DependencyError, isMistake, PimwatchError } from "../errors.ts";
import { type Machine, MACHINE } from "../machine.ts";

/**
 * Makes a call that ends within the time limit, whatever the service does.
 *
 * The SDKs set no limit: they wait for an answer for ever and obey a `Retry-After` of an hour. Their own time limit for
 * requests ignores transactions and ends with the headers of the answer, and a credential may ignore the signal. So this
 * function not only aborts the call but also stops waiting for it. The call may still take effect.
 *
 * Every error names the service, since the host's log shows only a message such as "socket hang up".
 *
 * @throws {DependencyError} when the time is up or the service cannot be reached
 * @throws the SDK's own error if it has a status, which callers tell apart
 */
export async function inTime<T>(
  service: string,
  timeoutMs: number,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
  { after }: Pick<Machine, "after"> = MACHINE,
): Promise<T> {
  const deadline = new AbortController();
  const late = deferred<never>();
  const cancel = after(timeoutMs, () => {
    late.reject(new DependencyError(service, `did not answer within ${timeoutMs / 1_000} s`));
    deadline.abort();
  });
  try {
    return await Promise.race([call({ abortSignal: deadline.signal }), late.promise]);
  } catch (error) {
    throw naming(service, error);
  } finally {
    cancel();
  }
}

/** The error with the service's name in its message. A bug keeps its own message and stack. */
function naming(service: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PimwatchError || isMistake(error)) return error;
  if (!("statusCode" in error) || typeof error.statusCode !== "number")
    return new DependencyError(service, whatHappened(error), { cause: error });
  if (!error.message.startsWith(`${service}: `)) error.message = `${service}: ${error.message}`;
  return error;
}

/**
 * One line. After its retries, or if all addresses of a host failed, a client throws an AggregateError without a message;
 * then this joins the different messages of its parts.
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

/** The next page of a list. Each page is a call with its own time limit, however slowly the caller uses the pages. */
export async function firstOf<T>(pages: AsyncIterableIterator<T>): Promise<T | undefined> {
  const next = await pages.next();
  return next.done === true ? undefined : next.value;
}
