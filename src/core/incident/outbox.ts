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

/** A row of an outbox that the sink does not accept. */
export interface UntakenRow {
  /** A refused row waits for a person; a failing one is sent again. */
  readonly state: "refused" | "failing";
  readonly ruleId: string;
  /** Its row key in the table. */
  readonly rowKey: string;
  readonly sink: string;
  readonly incidentId: string;
  readonly revision: string;
  readonly reason: string;
  /** How often a failing row failed while the sink accepted other rows, and when it is sent again. */
  readonly attempts: number;
  readonly retryAt: string | undefined;
}

/** Rows that a sink does not accept are named up to this number, and counted beyond it. */
export const MOST_NAMED_ROWS = 20;

/** Number of rows in the outbox of one rule. */
export interface WaitingRows {
  /** Rows still to be sent, including failing ones. */
  readonly pending: number;
  /** Rows that failed while the sink accepted others, and will be sent again. */
  readonly failing: number;
  /** Rows that are not sent again until a person releases them. */
  readonly refused: number;
  /** The first of the refused and the failing rows, at most MOST_NAMED_ROWS. */
  readonly untaken: readonly UntakenRow[];
  /** When the oldest row still to be sent was queued; undefined if there is none. */
  readonly oldest: string | undefined;
}
