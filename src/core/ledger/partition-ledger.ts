import { isSingle, missingFrom, type SequenceRange, unionOf, without } from "./sequence-ranges.ts";

/** Times are milliseconds since 1970. */
export interface FinishedRun extends SequenceRange {
  /** When the first of its events reached the hub: tells the events of a hub from those of an earlier one of that name. */
  readonly enqueuedAt: number;
  /** When the first of its events was finished: whatever lies below it and is not, was passed over by then. */
  readonly finishedAt: number;
  /** When the latest of its events was finished. */
  readonly latestAt: number;
}

/** What of the numbers can never be had again. */
export type LostRange = SequenceRange & { readonly hubCreatedAt: number };

/** Events that the healer tried and could not store. It narrows a range down to single events from run to run. */
export interface StuckRange extends SequenceRange {
  readonly hubCreatedAt: number;
  /** How often it failed while other events were stored. 0: the store itself may be down. */
  readonly attempts: number;
  /** When it failed first. */
  readonly since: number;
  readonly lastTriedAt: number;
  /** One line for a person; never holds data of a record. */
  readonly reason: string;
}

/** What the ledger holds of one partition, of whichever hub of that name. */
export interface PartitionLedger {
  readonly runs: readonly FinishedRun[];
  readonly lost: readonly LostRange[];
  readonly stuck: readonly StuckRange[];
  readonly bases: readonly LedgerBase[];
  /** First numbers of the chunks that the healer began and did not end. */
  readonly attempts: readonly number[];
}

/** Rows to write, and then rows to remove. */
export interface LedgerChanges {
  readonly written: Pick<PartitionLedger, "runs" | "lost">;
  readonly obsolete: Omit<PartitionLedger, "bases">;
}

/** From which number on events of a hub are expected, and since when. One for each hub that was ever seen under that name. */
export interface LedgerBase {
  readonly hubCreatedAt: number;
  readonly first: number;
  readonly seenAt: number;
}

/** A partition as the hub tells it, asked for after the ledger was read. */
export interface PartitionState {
  readonly hubCreatedAt: number;
  /** The oldest number that the hub still holds; `last + 1` where it holds none. */
  readonly first: number;
  /** -1 where there never was one. */
  readonly last: number;
  readonly lastEnqueuedAt: number | undefined;
}

export interface LedgerPatience {
  /** A number is taken for passed over only when a later one has been finished for so long. */
  readonly graceMs: number;
  /** The end of the partition is taken for abandoned only when nothing has been finished for so long. */
  readonly stallMs: number;
}

/** A single event that could not be stored although others could. */
export interface StuckEvent {
  readonly number: number;
  readonly attempts: number;
  /** ISO 8601 in UTC, as all times of a status. */
  readonly since: string;
  readonly reason: string;
}

/** Stands for a partition in the status of a hub that could not even list its partitions. Real ids are numbers. */
export const WHOLE_HUB = "hub";

/** What the ledger timer last found out about a partition, or that it could not reach the hub (`WHOLE_HUB`). */
export interface PartitionStatus {
  readonly partitionId: string;
  /** Empty where no check of it has ended yet. */
  readonly checkedAt: string;
  readonly lag: number;
  /** Events that were passed over and are not read again yet. */
  readonly gapEvents: number;
  /** Events that could not be stored and rest until a later run. */
  readonly stuckEvents: number;
  /** Those of them that were tried alone while others could be stored, as far as a row has room. */
  readonly stuck: readonly StuckEvent[];
  /** Events that left the hub before they were finished. */
  readonly lostEvents: number;
  readonly oldestUnfinishedAt: string | undefined;
  readonly lastEnqueuedAt: string | undefined;
  /** Why the latest check of it did not end well. */
  readonly failure: { readonly at: string; readonly reason: string } | undefined;
}

/** Those of the ranges that are single events and were tried while others could be stored. */
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
  /** Of the finished what can never be had again. */
  readonly lost: readonly SequenceRange[];
  /** Everything that is in the hub or was, and not finished. */
  readonly unfinished: readonly SequenceRange[];
  /** Unfinished events that were passed over and must be read again. Stuck events are not among them. */
  readonly gaps: readonly SequenceRange[];
  /** Of the unfinished what the healer could not store. */
  readonly stuck: readonly StuckRange[];
  /** When the latest of all events was finished; undefined where none was. */
  readonly latestAt: number | undefined;
  /** Of the unfinished what lies at the end, where nothing has been finished for long. To be read again if it is old. */
  readonly stalled: SequenceRange | undefined;
  /** How many events lie between the last that was enqueued and the last before which all are finished. */
  readonly lag: number;
  /** Fewer rows that say the same, and rows that say nothing of this hub any more. */
  readonly changes: LedgerChanges;
}

/** What a partition's ledger says of it. Total; the order of the rows does not matter. */
export function assessLedger(
  ledger: PartitionLedger,
  state: PartitionState,
  { now, ...patience }: LedgerPatience & { readonly now: number },
): LedgerAssessment {
  const { hubCreatedAt } = state;
  const merged = mergeRuns(ledger.runs.filter(({ enqueuedAt }) => enqueuedAt >= hubCreatedAt));
  const lost = unionOf(ledger.lost.filter((range) => range.hubCreatedAt === hubCreatedAt));
  const knownBase = ledger.bases
    .filter((known) => known.hubCreatedAt === hubCreatedAt)
    .toSorted((a, b) => a.first - b.first)[0];
  const base = knownBase ?? newBase(ledger, state, now);
  // If events were finished before the first check, all from the first of these on are ours. The hub may have dropped some.
  const first = Math.min(base.first, merged[0]?.first ?? base.first);
  const finished = unionOf([...merged, ...lost]);
  const unfinished = missingFrom({ first, last: state.last }, finished);
  const highest = finished.at(-1)?.last ?? first - 1;
  const isOld = (time: number, age: number): boolean => Math.abs(now - time) >= age; // a clock may have been set back
  const latestAt = merged.reduce((newest, run) => Math.max(newest, run.latestAt), -Infinity);
  const stuck = ledger.stuck
    .filter((range) => range.hubCreatedAt === hubCreatedAt && overlaps(range, unfinished))
    .toSorted((a, b) => a.first - b.first || a.last - b.last);
  const runFrom = new Map(merged.map((run) => [run.first, run]));
  const isPassedOver = ({ last }: SequenceRange): boolean => {
    const next = runFrom.get(last + 1);
    return next === undefined || isOld(next.finishedAt, patience.graceMs);
  };
  const gaps = unfinished.filter((range) => range.last < highest && isPassedOver(range));
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
    lag: state.last + 1 - (unfinished[0]?.first ?? state.last + 1),
    changes: changesOf(ledger, { hubCreatedAt, merged, lost, stuck, unfinished }),
  };
}

/** Whether a range shares a number with one of the others, which ascend and do not overlap: there may be thousands. */
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
 * A hub that is made anew numbers from 0. The first one that is seen was there before us: what it no longer
 * holds then was never ours.
 */
function newBase({ bases, runs }: PartitionLedger, { hubCreatedAt, first }: PartitionState, now: number): LedgerBase {
  const isEarlier = (time: number): boolean => time > 0 && time < hubCreatedAt;
  const isMadeAnew =
    bases.some((base) => isEarlier(base.hubCreatedAt)) || runs.some(({ enqueuedAt }) => isEarlier(enqueuedAt));
  return { hubCreatedAt, first: isMadeAnew ? 0 : first, seenAt: now };
}

/** Ascending runs that hold the same numbers, of which no two overlap or touch. */
export function mergeRuns(runs: readonly FinishedRun[]): FinishedRun[] {
  const merged: FinishedRun[] = [];
  for (const run of runs.toSorted((a, b) => a.first - b.first || a.enqueuedAt - b.enqueuedAt)) {
    const previous = merged.at(-1);
    if (previous === undefined || run.first > previous.last + 1) merged.push(run);
    else
      merged[merged.length - 1] = {
        first: previous.first,
        last: Math.max(previous.last, run.last),
        enqueuedAt: previous.enqueuedAt,
        finishedAt: run.first === previous.first ? Math.min(previous.finishedAt, run.finishedAt) : previous.finishedAt,
        latestAt: Math.max(previous.latestAt, run.latestAt),
      };
  }
  return merged;
}

interface CurrentRows {
  readonly hubCreatedAt: number;
  /** The runs of this hub. */
  readonly merged: readonly FinishedRun[];
  readonly lost: readonly SequenceRange[];
  readonly stuck: readonly StuckRange[];
  readonly unfinished: readonly SequenceRange[];
}

/**
 * Makes few rows of many. Safe beside another that does the same: a row goes only where a larger one holds all of it,
 * or one with the same numbers that all agree to keep.
 */
function changesOf(ledger: PartitionLedger, current: CurrentRows): LedgerChanges {
  const { hubCreatedAt, merged, stuck, unfinished } = current;
  const lost = current.lost.map((range): LostRange => ({ ...range, hubCreatedAt }));
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

/** What tells two rows apart: by this text the smaller of two with the same numbers is the one to keep. */
function runKey({ first, last, enqueuedAt }: FinishedRun): string {
  return `${first}|${last}|${enqueuedAt}`;
}

function lostKey({ first, last, hubCreatedAt }: LostRange): string {
  return `${first}|${last}|${hubCreatedAt}`;
}
