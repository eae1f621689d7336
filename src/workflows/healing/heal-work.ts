import {
  assessLedger,
  type LedgerAssessment,
  type LedgerBase,
  type LedgerChanges,
  type LedgerPatience,
  type PartitionLedger,
  type PartitionState,
  type StuckRange,
} from "../../core/ledger/partition-ledger.ts";
import { commonWith, isSingle, missingFrom, type SequenceRange, splitAt } from "../../core/ledger/sequence-ranges.ts";
import { CLOCK_DIFFERENCE, LONGEST_STUCK_REST, STUCK_REST_MS } from "../../core/timing.ts";
import type { DetectDependencies } from "../detection/detect-batch.ts";
import type { ChunkDependencies, PartitionOfHub } from "./heal-chunk.ts";

export interface HealDependencies extends ChunkDependencies {
  readonly ledger: ChunkDependencies["ledger"] & {
    read(partitionId: string): Promise<PartitionLedger>;
    begin(partitionId: string, base: LedgerBase): Promise<void>;
    replace(partitionId: string, changes: LedgerChanges): Promise<void>;
    stuck(partitionId: string, range: StuckRange): Promise<void>;
  };
  readonly deadLetters: DetectDependencies["deadLetters"];
}

export interface HealLimits extends LedgerPatience {
  /** Events read and handled at a time. */
  readonly chunkEvents: number;
  /** Nothing more is begun from this time on, in milliseconds since 1970; the next run goes on. */
  readonly until: number;
  /** How long the hub keeps an event. */
  readonly retentionMs: number;
}

/** A partition, with all that healing it needs. */
export interface Healing {
  readonly where: PartitionOfHub;
  readonly deps: HealDependencies;
  readonly limits: HealLimits;
}

/** A range to read again. */
export interface Work {
  readonly range: SequenceRange;
  /** Its row in the ledger, if an earlier run could not store it. */
  readonly earlier?: StuckRange | undefined;
  /** Why this run could not store a larger chunk that contains it. */
  readonly error?: unknown;
}

/** The state of a partition, from ledger and hub. */
export interface Found extends LedgerAssessment {
  readonly state: PartitionState;
  /** A time before ledger and hub were asked, in milliseconds since 1970. */
  readonly askedAt: number;
}

export async function assess({ where, deps, limits }: Healing): Promise<Found> {
  const { partitionId, hubCreatedAt } = where;
  const { hub, ledger, now } = deps;
  const askedAt = now().getTime();
  // Ledger first: then the hub knows every event that the ledger has as finished.
  const rows = await ledger.read(partitionId);
  const state = { ...(await hub.partition(partitionId)), hubCreatedAt };
  return { ...assessLedger(rows, state, { ...limits, now: now().getTime() }), state, askedAt };
}

/**
 * The ranges to read again, in order: stuck ranges that are not narrowed down to single events yet, ranges that nobody
 * tried, and single events that have rested. Events that the hub does not hold any more are noted as lost.
 */
export async function workOf(found: Found, healing: Healing): Promise<Work[]> {
  const { where, deps, limits } = healing;
  const now = deps.now().getTime();
  const fresh = [...found.gaps, ...(await abandonedTail(found, healing))].map((range): Work => ({ range }));
  const stuck = found.stuck.flatMap((earlier) =>
    commonWith(earlier, found.unfinished).map((range) => ({ range, earlier })),
  );
  const singles = stuck.filter(({ earlier }) => isSingle(earlier));
  const ranges = stuck.filter(({ earlier }) => !isSingle(earlier));
  const oldestFirst = singles.toSorted((a, b) => a.earlier.lastTriedAt - b.earlier.lastTriedAt);
  const work: Work[] = [];
  for (const { range, earlier } of [...ranges, ...fresh, ...oldestFirst]) {
    const { below, rest } = splitAt(range, found.state.first);
    if (below !== undefined)
      await deps.ledger.lost(where.partitionId, { ...below, hubCreatedAt: where.hubCreatedAt, lostAt: now });
    if (rest !== undefined && hasRested(earlier, { ...limits, now })) work.push({ range: rest, earlier });
  }
  return work;
}

function hasRested(
  earlier: StuckRange | undefined,
  { now, retentionMs }: { readonly now: number; readonly retentionMs: number },
): boolean {
  if (earlier === undefined) return true;
  return Math.abs(now - earlier.lastTriedAt) >= restMs(earlier.attempts, retentionMs); // the clock may have been set back
}

/** How long an event rests after this many attempts that failed while other events were stored. */
export function restMs(attempts: number, retentionMs: number): number {
  if (attempts === 0) return 0;
  const longest = Math.min(LONGEST_STUCK_REST.ms, LONGEST_STUCK_REST.shareOfRetention * retentionMs);
  return Math.min(STUCK_REST_MS * 2 ** (attempts - 1), longest);
}

/** The unfinished end, if its events are so old that no invocation can still be working on them. */
async function abandonedTail({ stalled, state, stuck }: Found, healing: Healing): Promise<SequenceRange[]> {
  if (stalled === undefined) return [];
  const tail = missingFrom(stalled, stuck);
  if (stalled.first < state.first) return tail;
  const since = await enqueuedAt(stalled, healing);
  // Old events must not count as new while a clock that was set back catches up.
  const age = since === undefined ? 0 : Math.abs(healing.deps.now().getTime() - since);
  return since !== undefined && age >= healing.limits.stallMs ? tail : [];
}

/** When the oldest event of an unfinished range reached the hub. If the hub has dropped it, its whole retention is used up. */
export async function waitsSince(
  range: SequenceRange,
  { state }: Found,
  healing: Healing,
): Promise<number | undefined> {
  if (range.first < state.first) return healing.deps.now().getTime() - healing.limits.retentionMs;
  return enqueuedAt(range, healing);
}

/**
 * The time before which every event that reached the hub is finished, but for open and lost ones. Without an unfinished
 * event at the end, the hub's own clock proves it up to the last event, and ours up to the check, less the minute by which
 * the two may differ.
 *
 * @param oldest the oldest unfinished number, and when its event reached the hub
 * @returns undefined if the hub does not say when the first unfinished event at the end reached it
 */
export async function evaluatedThrough(
  { pending: [next], state, askedAt }: Pick<Found, "pending" | "state" | "askedAt">,
  oldest: { readonly number: number; readonly at: number | undefined } | undefined,
  healing: Healing,
): Promise<number | undefined> {
  if (next === undefined) return Math.max(askedAt - CLOCK_DIFFERENCE.warningMs, state.lastEnqueuedAt ?? -Infinity);
  if (next.first < state.first) return undefined;
  return next.first === oldest?.number ? oldest.at : enqueuedAt(next, healing);
}

/** When the first event of a range reached the hub; undefined if the hub holds no event of it. */
async function enqueuedAt(range: SequenceRange, { where, deps }: Healing): Promise<number | undefined> {
  const { events } = await deps.hub.read(where.partitionId, range, 1);
  const time = Date.parse(events[0]?.position.enqueuedTime ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** Takes the next chunk out of the queue. The rest of its range stays in the queue. */
export function takeChunk(queue: Work[], chunkEvents: number): Work | undefined {
  const [next] = queue;
  return (
    next && takeOut(queue, 0, { ...next.range, last: Math.min(next.range.last, next.range.first + chunkEvents - 1) })
  );
}

/** Takes a single event from the other end of the queue, one that has not failed alone before. */
export function takeProbe(queue: Work[]): Work | undefined {
  const index = queue.findLastIndex(({ earlier }) => earlier === undefined || !isSingle(earlier));
  const work = queue[index];
  return work && takeOut(queue, index, { first: work.range.last, last: work.range.last });
}

function takeOut(queue: Work[], index: number, chunk: SequenceRange): Work | undefined {
  const [work] = queue.splice(index, 1);
  if (work === undefined) return undefined;
  queue.splice(index, 0, ...missingFrom(work.range, [chunk]).map((range) => ({ ...work, range })));
  return { ...work, range: chunk };
}

export function halvesOf({ first, last }: SequenceRange): SequenceRange[] {
  const middle = first + Math.ceil((last - first) / 2);
  return [
    { first, last: middle - 1 },
    { first: middle, last },
  ];
}
