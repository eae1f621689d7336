import type { LedgerChanges, LostRange, StuckRange } from "../../core/ledger/partition-ledger.ts";
import { countOf, isSingle, type SequenceRange, without } from "../../core/ledger/sequence-ranges.ts";
import { DEAD_LETTER_AT_SHARE_OF_RETENTION } from "../../core/timing.ts";
import { reasonOf } from "../../errors.ts";
import type { HubEvent } from "../detection/detect-batch.ts";
import { closeRange, type FailedChunk, healChunk, type HealedChunk } from "./heal-chunk.ts";
import {
  assess,
  evaluatedThrough,
  type Found,
  halvesOf,
  type Healing,
  takeChunk,
  takeProbe,
  waitsSince,
  type Work,
  workOf,
} from "./heal-work.ts";

export interface HealedPartition {
  readonly partitionId: string;
  readonly lag: number;
  /** Events in gaps that must still be read again, without stuck events. */
  readonly gapEvents: number;
  readonly healedEvents: number;
  /** Numbers noted as finished because the hub has no event for them, although it should. */
  readonly closedNumbers: number;
  /** Events that could not be stored and became dead letters before the hub drops them. */
  readonly deadLettered: number;
  /** All events of this hub that are lost, as ranges that do not touch. */
  readonly lost: readonly LostRange[];
  /** Events that could not be stored; a later run tries them again. */
  readonly stuck: readonly StuckRange[];
  /** Those among them that this run tried. */
  readonly failed: readonly StuckRange[];
  /** Why nothing could be stored; undefined if something was. */
  readonly failure: unknown;
  readonly oldestUnfinishedAt: number | undefined;
  readonly lastEnqueuedAt: number | undefined;
  /** The ledger expects every event from then on. */
  readonly expectedSince: number;
  /** See `evaluatedThrough`. */
  readonly evaluatedThrough: number | undefined;
  /** Unfinished events that reached the hub before that. */
  readonly open: readonly SequenceRange[];
}

/** Heals one partition, step by step. */
export interface PartitionHealer {
  /** Reads at most one chunk again and handles it. @returns whether there may be more */
  healSome(): Promise<boolean>;
  /** When the latest of its events was stored, by this run or others; -Infinity if none was. */
  storedAt(): number;
  /**
   * Notes the events that could not be stored, and returns the state of the partition.
   *
   * @param storedAt when the latest event of any partition was stored, which proves that the store works
   */
  finish(storedAt: number): Promise<HealedPartition>;
}

/** After this many single events in a row failed, try one from elsewhere. If that fails too, the store is down. */
const FAILURES_IN_A_ROW = 3;

/**
 * Reads again the events of a partition that the platform skipped: events that no invocation finished although later ones
 * are finished, and events at the end that nobody works on.
 *
 * A chunk that fails is halved until the events at fault are alone. Those rest, and everything else goes on. Reading an
 * event that the trigger reads too is harmless: its incidents are known the second time.
 */
export async function partitionHealer(healing: Healing): Promise<PartitionHealer> {
  const { where, deps, limits } = healing;
  const startedAt = deps.now().getTime();
  const found = await assess(healing);
  if (found.isNewBase) await deps.ledger.begin(where.partitionId, found.base);
  await deps.ledger.replace(where.partitionId, found.changes);
  const queue = await workOf(found, healing);
  const failed: Work[] = [];
  const done = { healedEvents: 0, closedNumbers: 0, deadLettered: 0 };
  let failuresInARow = 0;
  let storedAt = found.latestAt ?? -Infinity;

  async function healSome(): Promise<boolean> {
    if (failuresInARow > FAILURES_IN_A_ROW || deps.now().getTime() >= limits.until) return false;
    const work = failuresInARow < FAILURES_IN_A_ROW ? takeChunk(queue, limits.chunkEvents) : takeProbe(queue);
    if (work === undefined) return false;
    const healed = await healChunk(work.range, where, deps);
    if ("error" in healed) await fail(work, healed);
    else succeed(work, healed);
    return true;
  }

  async function fail(work: Work, { error, events }: FailedChunk): Promise<void> {
    if (!isSingle(work.range)) {
      queue.unshift(...halvesOf(work.range).map((range) => ({ ...work, range, error })));
      return;
    }
    failuresInARow += 1;
    if (await isKeptAsDeadLetter({ ...work, error }, events[0], healing)) done.deadLettered += 1;
    else failed.push({ ...work, error });
  }

  function succeed(work: Work, { healedEvents, closedNumbers, through }: HealedChunk): void {
    const { first, last } = work.range;
    done.healedEvents += healedEvents;
    done.closedNumbers += closedNumbers;
    if (healedEvents > 0) {
      failuresInARow = 0;
      storedAt = Math.max(storedAt, deps.now().getTime());
    }
    if (through >= first && through < last) queue.unshift({ ...work, range: { first: through + 1, last } });
    // The hub returned nothing, so the rest of the range is left to the next run.
    if (through < first && queue[0]?.range.first === last + 1) queue.shift();
  }

  async function finish(anyStoredAt: number): Promise<HealedPartition> {
    // The rest of a chunk that failed stays apart from its neighbours in the next run, too.
    const unsettled = [...failed, ...queue.filter(({ error }) => error !== undefined)];
    const isProven = ({ earlier }: Work): boolean => anyStoredAt >= (earlier?.lastTriedAt ?? startedAt);
    const rows = unsettled.map((work) => stuckRange(work, { isProven: isProven(work), healing }));
    await keepStuck(rows, replacedBy(rows, unsettled), healing);
    const after = isIdle(found) ? found : await assess(healing);
    const oldest = after.unfinished[0];
    const oldestUnfinishedAt = oldest === undefined ? undefined : await waitsSince(oldest, after, healing);
    return {
      partitionId: where.partitionId,
      lag: after.lag,
      gapEvents: countOf(after.gaps),
      ...done,
      lost: after.lost,
      stuck: after.stuck,
      failed: rows,
      failure: unsettled.find((work) => !isProven(work) && (work.earlier?.attempts ?? 0) === 0)?.error,
      oldestUnfinishedAt,
      lastEnqueuedAt: after.state.lastEnqueuedAt,
      expectedSince: after.base.seenAt,
      evaluatedThrough: await evaluatedThrough(
        after,
        oldest && { number: oldest.first, at: oldestUnfinishedAt },
        healing,
      ),
      open: without(after.unfinished, after.pending),
    };
  }

  return { healSome, storedAt: () => storedAt, finish };
}

/** Whether there is nothing to read again, so that the assessment still holds. */
function isIdle({ gaps, stuck, stalled }: Found): boolean {
  return gaps.length === 0 && stuck.length === 0 && stalled === undefined;
}

interface Trial {
  /** Other events could be stored since the last attempt. */
  readonly isProven: boolean;
  readonly healing: Healing;
}

function stuckRange({ range, earlier, error }: Work, { isProven, healing: { where, deps } }: Trial): StuckRange {
  const now = deps.now().getTime();
  return {
    first: range.first,
    last: range.last,
    hubCreatedAt: where.hubCreatedAt,
    attempts: (earlier?.attempts ?? 0) + (isProven && isSingle(range) ? 1 : 0),
    since: earlier?.since ?? now,
    lastTriedAt: now,
    reason: reasonOf(error),
  };
}

/** Rows of earlier runs that narrower rows replace. */
function replacedBy(rows: readonly StuckRange[], tried: readonly Work[]): StuckRange[] {
  const earlier = new Set(tried.flatMap((work) => work.earlier ?? []));
  const isKept = (old: StuckRange) => rows.some(({ first, last }) => first === old.first && last === old.last);
  return [...earlier].filter((old) => !isKept(old));
}

async function keepStuck(
  rows: readonly StuckRange[],
  replaced: readonly StuckRange[],
  { where: { partitionId }, deps }: Healing,
): Promise<void> {
  for (const row of rows) await deps.ledger.stuck(partitionId, row);
  const changes: LedgerChanges = {
    written: { runs: [], lost: [] },
    obsolete: { runs: [], lost: [], stuck: replaced, attempts: [] },
  };
  if (replaced.length > 0) await deps.ledger.replace(partitionId, changes);
}

/** Keeps a stuck event as a dead letter if the hub will drop it soon. @returns false if it stays stuck */
async function isKeptAsDeadLetter(
  { range, earlier, error }: Work,
  event: HubEvent | undefined,
  { where, deps, limits }: Healing,
): Promise<boolean> {
  const now = deps.now().getTime();
  const enqueued = Date.parse(event?.position.enqueuedTime ?? "");
  if (event === undefined || !(now - enqueued >= DEAD_LETTER_AT_SHARE_OF_RETENTION * limits.retentionMs)) return false;
  const since = new Date(earlier?.since ?? now).toISOString();
  const reason = `it could not be stored since ${since}: ${reasonOf(error)}`;
  try {
    await deps.deadLetters.add({ bytes: event.body, reason, position: event.position });
  } catch {
    return false; // it stays in the ledger, with its reason
  }
  await closeRange(range, enqueued, { where, deps });
  return true;
}
