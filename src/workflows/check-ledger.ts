import type { LostRange, PartitionStatus } from "../core/partition-ledger.ts";
import { countOf, type SequenceRange } from "../core/sequence-ranges.ts";
import { type HealDependencies, type HealedPartition, type HealLimits, healPartition } from "./heal-gaps.ts";

export interface CheckDependencies extends HealDependencies {
  readonly hub: HealDependencies["hub"] & {
    describe(): Promise<{ createdAt: number; partitionIds: readonly string[] }>;
  };
  readonly ledger: HealDependencies["ledger"] & {
    writeStatus(status: PartitionStatus): Promise<void>;
  };
}

export interface CheckLimits extends HealLimits {
  /** How long the hub keeps an event. */
  readonly retentionMs: number;
}

/** Plain figures, for a log record. */
export interface LedgerFigures {
  readonly partitions: number;
  /** Events that are in the hub and not finished up to the last gap or the end. */
  readonly lag: number;
  readonly gapEvents: number;
  readonly healedEvents: number;
  readonly closedNumbers: number;
  readonly lostEvents: number;
  readonly oldestUnfinishedSeconds: number;
  /** Share of the retention that the oldest unfinished event has used up: at 1 it is lost. */
  readonly headroomUsed: number;
  /** The headroom is half gone, or events are lost: somebody has to look. */
  readonly alert: boolean;
  /** Since the last event reached the hub; -1 where there never was one. */
  readonly silentSeconds: number;
}

export interface LedgerCheck {
  readonly figures: LedgerFigures;
  readonly lost: readonly (SequenceRange & { readonly partitionId: string })[];
  /** Partitions that could not be looked at, each with the reason. */
  readonly failures: readonly { readonly partitionId: string; readonly error: unknown }[];
}

/** Half of the retention gone, nobody having looked, is the last good moment to look. */
const ALERT_AT = 0.5;

/** Looks at every partition, reads again what was passed over, and keeps what was found for `/api/pipeline`. */
export async function checkLedger(deps: CheckDependencies, limits: CheckLimits): Promise<LedgerCheck> {
  const { createdAt, partitionIds } = await deps.hub.describe();
  const healed: HealedPartition[] = [];
  const failures: { partitionId: string; error: unknown }[] = [];
  const lost: (SequenceRange & { partitionId: string })[] = [];
  const ledger = {
    ...deps.ledger,
    async lost(partitionId: string, range: LostRange): Promise<void> {
      // Noted before it is kept, and whatever becomes of its partition: a loss is said twice rather than never.
      lost.push({ partitionId, first: range.first, last: range.last });
      await deps.ledger.lost(partitionId, range);
    },
  };
  for (const partitionId of partitionIds) {
    try {
      const partition = await healPartition({ partitionId, hubCreatedAt: createdAt }, { ...deps, ledger }, limits);
      healed.push(partition);
      await deps.ledger.writeStatus(statusOf(partition, deps.now()));
    } catch (error) {
      failures.push({ partitionId, error }); // the others are looked at first; the caller fails
    }
  }
  return {
    figures: figuresOf(healed, countOf(lost), { now: deps.now().getTime(), ...limits }),
    lost,
    failures,
  };
}

function statusOf(partition: HealedPartition, now: Date) {
  const { partitionId, lag, gapEvents, lostEvents } = partition;
  const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());
  return {
    partitionId,
    checkedAt: now.toISOString(),
    lag,
    gapEvents,
    lostEvents,
    oldestUnfinishedAt: iso(partition.oldestUnfinishedAt),
    lastEnqueuedAt: iso(partition.lastEnqueuedAt),
  };
}

function figuresOf(
  healed: readonly HealedPartition[],
  lost: number,
  { now, retentionMs }: CheckLimits & { readonly now: number },
): LedgerFigures {
  const sum = (figure: (partition: HealedPartition) => number) => healed.reduce((total, one) => total + figure(one), 0);
  const oldest = healed.reduce((time, one) => Math.min(time, one.oldestUnfinishedAt ?? now), now);
  const newest = healed.reduce((time, one) => Math.max(time, one.lastEnqueuedAt ?? -Infinity), -Infinity);
  const headroomUsed = Number((Math.max(0, now - oldest) / retentionMs).toFixed(3));
  return {
    partitions: healed.length,
    lag: sum(({ lag }) => lag),
    gapEvents: sum(({ gapEvents }) => gapEvents),
    healedEvents: sum(({ healedEvents }) => healedEvents),
    closedNumbers: sum(({ closedNumbers }) => closedNumbers),
    lostEvents: lost,
    oldestUnfinishedSeconds: seconds(now - oldest),
    headroomUsed,
    alert: headroomUsed >= ALERT_AT || lost > 0,
    silentSeconds: newest === -Infinity ? -1 : seconds(now - newest),
  };
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / 1_000));
}
