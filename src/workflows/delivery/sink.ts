import { valueText } from "../../core/value-text.ts";
import type { IncidentRow, StoredIncident } from "../../core/incident/incident-row.ts";
import type { Pending, PendingPage, WaitingRows } from "../../core/incident/outbox.ts";
import { packRows } from "../../core/incident/packs.ts";
import type { RowFailure } from "../../core/incident/row-failure.ts";
import { type Send, type SendOutcome, SINKS, type SinkName, type SinkTraits } from "../../core/incident/sinks.ts";
import { type Acceptances, sinkWatch, type SinkWatch } from "./sink-watch.ts";

/** A sink at work: one entry of the delivery loop. */
export interface Sink extends Pick<SinkTraits, "name" | "title" | "takes" | "limits" | "pageSize"> {
  readonly outbox: SinkOutbox;
  /** The rows of one request each, in order. */
  packsOf(rows: readonly IncidentRow[]): IncidentRow[][];
  /** As `Send`. `gone`: there is nothing to send any more. */
  send(pack: readonly IncidentRow[], timeoutMs: number): Promise<SendOutcome | { readonly outcome: "gone" }>;
  /** The incident as it is now, where the outbox holds no more than its ids. Undefined: it was deleted by hand. */
  current?(queued: IncidentRow): Promise<IncidentRow | undefined>;
  readonly watch: SinkWatch;
  /** The first wait of a row that failed alone; each further failure doubles it. */
  readonly firstBackOffMs: number;
  /** Where the next sweep begins to read, by rule: behind the rows at which one was stopped. */
  readonly readFrom: Map<string, string>;
}

interface SinkOutbox extends SinkAccounts {
  pending(ruleId: string, which: PendingPage): Promise<Pending>;
  /** Takes a row out of the outbox, and notes that it was accepted. */
  markForwarded(row: IncidentRow): Promise<void>;
  /** Keeps a row from being sent again until a person releases it. */
  markRefused(row: IncidentRow, reason: string): Promise<void>;
  markFailed(row: IncidentRow, failure: RowFailure): Promise<void>;
  waiting(ruleId: string, limit?: number): Promise<WaitingRows>;
}

/** A revision that is stored, and neither waits for the sink nor was acknowledged by it. */
interface LostRevision {
  readonly ruleId: string;
  readonly incidentId: string;
  readonly revision: string;
}

/** What was stored against what the sink acknowledged. It says nothing of a sink that does not take every revision. */
export interface SinkAccounts {
  accounts(ruleId: string): Promise<{
    readonly incidents: number;
    readonly waiting: number;
    readonly acknowledged: number;
    readonly unaccounted: readonly LostRevision[];
  }>;
  requeue(lost: LostRevision): Promise<"requeued" | "accounted for">;
}

/** How each sink is sent to; undefined: it is not set up. */
export type Senders = { readonly [name in SinkName]: Send | undefined };

export interface SinkDependencies {
  outboxOf(sink: SinkName): SinkOutbox;
  readonly incidents: { get(ruleId: string, id: string): Promise<StoredIncident | undefined> };
  readonly acceptances: Acceptances;
  readonly firstBackOffMs: number;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The sinks that can be sent to, in the order of the table. */
export function openSinks(senders: Partial<Senders>, deps: SinkDependencies): Sink[] {
  return SINKS.flatMap((traits) => {
    const send = senders[traits.name];
    return send === undefined ? [] : [openSink(traits, send, deps)];
  });
}

function openSink(traits: (typeof SINKS)[number], send: Send, deps: SinkDependencies): Sink {
  const { name, title, limits, pageSize, pack, pauseMs, takes } = traits;
  const { incidents, acceptances, firstBackOffMs, now } = deps;
  const current = async (queued: IncidentRow) =>
    (await incidents.get(valueText(queued["RuleId"]), valueText(queued["IncidentId"])))?.row;
  return {
    name,
    title,
    takes,
    limits,
    pageSize,
    outbox: deps.outboxOf(name),
    packsOf: (rows) => packRows(rows, pack),
    send,
    ...(takes === "every revision" ? {} : { current }),
    watch: sinkWatch(name, { acceptances, pauseMs, now }),
    firstBackOffMs,
    readFrom: new Map(),
  };
}

/** Figures of each sink that is set up. */
export interface BySink<Figures> {
  readonly sinks: { readonly [name in SinkName]?: Figures };
}

/** Does something for all sinks, side by side: none waits for another. */
export async function forEachSink<Figures>(
  sinks: readonly Sink[],
  work: (sink: Sink) => Promise<{ readonly figures: Figures; readonly errors: readonly unknown[] }>,
): Promise<{ readonly figures: BySink<Figures>; readonly errors: readonly unknown[] }> {
  const done = await Promise.all(sinks.map(async (sink) => [sink.name, await work(sink)] as const));
  return {
    figures: { sinks: Object.fromEntries(done.map(([name, { figures }]) => [name, figures])) },
    errors: done.flatMap(([, { errors }]) => errors),
  };
}
