import type { IncidentRow } from "./incident-row.ts";
import type { RowFailure } from "./row-failure.ts";

/** Where incidents are forwarded to: each state of each. */
export const LOG_ANALYTICS_SINK = "log-analytics";
/** Where new incidents are sent to as well, if it is set up. */
export const WEBHOOK_SINK = "webhook";
/** Sinks beside Log Analytics. The outbox holds no more than the ids of an incident for them. */
export type OtherSink = typeof WEBHOOK_SINK;

/** A row of the outbox, and what is known of its failed attempts. */
export interface QueuedRow {
  readonly row: IncidentRow;
  readonly failure?: RowFailure | undefined;
}

/** Which rows of an outbox to read. */
export interface PendingPage {
  readonly limit: number;
  /** Only rows made before this time: younger ones are still with the invocation that made them. */
  readonly queuedBefore: Date;
  /** Only rows that may be sent at this time. */
  readonly dueAt: Date;
  /** Only rows behind this one: `next` of the page before. */
  readonly after?: string | undefined;
}

export interface Pending {
  readonly rows: QueuedRow[];
  /** Where the next page begins; undefined where there is none. */
  readonly next: string | undefined;
}

/** What waits in the outbox of one rule. */
export interface WaitingRows {
  /** Rows that are still to be sent, those that are failing included. */
  readonly pending: number;
  /** Rows that failed while the sink took others, and are sent again. */
  readonly failing: number;
  /** Rows that are not sent again until a person releases them. */
  readonly refused: number;
  /** When the oldest row that is still to be sent was queued; undefined where none is. */
  readonly oldest: string | undefined;
}
