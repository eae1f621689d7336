import { type EventBody, type ReadRecord, readEventBody } from "../core/event-body.ts";
import { type Candidates, candidateRecords } from "../core/scan/candidate-records.ts";
import type { LiteralScan } from "../core/scan/literal-scan.ts";
import type { HubPosition } from "../core/incident.ts";
import type { StoredIncident } from "../core/incident-row.ts";
import { judge, type JudgeDependencies, type Verdict } from "./judge-record.ts";

export type { ReadyRule } from "../core/ready-rule.ts";

/** An event as the hub delivers it. */
export interface HubEvent {
  readonly body: Uint8Array;
  readonly position: HubPosition;
}

export interface DetectDependencies extends JudgeDependencies {
  /** Finds what the rules' matches must hold. Undefined: every record is read. */
  readonly scan?: LiteralScan | undefined;
  readonly incidents: { add(incident: StoredIncident): Promise<"added" | "known"> };
  readonly deadLetters: {
    add(letter: { bytes: Uint8Array; reason: string; position: HubPosition }): Promise<void>;
  };
  /** Whether reading a body, or processing a record, ended the worker before. Where it is not given, nothing did. */
  isQuarantined?(what: "body" | "record", bytes: Uint8Array): boolean;
}

/** received = matched + notMatched + skipped + ruledOut + deadLettered, whatever the data: each record has one fate. */
export interface BatchFigures {
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
  /** Incidents that were stored, and those that were there already. A record can give several. */
  readonly stored: number;
  readonly known: number;
}

export interface BatchOutcome {
  readonly figures: BatchFigures;
  readonly added: readonly StoredIncident[];
}

/** What a batch has come to so far. */
export interface Tally {
  readonly figures: { -readonly [Figure in Exclude<keyof BatchFigures, "events">]: BatchFigures[Figure] };
  readonly added: StoredIncident[];
}

export function newTally(): Tally {
  return {
    figures: {
      passedOver: 0,
      received: 0,
      matched: 0,
      notMatched: 0,
      skipped: 0,
      ruledOut: 0,
      deadLettered: 0,
      stored: 0,
      known: 0,
    },
    added: [],
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
  const tally = newTally();
  for (const event of events) {
    const detecting = startDetecting(event, deps, tally);
    if (detecting !== undefined) await detecting; // most events are done with at once
  }
  return { figures: { events: events.length, ...tally.figures }, added: tally.added };
}

export async function detectEvent(event: HubEvent, deps: DetectDependencies, tally: Tally): Promise<void> {
  await startDetecting(event, deps, tally);
}

/** Undefined where nothing is left to wait for. */
function startDetecting(
  { body, position }: HubEvent,
  deps: DetectDependencies,
  tally: Tally,
): Promise<void> | undefined {
  if (deps.isQuarantined?.("body", body) === true)
    return bury({ bytes: body, reason: QUARANTINED, position }, deps, tally);
  const candidates = deps.scan ? candidateRecords(body, deps.scan) : allRecords(body);
  if (candidates !== undefined) return settle(candidates, position, { deps, tally });
  tally.figures.passedOver += 1;
  return undefined;
}

async function settle(
  { records, unreadable, ruledOut }: Candidates,
  position: HubPosition,
  batch: Batch,
): Promise<void> {
  const { figures } = batch.tally;
  figures.received += ruledOut;
  figures.ruledOut += ruledOut;
  await buryUnreadable(unreadable, position, batch);
  for (const source of records) {
    const settling = startSettling(source, position, batch);
    if (settling !== undefined) await settling;
  }
}

interface Batch {
  readonly deps: DetectDependencies;
  readonly tally: Tally;
}

export async function buryUnreadable(
  unreadable: EventBody["unreadable"],
  position: HubPosition,
  { deps, tally }: Batch,
): Promise<void> {
  for (const { bytes, reason } of unreadable) await bury({ bytes, reason, position }, deps, tally);
}

/** Keeps as a dead letter what has no other fate. */
export async function bury(
  letter: { bytes: Uint8Array; reason: string; position: HubPosition },
  deps: DetectDependencies,
  { figures }: Tally,
): Promise<void> {
  await deps.deadLetters.add(letter);
  figures.received += 1;
  figures.deadLettered += 1;
}

/** Judges a record and stores what becomes of it. */
export async function settleRecord(source: ReadRecord, position: HubPosition, batch: Batch): Promise<void> {
  await startSettling(source, position, batch);
}

/** Undefined where nothing is left to wait for. */
function startSettling(source: ReadRecord, position: HubPosition, { deps, tally }: Batch): Promise<void> | undefined {
  if (deps.isQuarantined?.("record", source.bytes()) === true)
    return bury({ bytes: source.bytes(), reason: QUARANTINED, position }, deps, tally);
  const verdict = judge(source, position, deps);
  if (verdict.found.length > 0 || verdict.fate === "deadLettered")
    return store({ verdict, source, position }, { deps, tally });
  tally.figures.received += 1;
  tally.figures[verdict.fate] += 1;
  return undefined;
}

interface Judged {
  readonly verdict: Verdict;
  readonly source: ReadRecord;
  readonly position: HubPosition;
}

async function store({ verdict, source, position }: Judged, { deps, tally }: Batch): Promise<void> {
  const { figures, added } = tally;
  for (const { incident } of verdict.found) {
    const outcome = await deps.incidents.add(incident);
    figures[outcome === "added" ? "stored" : "known"] += 1;
    if (outcome === "added") added.push(incident);
  }
  if (verdict.fate === "deadLettered")
    return bury({ bytes: source.bytes(), reason: verdict.reason, position }, deps, tally);
  figures.received += 1;
  figures[verdict.fate] += 1;
}

function allRecords(body: Uint8Array): Candidates {
  return { ...readEventBody(body), ruledOut: 0 };
}
