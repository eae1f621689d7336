import { rotated } from "../../core/do-each.ts";
import {
  type LostRange,
  type PartitionStatus,
  type StuckEvent,
  stuckEvents,
  WHOLE_HUB,
} from "../../core/ledger/partition-ledger.ts";
import { countOf, type SequenceRange, unionOf } from "../../core/ledger/sequence-ranges.ts";
import { RETENTION_USED_ALERT } from "../../core/timing.ts";
import { reasonOf } from "../../errors.ts";
import { type HealedPartition, type PartitionHealer, partitionHealer } from "./heal-gaps.ts";
import type { HealDependencies, HealLimits } from "./heal-work.ts";

export interface CheckDependencies extends HealDependencies {
  readonly hub: HealDependencies["hub"] & {
    describe(): Promise<{ createdAt: number; partitionIds: readonly string[] }>;
  };
  readonly ledger: HealDependencies["ledger"] & {
    writeStatus(status: PartitionStatus): Promise<void>;
    writeFailure(partitionId: string, failure: { readonly at: string; readonly reason: string }): Promise<void>;
  };
  /** Reports lost events at once, in a place that survives the worker. */
  reportLost(range: LostEvents): void;
}

export interface CheckLimits extends HealLimits {
  /** Number of the partition that begins, modulo their count. Vary it from run to run, so that each has its turn. */
  readonly firstTurn: number;
}

export type LostEvents = SequenceRange & { readonly partitionId: string };

/** Plain figures, for a log record. */
export interface LedgerFigures {
  readonly partitions: number;
  /** Events in the hub that are not finished. */
  readonly lag: number;
  readonly gapEvents: number;
  readonly healedEvents: number;
  readonly closedNumbers: number;
  /** Events that could not be stored and rest until a later run. */
  readonly stuckEvents: number;
  /** Events that could not be stored and became dead letters before the hub drops them. */
  readonly deadLettered: number;
  readonly lostEvents: number;
  readonly oldestUnfinishedSeconds: number;
  /** Share of the retention that the oldest unfinished event has used up; at 1 it is lost. */
  readonly headroomUsed: number;
  /** A person should look: half of the retention is used up, or events are lost or stuck. */
  readonly alert: boolean;
  /** Since the last event reached the hub; -1 if there never was one. */
  readonly silentSeconds: number;
}

export interface LedgerCheck {
  readonly figures: LedgerFigures;
  readonly partitionIds: readonly string[];
  readonly lost: readonly LostEvents[];
  /** Events that this run tried and could not store although it could store others. */
  readonly stuck: readonly (StuckEvent & { readonly partitionId: string })[];
  /** Partitions that could not be checked, or of which nothing could be stored, each with the reason. */
  readonly failures: readonly { readonly partitionId: string; readonly error: unknown }[];
}

/** As many as fit into a row of the status, and as a person reads. */
const STUCK_SHOWN = 10;
const RANGES_SHOWN = 10;

/** Checks every partition, heals its gaps, and stores the status for `/api/pipeline`. */
export async function checkLedger(deps: CheckDependencies, limits: CheckLimits): Promise<LedgerCheck> {
  const { createdAt, partitionIds } = await describedHub(deps);
  const failures: { partitionId: string; error: unknown }[] = [];
  const lost: LostEvents[] = [];
  const ledger = {
    ...deps.ledger,
    async lost(partitionId: string, range: LostRange): Promise<void> {
      // Report before storing it: better to report a loss twice than never.
      const events = { partitionId, first: range.first, last: range.last };
      deps.reportLost(events);
      lost.push(events);
      await deps.ledger.lost(partitionId, range);
    },
  };
  /** Does a step of one partition. If it fails, the other partitions go on, and the caller fails in the end. */
  async function attempt<T>(partitionId: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      failures.push({ partitionId, error });
      return undefined;
    }
  }
  const inTurn = rotated(partitionIds, limits.firstTurn);
  const opened = await Promise.all(
    inTurn.map(async (partitionId) => {
      const where = { partitionId, hubCreatedAt: createdAt };
      const healer = await attempt(partitionId, () => partitionHealer({ where, deps: { ...deps, ledger }, limits }));
      return healer && { partitionId, healer };
    }),
  );
  const healers = opened.filter((one) => one !== undefined);
  await takeTurns(healers, attempt);
  const storedAt = Math.max(...healers.map(({ healer }) => healer.storedAt()));
  const finished = await Promise.all(
    healers.map(({ partitionId, healer }) =>
      attempt(partitionId, async () => {
        const healed = await healer.finish(storedAt);
        await deps.ledger.writeStatus(statusOf(healed, deps.now()));
        return healed;
      }),
    ),
  );
  const healed = finished.filter((one) => one !== undefined);
  for (const { partitionId, failure: error } of healed) if (error !== undefined) failures.push({ partitionId, error });
  await keepFailures(failures, deps);
  return {
    figures: figuresOf(healed, countOf(lost), { now: deps.now().getTime(), ...limits }),
    partitionIds,
    lost,
    stuck: healed.flatMap(({ partitionId, failed }) => stuckEvents(failed).map((event) => ({ partitionId, ...event }))),
    failures,
  };
}

/** If the hub cannot be reached, stores the reason before the run fails, so that the health shows it. */
async function describedHub(deps: CheckDependencies) {
  try {
    return await deps.hub.describe();
  } catch (error) {
    await keepFailures([{ partitionId: WHOLE_HUB, error }], deps);
    throw error;
  }
}

type Attempt = <T>(partitionId: string, step: () => Promise<T>) => Promise<T | undefined>;

/** Heals one chunk of each partition in turn, so that a large gap in one holds up no other. */
async function takeTurns(
  healers: readonly { readonly partitionId: string; readonly healer: PartitionHealer }[],
  attempt: Attempt,
): Promise<void> {
  let open = healers;
  while (open.length > 0) {
    const still: (typeof open)[number][] = [];
    for (const one of open) if ((await attempt(one.partitionId, () => one.healer.healSome())) === true) still.push(one);
    open = still;
  }
}

/** Stores failures for `/api/pipeline`. Ignores errors: if the ledger cannot be written, the run fails anyway. */
async function keepFailures(failures: LedgerCheck["failures"], { ledger, now }: CheckDependencies): Promise<void> {
  const at = now().toISOString();
  const all = failures.map(({ partitionId, error }) =>
    ledger.writeFailure(partitionId, { at, reason: reasonOf(error) }),
  );
  await Promise.allSettled(all);
}

function statusOf(partition: HealedPartition, now: Date): PartitionStatus {
  const { partitionId, lag, gapEvents, lost, stuck, open } = partition;
  const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());
  return {
    partitionId,
    checkedAt: now.toISOString(),
    lag,
    gapEvents,
    lostEvents: countOf(lost),
    stuckEvents: countOf(unionOf(stuck)),
    stuck: stuckEvents(stuck).slice(0, STUCK_SHOWN),
    failure: undefined,
    oldestUnfinishedAt: iso(partition.oldestUnfinishedAt),
    lastEnqueuedAt: iso(partition.lastEnqueuedAt),
    evaluation: {
      since: new Date(partition.expectedSince).toISOString(),
      through: iso(partition.evaluatedThrough),
      openEvents: countOf(open),
      open: open.slice(0, RANGES_SHOWN),
      lost: lost
        .toSorted((a, b) => b.lostAt - a.lostAt)
        .slice(0, RANGES_SHOWN)
        .map(({ first, last, lostAt }) => ({ first, last, before: lostAt === 0 ? "" : (iso(lostAt) ?? "") })),
    },
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
  const stuck = sum((partition) => countOf(unionOf(partition.stuck)));
  return {
    partitions: healed.length,
    lag: sum(({ lag }) => lag),
    gapEvents: sum(({ gapEvents }) => gapEvents),
    healedEvents: sum(({ healedEvents }) => healedEvents),
    closedNumbers: sum(({ closedNumbers }) => closedNumbers),
    stuckEvents: stuck,
    deadLettered: sum(({ deadLettered }) => deadLettered),
    lostEvents: lost,
    oldestUnfinishedSeconds: seconds(now - oldest),
    headroomUsed,
    alert: headroomUsed >= RETENTION_USED_ALERT || lost > 0 || stuck > 0,
    silentSeconds: newest === -Infinity ? -1 : seconds(now - newest),
  };
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / 1_000));
}
