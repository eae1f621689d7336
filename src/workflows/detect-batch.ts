import type { ReadRecord } from "../core/event-body.ts";
import { type Candidates, candidateRecords } from "../core/scan/candidate-records.ts";
import type { LiteralScan } from "../core/scan/literal-scan.ts";
import type { HubPosition } from "../core/incident.ts";
import type { StoredIncident } from "../core/incident-row.ts";
import { judge, type JudgeDependencies } from "./judge-record.ts";

export type { ReadyRule } from "../core/ready-rule.ts";

/** An event as the hub delivers it. */
export interface HubEvent {
  readonly body: Uint8Array;
  readonly position: HubPosition;
}

interface Letter {
  readonly bytes: Uint8Array;
  readonly reason: string;
  readonly position: HubPosition;
}

export interface DetectDependencies extends JudgeDependencies {
  /** Finds what the rules' matches must hold. Undefined: every record is read. */
  readonly scan?: LiteralScan | undefined;
  readonly incidents: {
    /** @returns the outcomes in the order given */
    addAll(incidents: readonly StoredIncident[]): Promise<readonly ("added" | "known")[]>;
  };
  readonly deadLetters: { add(letter: Letter): Promise<void> };
  /** Whether reading a body, or processing a record, ended the worker before. Where it is not given, nothing did. */
  isQuarantined?(what: "body" | "record", bytes: Uint8Array): boolean;
}

/** received = matched + notMatched + skipped + ruledOut + deadLettered, whatever the data: each record has one fate. */
export interface RecordFigures {
  readonly events: number;
  /**
   * Events, among these, whose bytes hold nothing that a match must hold. They are not looked into: neither are their
   * records counted, nor is it noticed where one of them is malformed.
   */
  readonly passedOver: number;
  /** Records of the other events, and one for each stretch of bytes that is none. */
  readonly received: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Records of other categories in the same hub. */
  readonly skipped: number;
  /** Records beside those that hold what a match must hold; they were not parsed. */
  readonly ruledOut: number;
  /** Also a record on which a rule failed, though other rules may have found incidents in it. */
  readonly deadLettered: number;
}

export const NO_FIGURES: RecordFigures = {
  events: 0,
  passedOver: 0,
  received: 0,
  matched: 0,
  notMatched: 0,
  skipped: 0,
  ruledOut: 0,
  deadLettered: 0,
};

export interface BatchFigures extends RecordFigures {
  /** Incidents that were stored, and those that were there already. A record can give several. */
  readonly stored: number;
  readonly known: number;
}

export interface BatchOutcome {
  readonly figures: BatchFigures;
  readonly added: readonly StoredIncident[];
}

/** A batch on its way. What was found in it waits to be stored in groups, and is counted when it is. */
export interface Batch {
  readonly deps: DetectDependencies;
  readonly figures: { -readonly [Figure in keyof BatchFigures]: BatchFigures[Figure] };
  readonly added: StoredIncident[];
  readonly waiting: {
    incidents: StoredIncident[];
    /** Records that match, all of whose incidents wait. */
    matched: number;
    letters: Letter[];
  };
}

/** So many incidents and dead letters wait at most, and those of one record more. */
const MAX_WAITING = 100;

export function newBatch(deps: DetectDependencies): Batch {
  return {
    deps,
    figures: { ...NO_FIGURES, stored: 0, known: 0 },
    added: [],
    waiting: { incidents: [], matched: 0, letters: [] },
  };
}

export const QUARANTINED = "it ended the worker each time that it was processed";

/**
 * Runs every rule over a batch of events and stores what they find.
 *
 * Safe to run twice, and at the same time, on the same events. Bad data is kept as dead letters and never
 * fails the batch; a dependency that does not answer rejects, so that the host delivers the batch again.
 */
export async function detectBatch(events: readonly HubEvent[], deps: DetectDependencies): Promise<BatchOutcome> {
  const batch = newBatch(deps);
  await detectEvents(events, batch);
  return outcomeOf(batch, events);
}

/** What a batch has come to once all of it is stored. */
export function outcomeOf({ figures, added }: Batch, events: readonly HubEvent[]): BatchOutcome {
  return { figures: { ...figures, events: events.length }, added };
}

/** When it is done, all that the events held is stored. */
export async function detectEvents(events: readonly HubEvent[], batch: Batch): Promise<void> {
  for (const event of events) {
    if (isFull(batch)) await storeWaiting(batch);
    const candidates = candidatesOf(event, batch);
    if (candidates !== undefined) await settle(candidates, event.position, batch); // most events are done with at once
  }
  await storeWaiting(batch);
}

/** Undefined where nothing is to be looked into. */
function candidatesOf({ body, position }: HubEvent, batch: Batch): Candidates | undefined {
  const { deps, figures } = batch;
  if (deps.isQuarantined?.("body", body) === true) {
    bury({ bytes: body, reason: QUARANTINED, position }, batch);
    return undefined;
  }
  const candidates = candidateRecords(body, deps.scan);
  if (candidates === undefined) figures.passedOver += 1;
  return candidates;
}

async function settle(
  { records, unreadable, ruledOut }: Candidates,
  position: HubPosition,
  batch: Batch,
): Promise<void> {
  batch.figures.received += ruledOut;
  batch.figures.ruledOut += ruledOut;
  for (const { bytes, reason } of unreadable) bury({ bytes, reason, position }, batch);
  for (const source of records) {
    if (isFull(batch)) await storeWaiting(batch);
    settleRecord(source, position, batch);
  }
}

/** Judges a record. What becomes of it waits to be stored. */
export function settleRecord(source: ReadRecord, position: HubPosition, batch: Batch): void {
  const { deps, figures, waiting } = batch;
  if (deps.isQuarantined?.("record", source.bytes()) === true)
    return bury({ bytes: source.bytes(), reason: QUARANTINED, position }, batch);
  const verdict = judge(source, position, deps);
  for (const { incident } of verdict.found) waiting.incidents.push(incident);
  if (verdict.fate === "deadLettered") return bury({ bytes: source.bytes(), reason: verdict.reason, position }, batch);
  if (verdict.fate === "matched") {
    waiting.matched += 1;
    return;
  }
  figures.received += 1;
  figures[verdict.fate] += 1;
}

/** Lets a dead letter of what has no other fate wait to be stored. */
export function bury(letter: Letter, { waiting }: Batch): void {
  waiting.letters.push(letter);
}

function isFull({ waiting }: Batch): boolean {
  return waiting.incidents.length + waiting.letters.length >= MAX_WAITING;
}

/** Stores what waits: incidents first, so that they do not depend on the place of the dead letters. */
export async function storeWaiting({ deps, figures, added, waiting }: Batch): Promise<void> {
  const { incidents, matched, letters } = waiting;
  if (incidents.length > 0) {
    const outcomes = await deps.incidents.addAll(incidents);
    const fresh = incidents.filter((_incident, index) => outcomes[index] === "added");
    for (const incident of fresh) added.push(incident);
    figures.stored += fresh.length;
    figures.known += incidents.length - fresh.length;
    figures.received += matched;
    figures.matched += matched;
    waiting.incidents = [];
    waiting.matched = 0;
  }
  for (const letter of letters) {
    await deps.deadLetters.add(letter);
    figures.received += 1;
    figures.deadLettered += 1;
  }
  waiting.letters = [];
}
