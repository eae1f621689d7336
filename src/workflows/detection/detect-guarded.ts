import { sha256Hex } from "../../core/json/content-hash.ts";
import { doMost, throwFirst } from "../../core/do-each.ts";
import { readEventBody } from "../../core/event/event-body.ts";
import type { HubPosition } from "../../core/incident/incident.ts";
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
  /** @returns false, and nothing is marked, where one of the keys has a mark */
  beginTogether(keys: readonly string[]): Promise<boolean>;
  endTogether(keys: readonly string[]): Promise<void>;
  begin(key: string): Promise<{ outcome: "quarantined" } | { outcome: "begun"; deaths: number }>;
  end(key: string): Promise<void>;
  quarantine(key: string): Promise<void>;
}

export interface GuardDependencies extends DetectDependencies {
  readonly suspects: SuspectMarks;
  /** Keys that had a mark a moment ago. */
  readonly marked: ReadonlySet<string>;
}

/** Apart from each other: a body may be a single record. */
export function suspectKey(what: "event" | "body" | "record", bytes: Uint8Array): string {
  return `${what}|${sha256Hex(bytes)}`;
}

/** As many as one transaction of Table Storage marks. */
const EVENTS_TOGETHER = 100;

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
 * catch that, so events are marked before and after. The search narrows with each death: up to a hundred events are
 * marked together; those that are found marked by a dead worker are marked one by one; an event that was marked alone
 * is taken record by record. If two more workers die at the same record, it becomes a dead letter.
 *
 * An event that cannot be stored does not keep the others from it: it is one of `failed`.
 *
 * Two calls to the table for a hundred events that have no mark, and a few for each event that has one.
 *
 * @throws when several events in a row fail and the last of the batch fails too: then a dependency is down
 */
export async function detectGuarded(events: readonly HubEvent[], deps: GuardDependencies): Promise<GuardedOutcome> {
  const outcomes: BatchOutcome[] = [];
  const single: HubEvent[] = [];
  for (const group of groupsOf(events, deps.marked)) {
    const outcome = await detectTogether(group, deps);
    if (outcome === undefined) single.push(...group.events);
    else outcomes.push(outcome);
  }
  const failed: FailedEvent[] = [];
  const { errors, isDown } = await doMost(single, async (event) => {
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

/** @returns undefined where its events must be taken alone: one of them has a mark, or could not be stored */
async function detectTogether(group: Group, deps: GuardDependencies): Promise<BatchOutcome | undefined> {
  const keys = [...group.keys];
  if (keys.length === 1 || !(await deps.suspects.beginTogether(keys))) return undefined;
  const batch = newBatch(deps);
  try {
    await lived(
      () => detectEvents(group.events, batch),
      () => deps.suspects.endTogether(keys),
    );
  } catch {
    return undefined; // tried once more alone, it says why
  }
  return outcomeOf(batch, group.events);
}

async function detectAlone(event: HubEvent, deps: GuardDependencies): Promise<BatchOutcome> {
  const batch = newBatch(deps);
  await marked(suspectKey("event", event.body), deps.suspects, async (deaths) => {
    if (deaths === 0) await detectEvents([event], batch);
    else await detectRecords(event, batch, deps.suspects);
  });
  return outcomeOf(batch, [event]);
}

interface Group {
  readonly events: HubEvent[];
  /** Fewer than events where a batch holds an event twice. */
  readonly keys: Set<string>;
}

/** Events in their order: each that has a mark by itself, the others together. */
function groupsOf(events: readonly HubEvent[], markedKeys: ReadonlySet<string>): readonly Group[] {
  const groups: Group[] = [];
  let open: Group | undefined;
  for (const event of events) {
    const key = suspectKey("event", event.body);
    const isMarked = markedKeys.has(key);
    if (open === undefined || isMarked || open.events.length === EVENTS_TOGETHER)
      groups.push((open = { events: [], keys: new Set() }));
    open.events.push(event);
    open.keys.add(key);
    if (isMarked) open = undefined;
  }
  return groups;
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
  return lived(
    () => work(begun.deaths),
    () => suspects.end(key),
  );
}

/** Does the work and takes its marks away. */
async function lived<T>(work: () => Promise<T>, takeAway: () => Promise<void>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // The worker lives: it was not the end of it. Where the mark stays it is this process's own, which does no harm.
    await takeAway().catch(() => undefined);
    throw error;
  }
  await takeAway();
  return result;
}
