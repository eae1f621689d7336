import type { FinishedRun, LostRange, PartitionState } from "../../core/ledger/partition-ledger.ts";
import { countOf, missingFrom, type SequenceRange, splitAt, unionOf } from "../../core/ledger/sequence-ranges.ts";
import { SUSPICIOUS_ATTEMPTS } from "../../core/timing.ts";
import type { HubEvent } from "../detection/detect-batch.ts";
import type { FinishedDependencies } from "../detection/record-finished.ts";

export interface ChunkDependencies extends Pick<FinishedDependencies, "evaluations"> {
  readonly hub: {
    partition(partitionId: string): Promise<Omit<PartitionState, "hubCreatedAt">>;
    read(
      partitionId: string,
      range: SequenceRange,
      limit: number,
    ): Promise<{ events: readonly HubEvent[]; readThrough: number }>;
  };
  readonly ledger: {
    finished(partitionId: string, run: FinishedRun): Promise<void>;
    lost(partitionId: string, range: LostRange): Promise<void>;
    beginAttempt(partitionId: string, first: number): Promise<number>;
    endAttempt(partitionId: string, first: number): Promise<void>;
  };
  /** Detects and forwards; resolves when all is stored. `suspect`: these events may have killed a worker before. */
  handle(events: readonly HubEvent[], how: { readonly suspect: boolean }): Promise<unknown>;
  now(): Date;
}

/** The hub and one of its partitions. */
export interface PartitionOfHub {
  readonly partitionId: string;
  readonly hubCreatedAt: number;
}

export interface HealedChunk {
  readonly healedEvents: number;
  /** Numbers noted as finished because the hub has no event for them, although it should. */
  readonly closedNumbers: number;
  /** All numbers of the chunk up to this one are settled. Below its first number, the hub returned nothing. */
  readonly through: number;
}

export interface FailedChunk {
  readonly error: unknown;
  /** The events that were read. */
  readonly events: readonly HubEvent[];
}

/**
 * Reads a few events again, handles them, and settles the numbers for which the hub has no event.
 *
 * @returns `error` if the events could not be read or could not be stored
 * @throws if the ledger cannot be written
 */
export async function healChunk(
  chunk: SequenceRange,
  where: PartitionOfHub,
  deps: ChunkDependencies,
): Promise<HealedChunk | FailedChunk> {
  const { partitionId } = where;
  const deaths = await deps.ledger.beginAttempt(partitionId, chunk.first);
  let read;
  try {
    read = await deps.hub.read(partitionId, chunk, countOf([chunk]));
    if (read.events.length > 0) await deps.handle(read.events, { suspect: deaths >= SUSPICIOUS_ATTEMPTS });
  } catch (error) {
    await deps.ledger.endAttempt(partitionId, chunk.first); // the worker survived
    return { error, events: read?.events ?? [] };
  }
  const healed = await settle(chunk, read, { where, deps });
  await deps.ledger.endAttempt(partitionId, chunk.first);
  return healed;
}

interface Settling {
  readonly where: PartitionOfHub;
  readonly deps: ChunkDependencies;
}

async function settle(
  chunk: SequenceRange,
  { events, readThrough }: { readonly events: readonly HubEvent[]; readonly readThrough: number },
  { where, deps }: Settling,
): Promise<HealedChunk> {
  const handled = events.flatMap(({ position: { sequenceNumber } }) => sequenceNumber ?? []);
  const single = handled.map((number) => ({ first: number, last: number }));
  const enqueued = Date.parse(events[0]?.position.enqueuedTime ?? "") || 0;
  // Again, because `handle` goes on when the rules could not be noted.
  if (events.length > 0) await deps.evaluations.evaluating(deps.now());
  for (const run of unionOf(single)) await closeRange(run, enqueued, { where, deps });
  const holes = missingFrom(chunk, single);
  // Ask after reading: events that the hub dropped meanwhile are lost, not holes.
  const oldest = holes.length === 0 ? chunk.first : (await deps.hub.partition(where.partitionId)).first;
  let closedNumbers = 0;
  for (const hole of holes) {
    const { below: gone, rest: kept } = splitAt(hole, oldest);
    if (gone !== undefined)
      await deps.ledger.lost(where.partitionId, {
        ...gone,
        hubCreatedAt: where.hubCreatedAt,
        lostAt: deps.now().getTime(),
      });
    const proven = kept && splitAt(kept, readThrough + 1).below;
    if (proven === undefined) continue;
    await closeRange(proven, where.hubCreatedAt, { where, deps });
    closedNumbers += countOf([proven]);
  }
  return {
    healedEvents: events.length,
    closedNumbers,
    through: Math.max(readThrough, Math.min(oldest - 1, chunk.last)),
  };
}

/** Notes a range as finished. The hub has just confirmed that the range is its own, so clocks do not matter. */
export async function closeRange(
  range: SequenceRange,
  enqueuedAt: number,
  { where: { partitionId, hubCreatedAt }, deps }: Settling,
): Promise<void> {
  const time = deps.now().getTime();
  const run = {
    first: range.first,
    last: range.last,
    enqueuedAt: Math.max(enqueuedAt, hubCreatedAt),
    finishedAt: time,
    latestAt: time,
  };
  await deps.ledger.finished(partitionId, run);
}
