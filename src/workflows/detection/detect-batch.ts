import { isAuditLog } from "../../core/event/audit-log.ts";
import { readEventBody, type ReadRecord } from "../../core/event/event-body.ts";
import { doEach, DOWN_AFTER, throwFirst } from "../../core/do-each.ts";
import { type Candidates, candidateRecords } from "../../core/scan/candidate-records.ts";
import type { LiteralScan } from "../../core/scan/literal-scan.ts";
import { eventTime, type HubPosition } from "../../core/incident/incident.ts";
import type { CategoryWatch } from "../../core/ledger/category-watch.ts";
import { valueText } from "../../core/value-text.ts";
import type { StoredIncident, StoreOutcome } from "../../core/incident/incident-row.ts";
import { type Instants, instantsOf } from "../../core/window/instants.ts";
import { type KeptRecord, windowKey, type WindowName } from "../../core/window/kept-record.ts";
import { judge, type JudgeDependencies, skippedOperation } from "./judge-record.ts";

export type { ReadyRule } from "../../core/incident/ready-rule.ts";

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
  /** Without it, every record is read. */
  readonly scan?: LiteralScan | undefined;
  /** Whether to look into this event although the scan skips it. Times are ISO 8601 in UTC. */
  readonly looksInto?: ((event: HubEvent, arrivedAt: string) => boolean) | undefined;
  /** Is told of every record that is read. Without it, nobody watches whether the log categories arrive. */
  readonly categories?: Pick<CategoryWatch, "see"> | undefined;
  readonly incidents: {
    /**
     * @returns the outcomes in the order given
     * @throws when none of them can be stored
     */
    addAll(incidents: readonly StoredIncident[]): Promise<readonly StoreOutcome[]>;
  };
  readonly kept: WindowStore;
  readonly deadLetters: { add(letter: Letter): Promise<void> };
  /** Whether reading this body or processing this record has killed workers before. */
  isQuarantined?(what: "body" | "record", bytes: Uint8Array): boolean;
}

/** Where the records go that rules with windows keep. */
export interface WindowStore {
  /** @returns those that it never takes. @throws if some could not be kept, after it has kept the others */
  keep(records: readonly KeptRecord[]): Promise<readonly { readonly record: KeptRecord; readonly reason: string }[]>;
  /** Notes that a window must be evaluated because records of it were kept. */
  owe(window: WindowName, instants: Instants): Promise<void>;
}

/** For where no rule has a window, or nothing is to be stored. */
export const KEEPS_NOTHING: WindowStore = { keep: () => Promise.resolve([]), owe: () => Promise.resolve() };

/** received = matched + notMatched + otherCategory + recordsSkippedByScan + deadLettered, for any data: each record has one fate. */
export interface RecordFigures {
  readonly events: number;
  /**
   * Events, among these, that contain none of the rules' literals. They are not parsed: their records are not
   * counted, and a malformed one among them goes unnoticed.
   */
  readonly skippedByScan: number;
  /** Records of the other events, and one for each stretch of bytes that is not a record. */
  readonly received: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Records of other log categories in the same hub. */
  readonly otherCategory: number;
  /** Records that contain no literal, in an event that does; they were not parsed. */
  readonly recordsSkippedByScan: number;
  /** Also a record on which a rule failed, or whose incident the store refuses, though its other incidents are stored. */
  readonly deadLettered: number;
}

export const NO_FIGURES: RecordFigures = {
  events: 0,
  skippedByScan: 0,
  received: 0,
  matched: 0,
  notMatched: 0,
  otherCategory: 0,
  recordsSkippedByScan: 0,
  deadLettered: 0,
};

export interface BatchFigures extends RecordFigures {
  /** Incidents that were stored now, and those that were stored before. A record can make several. */
  readonly stored: number;
  readonly known: number;
  /** Incidents that were not stored: another record, with other content, has their id. Each record is a dead letter. */
  readonly otherContent: number;
  /** Records that rules with windows keep, once for each rule. */
  readonly kept: number;
  /** Those that are in no window, since they have no time that can be read, or one that is too far ahead or ago. */
  readonly inNoWindow: number;
}

const NO_BATCH_FIGURES = { ...NO_FIGURES, stored: 0, known: 0, otherContent: 0, kept: 0, inNoWindow: 0 };
const BATCH_FIGURES = Object.keys(NO_BATCH_FIGURES).filter(
  (name): name is keyof BatchFigures => name in NO_BATCH_FIGURES,
);

/** Numbers of records by the name of their operation. */
export type OperationCounts = ReadonlyMap<string, number>;

export interface BatchOutcome {
  readonly figures: BatchFigures;
  /** Operations that no rule matched, among the records that were read in full and a sample of the others. */
  readonly unmatchedOperations: OperationCounts;
  readonly added: readonly StoredIncident[];
  readonly delays: readonly Delay[];
}

/** When an audit record occurred and when its event reached the hub, in milliseconds since 1970. */
type Delay = readonly [occurred: number, reachedHub: number];

/** A batch in progress. Its incidents and dead letters wait to be stored in groups, and are counted once they are. */
export interface Batch {
  readonly deps: DetectDependencies;
  readonly figures: { -readonly [Figure in keyof BatchFigures]: BatchFigures[Figure] };
  readonly unmatchedOperations: Map<string, number>;
  readonly added: StoredIncident[];
  /** Of the audit records that were read in full. */
  readonly delays: Delay[];
  readonly waiting: {
    records: FoundRecord[];
    /** Incidents of these records together. */
    incidents: number;
    /** Length of the record texts that are stored with these incidents. */
    characters: number;
    letters: Letter[];
    kept: KeptRecord[];
  };
  /** Why some incidents and letters could not be stored, until `storeWaiting` throws the first of them. */
  readonly errors: unknown[];
  /** Number of calls in a row in which the incident store failed. */
  failedInARow: number;
}

/** A record in which rules found incidents. Its fate is known once they are stored. */
interface FoundRecord {
  readonly source: ReadRecord;
  readonly position: HubPosition;
  readonly incidents: readonly StoredIncident[];
  /** Why other rules failed on this record. */
  readonly problems: readonly string[];
}

/**
 * Store what waits once it reaches this size. The more incidents are stored together, the fewer requests it takes to look
 * up the known ones. The characters bound the memory for large records.
 */
const MAX_WAITING = { incidents: 1_000, characters: 8_000_000, letters: 100, kept: 1_000 };

export function newBatch(deps: DetectDependencies): Batch {
  return {
    deps,
    figures: { ...NO_BATCH_FIGURES },
    unmatchedOperations: new Map(),
    added: [],
    delays: [],
    waiting: { records: [], incidents: 0, characters: 0, letters: [], kept: [] },
    errors: [],
    failedInARow: 0,
  };
}

export const QUARANTINED = "it ended the worker each time that it was processed";

/**
 * Runs every rule over a batch of events and stores the incidents.
 *
 * It is safe to run on the same events twice, even at the same time. Bad data becomes dead letters and never fails the
 * batch. If a dependency does not answer, it rejects, so that the host delivers the batch again.
 */
export async function detectBatch(events: readonly HubEvent[], deps: DetectDependencies): Promise<BatchOutcome> {
  const batch = newBatch(deps);
  await detectEvents(events, batch);
  return outcomeOf(batch, events);
}

/** The outcome of a batch, once all of it is stored. */
export function outcomeOf({ figures, ...batch }: Batch, events: readonly HubEvent[]): BatchOutcome {
  const { unmatchedOperations, added, delays } = batch;
  return { figures: { ...figures, events: events.length }, unmatchedOperations, added, delays };
}

/** Adds up several outcomes. */
export function sumOf(outcomes: readonly BatchOutcome[]): BatchOutcome {
  const figures = { ...NO_BATCH_FIGURES };
  for (const outcome of outcomes) for (const figure of BATCH_FIGURES) figures[figure] += outcome.figures[figure];
  const unmatchedOperations = new Map<string, number>();
  for (const outcome of outcomes)
    for (const [name, count] of outcome.unmatchedOperations) addOperation(unmatchedOperations, name, count);
  const added = outcomes.flatMap((outcome) => outcome.added);
  return { figures, unmatchedOperations, added, delays: outcomes.flatMap(({ delays }) => delays) };
}

/** Detects in the events and stores everything found. @throws after it has stored all that can be stored */
export async function detectEvents(events: readonly HubEvent[], batch: Batch): Promise<void> {
  for (const event of events) {
    if (isFull(batch)) await storeMost(batch);
    const candidates = candidatesOf(event, batch);
    if (candidates !== undefined) await settle(candidates, event.position, batch); // without candidates, which is the usual case, nothing is awaited
  }
  await storeWaiting(batch);
}

/** Undefined if no record is to be judged. */
function candidatesOf(event: HubEvent, batch: Batch): Candidates | undefined {
  const { body, position } = event;
  const { deps, figures } = batch;
  if (deps.isQuarantined?.("body", body) === true) {
    bury({ bytes: body, reason: QUARANTINED, position }, batch);
    return undefined;
  }
  const candidates = candidateRecords(body, deps.scan);
  if (candidates === undefined) {
    figures.skippedByScan += 1;
    if (deps.looksInto?.(event, arrivalOf(position, deps)) === true) lookInto(event, batch);
  }
  return candidates;
}

/** Only looks: the event stays skipped, so none of its records is counted or becomes a dead letter. */
function lookInto({ body, position }: HubEvent, { deps, unmatchedOperations, delays }: Batch): void {
  for (const source of readEventBody(body).records) {
    deps.categories?.see(source.record, arrivalOf(position, deps));
    addDelay(delays, source, position);
    const operation = skippedOperation(source, deps);
    if (operation !== undefined) addOperation(unmatchedOperations, operation, 1);
  }
}

function addDelay(delays: Delay[], { record }: ReadRecord, { enqueuedTime }: HubPosition): void {
  if (isAuditLog(record)) delays.push([Date.parse(eventTime(record) ?? ""), Date.parse(enqueuedTime ?? "")]);
}

/** When an event reached the hub. Some versions of the host may not tell. */
function arrivalOf({ enqueuedTime }: HubPosition, { now }: DetectDependencies): string {
  return enqueuedTime ?? now().toISOString();
}

/** A batch names this many operations: they become part of a log line. */
const MOST_OPERATIONS = 20;

function addOperation(counts: Map<string, number>, name: string, count: number): void {
  if (counts.has(name) || counts.size < MOST_OPERATIONS) counts.set(name, (counts.get(name) ?? 0) + count);
}

async function settle(
  { records, unreadable, skipped }: Candidates,
  position: HubPosition,
  batch: Batch,
): Promise<void> {
  batch.figures.received += skipped;
  batch.figures.recordsSkippedByScan += skipped;
  for (const { bytes, reason } of unreadable) bury({ bytes, reason, position }, batch);
  for (const source of records) {
    if (isFull(batch)) await storeMost(batch);
    settleRecord(source, position, batch);
  }
}

/** Judges a record, and queues its incidents or dead letter to be stored. */
export function settleRecord(source: ReadRecord, position: HubPosition, batch: Batch): void {
  const { deps, figures, waiting } = batch;
  if (deps.isQuarantined?.("record", source.bytes()) === true)
    return bury({ bytes: source.bytes(), reason: QUARANTINED, position }, batch);
  deps.categories?.see(source.record, arrivalOf(position, deps));
  addDelay(batch.delays, source, position);
  const verdict = judge(source, position, deps);
  waiting.kept.push(...verdict.kept);
  waiting.characters += verdict.kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
  figures.inNoWindow += verdict.inNoWindow;
  if (verdict.found.length > 0) {
    const incidents = verdict.found.map(({ incident }) => incident);
    const problems = verdict.fate === "deadLettered" ? [verdict.reason] : [];
    waiting.records.push({ source, position, incidents, problems });
    waiting.incidents += incidents.length;
    waiting.characters += incidents.reduce((sum, { record }) => sum + record.length, 0);
    return;
  }
  if (verdict.fate === "deadLettered") return bury({ bytes: source.bytes(), reason: verdict.reason, position }, batch);
  figures.received += 1;
  figures[verdict.fate] += 1;
  if (verdict.fate === "notMatched" && verdict.operation !== undefined)
    addOperation(batch.unmatchedOperations, verdict.operation, 1);
}

/** Queues a dead letter to be stored. */
export function bury(letter: Letter, { waiting }: Batch): void {
  waiting.letters.push(letter);
}

function isFull({ waiting }: Batch): boolean {
  return (
    waiting.incidents >= MAX_WAITING.incidents ||
    waiting.characters >= MAX_WAITING.characters ||
    waiting.letters.length >= MAX_WAITING.letters ||
    waiting.kept.length >= MAX_WAITING.kept
  );
}

/** Stores everything that waits. @throws the first error since it was called last, after storing everything else */
export async function storeWaiting(batch: Batch): Promise<void> {
  await storeMost(batch);
  throwFirst(batch.errors.splice(0));
}

/**
 * Stores what waits, incidents first, so that they do not depend on the store of dead letters. An incident or letter that
 * cannot be stored does not hold up the others, but fails the batch in the end.
 *
 * @throws when several in a row cannot be stored, because then the store is down
 */
async function storeMost(batch: Batch): Promise<void> {
  const { deps, figures, waiting } = batch;
  const { records } = waiting;
  waiting.records = [];
  waiting.incidents = 0;
  waiting.characters = 0;
  await storeIncidents(records, batch);
  const { kept } = waiting;
  waiting.kept = [];
  await storeKept(kept, batch);
  const { letters } = waiting;
  waiting.letters = [];
  const { done, errors } = await doEach(letters, async (letter) => {
    await deps.deadLetters.add(letter);
    figures.received += 1;
    figures.deadLettered += 1;
  });
  batch.errors.push(...errors);
  if (done + errors.length < letters.length) throwFirst(errors);
}

/** Keeps records first, then owes the evaluation of their windows. A failure fails the batch in the end. */
async function storeKept(kept: readonly KeptRecord[], batch: Batch): Promise<void> {
  if (kept.length === 0) return;
  const { deps, errors, figures } = batch;
  const schedules = new Map(deps.rules.map(({ rule, window }) => [rule.id, window?.schedule]));
  const owed = new Map<string, { readonly window: WindowName; first: bigint; last: bigint }>();
  try {
    const refused = await deps.kept.keep(kept);
    for (const { record, reason } of refused) bury({ ...record, reason: `it cannot be kept: ${reason}` }, batch);
    for (const { window, time } of kept) {
      const schedule = schedules.get(window.ruleId);
      if (schedule === undefined) continue;
      const { first, last } = instantsOf(time, schedule);
      const key = windowKey(window);
      const before = owed.get(key) ?? { window, first, last };
      owed.set(key, {
        window,
        first: first < before.first ? first : before.first,
        last: last > before.last ? last : before.last,
      });
    }
    for (const { window, ...instants } of owed.values()) await deps.kept.owe(window, instants);
    figures.kept += kept.length - refused.length;
  } catch (error) {
    errors.push(error);
  }
}

async function storeIncidents(records: readonly FoundRecord[], batch: Batch): Promise<void> {
  if (records.length === 0) return;
  try {
    const outcomes = await batch.deps.incidents.addAll(records.flatMap(({ incidents }) => incidents));
    settleStored(records, outcomes, batch);
    batch.failedInARow = 0;
  } catch (error) {
    batch.errors.push(error);
    batch.failedInARow += 1;
    if (batch.failedInARow >= DOWN_AFTER) throw error;
  }
}

/** Counts the outcomes. A record whose incident is refused, or known from another, becomes a dead letter; one with a failed incident is not counted yet. */
function settleStored(records: readonly FoundRecord[], outcomes: readonly StoreOutcome[], batch: Batch): void {
  const { figures, added, errors } = batch;
  let next = 0;
  for (const { source, position, incidents, problems } of records) {
    const reasons = [...problems];
    const failuresBefore = errors.length;
    for (const incident of incidents) {
      const outcome = outcomes[next++] ?? "known";
      if (outcome === "added") added.push(incident);
      if (typeof outcome === "string") figures[outcome === "added" ? "stored" : outcome] += 1;
      else if ("failed" in outcome) errors.push(outcome.failed);
      const problem = storeProblem(incident, outcome);
      if (problem !== undefined) reasons.push(problem);
    }
    if (errors.length > failuresBefore) continue;
    if (reasons.length > 0) bury({ bytes: source.bytes(), reason: reasons.join("; "), position }, batch);
    else {
      figures.received += 1;
      figures.matched += 1;
    }
  }
}

/** Why the incident's record must become a dead letter, if it must. */
export function storeProblem({ row }: StoredIncident, outcome: StoreOutcome): string | undefined {
  const name = `incident ${valueText(row["IncidentId"])} of rule ${valueText(row["RuleId"])}`;
  if (outcome === "otherContent") return `${name} is known from a record that has the same id and says something else`;
  return typeof outcome === "object" && "refused" in outcome ? `${name} is refused: ${outcome.refused}` : undefined;
}
