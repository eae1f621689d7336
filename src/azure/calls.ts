/** One request to an Azure service, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A call with all of its retries, which the SDKs do not bound: they obey a `Retry-After` of an hour. */
const CALL_TIMEOUT_MS = 40_000;

/** Ends a call that goes on too long. Without it, a server that never answers hangs the caller for ever. */
export function callDeadline(milliseconds = CALL_TIMEOUT_MS): AbortSignal {
  return AbortSignal.timeout(milliseconds);
}

/** Options for a call of the Table client, which can also bound each single request. */
export function boundedCall(): { requestOptions: { timeout: number }; abortSignal: AbortSignal } {
  return { requestOptions: { timeout: REQUEST_TIMEOUT_MS }, abortSignal: callDeadline() };
}

/** The SDKs' own retries: at most 3, at most 10 s apart where the server names no time of its own. */
export const RETRIES = { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 10_000 };
