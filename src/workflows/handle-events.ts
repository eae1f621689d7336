import { throwFirst } from "../core/do-each.ts";
import { latencyHistogram } from "../core/latency-histogram.ts";
import type { StoredIncident } from "../core/incident-row.ts";
import {
  type BatchFigures,
  type BatchOutcome,
  type DetectDependencies,
  detectBatch,
  type HubEvent,
} from "./detect-batch.ts";
import { detectGuarded, suspectKey, type SuspectMarks } from "./detect-guarded.ts";
import { deliver, type Delivered, type Delivery } from "./deliver.ts";
import { type BySink, type Sink, type Sinks, forEachSink } from "./sink.ts";
import { type FinishedPort, type Recorded, recordFinished } from "./record-finished.ts";

export interface HandleDependencies extends DetectDependencies {
  readonly sinks: Sinks;
  readonly ledger: FinishedPort;
  readonly suspects: SuspectMarks & {
    known(how: { readonly fresh: boolean }): Promise<{ quarantined: ReadonlySet<string>; marked: number }>;
  };
}

/**
 * Whether a batch may be what the worker dies of. It may from the first retry on: at the third death of its workers the
 * host restarts itself and counts the retries from 0 again, so a guard that waited for a later retry would never begin.
 */
export function isSuspect(retryCount: number): boolean {
  return retryCount > 0;
}

export interface Handled extends BatchFigures, Recorded, BySink<Delivered> {
  /** Whether it was taken one by one. */
  readonly guarded: boolean;
  /** Events by the seconds from the hub to the incident table; see `latencyHistogram`. */
  readonly latency: Readonly<Record<string, number>>;
}

/**
 * Detects in a batch and, once all of it is stored, says so in the ledger and forwards what is new.
 *
 * @param how `suspect`: something in it may end the worker, so that it is taken one by one
 */
export async function handleEvents(
  events: readonly HubEvent[],
  deps: HandleDependencies,
  how: { readonly suspect: boolean } = { suspect: false },
): Promise<Handled> {
  const { quarantined, marked } = await deps.suspects.known({ fresh: how.suspect });
  const isQuarantined = (what: "body" | "record", bytes: Uint8Array) => quarantined.has(suspectKey(what, bytes));
  const detecting = quarantined.size === 0 ? deps : { ...deps, isQuarantined };
  const guarded = how.suspect || marked > 0;
  const { figures, added }: BatchOutcome = guarded
    ? await detectGuarded(events, { ...detecting, suspects: deps.suspects })
    : await detectBatch(events, detecting);
  const latency = latencyHistogram(
    events.map(({ position }) => position.enqueuedTime),
    deps.now(),
  );
  const recorded = await recordFinished(events, deps);
  const { figures: delivered, errors } = await forEachSink(deps.sinks, (sink) => deliverNew(added, sink));
  throwFirst(errors);
  return { ...figures, guarded, latency, ...recorded, ...delivered };
}

/** Sends what is new, unless the endpoint is taken to be down: the sweep finds out when it is back. */
async function deliverNew(added: readonly StoredIncident[], sink: Sink): Promise<Delivery> {
  const stopped = added.length === 0 ? undefined : sink.watch.paused();
  if (stopped !== undefined) return { figures: { forwarded: 0, refused: 0, failed: 0, stopped }, errors: [] };
  return deliver(added, sink, sink.limits.invocation);
}
