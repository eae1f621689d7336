import { INVOCATION_DEADLINE_MS } from "../core/timing.ts";
import { MACHINE } from "../machine.ts";

/**
 * Runs a handler so that its invocation fails whenever the work did not end well.
 *
 * The worker reports a rejection without a value as success, and knows no deadline; here everything that
 * is thrown becomes an Error, and so does work that takes too long.
 */
export async function runInvocation<T>(
  work: () => Promise<T>,
  deadlineMs = INVOCATION_DEADLINE_MS,
  machine = MACHINE,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = machine.after(deadlineMs, () => late.reject(new Error(`not done after ${deadlineMs / 1_000} s`)));
  try {
    return await Promise.race([work(), late.promise]);
  } catch (error) {
    throw error instanceof Error ? error : new Error(`thrown: ${String(error)}`, { cause: error });
  } finally {
    cancel();
  }
}
