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

/** Marks of things being processed, kept in a store that survives the worker. */
export interface SuspectMarks {
  /** @returns false if one of the keys has a mark already; then it marks nothing */
  beginTogether(keys: readonly string[]): Promise<boolean>;
  endTogether(keys: readonly string[]): Promise<void>;
  begin(key: string): Promise<{ outcome: "quarantined" } | { outcome: "begun"; deaths: number }>;
  end(key: string): Promise<void>;
  quarantine(key: string): Promise<void>;
}

export interface GuardDependencies extends DetectDependencies {
  readonly suspects: SuspectMarks;
  /** Keys that had a mark when the batch began. */
  readonly marked: ReadonlySet<string>;
}

/** The kind is part of the key, since a body may be a single record. */
export function suspectKey(what: "event" | "body" | "record", bytes: Uint8Array): string {
  return `${what}|${sha256Hex(bytes)}`;
}

/** One transaction of Table Storage writes this many marks. */
const EVENTS_TOGETHER = 100;

/** Quarantine a record after it has killed this many workers while processed alone. One may have died of something else. */
const DEATHS_TO_QUARANTINE = 2;

/** An event that could not be stored, and why. */
export interface FailedEvent {
  readonly event: HubEvent;
  readonly error: unknown;
}

export interface GuardedOutcome extends BatchOutcome {
  /** Events that could not be stored although others could, in their order. */
  readonly failed: readonly FailedEvent[];
}

/**
 * Does what `detectBatch` does, and finds the record that kills the worker (out of memory, endless work). No code can
 * catch that death, so events are marked before and unmarked after. The search narrows with each death: up to a hundred
 * events are marked together; events with the mark of a dead worker are marked one by one; an event that was marked alone
 * is processed record by record. If two more workers die at the same record, it becomes a dead letter.
 *
 * An event that cannot be stored does not hold up the others; it is returned in `failed`.
 *
 * It costs two calls to the table for a hundred unmarked events, and a few for each marked event.
 *
 * @throws when several events in a row fail and the last of the batch fails too, because then a dependency is down
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

/** @returns undefined if each event must be processed alone, because one has a mark or could not be stored */
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
    return undefined; // the event at fault fails again when it is processed alone, and gives its reason then
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
  /** Fewer than the events if a batch holds an event twice. */
  readonly keys: Set<string>;
}

/** Groups of events in their order: each marked event alone, the others together. */
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

/**
 * Processes each record of an event alone. One that cannot be stored does not keep the next from being processed: it may be
 * the one that kills workers, and would go on doing so for as long as the first fails.
 */
async function detectRecords({ body, position }: HubEvent, batch: Batch, suspects: SuspectMarks): Promise<void> {
  const suspect = { what: "body", bytes: body, position } as const;
  const read = await alone(suspect, { batch, suspects }, () => Promise.resolve(readEventBody(body)));
  if (read === undefined) return;
  const buryUnreadable = (): Promise<void> => {
    for (const { bytes, reason } of read.unreadable) bury({ bytes, reason, position }, batch);
    return storeWaiting(batch);
  };
  const settleEach = read.records.map((source) => (): Promise<unknown> => {
    const record = { what: "record", bytes: source.bytes(), position } as const;
    return alone(record, { batch, suspects }, () => {
      settleRecord(source, position, batch);
      return storeWaiting(batch); // while it is marked: storing it may kill the worker too
    });
  });
  const { errors } = await doMost([buryUnreadable, ...settleEach], (work) => work());
  throwFirst(errors);
}

interface Suspect {
  readonly what: "body" | "record";
  readonly bytes: Uint8Array;
  readonly position: HubPosition;
}

/** Does the work on some bytes while they are marked. If they killed too many workers, quarantines them instead. */
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
    await suspects.quarantine(key); // last, so that everything in quarantine is a dead letter
  }
  return result;
}

/**
 * Does the work while the key is marked.
 *
 * @returns the result of the work; undefined, without doing it, if the key is quarantined
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

/** Does the work and removes its marks. */
async function lived<T>(work: () => Promise<T>, takeAway: () => Promise<void>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // The worker survived. A mark that cannot be removed belongs to this process, which does no harm.
    await takeAway().catch(() => undefined);
    throw error;
  }
  await takeAway();
  return result;
}
