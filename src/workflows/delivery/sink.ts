import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { OtherSink, Pending, PendingPage, WaitingRows } from "../../core/incident/outbox.ts";
import type { RowFailure } from "../../core/incident/row-failure.ts";
import type { SinkWatch } from "./sink-watch.ts";

/** Where incidents are sent to: one entry of the delivery loop. */
export interface Sink {
  /** As it stands in the row keys of the outbox. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly outbox: SinkOutbox;
  /** The rows of one request each, in order. */
  packsOf(rows: readonly IncidentRow[]): IncidentRow[][];
  /**
   * Sends one pack in one request.
   *
   * @throws {DependencyError} when it is unknown whether the rows were taken, or they were not and may be later
   */
  send(pack: readonly IncidentRow[], timeoutMs: number): Promise<SendOutcome>;
  /** The incident as it is now, where the outbox holds no more than its ids. Undefined: it was deleted by hand. */
  current?(queued: IncidentRow): Promise<IncidentRow | undefined>;
  readonly watch: SinkWatch;
  readonly limits: {
    /** The invocation that made the incidents; the next batch waits for it. */
    readonly invocation: SendingTime;
    /** The timer, which runs again in a minute. */
    readonly sweep: SendingTime;
  };
  /** The first wait of a row that failed alone; each further failure doubles it. */
  readonly firstBackOffMs: number;
  /** Rows that a sweep reads of one rule at a time. */
  readonly pageSize: number;
  /** Where the next sweep begins to read, by rule: behind the rows at which one was stopped. */
  readonly readFrom: Map<string, string>;
}

/** `refused`: it will be refused again, however often it is sent. `gone`: there is nothing to send any more. */
export type SendOutcome =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "gone" }
  | { readonly outcome: "refused"; readonly reason: string };

export interface SendingTime {
  /** No request begins after this time. */
  readonly milliseconds: number;
  /** One request with its retries. */
  readonly timeoutMs: number;
}

export interface SinkOutbox {
  pending(ruleId: string, which: PendingPage): Promise<Pending>;
  /** Takes a row out of the outbox, and notes that it was accepted. */
  markForwarded(row: IncidentRow): Promise<void>;
  /** Keeps a row from being sent again until a person releases it. */
  markRefused(row: IncidentRow, reason: string): Promise<void>;
  markFailed(row: IncidentRow, failure: RowFailure): Promise<void>;
  waiting(ruleId: string, limit?: number): Promise<WaitingRows>;
}

/** At least Log Analytics, which is the first. */
export type Sinks = readonly [Sink, ...Sink[]];

/** Figures of Log Analytics, and under its name those of each other sink. */
export type BySink<Figures> = Figures & { readonly [name in OtherSink]?: Figures };

/** Does something for all sinks, side by side: none waits for another. */
export async function forEachSink<Figures>(
  sinks: Sinks,
  work: (sink: Sink) => Promise<{ readonly figures: Figures; readonly errors: readonly unknown[] }>,
): Promise<{ readonly figures: BySink<Figures>; readonly errors: readonly unknown[] }> {
  const [first, ...others] = sinks;
  const [main, ...rest] = await Promise.all([work(first), ...others.map(work)]);
  const named = Object.fromEntries(rest.map(({ figures }, index) => [others[index]?.name, figures]));
  return { figures: { ...main.figures, ...named }, errors: [main, ...rest].flatMap(({ errors }) => errors) };
}
