import type { IncidentRow } from "./incident-row.ts";
import type { RowFailure } from "./row-failure.ts";

/** A row of the outbox, with its failed attempts. */
export interface QueuedRow {
  readonly row: IncidentRow;
  readonly failure?: RowFailure | undefined;
}

/** Which rows of an outbox to read. */
export interface PendingPage {
  readonly limit: number;
  /** Only rows made before this time: the invocation that made a younger row still handles it. */
  readonly queuedBefore: Date;
  /** Only rows that are due at this time. */
  readonly dueAt: Date;
  /** Only rows after this one: `next` of the previous page. */
  readonly after?: string | undefined;
}

export interface Pending {
  readonly rows: QueuedRow[];
  /** Start of the next page; undefined if there is none. */
  readonly next: string | undefined;
}

/** Number of rows in the outbox of one rule. */
export interface WaitingRows {
  /** Rows still to be sent, including failing ones. */
  readonly pending: number;
  /** Rows that failed while the sink accepted others, and will be sent again. */
  readonly failing: number;
  /** Rows that are not sent again until a person releases them. */
  readonly refused: number;
  /** When the oldest row still to be sent was queued; undefined if there is none. */
  readonly oldest: string | undefined;
}
