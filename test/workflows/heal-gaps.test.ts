import { expect, test } from "vitest";
import type { FinishedRun, LedgerBase, LostRange } from "../../src/core/partition-ledger.ts";
import type { SequenceRange } from "../../src/core/sequence-ranges.ts";
import { checkLedger } from "../../src/workflows/check-ledger.ts";
import type { HubEvent } from "../../src/workflows/detect-batch.ts";
import { bytes } from "../samples.ts";

const CREATED = Date.UTC(2026, 2, 4);
const LIMITS = { graceMs: 1_000, stallMs: 60_000, chunkEvents: 3, until: Infinity, retentionMs: 3_600_000 };

/** A hub of one partition whose numbers may have holes, a ledger, and a clock that each reading of the hub moves on. */
function world({ first = 0, held = [] as readonly number[], last = Math.max(-1, ...held) } = {}) {
  const clock = { now: CREATED + 600_000 };
  const partition = { first, last };
  const holding = new Set(held);
  const runs: FinishedRun[] = [];
  const lost: LostRange[] = [];
  const bases: LedgerBase[] = [{ hubCreatedAt: CREATED, first: 0, seenAt: CREATED }];
  const attempts = new Map<number, number>();
  const handled: { numbers: (number | null)[]; suspect: boolean }[] = [];
  const statuses: object[] = [];
  const hooks = { beforeRead: (): void => undefined, onHandle: (): void => undefined };
  const done = () => Promise.resolve();
  const event = (sequenceNumber: number): HubEvent => ({
    body: bytes(String(sequenceNumber)),
    position: {
      partitionId: "0",
      sequenceNumber,
      enqueuedTime: new Date(CREATED + 1_000 * sequenceNumber).toISOString(),
    },
  });
  const deps = {
    hub: {
      describe: () => Promise.resolve({ createdAt: CREATED, partitionIds: ["0"] }),
      partition: () => Promise.resolve({ ...partition, lastEnqueuedAt: clock.now - 5_000 }),
      read(_id: string, range: SequenceRange, limit: number) {
        hooks.beforeRead();
        const from = [...holding]
          .filter((number) => number >= Math.max(range.first, partition.first))
          .toSorted((a, b) => a - b);
        const within = from.filter((number) => number <= range.last).slice(0, limit);
        const beyond = from.find((number) => number > range.last);
        const readThrough = beyond === undefined ? (within.at(-1) ?? range.first - 1) : range.last;
        return Promise.resolve({ events: within.map(event), readThrough });
      },
    },
    ledger: {
      read: () => Promise.resolve({ runs: [...runs], lost: [...lost], bases: [...bases] }),
      begin: (_id: string, base: LedgerBase) => (bases.push(base), done()),
      finished: (_id: string, run: FinishedRun) => (runs.push(run), done()),
      lost: (_id: string, range: LostRange) => (lost.push(range), done()),
      replace: done,
      beginAttempt(_id: string, number: number) {
        const before = attempts.get(number) ?? 0;
        attempts.set(number, before + 1);
        return Promise.resolve(before);
      },
      endAttempt: (_id: string, number: number) => (attempts.delete(number), done()),
      writeStatus: (status: object) => (statuses.push(status), done()),
    },
    async handle(events: readonly HubEvent[], { suspect }: { suspect: boolean }) {
      hooks.onHandle();
      handled.push({ numbers: events.map(({ position }) => position.sequenceNumber), suspect });
      await done();
    },
    now: () => new Date(clock.now),
  };
  const finish = (from: number, to: number, at = clock.now - 5_000) =>
    void runs.push({ first: from, last: to, enqueuedAt: CREATED + from, finishedAt: at, latestAt: at });
  const check = (limits: Partial<typeof LIMITS> = {}) => checkLedger(deps, { ...LIMITS, ...limits });
  return { clock, partition, holding, hooks, runs, lost, attempts, handled, statuses, finish, check };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, more) => from + more);

test("a gap is read again in chunks, exactly, and then there is none", async () => {
  const { finish, check, handled, statuses } = world({ held: numbers(0, 20) });
  finish(0, 3);
  finish(11, 20);

  const { figures, lost, failures } = await check();

  expect(handled.map((one) => one.numbers)).toEqual([numbers(4, 6), numbers(7, 9), [10]]);
  expect(figures).toEqual({
    partitions: 1,
    lag: 0,
    gapEvents: 0,
    healedEvents: 7,
    closedNumbers: 0,
    lostEvents: 0,
    oldestUnfinishedSeconds: 0,
    headroomUsed: 0,
    alert: false,
    silentSeconds: 5,
  });
  expect([lost, failures]).toEqual([[], []]);
  expect(statuses).toMatchObject([{ partitionId: "0", lag: 0, gapEvents: 0 }]);
  expect((await check()).figures.healedEvents).toBe(0);
});

test("numbers for which the hub holds nothing inside its retention are closed quietly", async () => {
  const { finish, check, handled } = world({ held: [...numbers(0, 4), 8, ...numbers(12, 20)] });
  finish(0, 3);
  finish(12, 20);
  const { figures, lost } = await check();
  expect(handled.map((one) => one.numbers)).toEqual([[4], [8]]);
  expect([figures.healedEvents, figures.closedNumbers, figures.lag, lost]).toEqual([2, 6, 0, []]);
});

test("what lies below the oldest event that the hub holds is lost, once", async () => {
  const { finish, check, handled, lost } = world({ first: 6, held: numbers(6, 20) });
  finish(0, 3);
  finish(11, 20);
  const first = await check();
  expect(first.lost).toEqual([{ partitionId: "0", first: 4, last: 5 }]);
  expect(first.figures).toMatchObject({ lostEvents: 2, healedEvents: 5, alert: true, lag: 0 });
  expect(handled.flatMap((one) => one.numbers)).toEqual(numbers(6, 10));
  expect((await check()).figures).toMatchObject({ lostEvents: 0, alert: false });
  expect(lost).toHaveLength(1);
});

test("a loss is reported though its partition cannot be finished with", async () => {
  const { finish, check, hooks, lost } = world({ first: 6, held: numbers(6, 20) });
  finish(0, 3);
  finish(11, 20);
  hooks.onHandle = () => {
    throw new Error("the table is down");
  };
  const found = await check();
  expect(found.failures).toMatchObject([{ partitionId: "0" }]);
  expect(found.lost).toEqual([{ partitionId: "0", first: 4, last: 5 }]);
  expect(found.figures).toMatchObject({ lostEvents: 2, alert: true });
  expect(lost).toHaveLength(1);
});

test("what the hub drops while it is read is lost, not closed", async () => {
  const { finish, check, hooks, partition, holding } = world({ held: numbers(0, 20) });
  finish(0, 3);
  finish(11, 20);
  let reads = 0;
  hooks.beforeRead = () => {
    reads += 1;
    if (reads !== 2) return;
    partition.first = 9;
    for (const number of numbers(0, 8)) holding.delete(number);
  };
  const { figures, lost } = await check();
  expect(lost).toEqual([{ partitionId: "0", first: 7, last: 8 }]);
  expect(figures).toMatchObject({ healedEvents: 5, closedNumbers: 0, lag: 0 });
});

test("a hub that gives nothing is asked again the next time: nothing is closed without proof", async () => {
  const { finish, check, runs, lost } = world({ held: numbers(0, 3), last: 20 });
  finish(0, 3);
  finish(11, 20);
  const before = runs.length;
  const { figures } = await check();
  expect(figures).toMatchObject({ gapEvents: 7, healedEvents: 0, closedNumbers: 0, lostEvents: 0 });
  expect([runs.length, lost]).toEqual([before, []]);
});

test("the unfinished end is left alone while somebody works, and while its events are young", async () => {
  const { finish, check, handled, clock } = world({ held: numbers(0, 20) });
  finish(0, 10, clock.now - 59_000);
  expect((await check()).figures).toMatchObject({
    lag: 10,
    gapEvents: 0,
    healedEvents: 0,
    oldestUnfinishedSeconds: 589,
  });
  clock.now += 1_000;
  expect((await check()).figures).toMatchObject({ lag: 0, healedEvents: 10 });
  expect(handled.flatMap((one) => one.numbers)).toEqual(numbers(11, 20));

  const young = world({ held: [600] });
  young.finish(0, 599, CREATED);
  expect((await young.check()).figures).toMatchObject({ lag: 1, healedEvents: 0 });
});

test.each([
  { jump: "an hour back", by: -3_600_000 },
  { jump: "a day ahead", by: 86_400_000 },
])("after a clock that jumped $jump gap and end are read again without waiting for it", async ({ by }) => {
  const { finish, check, handled, clock } = world({ held: numbers(0, 12) });
  finish(0, 3);
  finish(7, 10);
  clock.now += by;
  expect((await check()).figures).toMatchObject({ lag: 0, gapEvents: 0, healedEvents: 5, lostEvents: 0 });
  expect(handled.flatMap((one) => one.numbers)).toEqual([4, 5, 6, 11, 12]);
});

test("an end that fell out of the hub while nobody worked is lost", async () => {
  const { finish, check, clock } = world({ first: 21, held: [], last: 20 });
  finish(0, 10, clock.now - 60_000);
  expect((await check()).lost).toEqual([{ partitionId: "0", first: 11, last: 20 }]);
});

test("half of the retention gone is an alert", async () => {
  const { finish, check, clock } = world({ held: numbers(0, 20) });
  finish(0, 10);
  clock.now = CREATED + 11_000 + 1_799_000;
  finish(0, 10);
  expect((await check()).figures).toMatchObject({ headroomUsed: 0.5, alert: true });
  expect((await check({ retentionMs: 7_200_000 })).figures).toMatchObject({ headroomUsed: 0.25, alert: false });
});

test("when its time is up it stops between two chunks, and goes on the next time", async () => {
  const { finish, check, hooks, clock, handled } = world({ held: numbers(0, 20) });
  finish(0, 3);
  finish(11, 20);
  hooks.onHandle = () => void (clock.now += 1_000);
  expect((await check({ until: clock.now + 1_500 })).figures).toMatchObject({ healedEvents: 6, gapEvents: 1 });
  expect((await check()).figures).toMatchObject({ healedEvents: 1, gapEvents: 0 });
  expect(handled.flatMap((one) => one.numbers)).toEqual(numbers(4, 10));
});

test("a chunk that was begun twice and not ended is suspect", async () => {
  const { finish, check, hooks, handled, attempts } = world({ held: numbers(0, 9) });
  finish(0, 3);
  finish(6, 9);
  let calls = 0;
  hooks.onHandle = () => {
    calls += 1;
    if (calls <= 2) throw new Error("the worker died");
  };
  for (let timer = 1; timer <= 2; timer += 1) expect((await check()).failures).toMatchObject([{ partitionId: "0" }]);
  expect((await check()).failures).toEqual([]);
  expect(handled).toEqual([{ numbers: [4, 5], suspect: true }]);
  expect(attempts.size).toBe(0);
});
