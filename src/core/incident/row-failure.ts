/** What the outbox keeps of the attempts to send a row that failed. Times are milliseconds since 1970. */
export interface RowFailure {
  /** Attempts that count against the row: others were taken since the attempt before. */
  readonly counted: number;
  /** When the first of these failed; undefined while none counts. */
  readonly since: number | undefined;
  /** When the latest attempt failed, counted or not. */
  readonly failedAt: number;
  /** Not sent again before this time. */
  readonly retryAt: number;
  /** Of the latest attempt. */
  readonly reason: string;
}

export interface FailedAttempt {
  readonly at: number;
  readonly reason: string;
  /** Whether the sink has taken another row since this one was queued or last failed: then the endpoint is not down. */
  readonly counts: boolean;
}

/**
 * A row that has failed alone for this long counts as refused. A day: long enough for a person to mend the receiver
 * after the first alert, short enough that a row nobody mends is reported.
 */
export const REFUSED_AFTER_MS = 24 * 3_600_000;
/** Fewer failures than this prove nothing, however long ago the first was. */
const REFUSED_AFTER_FAILURES = 3;
export const LONGEST_BACK_OFF_MS = 3_600_000;

/**
 * What becomes of a row after a failed attempt: it is sent again later, or it counts as refused.
 *
 * Each failure that counts doubles the wait, up to LONGEST_BACK_OFF_MS. One that does not count changes nothing: the
 * endpoint may be down, and be back any minute.
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
    const told = `failed ${counted} times since ${new Date(since).toISOString()} while others were taken: ${reason}`;
    return { outcome: "refused", reason: told };
  }
  const backOffMs = counted === 0 ? 0 : Math.min(LONGEST_BACK_OFF_MS, firstBackOffMs * 2 ** (counted - 1));
  return { outcome: "again", failure: { counted, since, failedAt: at, retryAt: at + backOffMs, reason } };
}

/** Whether a row may be sent now. A time that no wait reaches was written by a clock that was set back since. */
export function isDue({ retryAt }: RowFailure, now: number): boolean {
  return retryAt <= now || retryAt > now + LONGEST_BACK_OFF_MS;
}
