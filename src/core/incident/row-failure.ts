import { LONGEST_BACK_OFF_MS, REFUSED_AFTER_FAILURES, REFUSED_AFTER_MS } from "../timing.ts";

/** The failed attempts to send a row, as stored in the outbox. Times are milliseconds since 1970. */
export interface RowFailure {
  /** Attempts that count against the row: the sink accepted other rows since the previous attempt. */
  readonly counted: number;
  /** When the first of these failed; undefined if none counts. */
  readonly since: number | undefined;
  /** When the latest attempt failed, counted or not. */
  readonly failedAt: number;
  /** The row is not sent again before this time. */
  readonly retryAt: number;
  /** Reason of the latest failure. */
  readonly reason: string;
}

export interface FailedAttempt {
  readonly at: number;
  readonly reason: string;
  /** Whether the sink accepted another row since this one was queued or last failed, so the endpoint is not down. */
  readonly counts: boolean;
}

/**
 * The state of a row after a failed attempt: it is sent again later, or it counts as refused.
 *
 * Each failure that counts doubles the wait, up to LONGEST_BACK_OFF_MS. A failure that does not count changes nothing: the
 * endpoint may be down, and back at any minute.
 */
export function afterFailure(
  before: RowFailure | undefined,
  { at, reason, counts }: FailedAttempt,
  firstBackOffMs: number,
):
  | { readonly outcome: "again"; readonly failure: RowFailure }
  | { readonly outcome: "refused"; readonly reason: string } {
  const counted = (before?.counted ?? 0) + (counts ? 1 : 0);
  const since = before?.since ?? (counts ? at : undefined);
  if (counts && since !== undefined && counted >= REFUSED_AFTER_FAILURES && at - since >= REFUSED_AFTER_MS) {
    const summary = `failed ${counted} times since ${new Date(since).toISOString()} while the sink accepted other rows: ${reason}`;
    return { outcome: "refused", reason: summary };
  }
  const backOffMs = counted === 0 ? 0 : Math.min(LONGEST_BACK_OFF_MS, firstBackOffMs * 2 ** (counted - 1));
  return { outcome: "again", failure: { counted, since, failedAt: at, retryAt: at + backOffMs, reason } };
}

/** Whether a row may be sent now. A time too far ahead was written before the clock was set back. */
export function isDue({ retryAt }: RowFailure, now: number): boolean {
  return retryAt <= now || retryAt > now + LONGEST_BACK_OFF_MS;
}
