import { isSingle, joinTouching, missingFrom, type SequenceRange, unionOf, without } from "./sequence-ranges.ts";

/** Times are milliseconds since 1970. */
export interface FinishedRun extends SequenceRange {
  /** When the first of its events reached the hub. It distinguishes events of a hub from those of an earlier hub of the same name. */
  readonly enqueuedAt: number;
  /** When the first of its events was finished. An unfinished number below it was skipped by then. */
  readonly finishedAt: number;
  /** When the latest of its events was finished. */
  readonly latestAt: number;
}

/** Numbers of events that can never be read again. */
export interface LostRange extends SequenceRange {
  readonly hubCreatedAt: number;
  /** When the loss was noted, after the events had reached the hub. 0 if a version noted it that kept no time. */
  readonly lostAt: number;
}

/** Events that the healer could not store. From run to run it narrows a range down to single events. */
export interface StuckRange extends SequenceRange {
  readonly hubCreatedAt: number;
  /** How often it failed while other events were stored. 0: the store itself may be down. */
  readonly attempts: number;
  /** When it failed first. */
  readonly since: number;
  readonly lastTriedAt: number;
  /** One line for a person, without data of a record. */
  readonly reason: string;
}

/** The ledger of one partition, for all hubs of that name. */
export interface PartitionLedger {
  readonly runs: readonly FinishedRun[];
  readonly lost: readonly LostRange[];
  readonly stuck: readonly StuckRange[];
  readonly bases: readonly LedgerBase[];
  /** First numbers of the chunks that the healer has started but not finished. */
  readonly attempts: readonly number[];
}

/** Rows to write, and then rows to remove. */
export interface LedgerChanges {
  readonly written: Pick<PartitionLedger, "runs" | "lost">;
  readonly obsolete: Omit<PartitionLedger, "bases">;
}

/** The first number that is expected from a hub, and since when. One for each hub ever seen under that name. */
export interface LedgerBase {
  readonly hubCreatedAt: number;
  readonly first: number;
  readonly seenAt: number;
}

/** The state of a partition in the hub, read after the ledger. */
export interface PartitionState {
  readonly hubCreatedAt: number;
  /** The oldest number that the hub still has; `last + 1` if it has none. */
  readonly first: number;
  /** -1 if there never was an event. */
  readonly last: number;
  readonly lastEnqueuedAt: number | undefined;
}

export interface LedgerPatience {
  /** An unfinished number is a gap only after a later one has been finished for this long. */
  readonly graceMs: number;
  /** The end of the partition is stalled only after nothing has been finished for this long. */
  readonly stallMs: number;
}

/** A single event that could not be stored although others could. */
export interface StuckEvent {
  readonly number: number;
  readonly attempts: number;
  /** ISO 8601 in UTC, like all times of a status. */
  readonly since: string;
  readonly reason: string;
}

/** Used as partition id in the status of a hub whose partitions could not be listed. Real ids are numbers. */
export const WHOLE_HUB = "hub";

/** The ledger timer's latest result for a partition, or its failure to reach the hub (`WHOLE_HUB`). */
export interface PartitionStatus {
  readonly partitionId: string;
  /** Empty if no check of it has completed yet. */
  readonly checkedAt: string;
  readonly lag: number;
  /** Events in gaps that are not healed yet. */
  readonly gapEvents: number;
  /** Events that could not be stored, and wait for a later run. */
  readonly stuckEvents: number;
  /** Those that failed alone while others were stored, as far as a row has room. */
  readonly stuck: readonly StuckEvent[];
  /** Events that left the hub before they were finished. */
  readonly lostEvents: number;
  readonly oldestUnfinishedAt: string | undefined;
  readonly lastEnqueuedAt: string | undefined;
  /** Undefined if only a version without it has checked the partition. */
  readonly evaluation: PartitionEvaluation | undefined;
  /** Why the latest check of it failed. */
  readonly failure: { readonly at: string; readonly reason: string } | undefined;
}

/** How far the events of a partition are evaluated. */
export interface PartitionEvaluation {
  /** The ledger expects every event from then on. */
  readonly since: string;
  /** Every event that reached the hub before this is finished, but for open and lost ones. Undefined if unknown. */
  readonly through: string | undefined;
  /** Events among those that are not finished. */
  readonly openEvents: number;
  /** The first of them, as far as a row has room. */
  readonly open: readonly SequenceRange[];
  /** The latest losses, as far as a row has room. */
  readonly lost: readonly DatedLoss[];
}

export interface DatedLoss extends SequenceRange {
  /** The events reached the hub before this. "" if unknown. */
  readonly before: string;
}

/** The ranges that are single events and failed while others were stored. */
export function stuckEvents(ranges: readonly StuckRange[]): StuckEvent[] {
  return ranges
    .filter((range) => isSingle(range) && range.attempts > 0)
    .map(({ first: number, attempts, since, reason }) => ({
      number,
      attempts,
      since: new Date(since).toISOString(),
      reason,
    }));
}

export interface LedgerAssessment {
  readonly base: LedgerBase;
  readonly isNewBase: boolean;
  readonly finished: readonly SequenceRange[];
  /** Finished numbers whose events can never be read again. */
  readonly lost: readonly LostRange[];
  /** All events that are or were in the hub and are not finished. */
  readonly unfinished: readonly SequenceRange[];
  /** Unfinished events that were skipped and must be read again, without stuck events. */
  readonly gaps: readonly SequenceRange[];
  /** Unfinished events that the healer could not store. */
  readonly stuck: readonly StuckRange[];
  /** When the latest event was finished; undefined if none was. */
  readonly latestAt: number | undefined;
  /** Unfinished events at the end of the partition, if nothing has been finished for long. Read again if they are old. */
  readonly stalled: SequenceRange | undefined;
  /** Unfinished events at the end of the partition, without stuck events: most are being worked on. */
  readonly pending: readonly SequenceRange[];
  /** Number of events after the last one up to which all are finished. */
  readonly lag: number;
  /** Compacted rows to write, and rows to remove. */
  readonly changes: LedgerChanges;
}

/** Assesses the ledger of a partition. Never throws; the order of the rows does not matter. */
export function assessLedger(
  ledger: PartitionLedger,
  state: PartitionState,
  { now, ...patience }: LedgerPatience & { readonly now: number },
): LedgerAssessment {
  const { hubCreatedAt } = state;
  const merged = mergeRuns(ledger.runs.filter(({ enqueuedAt }) => enqueuedAt >= hubCreatedAt));
  const lost = mergeLost(ledger.lost.filter((range) => range.hubCreatedAt === hubCreatedAt));
  const knownBase = ledger.bases
    .filter((known) => known.hubCreatedAt === hubCreatedAt)
    .toSorted((a, b) => a.first - b.first)[0];
  const base = knownBase ?? newBase(ledger, state, now);
  // If events were finished before the first check, all events from the first of them on are ours, even dropped ones.
  const first = Math.min(base.first, merged[0]?.first ?? base.first);
  const finished = unionOf([...merged, ...lost]);
  const unfinished = missingFrom({ first, last: state.last }, finished);
  const highest = finished.at(-1)?.last ?? first - 1;
  const isOld = (time: number, age: number): boolean => Math.abs(now - time) >= age; // the clock may have been set back
  const latestAt = merged.reduce((newest, run) => Math.max(newest, run.latestAt), -Infinity);
  const stuck = ledger.stuck
    .filter((range) => range.hubCreatedAt === hubCreatedAt && overlaps(range, unfinished))
    .toSorted((a, b) => a.first - b.first || a.last - b.last);
  const runFrom = new Map(merged.map((run) => [run.first, run]));
  const isGap = ({ last }: SequenceRange): boolean => {
    const next = runFrom.get(last + 1);
    return next === undefined || isOld(next.finishedAt, patience.graceMs);
  };
  const gaps = unfinished.filter((range) => range.last < highest && isGap(range));
  const tail = unfinished.find((range) => range.first > highest);
  const isStalled = isOld(Math.max(latestAt, base.seenAt), patience.stallMs);
  return {
    base,
    isNewBase: knownBase === undefined,
    finished,
    lost,
    unfinished,
    gaps: without(gaps, stuck),
    stuck,
    latestAt: latestAt === -Infinity ? undefined : latestAt,
    stalled: tail !== undefined && isStalled ? tail : undefined,
    pending: tail === undefined ? [] : missingFrom(tail, stuck),
    lag: state.last + 1 - (unfinished[0]?.first ?? state.last + 1),
    changes: changesOf(ledger, { hubCreatedAt, merged, lost, stuck, unfinished }),
  };
}

/** Whether a range shares a number with one of the others, which ascend and do not overlap. There may be thousands. */
function overlaps({ first, last }: SequenceRange, ascending: readonly SequenceRange[]): boolean {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ascending[middle]?.last ?? Infinity) < first) low = middle + 1;
    else high = middle;
  }
  return (ascending[low]?.first ?? Infinity) <= last;
}

/**
 * A recreated hub numbers from 0. The first hub that we see existed before us: numbers that it no longer has were never ours.
 */
function newBase({ bases, runs }: PartitionLedger, { hubCreatedAt, first }: PartitionState, now: number): LedgerBase {
  const isEarlier = (time: number): boolean => time > 0 && time < hubCreatedAt;
  const isRecreated =
    bases.some((base) => isEarlier(base.hubCreatedAt)) || runs.some(({ enqueuedAt }) => isEarlier(enqueuedAt));
  return { hubCreatedAt, first: isRecreated ? 0 : first, seenAt: now };
}

/** The same numbers as ascending runs that do not overlap or touch. */
export function mergeRuns(runs: readonly FinishedRun[]): FinishedRun[] {
  const ascending = runs.toSorted((a, b) => a.first - b.first || a.enqueuedAt - b.enqueuedAt);
  return joinTouching(ascending, (previous, run, last) => ({
    first: previous.first,
    last,
    enqueuedAt: previous.enqueuedAt,
    finishedAt: run.first === previous.first ? Math.min(previous.finishedAt, run.finishedAt) : previous.finishedAt,
    latestAt: Math.max(previous.latestAt, run.latestAt),
  }));
}

/** The same numbers as ascending ranges that do not overlap or touch, each with the latest time of its parts. */
function mergeLost(ranges: readonly LostRange[]): LostRange[] {
  const ascending = ranges.toSorted((a, b) => a.first - b.first);
  return joinTouching(ascending, (previous, range, last) => ({
    ...previous,
    last,
    lostAt: Math.max(previous.lostAt, range.lostAt),
  }));
}

interface CurrentRows {
  readonly hubCreatedAt: number;
  /** The runs of this hub. */
  readonly merged: readonly FinishedRun[];
  readonly lost: readonly LostRange[];
  readonly stuck: readonly StuckRange[];
  readonly unfinished: readonly SequenceRange[];
}

/**
 * Compacts many rows into few. Safe while another instance does the same: a row is removed only if a larger one contains all
 * of it, or one with the same numbers that every instance keeps.
 */
function changesOf(ledger: PartitionLedger, current: CurrentRows): LedgerChanges {
  const { hubCreatedAt, merged, lost, stuck, unfinished } = current;
  const kept = new Set(stuck);
  const runs = compaction(ledger.runs, merged, runKey);
  const losses = compaction(
    ledger.lost.filter((range) => range.hubCreatedAt <= hubCreatedAt),
    lost,
    lostKey,
  );
  return {
    written: { runs: runs.written, lost: losses.written },
    obsolete: {
      runs: runs.obsolete,
      lost: losses.obsolete,
      stuck: ledger.stuck.filter((range) => range.hubCreatedAt <= hubCreatedAt && !kept.has(range)),
      attempts: ledger.attempts.filter((first) => !overlaps({ first, last: first }, unfinished)),
    },
  };
}

function compaction<Range>(present: readonly Range[], kept: readonly Range[], keyOf: (range: Range) => string) {
  const [presentKeys, keptKeys] = [present, kept].map((ranges) => new Set(ranges.map(keyOf)));
  return {
    written: kept.filter((range) => presentKeys?.has(keyOf(range)) !== true),
    obsolete: present.filter((range) => keptKeys?.has(keyOf(range)) !== true),
  };
}

/** The key of a row. Of two rows with the same numbers, the one with the smaller key is kept. */
function runKey({ first, last, enqueuedAt }: FinishedRun): string {
  return `${first}|${last}|${enqueuedAt}`;
}

function lostKey({ first, last, hubCreatedAt }: LostRange): string {
  return `${first}|${last}|${hubCreatedAt}`;
}
