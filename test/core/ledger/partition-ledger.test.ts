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

test("a completely finished partition has no gap, no tail and no lag", () => {
  expect(assessLedger(ledger(run(0, 9), run(10, 19)), state(19), PATIENCE)).toMatchObject({
    finished: [{ first: 0, last: 19 }],
    unfinished: [],
    gaps: [],
    stalled: undefined,
    lag: 0,
  });
});

test("unfinished numbers below finished ones are gaps, for any order of the rows", () => {
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

test("unfinished numbers are a gap only after the next one has been finished long enough, also if the clock was set back", () => {
  const above = (finishedAt: number) =>
    assessLedger(ledger(run(0, 4), run(8, 9, { finishedAt })), state(9), PATIENCE).gaps;
  expect(above(NOW - 999)).toEqual([]);
  expect(above(NOW - 1_000)).toEqual([{ first: 5, last: 7 }]);
  expect(above(NOW + 1_000)).toEqual([{ first: 5, last: 7 }]);
});

test("a merged row keeps the time when its first number was finished, so new numbers above do not make a gap younger", () => {
  const runs = [run(0, 4), run(8, 9), run(10, 12, { finishedAt: NOW }), run(13, 13, { finishedAt: NOW })];
  expect(assessLedger(ledger(...mergeRuns(runs)), state(13), PATIENCE).gaps).toEqual([{ first: 5, last: 7 }]);
});

test("the end is stalled only after nothing was finished for long, or, before the first run, long after the ledger began", () => {
  const stalled = (latestAt: number) => assessLedger(ledger(run(0, 4, { latestAt })), state(9), PATIENCE).stalled;
  expect(stalled(NOW - 59_999)).toBeUndefined();
  expect(stalled(NOW - 60_000)).toEqual({ first: 5, last: 9 });
  expect(assessLedger(ledger(), state(9), PATIENCE).stalled).toEqual({ first: 0, last: 9 });
  const young = { ...ledger(), bases: [{ hubCreatedAt: CREATED, first: 0, seenAt: NOW - 1 }] };
  expect(assessLedger(young, state(9), PATIENCE).stalled).toBeUndefined();
});

test("lost numbers count as finished", () => {
  const lost = [{ first: 5, last: 7, hubCreatedAt: CREATED, lostAt: NOW }];
  const found = assessLedger({ ...ledger(run(0, 4), run(8, 9)), lost }, state(9), PATIENCE);
  expect([found.unfinished, found.lag]).toEqual([[], 0]);
});

test("lost numbers of an earlier hub of the same name do not count as finished", () => {
  const lost = [{ first: 5, last: 7, hubCreatedAt: CREATED - 1, lostAt: NOW }];
  const found = assessLedger({ ...ledger(run(0, 4), run(8, 9)), lost }, state(9), PATIENCE);
  expect(found.gaps).toEqual([{ first: 5, last: 7 }]);
});

describe("the first expected event", () => {
  const found = (bases: PartitionLedger["bases"], more: Partial<PartitionState> = {}) =>
    assessLedger({ ...EMPTY, bases }, state(20, { first: 7, ...more }), PATIENCE);

  test("of a hub that is seen for the first time is the oldest one that it still has", () => {
    expect(found([])).toMatchObject({ isNewBase: true, base: { hubCreatedAt: CREATED, first: 7, seenAt: NOW } });
  });

  test("of a recreated hub is 0, even if its first events are already gone", () => {
    const bases = [{ hubCreatedAt: CREATED - 5, first: 3, seenAt: LONG_AGO }];
    expect(found(bases)).toMatchObject({ isNewBase: true, base: { hubCreatedAt: CREATED, first: 0 } });
  });

  test("of a known hub stays the same, no matter what it has dropped since", () => {
    const bases = [{ hubCreatedAt: CREATED, first: 3, seenAt: LONG_AGO }];
    expect(found(bases)).toMatchObject({ isNewBase: false, base: bases[0] });
  });

  test("of an empty partition is the next one", () => {
    const empty = assessLedger(EMPTY, state(-1, { first: 0 }), PATIENCE);
    expect(empty).toMatchObject({ base: { first: 0 }, unfinished: [], lag: 0 });
  });
});

test("runs of an earlier hub of the same name are dropped, even those that a late invocation has just written", () => {
  const earlier = run(0, 9, { enqueuedAt: CREATED - 1, finishedAt: NOW, latestAt: NOW });
  expect(assessLedger(ledger(earlier, run(0, 2)), state(9), PATIENCE)).toMatchObject({
    finished: [{ first: 0, last: 2 }],
    changes: { obsolete: { runs: [earlier] }, written: { runs: [] } },
  });
});

test("several rows become one, which is written before the others are removed", () => {
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

test("finished numbers are never forgotten when several timers compact the same rows in any interleaving", () => {
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
        /** The remaining steps of each of three timers, based on the rows that it read. */
        const todo: (() => void)[][] = [[], [], []];
        for (const [timer, writes] of moves) {
          const steps = todo[timer] ?? [];
          if (steps.length === 0) {
            const { written, obsolete } = assessLedger(ledger(...table.values()), hub, PATIENCE).changes;
            for (const row of written.runs) steps.push(() => table.has(keyOf(row)) || table.set(keyOf(row), row));
            for (const row of obsolete.runs) steps.push(() => table.delete(keyOf(row)));
          }
          steps.shift()?.();
          if (writes) table.set(keyOf(run(40, 40)), run(40, 40)); // a batch that finishes meanwhile
          expect(current().filter((number) => number !== 40)).toEqual(before.filter((number) => number !== 40));
        }
      },
    ),
    { numRuns: 500 },
  );
});
