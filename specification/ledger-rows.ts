import { assessLedger, type FinishedRun, type LostRange } from "../src/core/ledger/partition-ledger.ts";
import { type SequenceRange, unionOf } from "../src/core/ledger/sequence-ranges.ts";
import type { Bits, Kind, State, World } from "./state.ts";

/** One event, or a number without an event. Its index counts across the hubs. */
interface Place {
  readonly index: number;
  readonly hub: number;
  readonly number: number;
  readonly kind: Kind;
}

interface Assessment {
  readonly unfinished: Bits;
  readonly newRuns: Bits;
  readonly newLost: Bits;
  readonly oldRuns: Bits;
  readonly oldLost: Bits;
}

export type Layout = ReturnType<typeof layoutOf>;

export const bit = (index: number): Bits => 1 << index;
export const has = (bits: Bits, index: number): boolean => (bits & (1 << index)) !== 0;
/** The numbers below one. */
export const below = (number: number): Bits => (1 << number) - 1;
export const rangeBits = (first: number, last: number): Bits => below(last + 1) & ~below(first);
export const lowest = (bits: Bits): number => 31 - Math.clz32(bits & -bits);

export function indexesOf(bits: Bits): number[] {
  const indexes: number[] = [];
  for (let left = bits; left !== 0; left &= left - 1) indexes.push(lowest(left));
  return indexes;
}

/** The first run of consecutive numbers. */
export function firstRange(bits: Bits): SequenceRange {
  const first = lowest(bits);
  let last = first;
  while (has(bits, last + 1)) last += 1;
  return { first, last };
}

const createdAt = (hub: number): number => 10 * (hub + 1);
/** All events of a hub reach it at one time. */
const enqueuedAt = (hub: number): number => createdAt(hub) + 5;

/**
 * The events of a world, and every row that its ledger can have. A run is a range of numbers with a time: when its first
 * event reached the hub or, if the hub has no such event, when the hub was created.
 *
 * @param isAnyHub the ledger does not look at that time
 */
export function layoutOf({ hubs }: World, isAnyHub = false) {
  const places: Place[] = [];
  for (const [hub, kinds] of hubs.entries())
    for (const [number, kind] of kinds.entries()) places.push({ index: places.length, hub, number, kind });
  const most = Math.max(...hubs.map(({ length }) => length));
  const ranges: SequenceRange[] = [];
  for (let first = 0; first < most; first += 1)
    for (let last = first; last < most; last += 1) ranges.push({ first, last });
  const runs = hubs.flatMap((_, hub) =>
    [createdAt(hub), enqueuedAt(hub)].flatMap((time) =>
      ranges.map((range): FinishedRun => ({ ...range, enqueuedAt: time, finishedAt: 0, latestAt: 0 })),
    ),
  );
  const losses = hubs.flatMap((_, hub) =>
    ranges.map((range): LostRange => ({ ...range, hubCreatedAt: createdAt(hub), lostAt: 0 })),
  );
  const runIds = new Map(runs.map((run, id) => [`${run.first}|${run.last}|${run.enqueuedAt}`, id]));
  const lossIds = new Map(losses.map((range, id) => [`${range.first}|${range.last}|${range.hubCreatedAt}`, id]));
  const runId = (run: Pick<FinishedRun, "first" | "last" | "enqueuedAt">): number =>
    known(runIds.get(`${run.first}|${run.last}|${run.enqueuedAt}`));
  const lossId = (range: Pick<LostRange, "first" | "last" | "hubCreatedAt">): number =>
    known(lossIds.get(`${range.first}|${range.last}|${range.hubCreatedAt}`));
  const bitsOf = (ids: readonly number[]): Bits => ids.reduce((bits, id) => bits | bit(id), 0);
  const numbersIn = (some: readonly SequenceRange[]): Bits =>
    unionOf(some).reduce((bits, { first, last }) => bits | rangeBits(first, last), 0);
  const runsIn = (bits: Bits): FinishedRun[] => indexesOf(bits).flatMap((id) => runs[id] ?? []);
  const lossesIn = (bits: Bits): LostRange[] => indexesOf(bits).flatMap((id) => losses[id] ?? []);
  const ofKind = (...kinds: Kind[]): Bits =>
    bitsOf(places.filter(({ kind }) => kinds.includes(kind)).map(({ index }) => index));

  return {
    hubs: hubs.length,
    places,
    nameOf: (event: number): string => {
      const { hub = 0, number = event } = places[event] ?? {};
      return hubs.length === 1 ? `event ${number}` : `event ${number} of hub ${hub + 1}`;
    },
    matches: ofKind("match"),
    garbage: ofKind("garbage"),
    holes: ofKind("hole"),
    sizeOf: (hub: number): number => hubs[hub]?.length ?? 0,
    /** The events that the hub holds. */
    heldBy: ({ hub, oldest, next }: Pick<State, "hub" | "oldest" | "next">): number[] =>
      places.flatMap(({ index, kind, ...one }) =>
        one.hub === hub && one.number >= oldest && one.number < next && kind !== "hole" ? [index] : [],
      ),
    /** A number of a hub as an event is its number and this. */
    offsetOf: (hub: number): number => places.findIndex((one) => one.hub === hub),
    run: ({ first, last }: SequenceRange, hub: number, isHole = false): number =>
      runId({ first, last, enqueuedAt: isHole ? createdAt(hub) : enqueuedAt(hub) }),
    loss: ({ first, last }: SequenceRange, hub: number): number =>
      lossId({ first, last, hubCreatedAt: createdAt(hub) }),
    rangeOfRun: (id: number): SequenceRange | undefined => runs[id],
    rangeOfLoss: (id: number): SequenceRange | undefined => losses[id],

    /** The numbers that the ledger counts as finished events of a hub. */
    finished: remembered((bits: Bits, hub: number) =>
      numbersIn(runsIn(bits).filter((run) => run.enqueuedAt >= createdAt(hub))),
    ),
    /** The numbers that the ledger counts as lost events of a hub. */
    lost: remembered((bits: Bits, hub: number) =>
      numbersIn(lossesIn(bits).filter(({ hubCreatedAt }) => hubCreatedAt === createdAt(hub))),
    ),

    /**
     * What the app's own `assessLedger` says of these rows. It waits for nothing: every unfinished number counts as skipped.
     *
     * @param bounds see `boundsOf`
     */
    assess: remembered((bits: Bits, lostBits: Bits, hub: number, bounds: number): Assessment => {
      const [first, next] = [bounds % 16, Math.floor(bounds / 16)];
      const hubCreatedAt = createdAt(hub);
      const asOf = (run: FinishedRun): FinishedRun =>
        isAnyHub ? { ...run, enqueuedAt: Math.max(run.enqueuedAt, hubCreatedAt) } : run;
      const found = assessLedger(
        {
          runs: runsIn(bits).map(asOf),
          lost: lossesIn(lostBits),
          stuck: [],
          bases: [{ hubCreatedAt, first: 0, seenAt: 0 }],
          attempts: [],
        },
        { hubCreatedAt, first, last: next - 1, lastEnqueuedAt: undefined },
        { graceMs: 0, stallMs: 0, now: 0 },
      );
      const { written, obsolete } = found.changes;
      return {
        unfinished: numbersIn(found.unfinished),
        newRuns: bitsOf(written.runs.map(runId)),
        newLost: bitsOf(written.lost.map(lossId)),
        oldRuns: bitsOf(obsolete.runs.map(runId)),
        oldLost: bitsOf(obsolete.lost.map(lossId)),
      };
    }),
  };
}

function known(id: number | undefined): number {
  if (id === undefined) throw new Error("the world has no such row");
  return id;
}

/** The oldest number of a hub and its next, as one number. */
export const boundsOf = ({ oldest, next }: Pick<State, "oldest" | "next">): number => oldest + 16 * next;

/** The same function of small numbers, computed once for each. */
function remembered<Result>(compute: (...numbers: number[]) => Result): (...numbers: number[]) => Result {
  const results = new Map<number, Result>();
  return (...numbers) => {
    let key = 0;
    for (const number of numbers) key = key * 1_024 + number;
    let result = results.get(key);
    if (result === undefined) results.set(key, (result = compute(...numbers)));
    return result;
  };
}
