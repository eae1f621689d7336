import {
  assessLedger,
  type FinishedRun,
  type LedgerAssessment,
  type LedgerBase,
  type LedgerPatience,
  type LostRange,
  type PartitionLedger,
  type PartitionState,
} from "../core/partition-ledger.ts";
import { countOf, missingFrom, type SequenceRange, splitAt, unionOf } from "../core/sequence-ranges.ts";
import type { HubEvent } from "./detect-batch.ts";

export interface HealDependencies {
  readonly hub: {
    partition(partitionId: string): Promise<Omit<PartitionState, "hubCreatedAt">>;
    read(
      partitionId: string,
      range: SequenceRange,
      limit: number,
    ): Promise<{ events: readonly HubEvent[]; readThrough: number }>;
  };
  readonly ledger: {
    read(partitionId: string): Promise<PartitionLedger>;
    begin(partitionId: string, base: LedgerBase): Promise<void>;
    finished(partitionId: string, run: FinishedRun): Promise<void>;
    lost(partitionId: string, range: LostRange): Promise<void>;
    replace(
      partitionId: string,
      runs: { written: readonly FinishedRun[]; obsolete: readonly FinishedRun[] },
    ): Promise<void>;
    beginAttempt(partitionId: string, first: number): Promise<number>;
    endAttempt(partitionId: string, first: number): Promise<void>;
  };
  /** Detects and forwards; resolves when all is stored. `suspect`: these events may have ended the worker before. */
  handle(events: readonly HubEvent[], how: { readonly suspect: boolean }): Promise<unknown>;
  now(): Date;
}

export interface HealLimits extends LedgerPatience {
  /** Events read and handled at a time. */
  readonly chunkEvents: number;
  /** Nothing more is begun from this time on, in milliseconds since 1970; the next run goes on. */
  readonly until: number;
}

/** The hub and one of its partitions. */
export interface PartitionOfHub {
  readonly partitionId: string;
  readonly hubCreatedAt: number;
}

export interface HealedPartition {
  readonly partitionId: string;
  readonly lag: number;
  /** Events that were passed over and are still to be read again. */
  readonly gapEvents: number;
  readonly healedEvents: number;
  /** Numbers for which the hub holds nothing though it should: closed. */
  readonly closedNumbers: number;
  /** Lost of this hub in all. */
  readonly lostEvents: number;
  readonly oldestUnfinishedAt: number | undefined;
  readonly lastEnqueuedAt: number | undefined;
}

/** Reading a range this often without coming to its end, some event in it is taken to end the worker. */
const SUSPICIOUS_ATTEMPTS = 2;

/**
 * Reads again the events of a partition that the platform passed over: those whose number no invocation ever
 * finished though later ones are, and those at the end that nobody has been working on.
 *
 * Overlap with the trigger is harmless: what is stored twice is known the second time.
 */
export async function healPartition(
  where: PartitionOfHub,
  deps: HealDependencies,
  limits: HealLimits,
): Promise<HealedPartition> {
  const { partitionId } = where;
  const done = { healedEvents: 0, closedNumbers: 0 };
  let found = await assess(where, deps, limits);
  if (found.isNewBase) await deps.ledger.begin(partitionId, found.base);
  await deps.ledger.replace(partitionId, found);
  const toHeal = [...found.gaps, ...(await abandonedTail(found, where, { deps, limits }))];
  for (const range of toHeal) {
    const healed = await healRange(range, where, { deps, limits, state: found.state });
    done.healedEvents += healed.healedEvents;
    done.closedNumbers += healed.closedNumbers;
  }
  if (toHeal.length > 0) found = await assess(where, deps, limits);
  const oldest = found.unfinished[0];
  return {
    partitionId,
    lag: found.lag,
    gapEvents: countOf(found.gaps),
    ...done,
    lostEvents: found.lostEvents,
    oldestUnfinishedAt: oldest === undefined ? undefined : await enqueuedAt(partitionId, oldest, deps),
    lastEnqueuedAt: found.state.lastEnqueuedAt,
  };
}

type Found = LedgerAssessment & { readonly state: PartitionState; readonly lostEvents: number };

async function assess(
  { partitionId, hubCreatedAt }: PartitionOfHub,
  { hub, ledger, now }: HealDependencies,
  limits: HealLimits,
): Promise<Found> {
  // In this order: of what was finished by then the hub knows, too.
  const rows = await ledger.read(partitionId);
  const state = { ...(await hub.partition(partitionId)), hubCreatedAt };
  const lost = rows.lost.filter((range) => range.hubCreatedAt === hubCreatedAt);
  return { ...assessLedger(rows, state, { ...limits, now: now().getTime() }), state, lostEvents: countOf(lost) };
}

interface Healing {
  readonly deps: HealDependencies;
  readonly limits: HealLimits;
}

/** The unfinished end, where its events are so old that whoever had them has given them up. */
async function abandonedTail(
  { stalled, state }: Found,
  { partitionId }: PartitionOfHub,
  { deps, limits }: Healing,
): Promise<SequenceRange[]> {
  if (stalled === undefined) return [];
  if (stalled.first < state.first) return [stalled];
  const since = await enqueuedAt(partitionId, stalled, deps);
  // A clock that was set back must not make old events young for as long as it takes to catch up.
  const age = since === undefined ? 0 : Math.abs(deps.now().getTime() - since);
  return since !== undefined && age >= limits.stallMs ? [stalled] : [];
}

/** When the first event of a range reached the hub; undefined where the hub does not hold it any more. */
async function enqueuedAt(
  partitionId: string,
  { first }: SequenceRange,
  { hub }: HealDependencies,
): Promise<number | undefined> {
  const { events } = await hub.read(partitionId, { first, last: first }, 1);
  const time = Date.parse(events[0]?.position.enqueuedTime ?? "");
  return Number.isNaN(time) ? undefined : time;
}

async function healRange(
  range: SequenceRange,
  { partitionId, hubCreatedAt }: PartitionOfHub,
  { deps, limits, state }: Healing & { readonly state: PartitionState },
) {
  const done = { healedEvents: 0, closedNumbers: 0 };

  async function lose(lost: SequenceRange | undefined): Promise<void> {
    if (lost !== undefined) await deps.ledger.lost(partitionId, { ...lost, hubCreatedAt });
  }

  async function close(closed: SequenceRange | undefined, enqueued: number): Promise<void> {
    if (closed === undefined) return;
    const time = deps.now().getTime();
    // The hub itself just said that these are its own, so they count for it whatever the clocks say.
    const run = { ...closed, enqueuedAt: Math.max(enqueued, hubCreatedAt), finishedAt: time, latestAt: time };
    await deps.ledger.finished(partitionId, run);
  }

  const { below, rest } = splitAt(range, state.first);
  await lose(below);
  let next = rest?.first ?? range.last + 1;
  while (next <= range.last && deps.now().getTime() < limits.until) {
    const chunk = { first: next, last: Math.min(range.last, next + limits.chunkEvents - 1) };
    const before = await deps.ledger.beginAttempt(partitionId, next);
    const { events, readThrough } = await deps.hub.read(partitionId, chunk, limits.chunkEvents);
    if (events.length > 0) await deps.handle(events, { suspect: before >= SUSPICIOUS_ATTEMPTS });
    const handled = events.flatMap(({ position: { sequenceNumber } }) => sequenceNumber ?? []);
    const single = handled.map((number) => ({ first: number, last: number }));
    for (const run of unionOf(single)) await close(run, Date.parse(events[0]?.position.enqueuedTime ?? "") || 0);
    const holes = missingFrom(chunk, single);
    // Asked after reading: what the hub dropped in between is lost and not a hole.
    const oldest = holes.length === 0 ? chunk.first : (await deps.hub.partition(partitionId)).first;
    for (const hole of holes) {
      const { below: gone, rest: kept } = splitAt(hole, oldest);
      await lose(gone);
      const proven = kept && splitAt(kept, readThrough + 1).below;
      await close(proven, hubCreatedAt);
      if (proven !== undefined) done.closedNumbers += countOf([proven]);
    }
    await deps.ledger.endAttempt(partitionId, next);
    done.healedEvents += events.length;
    const through = Math.max(readThrough, Math.min(oldest - 1, chunk.last));
    if (through < next) break; // the hub did not give anything: asked again next time
    next = through + 1;
  }
  return done;
}
