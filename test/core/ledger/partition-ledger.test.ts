import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assessLedger,
  type FinishedRun,
  mergeRuns,
  type PartitionLedger,
  type PartitionState,
} from "../../../src/core/ledger/partition-ledger.ts";

const CREATED = 1_000_000;
const NOW = CREATED + 10_000_000;
const PATIENCE = { graceMs: 1_000, stallMs: 60_000, now: NOW };
const LONG_AGO = NOW - 5_000_000;
const EMPTY: PartitionLedger = { runs: [], lost: [], stuck: [], bases: [], attempts: [] };

function run(first: number, last: number, times: Partial<FinishedRun> = {}): FinishedRun {
  return { first, last, enqueuedAt: CREATED + first, finishedAt: LONG_AGO, latestAt: NOW, ...times };
}

function ledger(...runs: FinishedRun[]): PartitionLedger {
  return { ...EMPTY, runs, bases: [{ hubCreatedAt: CREATED, first: 0, seenAt: LONG_AGO }] };
}

function state(last: number, more: Partial<PartitionState> = {}): PartitionState {
  return { hubCreatedAt: CREATED, first: 0, last, lastEnqueuedAt: NOW, ...more };
}

test("a partition of which all is finished has no gap, no tail and no lag", () => {
  expect(assessLedger(ledger(run(0, 9), run(10, 19)), state(19), PATIENCE)).toMatchObject({
    finished: [{ first: 0, last: 19 }],
    unfinished: [],
    gaps: [],
    stalled: undefined,
    lag: 0,
  });
});

test("numbers below finished ones that are not finished are gaps, in whatever order the rows come", () => {
  const rows = [run(15, 19), run(0, 4), run(8, 9)];
  for (const runs of [rows, rows.toReversed()]) {
    const found = assessLedger(ledger(...runs), state(19), PATIENCE);
    expect([found.gaps, found.lag]).toEqual([
      [
        { first: 5, last: 7 },
        { first: 10, last: 14 },
      ],
      15,
    ]);
  }
});

test("a gap is one only when what lies above it was finished long enough ago, also where the clock was set back", () => {
  const above = (finishedAt: number) =>
    assessLedger(ledger(run(0, 4), run(8, 9, { finishedAt })), state(9), PATIENCE).gaps;
  expect(above(NOW - 999)).toEqual([]);
  expect(above(NOW - 1_000)).toEqual([{ first: 5, last: 7 }]);
  expect(above(NOW + 1_000)).toEqual([{ first: 5, last: 7 }]);
});

test("a merged row keeps when the first of its numbers was finished: new numbers above do not make a gap young", () => {
  const runs = [run(0, 4), run(8, 9), run(10, 12, { finishedAt: NOW }), run(13, 13, { finishedAt: NOW })];
  expect(assessLedger(ledger(...mergeRuns(runs)), state(13), PATIENCE).gaps).toEqual([{ first: 5, last: 7 }]);
});

test("the end is stalled only when nothing was finished for long; before the first run, since the ledger began", () => {
  const stalled = (latestAt: number) => assessLedger(ledger(run(0, 4, { latestAt })), state(9), PATIENCE).stalled;
  expect(stalled(NOW - 59_999)).toBeUndefined();
  expect(stalled(NOW - 60_000)).toEqual({ first: 5, last: 9 });
  expect(assessLedger(ledger(), state(9), PATIENCE).stalled).toEqual({ first: 0, last: 9 });
  const young = { ...ledger(), bases: [{ hubCreatedAt: CREATED, first: 0, seenAt: NOW - 1 }] };
  expect(assessLedger(young, state(9), PATIENCE).stalled).toBeUndefined();
});

test("lost numbers are finished with", () => {
  const lost = [{ first: 5, last: 7, hubCreatedAt: CREATED }];
  const found = assessLedger({ ...ledger(run(0, 4), run(8, 9)), lost }, state(9), PATIENCE);
  expect([found.unfinished, found.lag]).toEqual([[], 0]);
});

test("numbers that an earlier hub of the name lost are not finished with", () => {
  const lost = [{ first: 5, last: 7, hubCreatedAt: CREATED - 1 }];
  const found = assessLedger({ ...ledger(run(0, 4), run(8, 9)), lost }, state(9), PATIENCE);
  expect(found.gaps).toEqual([{ first: 5, last: 7 }]);
});

describe("where events are expected from", () => {
  const found = (bases: PartitionLedger["bases"], more: Partial<PartitionState> = {}) =>
    assessLedger({ ...EMPTY, bases }, state(20, { first: 7, ...more }), PATIENCE);

  test("a hub that is seen for the first time counts from what it still holds", () => {
    expect(found([])).toMatchObject({ isNewBase: true, base: { hubCreatedAt: CREATED, first: 7, seenAt: NOW } });
  });

  test("a hub that was made anew counts from 0, also where its first events are gone already", () => {
    const bases = [{ hubCreatedAt: CREATED - 5, first: 3, seenAt: LONG_AGO }];
    expect(found(bases)).toMatchObject({ isNewBase: true, base: { hubCreatedAt: CREATED, first: 0 } });
  });

  test("a hub that is known counts from where it did, whatever it has dropped since", () => {
    const bases = [{ hubCreatedAt: CREATED, first: 3, seenAt: LONG_AGO }];
    expect(found(bases)).toMatchObject({ isNewBase: false, base: bases[0] });
  });

  test("an empty partition expects what is to come", () => {
    const empty = assessLedger(EMPTY, state(-1, { first: 0 }), PATIENCE);
    expect(empty).toMatchObject({ base: { first: 0 }, unfinished: [], lag: 0 });
  });
});

test("runs of an earlier hub of that name are dropped, those that a late invocation wrote just now too", () => {
  const earlier = run(0, 9, { enqueuedAt: CREATED - 1, finishedAt: NOW, latestAt: NOW });
  expect(assessLedger(ledger(earlier, run(0, 2)), state(9), PATIENCE)).toMatchObject({
    finished: [{ first: 0, last: 2 }],
    changes: { obsolete: { runs: [earlier] }, written: { runs: [] } },
  });
});

test("several rows become one, which is written before the others go", () => {
  const rows = [run(0, 4, { latestAt: 5 }), run(5, 9, { latestAt: 7 }), run(20, 21)];
  expect(assessLedger(ledger(...rows), state(21), PATIENCE)).toMatchObject({
    changes: { written: { runs: [{ ...run(0, 9), latestAt: 7 }] }, obsolete: { runs: [rows[0], rows[1]] } },
  });
});

const anyRun = fc
  .tuple(fc.nat({ max: 30 }), fc.nat({ max: 9 }), fc.constantFrom(CREATED - 3, CREATED, CREATED + 1, CREATED + 2))
  .map(([first, more, enqueuedAt]) => run(first, first + more, { enqueuedAt }));

const numbersOf = (runs: Iterable<FinishedRun>): number[] =>
  [
    ...new Set([...runs].flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))),
  ].sort((a, b) => a - b);

test("however many timers compact the same rows at once, step by step, no finished number is ever forgotten", () => {
  const keyOf = ({ first, last, enqueuedAt }: FinishedRun) => `${first}|${last}|${enqueuedAt}`;
  const hub = state(100);
  fc.assert(
    fc.property(
      fc.array(anyRun, { maxLength: 12 }),
      fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean()), { maxLength: 80 }),
      (initial, moves) => {
        const table = new Map(initial.map((row) => [keyOf(row), row]));
        const current = () => numbersOf([...table.values()].filter(({ enqueuedAt }) => enqueuedAt >= CREATED));
        const before = current();
        /** What each of three timers still has to do, by the rows as it read them. */
        const todo: (() => void)[][] = [[], [], []];
        for (const [timer, writes] of moves) {
          const steps = todo[timer] ?? [];
          if (steps.length === 0) {
            const { written, obsolete } = assessLedger(ledger(...table.values()), hub, PATIENCE).changes;
            for (const row of written.runs) steps.push(() => table.has(keyOf(row)) || table.set(keyOf(row), row));
            for (const row of obsolete.runs) steps.push(() => table.delete(keyOf(row)));
          }
          steps.shift()?.();
          if (writes) table.set(keyOf(run(40, 40)), run(40, 40)); // a batch that is finished meanwhile
          expect(current().filter((number) => number !== 40)).toEqual(before.filter((number) => number !== 40));
        }
      },
    ),
    { numRuns: 500 },
  );
});
