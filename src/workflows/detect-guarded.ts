import { sha256Hex } from "../core/content-hash.ts";
import { doMost, throwFirst } from "../core/do-each.ts";
import { readEventBody } from "../core/event-body.ts";
import type { HubPosition } from "../core/incident.ts";
import {
  type Batch,
  type BatchOutcome,
  bury,
  type DetectDependencies,
  detectEvents,
  type HubEvent,
  newBatch,
  outcomeOf,
  QUARANTINED,
  settleRecord,
  storeWaiting,
  sumOf,
} from "./detect-batch.ts";

/** Marks of what is being processed, kept where the death of the worker does not reach. */
export interface SuspectMarks {
  begin(key: string): Promise<{ outcome: "quarantined" } | { outcome: "begun"; deaths: number }>;
  end(key: string): Promise<void>;
  quarantine(key: string): Promise<void>;
}

export interface GuardDependencies extends DetectDependencies {
  readonly suspects: SuspectMarks;
}

/** Apart from each other: a body may be a single record. */
export function suspectKey(what: "event" | "body" | "record", bytes: Uint8Array): string {
  return `${what}|${sha256Hex(bytes)}`;
}

/** Of how many workers something must have been the end, alone, to be put aside. One may die of something else. */
const DEATHS_TO_QUARANTINE = 2;

/** An event that is not finished, and why. */
export interface FailedEvent {
  readonly event: HubEvent;
  readonly error: unknown;
}

export interface GuardedOutcome extends BatchOutcome {
  /** Events that could not be stored although others could, in their order. */
  readonly failed: readonly FailedEvent[];
}

/**
 * Does what `detectBatch` does, and lives through what ends the worker: out of memory, endless work. No code can
 * catch that, so each event is marked before and after; one that is found marked by a worker that is dead is
 * taken record by record, and the record that was the end of two more is put aside as a dead letter.
 *
 * An event that cannot be stored does not keep the others from it: it is one of `failed`.
 *
 * Two calls to the table for each event: for batches that have failed before.
 *
 * @throws when several events in a row fail and the last of the batch fails too: then a dependency is down
 */
export async function detectGuarded(events: readonly HubEvent[], deps: GuardDependencies): Promise<GuardedOutcome> {
  const outcomes: BatchOutcome[] = [];
  const failed: FailedEvent[] = [];
  const { errors, isDown } = await doMost(events, async (event) => {
    try {
      outcomes.push(await detectAlone(event, deps));
    } catch (error) {
      failed.push({ event, error });
      throw error;
    }
  });
  if (isDown) throwFirst(errors);
  return { ...sumOf(outcomes), failed };
}

async function detectAlone(event: HubEvent, deps: GuardDependencies): Promise<BatchOutcome> {
  const batch = newBatch(deps);
  await marked(suspectKey("event", event.body), deps.suspects, async (deaths) => {
    if (deaths === 0) await detectEvents([event], batch);
    else await detectRecords(event, batch, deps.suspects);
  });
  return outcomeOf(batch, [event]);
}

async function detectRecords({ body, position }: HubEvent, batch: Batch, suspects: SuspectMarks): Promise<void> {
  const suspect = { what: "body", bytes: body, position } as const;
  const read = await alone(suspect, { batch, suspects }, () => Promise.resolve(readEventBody(body)));
  if (read === undefined) return;
  for (const { bytes, reason } of read.unreadable) bury({ bytes, reason, position }, batch);
  await storeWaiting(batch);
  for (const source of read.records) {
    const record = { what: "record", bytes: source.bytes(), position } as const;
    await alone(record, { batch, suspects }, () => {
      settleRecord(source, position, batch);
      return storeWaiting(batch); // between the marks: storing it may be what ends the worker
    });
  }
}

interface Suspect {
  readonly what: "body" | "record";
  readonly bytes: Uint8Array;
  readonly position: HubPosition;
}

/** Does the work on some bytes, marked, unless they were the end of too many workers: then they are put aside. */
async function alone<T>(
  { what, bytes, position }: Suspect,
  { batch, suspects }: { readonly batch: Batch; readonly suspects: SuspectMarks },
  work: () => Promise<T>,
): Promise<T | undefined> {
  const key = suspectKey(what, bytes);
  let result: T | undefined;
  const isPutAside = await marked(key, suspects, async (deaths) => {
    if (deaths >= DEATHS_TO_QUARANTINE) return true;
    result = await work();
    return false;
  });
  if (isPutAside !== false) {
    bury({ bytes, reason: QUARANTINED, position }, batch);
    await storeWaiting(batch);
    await suspects.quarantine(key); // only now: what is quarantined is a dead letter
  }
  return result;
}

/**
 * Does the work between two marks. @returns what it returns; undefined, and nothing is done, where the key is
 * quarantined
 */
async function marked<T>(
  key: string,
  suspects: SuspectMarks,
  work: (deaths: number) => Promise<T>,
): Promise<T | undefined> {
  const begun = await suspects.begin(key);
  if (begun.outcome === "quarantined") return undefined;
  let result: T;
  try {
    result = await work(begun.deaths);
  } catch (error) {
    // The worker lives: it was not the end of it. Where the mark stays it is this process's own, which does no harm.
    await suspects.end(key).catch(() => undefined);
    throw error;
  }
  await suspects.end(key);
  return result;
}
