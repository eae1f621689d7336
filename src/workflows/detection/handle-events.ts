import { throwFirst } from "../../core/do-each.ts";
import type { StoredIncident } from "../../core/incident/incident-row.ts";
import type { NewSightings } from "../../core/ledger/category-sightings.ts";
import type { CategoryWatch } from "../../core/ledger/category-watch.ts";
import { RETRIES_BEFORE_LEAVING } from "../../core/timing.ts";
import { isOfADependency, reasonOf } from "../../errors.ts";
import { deliver, type Delivered, type Delivery } from "../delivery/deliver.ts";
import {
  type BatchFigures,
  type DetectDependencies,
  detectBatch,
  type HubEvent,
  type OperationCounts,
} from "./detect-batch.ts";
import {
  detectGuarded,
  type FailedEvent,
  type GuardedOutcome,
  suspectKey,
  type SuspectMarks,
} from "./detect-guarded.ts";
import { type BySink, type Sink, forEachSink } from "../delivery/sink.ts";
import { type FinishedPort, type Recorded, recordFinished } from "./record-finished.ts";

export interface HandleDependencies extends DetectDependencies {
  readonly sinks: readonly Sink[];
  readonly ledger: FinishedPort;
  /** Keeps the names of operations that no rule matched, for the health page. */
  readonly operations: { note(names: readonly string[], at: Date): Promise<void> };
  readonly categories: CategoryWatch;
  /** Keeps when each log category arrived, for the proof that it still does. */
  readonly sightings: { add(sightings: readonly NewSightings[]): Promise<void> };
  readonly suspects: SuspectMarks & {
    known(how: {
      readonly fresh: boolean;
    }): Promise<{ readonly quarantined: ReadonlySet<string>; readonly marked: ReadonlySet<string> }>;
  };
}

/**
 * Whether a batch may be killing the worker: from the first retry on. At the third death of a worker the host restarts
 * itself and counts the retries from 0 again, so a guard that waited for a later retry might never begin.
 */
export function isSuspect(retryCount: number): boolean {
  return retryCount > 0;
}

/** How to handle a batch that the host has retried this often. */
export function handlingOf(retryCount: number): Handling {
  return { suspect: isSuspect(retryCount), mayLeave: retryCount >= RETRIES_BEFORE_LEAVING };
}

export interface Handling {
  /** Something in the batch may kill the worker, so its events are marked while they are processed. */
  readonly suspect: boolean;
  /** An event that cannot be stored may be left to the healer, which finds it missing in the ledger and retries it. */
  readonly mayLeave?: boolean;
}

export interface Handled extends BatchFigures, Recorded, BySink<Delivered> {
  /** Events that could not be stored and are left to the healer. */
  readonly leftToHealer: number;
  readonly leftBecause?: string;
  /** Whether the events were marked while they were processed. */
  readonly guarded: boolean;
  /** Numbers of events by their seconds from hub to incident table; see `latencyHistogram`. */
  readonly latency: Readonly<Record<string, number>>;
  /**
   * How many records were seen of each operation that no rule matched; see `core/entra-lists/unmatched-operations.ts`. These
   * are no totals, since most records are not read. Undefined if no such record was seen.
   */
  readonly unmatchedOperations?: Readonly<Record<string, number>>;
}

/**
 * Detects in a batch and, once all of it is stored, notes that in the ledger and sends new incidents to the sinks.
 *
 * @throws when an event could not be stored, unless it may be left to the healer
 */
export async function handleEvents(
  events: readonly HubEvent[],
  deps: HandleDependencies,
  { suspect, mayLeave = false }: Handling = { suspect: false },
): Promise<Handled> {
  const { quarantined, marked } = await deps.suspects.known({ fresh: suspect });
  const isQuarantined = (what: "body" | "record", bytes: Uint8Array) => quarantined.has(suspectKey(what, bytes));
  const detecting = quarantined.size === 0 ? deps : { ...deps, isQuarantined };
  const guarded = suspect || marked.size > 0;
  const { figures, unmatchedOperations, added, failed }: GuardedOutcome = guarded
    ? await detectGuarded(events, { ...detecting, suspects: deps.suspects, marked, looksInto: undefined })
    : { ...(await detectBatch(events, detecting)), failed: [] };
  const left = leftToHealer(failed, mayLeave);
  const stored = failed.length === 0 ? events : events.filter((event) => !failed.some((one) => one.event === event));
  const latency = latencyHistogram(
    stored.map(({ position }) => position.enqueuedTime),
    deps.now(),
  );
  const recorded = await recordFinished(stored, deps);
  const operations = await noteOperations(unmatchedOperations, deps);
  await storeSightings(deps);
  const { figures: delivered, errors } = await forEachSink(deps.sinks, (sink) => deliverNew(added, sink));
  throwFirst(errors);
  return { ...figures, guarded, ...left, latency, ...operations, ...recorded, ...delivered };
}

/** If the names cannot be kept, the log line still has them, and the next batch that sees them tries again. */
async function noteOperations(counts: OperationCounts, { operations, now }: HandleDependencies) {
  if (counts.size === 0) return {};
  try {
    await operations.note([...counts.keys()], now());
  } catch (error) {
    if (!isOfADependency(error)) throw error;
  }
  return { unmatchedOperations: Object.fromEntries(counts) };
}

/** Writes once per minute of arrival at most, since the minutes of a category are stored. */
async function storeSightings({ categories, sightings }: HandleDependencies): Promise<void> {
  const taken = categories.take();
  if (taken.length === 0) return;
  try {
    await sightings.add(taken);
  } catch (error) {
    categories.putBack(taken); // the next batch tries again
    if (!isOfADependency(error)) throw error;
  }
}

/** @throws the first error, unless all failed events may be left and the ledger can find them */
function leftToHealer(failed: readonly FailedEvent[], mayLeave: boolean) {
  const [first] = failed;
  if (first === undefined) return { leftToHealer: 0 };
  const isFound = ({ event: { position } }: FailedEvent) =>
    position.partitionId !== null && position.sequenceNumber !== null;
  if (!mayLeave || !failed.every(isFound)) throw first.error;
  return { leftToHealer: failed.length, leftBecause: reasonOf(first.error) };
}

/** Sends new incidents, unless the endpoint counts as down; then the sweep finds out when it is back. */
async function deliverNew(added: readonly StoredIncident[], sink: Sink): Promise<Delivery> {
  const stopped = added.length === 0 ? undefined : sink.watch.paused();
  if (stopped !== undefined) return { figures: { forwarded: 0, refused: 0, failed: 0, stopped }, errors: [] };
  return deliver(added, sink, sink.limits.invocation);
}

/** Upper bounds in seconds: usual delays, delays of a retry, delays of an outage. */
const LATENCY_BOUNDS = [1, 2, 5, 15, 60, 300, 3600] as const;

/**
 * Counts of delays by upper bound in seconds, such as `{ "1": 40, "5": 2, "over": 1 }`.
 *
 * Empty bounds are left out. Each delay counts under one bound, so histograms can be added up.
 *
 * @param since - ISO 8601 times with a zone; a missing or invalid one is not counted
 */
export function latencyHistogram(since: Iterable<string | null>, until: Date): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const time of since) {
    const seconds = (until.getTime() - Date.parse(time ?? "")) / 1000;
    if (Number.isNaN(seconds)) continue;
    const bound = LATENCY_BOUNDS.find((limit) => seconds <= limit) ?? "over";
    counts[bound] = (counts[bound] ?? 0) + 1;
  }
  return counts;
}
