import { throwFirst } from "../../core/do-each.ts";
import { type Delays, delaysOf } from "../../core/ledger/delays.ts";
import type { StageDelays } from "../../core/ledger/evaluations.ts";
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
import { type FinishedDependencies, type Recorded, recordFinished } from "./record-finished.ts";

export interface HandleDependencies extends DetectDependencies, Pick<FinishedDependencies, "ledger"> {
  readonly sinks: readonly Sink[];
  readonly evaluations: FinishedDependencies["evaluations"] & {
    /** Adds to the delays that the health page shows. */
    addDelays(delays: StageDelays, at: Date): Promise<void>;
  };
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
  /** Events by their seconds from hub to incident table. */
  readonly latency: Delays;
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
  const { figures, unmatchedOperations, added, delays, failed }: GuardedOutcome = guarded
    ? await detectGuarded(events, { ...detecting, suspects: deps.suspects, marked, looksInto: undefined })
    : { ...(await detectBatch(events, detecting)), failed: [] };
  const left = leftToHealer(failed, mayLeave);
  const stored = failed.length === 0 ? events : events.filter((event) => !failed.some((one) => one.event === event));
  const storedAt = deps.now().getTime();
  const latency = delaysOf(stored.map(({ position }) => [Date.parse(position.enqueuedTime ?? ""), storedAt]));
  const recorded = await recordFinished(stored, deps);
  await saveDelays({ occurredToHub: delaysOf(delays), hubToStored: latency }, deps);
  const operations = await noteOperations(unmatchedOperations, deps);
  await storeSightings(deps);
  const { figures: delivered, errors } = await forEachSink(deps.sinks, (sink) => deliverNew(added, sink));
  throwFirst(errors);
  return { ...figures, guarded, ...left, latency, ...operations, ...recorded, ...delivered };
}

/** If they cannot be saved, the next batch tries again. */
async function saveDelays(delays: StageDelays, { evaluations, now }: HandleDependencies): Promise<void> {
  await ifAnswered(() => evaluations.addDelays(delays, now()));
}

/** If the names cannot be kept, the log line still has them, and the next batch that sees them tries again. */
async function noteOperations(counts: OperationCounts, { operations, now }: HandleDependencies) {
  if (counts.size === 0) return {};
  await ifAnswered(() => operations.note([...counts.keys()], now()));
  return { unmatchedOperations: Object.fromEntries(counts) };
}

/** Makes a note for the health page. A batch that is stored does not fail for it. */
async function ifAnswered(note: () => Promise<void>): Promise<void> {
  try {
    await note();
  } catch (error) {
    if (!isOfADependency(error)) throw error;
  }
}

/** Writes once per minute of arrival at most, since the minutes of a category are stored. */
async function storeSightings({ categories, sightings }: HandleDependencies): Promise<void> {
  const taken = categories.take();
  if (taken.length === 0) return;
  await ifAnswered(async () => {
    try {
      await sightings.add(taken);
    } catch (error) {
      categories.putBack(taken); // the next batch tries again
      throw error;
    }
  });
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
