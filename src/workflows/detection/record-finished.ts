import type { FinishedRun } from "../../core/ledger/partition-ledger.ts";
import { DependencyError } from "../../errors.ts";
import type { HubEvent } from "./detect-batch.ts";

interface FinishedPort {
  finished(partitionId: string, run: FinishedRun): Promise<void>;
}

export interface FinishedDependencies {
  readonly ledger: FinishedPort;
  readonly evaluations: {
    /** Notes which rules evaluate events now. */
    evaluating(at: Date): Promise<void>;
  };
  now(): Date;
}

export interface Recorded {
  /** Stored events that are not in the ledger. The healer reads them again, which does no harm. */
  readonly notInLedger: number;
  readonly notInLedgerBecause?: string;
}

/**
 * Notes in the ledger which events are stored, with one row for each run of consecutive numbers.
 *
 * If the ledger cannot be written, the batch does not fail, since it is stored. The timer finds these events missing
 * and reads them again.
 */
export async function recordFinished(
  events: readonly HubEvent[],
  { ledger, evaluations, now }: FinishedDependencies,
): Promise<Recorded> {
  const at = now();
  const time = at.getTime();
  let notInLedger = events.length;
  try {
    // First: otherwise nobody could say which rules a finished event was evaluated by.
    await evaluations.evaluating(at);
    for (const { partitionId, size, ...run } of runsOf(events)) {
      await ledger.finished(partitionId, { ...run, finishedAt: time, latestAt: time });
      notInLedger -= size;
    }
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    return { notInLedger, notInLedgerBecause: error.message };
  }
  return notInLedger === 0
    ? { notInLedger }
    : { notInLedger, notInLedgerBecause: "the host did not give their positions" };
}

interface Run {
  readonly partitionId: string;
  readonly first: number;
  last: number;
  readonly enqueuedAt: number;
  size: number;
}

/** Runs of consecutive numbers, in the order of the events. Events without a position are left out. */
function runsOf(events: readonly HubEvent[]): Run[] {
  const runs: Run[] = [];
  for (const { position } of events) {
    const { partitionId, sequenceNumber } = position;
    if (partitionId === null || sequenceNumber === null) continue;
    const previous = runs.at(-1);
    if (previous?.partitionId === partitionId && sequenceNumber === previous.last + 1) {
      previous.last = sequenceNumber;
      previous.size += 1;
    } else {
      const enqueuedAt = enqueuedMs(position.enqueuedTime);
      runs.push({ partitionId, first: sequenceNumber, last: sequenceNumber, enqueuedAt, size: 1 });
    }
  }
  return runs;
}

/** 0 if unknown: the row then counts for no hub, since every hub is younger. */
function enqueuedMs(time: string | null): number {
  return Math.max(0, Date.parse(time ?? "") || 0);
}
