import { missingFrom, type SequenceRange, unionOf } from "./sequence-ranges.ts";

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

/** What the ledger holds of one partition, of whichever hub of that name. */
export interface PartitionLedger {
  readonly runs: readonly FinishedRun[];
  readonly lost: readonly LostRange[];
  readonly bases: readonly LedgerBase[];
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

/** What the ledger timer last found out about a partition. Times are ISO 8601 in UTC. */
export interface PartitionStatus {
  readonly partitionId: string;
  readonly checkedAt: string;
  readonly lag: number;
  /** Events that were passed over and are not read again yet. */
  readonly gapEvents: number;
  /** Events that left the hub before they were finished. */
  readonly lostEvents: number;
  readonly oldestUnfinishedAt: string | undefined;
  readonly lastEnqueuedAt: string | undefined;
}

export interface LedgerAssessment {
  readonly base: LedgerBase;
  readonly isNewBase: boolean;
  readonly finished: readonly SequenceRange[];
  /** Everything that is in the hub or was, and not finished. */
  readonly unfinished: readonly SequenceRange[];
  /** Of the unfinished what was passed over, and needs to be read again. */
  readonly gaps: readonly SequenceRange[];
  /** Of the unfinished what lies at the end, where nothing has been finished for long. To be read again if it is old. */
  readonly stalled: SequenceRange | undefined;
  /** How many events lie between the last that was enqueued and the last before which all are finished. */
  readonly lag: number;
  /** Rows that say what others say, or speak of an earlier hub: they may go once `written` is. */
  readonly obsolete: readonly FinishedRun[];
  /** Rows to write first. */
  readonly written: readonly FinishedRun[];
}

/** What a partition's ledger says of it. Total; the order of the rows does not matter. */
export function assessLedger(
  ledger: PartitionLedger,
  state: PartitionState,
  { now, ...patience }: LedgerPatience & { readonly now: number },
): LedgerAssessment {
  const { hubCreatedAt } = state;
  const runs = ledger.runs.filter(({ enqueuedAt }) => enqueuedAt >= hubCreatedAt);
  const earlierHub = ledger.runs.filter(({ enqueuedAt }) => enqueuedAt < hubCreatedAt);
  const lost = ledger.lost.filter((range) => range.hubCreatedAt === hubCreatedAt);
  const knownBase = ledger.bases
    .filter((known) => known.hubCreatedAt === hubCreatedAt)
    .toSorted((a, b) => a.first - b.first)[0];
  const base = knownBase ?? newBase(ledger, state, now);
  const merged = mergeRuns(runs);
  const finished = unionOf([...merged, ...lost]);
  const unfinished = missingFrom({ first: base.first, last: state.last }, finished);
  const highest = finished.at(-1)?.last ?? base.first - 1;
  const isOld = (time: number, age: number): boolean => Math.abs(now - time) >= age; // a clock may have been set back
  const latest = runs.reduce((newest, { latestAt }) => Math.max(newest, latestAt), base.seenAt);
  const tail = unfinished.find(({ first }) => first > highest);
  return {
    base,
    isNewBase: knownBase === undefined,
    finished,
    unfinished,
    gaps: unfinished.filter(({ last }) => {
      if (last >= highest) return false;
      const next = merged.find(({ first }) => first === last + 1);
      return next === undefined || isOld(next.finishedAt, patience.graceMs);
    }),
    stalled: tail !== undefined && isOld(latest, patience.stallMs) ? tail : undefined,
    lag: state.last + 1 - (unfinished[0]?.first ?? state.last + 1),
    ...compaction(runs, merged, earlierHub),
  };
}

/**
 * A hub that is made anew numbers from 0. The first one that is seen was there before us: what it no longer
 * holds then was never ours.
 */
function newBase({ bases }: PartitionLedger, { hubCreatedAt, first }: PartitionState, now: number): LedgerBase {
  const isMadeAnew = bases.some((base) => base.hubCreatedAt < hubCreatedAt);
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

/**
 * Rows to write and then rows to remove. Safe beside another that does the same: a row goes only where a larger
 * one holds all of it, or one with the same numbers that all agree to keep.
 */
function compaction(runs: readonly FinishedRun[], merged: readonly FinishedRun[], earlierHub: readonly FinishedRun[]) {
  const kept = new Set(merged.map(runKey));
  const present = new Set(runs.map(runKey));
  return {
    written: merged.filter((run) => !present.has(runKey(run))),
    obsolete: [...runs.filter((run) => !kept.has(runKey(run))), ...earlierHub],
  };
}

/** What tells two rows apart: by this text the smaller of two with the same numbers is the one to keep. */
function runKey({ first, last, enqueuedAt }: FinishedRun): string {
  return `${first}|${last}|${enqueuedAt}`;
}
