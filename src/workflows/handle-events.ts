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
import { type ForwardDependencies, type Forwarded, forwardRows } from "./forward-rows.ts";
import { type NotifyDependencies, notifyWebhook } from "./notify-webhook.ts";
import { type FinishedPort, type Recorded, recordFinished } from "./record-finished.ts";

export interface HandleDependencies extends DetectDependencies, ForwardDependencies, NotifyDependencies {
  readonly ledger: FinishedPort;
  readonly suspects: SuspectMarks & {
    known(how: { readonly fresh: boolean }): Promise<{ quarantined: ReadonlySet<string>; marked: number }>;
  };
}

/** What of it is not told by then is the timer's: the next batch waits for this one. */
const WEBHOOK_BUDGET = { milliseconds: 3_000 };

/**
 * Whether a batch may be what the worker dies of. It may from the first retry on: at the third death of its workers the
 * host restarts itself and counts the retries from 0 again, so a guard that waited for a later retry would never begin.
 */
export function isSuspect(retryCount: number): boolean {
  return retryCount > 0;
}

export interface Handled extends BatchFigures, Recorded, Forwarded {
  /** What the webhook was told of, where there is one. */
  readonly webhook?: Forwarded;
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
  const rows = added.map(({ row }: StoredIncident) => row);
  const forwarded = await forwardRows(rows, deps);
  const told = deps.webhook && { webhook: await notifyWebhook(rows, deps, WEBHOOK_BUDGET) };
  return { ...figures, guarded, latency, ...recorded, ...forwarded, ...told };
}
