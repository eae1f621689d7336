import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ledgerTable } from "../../src/azure/ledger-table.ts";
import type { PartitionStatus } from "../../src/core/partition-ledger.ts";
import type { SequenceRange } from "../../src/core/sequence-ranges.ts";
import { DependencyError } from "../../src/errors.ts";
import { checkLedger, type LostEvents } from "../../src/workflows/check-ledger.ts";
import type { HubEvent } from "../../src/workflows/detect-batch.ts";
import { memoryTable } from "../memory-table.ts";
import { bytes } from "../samples.ts";
import type { Letter } from "./memory-stores.ts";

const CREATED = Date.UTC(2026, 2, 4);
const MINUTE = 60_000;
const LIMITS = {
  graceMs: 1_000,
  stallMs: MINUTE,
  chunkEvents: 3,
  until: Infinity,
  retentionMs: 60 * MINUTE,
  firstTurn: 0,
};
const NAME = { namespace: "pimwatch.servicebus.windows.net", hub: "insights-logs-auditlogs" };

interface Options {
  /** The oldest number that the hub holds. */
  readonly first?: number;
  readonly held?: readonly number[];
  readonly last?: number;
  readonly partitionIds?: readonly string[];
  /** False: no check was ever made. */
  readonly isKnown?: boolean;
}

/** A hub whose numbers may have holes and whose partitions hold the same, a ledger, and a clock. */
async function world({
  first = 0,
  held = [],
  last = Math.max(-1, ...held),
  partitionIds = ["0"],
  isKnown = true,
}: Options = {}) {
  const clock = { now: CREATED + 10 * MINUTE };
  const partition = { first, last };
  const holding = new Set(held);
  const handled: { numbers: (number | null)[]; suspect: boolean; partitionId: string | null }[] = [];
  const said: LostEvents[] = [];
  const letters: Letter[] = [];
  const hooks = {
    beforeRead: (_partitionId: string): Promise<void> | void => undefined,
    onHandle: (_numbers: readonly number[], _partitionId: string): Promise<void> | void => undefined,
    onLost: (): void => undefined,
    onBury: (): void => undefined,
  };
  const table = memoryTable().client;
  await table.createTable();
  const ledger = ledgerTable(table, NAME);
  if (isKnown)
    for (const id of partitionIds) await ledger.begin(id, { hubCreatedAt: CREATED, first: 0, seenAt: CREATED });
  const enqueuedAt = (sequenceNumber: number): number => CREATED + 1_000 * sequenceNumber;
  const event = (partitionId: string, sequenceNumber: number): HubEvent => ({
    body: bytes(String(sequenceNumber)),
    position: { partitionId, sequenceNumber, enqueuedTime: new Date(enqueuedAt(sequenceNumber)).toISOString() },
  });
  const deps = {
    hub: {
      describe: () => Promise.resolve({ createdAt: CREATED, partitionIds }),
      partition: () => Promise.resolve({ ...partition, lastEnqueuedAt: clock.now - 5_000 }),
      async read(id: string, range: SequenceRange, limit: number) {
        await hooks.beforeRead(id);
        const from = [...holding]
          .filter((number) => number >= Math.max(range.first, partition.first))
          .toSorted((a, b) => a - b);
        const within = from.filter((number) => number <= range.last).slice(0, limit);
        const beyond = from.find((number) => number > range.last);
        const readThrough = beyond === undefined ? (within.at(-1) ?? range.first - 1) : range.last;
        return { events: within.map((number) => event(id, number)), readThrough };
      },
    },
    ledger: {
      ...ledger,
      lost: (id: string, range: SequenceRange & { hubCreatedAt: number }) => (hooks.onLost(), ledger.lost(id, range)),
    },
    deadLetters: {
      add: (letter: Letter) => {
        hooks.onBury();
        letters.push(letter);
        return Promise.resolve();
      },
    },
    async handle(events: readonly HubEvent[], { suspect }: { suspect: boolean }) {
      const numbersOf = events.map(({ position }) => position.sequenceNumber ?? -1);
      const partitionId = events[0]?.position.partitionId ?? "";
      await hooks.onHandle(numbersOf, partitionId);
      handled.push({ numbers: numbersOf, suspect, partitionId });
    },
    now: () => new Date(clock.now),
    reportLost: (range: LostEvents) => void said.push(range),
  };
  return {
    clock,
    partition,
    holding,
    hooks,
    handled,
    said,
    letters,
    ledger,
    healed: () => handled.flatMap((one) => one.numbers),
    read: (id = "0") => ledger.read(id),
    /** The statuses without the times that no test is about. */
    statuses: async (): Promise<PartitionStatus[]> => ledger.statuses(),
    finish: (from: number, to: number, { at = clock.now - 5_000, id = "0" } = {}) =>
      ledger.finished(id, { first: from, last: to, enqueuedAt: enqueuedAt(from), finishedAt: at, latestAt: at }),
    check: (limits: Partial<typeof LIMITS> = {}) => checkLedger(deps, { ...LIMITS, ...limits }),
  };
}

/** Refuses a batch that holds one of the numbers, as a store that is sick of it. */
const refusing =
  (...bad: readonly number[]) =>
  (events: readonly number[]) => {
    if (events.some((number) => bad.includes(number))) throw new DependencyError("Table Storage", "answered 500");
  };

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, more) => from + more);

test("a gap is read again in chunks, exactly, and then there is none", async () => {
  const { finish, check, handled, statuses } = await world({ held: numbers(0, 20) });
  await finish(0, 3);
  await finish(11, 20);

  const { figures, lost, stuck, failures } = await check();

  expect(handled.map((one) => one.numbers)).toEqual([numbers(4, 6), numbers(7, 9), [10]]);
  expect(figures).toEqual({
    partitions: 1,
    lag: 0,
    gapEvents: 0,
    healedEvents: 7,
    closedNumbers: 0,
    stuckEvents: 0,
    deadLettered: 0,
    lostEvents: 0,
    oldestUnfinishedSeconds: 0,
    headroomUsed: 0,
    alert: false,
    silentSeconds: 5,
  });
  expect([lost, stuck, failures]).toEqual([[], [], []]);
  expect(await statuses()).toMatchObject([{ partitionId: "0", lag: 0, gapEvents: 0, failure: undefined }]);
  expect((await check()).figures.healedEvents).toBe(0);
});

test("numbers for which the hub holds nothing inside its retention are closed quietly", async () => {
  const { finish, check, handled } = await world({ held: [...numbers(0, 4), 8, ...numbers(12, 20)] });
  await finish(0, 3);
  await finish(12, 20);
  const { figures, lost } = await check();
  expect(handled.map((one) => one.numbers)).toEqual([[4], [8]]);
  expect([figures.healedEvents, figures.closedNumbers, figures.lag, lost]).toEqual([2, 6, 0, []]);
});

describe("events that left the hub", () => {
  test("are lost where they lie below the oldest that it holds, once", async () => {
    const { finish, check, healed, said } = await world({ first: 6, held: numbers(6, 20) });
    await finish(0, 3);
    await finish(11, 20);
    const first = await check();
    expect(first.lost).toEqual([{ partitionId: "0", first: 4, last: 5 }]);
    expect(first.figures).toMatchObject({ lostEvents: 2, healedEvents: 5, alert: true, lag: 0 });
    expect(healed()).toEqual(numbers(6, 10));
    expect((await check()).figures).toMatchObject({ lostEvents: 0, alert: false });
    expect(said).toHaveLength(1);
  });

  test("are reported though nothing of their partition can be stored", async () => {
    const { finish, check, hooks, said, read } = await world({ first: 6, held: numbers(6, 20) });
    await finish(0, 3);
    await finish(11, 20);
    hooks.onHandle = () => {
      throw new Error("the table is down");
    };
    const found = await check();
    expect(found.failures).toMatchObject([{ partitionId: "0" }]);
    expect(found.lost).toEqual([{ partitionId: "0", first: 4, last: 5 }]);
    expect(found.figures).toMatchObject({ lostEvents: 2, alert: true });
    expect([said, (await read()).lost]).toEqual([found.lost, [{ first: 4, last: 5, hubCreatedAt: CREATED }]]);
  });

  test("are said to be lost before that is kept: a worker that dies between the two says it again", async () => {
    const { finish, check, hooks, said, read } = await world({ first: 6, held: numbers(6, 20) });
    await finish(0, 3);
    await finish(11, 20);
    const dies = Promise.withResolvers<void>();
    hooks.onLost = () => {
      dies.resolve();
      throw new DependencyError("Table Storage", "answered 503");
    };
    await Promise.all([dies.promise, check()]);
    expect([said.length, (await read()).lost.length]).toEqual([1, 0]);

    hooks.onLost = () => undefined;
    await check();
    await check();
    expect([said.length, (await read()).lost.length]).toEqual([2, 1]);
  });

  test("are lost, not closed, where the hub drops them while they are read", async () => {
    const { finish, check, hooks, partition, holding } = await world({ held: numbers(0, 20) });
    await finish(0, 3);
    await finish(11, 20);
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

  test("are lost at the end too, where nobody worked, down to the last one of a partition that is empty now", async () => {
    const { finish, check, clock } = await world({ first: 21, held: [], last: 20 });
    await finish(0, 19, { at: clock.now - 60_000 });
    expect((await check()).lost).toEqual([{ partitionId: "0", first: 20, last: 20 }]);
    expect(await check()).toMatchObject({ lost: [], figures: { lag: 0 } });
  });

  test("make few rows, however often more of them are lost", async () => {
    const { finish, check, partition, holding, read } = await world({ held: numbers(0, 60) });
    await finish(60, 60);
    for (let first = 1; first <= 40; first += 1) {
      partition.first = first;
      holding.delete(first - 1);
      // Nothing is healed: the time is up before it begins.
      expect((await check({ until: 0 })).lost).toEqual([{ partitionId: "0", first: first - 1, last: first - 1 }]);
    }
    expect((await read()).lost.length).toBeLessThan(4);
    expect((await check({ until: 0 })).figures).toMatchObject({ lostEvents: 0, lag: 21 });
  });
});

test("a hub that gives nothing is asked again the next time: nothing is closed without proof", async () => {
  const { finish, check, read } = await world({ held: numbers(0, 3), last: 20 });
  await finish(0, 3);
  await finish(11, 20);
  const before = await read();
  const { figures } = await check();
  expect(figures).toMatchObject({ gapEvents: 7, healedEvents: 0, closedNumbers: 0, lostEvents: 0 });
  expect(await read()).toEqual(before);
});

test("the unfinished end is left alone while somebody works, and while its events are young", async () => {
  const { finish, check, healed, clock } = await world({ held: numbers(0, 20) });
  await finish(0, 10, { at: clock.now - 59_000 });
  expect((await check()).figures).toMatchObject({
    lag: 10,
    gapEvents: 0,
    healedEvents: 0,
    oldestUnfinishedSeconds: 589,
  });
  clock.now += 1_000;
  expect((await check()).figures).toMatchObject({ lag: 0, healedEvents: 10 });
  expect(healed()).toEqual(numbers(11, 20));

  const young = await world({ held: [600] });
  await young.finish(0, 599, { at: CREATED });
  expect((await young.check()).figures).toMatchObject({ lag: 1, healedEvents: 0 });
});

test("the unfinished end is read again, and its age counts, also where its first numbers are missing in the hub", async () => {
  const { finish, check, healed, clock } = await world({ held: [...numbers(0, 10), ...numbers(13, 20)] });
  await finish(0, 10, { at: clock.now - 59_000 });
  expect((await check()).figures).toMatchObject({ lag: 10, oldestUnfinishedSeconds: 587 });
  clock.now += 1_000;
  expect((await check()).figures).toMatchObject({ lag: 0, healedEvents: 8, closedNumbers: 2 });
  expect(healed()).toEqual(numbers(13, 20));
});

test.each([
  { jump: "an hour back", by: -3_600_000 },
  { jump: "a day ahead", by: 86_400_000 },
])("after a clock that jumped $jump gap and end are read again without waiting for it", async ({ by }) => {
  const { finish, check, healed, clock } = await world({ held: numbers(0, 12) });
  await finish(0, 3);
  await finish(7, 10);
  clock.now += by;
  expect((await check()).figures).toMatchObject({ lag: 0, gapEvents: 0, healedEvents: 5, lostEvents: 0 });
  expect(healed()).toEqual([4, 5, 6, 11, 12]);
});

test("half of the retention gone is an alert, and all of it where the hub has dropped the oldest event", async () => {
  const { finish, check, clock, partition } = await world({ held: numbers(0, 20) });
  clock.now = CREATED + 11_000 + 1_799_000;
  await finish(0, 10);
  expect((await check()).figures).toMatchObject({ headroomUsed: 0.5, alert: true });
  expect((await check({ retentionMs: 7_200_000 })).figures).toMatchObject({ headroomUsed: 0.25, alert: false });
  partition.first = 13;
  expect((await check()).figures).toMatchObject({ headroomUsed: 1, alert: true, lostEvents: 0 });
});

test("when its time is up it stops between two chunks, and goes on the next time", async () => {
  const { finish, check, hooks, clock, healed } = await world({ held: numbers(0, 20) });
  await finish(0, 3);
  await finish(11, 20);
  hooks.onHandle = () => void (clock.now += 1_000);
  expect((await check({ until: clock.now + 1_500 })).figures).toMatchObject({ healedEvents: 6, gapEvents: 1 });
  expect((await check()).figures).toMatchObject({ healedEvents: 1, gapEvents: 0 });
  expect(healed()).toEqual(numbers(4, 10));
});

describe("a chunk that was begun and not ended", () => {
  test("is suspect the third time: something in it may end the worker", async () => {
    const { finish, check, hooks, handled, read } = await world({ held: numbers(0, 9) });
    await finish(0, 3);
    await finish(6, 9);
    for (let worker = 1; worker <= 2; worker += 1) {
      const death = Promise.withResolvers<void>();
      hooks.onHandle = () => {
        death.resolve();
        return new Promise<void>(() => undefined); // it never comes back
      };
      void check();
      await death.promise;
    }
    hooks.onHandle = () => undefined;
    expect((await check()).failures).toEqual([]);
    expect(handled).toMatchObject([{ numbers: [4, 5], suspect: true }]);
    expect((await read()).attempts).toEqual([]);
  });

  test("is not suspect where it failed and the worker lives", async () => {
    const { finish, check, hooks, handled, clock, read } = await world({ held: numbers(0, 9) });
    await finish(0, 3);
    await finish(6, 9);
    hooks.onHandle = refusing(4, 5);
    for (let run = 1; run <= 4; run += 1) {
      await check();
      expect((await read()).attempts).toEqual([]);
    }
    hooks.onHandle = () => undefined;
    clock.now += 61 * MINUTE;
    await check();
    expect(handled).toMatchObject([{ suspect: false }, { suspect: false }]);
  });

  test("is forgotten when somebody else has finished it", async () => {
    const { finish, check, ledger, read } = await world({ held: numbers(0, 9) });
    await finish(0, 9);
    await ledger.beginAttempt("0", 4);
    await check();
    expect((await read()).attempts).toEqual([]);
  });
});

describe("an event that cannot be stored", () => {
  /** Two gaps: 4 to 11, 13 to 20. */
  async function withGaps() {
    const here = await world({ held: numbers(0, 30) });
    await here.finish(0, 3);
    await here.finish(12, 12);
    await here.finish(21, 30);
    return here;
  }

  test.each([
    { what: "first of its chunk", bad: [4] },
    { what: "within its chunk", bad: [8] },
    { what: "last of its gap", bad: [11] },
    { what: "one of two that lie apart", bad: [5, 17] },
    { what: "one of four in a row", bad: [5, 6, 7, 8] },
    { what: "one of a whole gap", bad: numbers(4, 11) },
  ])("keeps nothing else from being read again in the same run: $what", async ({ bad }) => {
    const { check, hooks, healed } = await withGaps();
    hooks.onHandle = refusing(...bad);

    const { figures, stuck, failures } = await check({ chunkEvents: 8 });

    const gaps = [...numbers(4, 11), ...numbers(13, 20)];
    expect(healed().toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(gaps.filter((number) => !bad.includes(number)));
    expect(figures).toMatchObject({
      stuckEvents: bad.length,
      healedEvents: 16 - bad.length,
      gapEvents: 0,
      alert: true,
    });
    expect(stuck).toEqual(
      bad.map((number) => ({
        partitionId: "0",
        number,
        attempts: 1,
        since: "2026-03-04T00:10:00.000Z",
        reason: "Table Storage: answered 500",
      })),
    );
    expect(failures).toEqual([]);
  });

  test("is tried again later and later, while new gaps are healed at once, and is named until it is stored", async () => {
    const { check, hooks, clock, handled, statuses, finish, holding, partition } = await withGaps();
    const patient = { retentionMs: 1_000 * MINUTE };
    const tries: number[] = [];
    hooks.onHandle = (events) => {
      if (events.includes(8)) tries.push(Math.round((clock.now - CREATED) / MINUTE));
      refusing(8)(events);
    };
    const attempts: (number | undefined)[] = [];
    for (let minute = 0; minute < 200; minute += 1) {
      attempts.push((await check(patient)).stuck[0]?.attempts);
      clock.now += MINUTE;
      await finish(22, 22, { at: clock.now }); // the store works
    }
    const isolating = tries.filter((at) => at === 10).length - 1;
    expect(tries.slice(isolating).map((at) => at - 10)).toEqual([0, 2, 6, 14, 30, 62, 122, 182]);
    expect(attempts.filter((count) => count !== undefined)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const named = { number: 8, attempts: 8, since: "2026-03-04T00:10:00.000Z", reason: "Table Storage: answered 500" };
    expect(await statuses()).toMatchObject([{ stuckEvents: 1, stuck: [named], lag: 23 }]);

    for (const number of numbers(31, 34)) holding.add(number);
    partition.last = 34;
    await finish(34, 34, { at: clock.now - 5_000 });
    handled.length = 0;
    expect((await check(patient)).figures).toMatchObject({ healedEvents: 3, stuckEvents: 1 });

    hooks.onHandle = () => undefined;
    clock.now += 61 * MINUTE;
    expect((await check(patient)).figures).toMatchObject({ healedEvents: 1, stuckEvents: 0, lag: 0, alert: false });
    expect(await statuses()).toMatchObject([{ stuckEvents: 0, stuck: [] }]);
  });

  test("counts against the headroom, and is lost when it leaves the hub though it rests", async () => {
    const { check, hooks, clock, partition, said, read } = await withGaps();
    hooks.onHandle = refusing(8);
    await check();
    clock.now = CREATED + 8_000 + 44 * MINUTE;
    expect((await check()).figures).toMatchObject({ headroomUsed: 0.733, alert: true, stuckEvents: 1 });
    partition.first = 9;
    expect((await check()).figures).toMatchObject({ lostEvents: 1, stuckEvents: 0, lag: 0 });
    expect(said).toEqual([{ partitionId: "0", first: 8, last: 8 }]);
    await check();
    expect([said.length, (await read()).stuck]).toEqual([1, []]);
  });

  test("becomes a dead letter when three quarters of the retention are gone, and not before", async () => {
    const { check, hooks, clock, letters, read } = await withGaps();
    hooks.onHandle = refusing(8);
    await check();
    const late = CREATED + 8_000 + 45 * MINUTE;
    clock.now = late - 1;
    expect((await check()).figures).toMatchObject({ stuckEvents: 1, deadLettered: 0 });
    clock.now = late + 8 * MINUTE; // it rests at most an eighth of the retention
    hooks.onBury = () => {
      throw new DependencyError("Blob Storage", "answered 503");
    };
    expect((await check()).figures).toMatchObject({ stuckEvents: 1, deadLettered: 0 });
    hooks.onBury = () => undefined;
    clock.now += 7.5 * MINUTE;
    expect((await check()).figures).toMatchObject({ stuckEvents: 0, deadLettered: 1, lag: 0, lostEvents: 0 });
    expect(letters).toEqual([
      {
        bytes: bytes("8"),
        reason: "it could not be stored since 2026-03-04T00:10:00.000Z: Table Storage: answered 500",
        position: { partitionId: "0", sequenceNumber: 8, enqueuedTime: "2026-03-04T00:00:08.000Z" },
      },
    ]);
    expect((await check()).figures).toMatchObject({ stuckEvents: 0, deadLettered: 0, lag: 0 });
    expect((await read()).stuck).toEqual([]);
  });

  test("is not taken for one while nothing can be stored: then few events are tried and the run fails", async () => {
    const { check, hooks, healed, read, clock } = await withGaps();
    let tries = 0;
    hooks.onHandle = () => {
      tries += 1;
      throw new DependencyError("Table Storage", "answered 503");
    };
    const outage = await check();
    expect(tries).toBeLessThan(10);
    expect(outage.failures).toMatchObject([{ partitionId: "0", error: { message: "Table Storage: answered 503" } }]);
    expect([outage.stuck, outage.figures.deadLettered]).toEqual([[], 0]);
    for (let minute = 0; minute < 120; minute += 1) {
      clock.now += MINUTE;
      tries = 0;
      expect(await check({ retentionMs: 1_000 * MINUTE })).toMatchObject({ stuck: [], failures: [{}] });
      expect(tries).toBeLessThan(10);
    }
    expect((await read()).stuck.every(({ attempts }) => attempts === 0)).toBe(true);

    hooks.onHandle = () => undefined;
    expect((await check()).figures).toMatchObject({ lag: 0, stuckEvents: 0, healedEvents: 16 });
    expect(healed().toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([...numbers(4, 11), ...numbers(13, 20)]);
  });

  test("is found out where it is all that there is to heal, as soon as anything else is stored", async () => {
    const { finish, check, hooks, clock, statuses } = await world({ held: numbers(0, 9), partitionIds: ["0", "1"] });
    await finish(0, 3);
    await finish(5, 9);
    await finish(0, 9, { id: "1" });
    hooks.onHandle = refusing(4);
    for (let minute = 0; minute < 3; minute += 1) {
      clock.now += MINUTE;
      expect(await check()).toMatchObject({ stuck: [], failures: [{ partitionId: "0" }] });
    }
    expect(await statuses()).toMatchObject([
      { partitionId: "0", failure: { at: "2026-03-04T00:13:00.000Z", reason: "Table Storage: answered 500" } },
      { partitionId: "1", failure: undefined },
    ]);
    clock.now += MINUTE;
    await finish(0, 9, { id: "1", at: clock.now });
    await finish(10, 10, { id: "1", at: clock.now });
    expect(await check()).toMatchObject({ stuck: [{ partitionId: "0", number: 4, attempts: 1 }], failures: [] });
  });

  test("is found out run by run where each try takes so long that one run cannot", async () => {
    const { finish, check, hooks, clock, healed } = await world({ held: numbers(0, 70) });
    await finish(0, 3);
    await finish(40, 70);
    hooks.onHandle = (events) => {
      if (events.includes(21)) clock.now += 20_000; // a call that ends at its time limit
      refusing(21)(events);
    };
    for (let run = 0; run < 8; run += 1) await check({ chunkEvents: 32, until: clock.now + 30_000 });
    expect(healed().toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(numbers(4, 39).filter((number) => number !== 21));
    expect((await check()).figures).toMatchObject({ stuckEvents: 1, gapEvents: 0 });
  });

  test("may as well be one that the hub does not give: the others are read", async () => {
    const { check, hooks, healed } = await withGaps();
    const reading = hooks.beforeRead;
    let isBroken = true;
    hooks.beforeRead = (id) => {
      if (isBroken) throw new DependencyError("Event hub", "did not answer within 40 s");
      return reading(id);
    };
    const { failures } = await check();
    expect(failures).toMatchObject([{ partitionId: "0", error: { message: "Event hub: did not answer within 40 s" } }]);
    isBroken = false;
    await check();
    expect(healed()).toHaveLength(16);
  });
});

describe("partitions", () => {
  test("take turns, a chunk each: a large gap of one holds up no other", async () => {
    const { finish, check, hooks, clock, handled } = await world({
      held: numbers(0, 999),
      partitionIds: ["0", "1", "2", "3"],
    });
    for (const id of ["1", "2", "3"]) {
      await finish(0, 3, { id });
      await finish(6, 999, { id });
    }
    await finish(999, 999);
    hooks.onHandle = () => void (clock.now += 10_000);
    await check({ until: clock.now + 120_000 });
    expect(handled.map(({ partitionId }) => partitionId)).toEqual(["0", "1", "2", "3", ...Array<string>(8).fill("0")]);
  });

  test("that come late in the order come first in another run", async () => {
    const { finish, check, hooks, clock, handled } = await world({
      held: numbers(0, 99),
      partitionIds: ["0", "1", "2"],
    });
    for (const id of ["0", "1", "2"]) await finish(99, 99, { id });
    hooks.onHandle = () => void (clock.now += 40_000);
    for (const firstTurn of [0, 1, 2, 3]) await check({ until: clock.now + 30_000, firstTurn });
    expect(handled.map(({ partitionId }) => partitionId)).toEqual(["0", "1", "2", "0"]);
  });

  test("that cannot be read hold up no other, and are named with the reason", async () => {
    const { finish, check, hooks, handled, statuses } = await world({ held: numbers(0, 9), partitionIds: ["0", "1"] });
    for (const id of ["0", "1"]) {
      await finish(0, 3, { id });
      await finish(5, 9, { id });
    }
    hooks.beforeRead = (id) => {
      if (id === "0") throw new DependencyError("Event hub", "did not answer within 40 s");
    };
    const { failures, figures } = await check();
    expect(handled.map(({ partitionId }) => partitionId)).toEqual(["1"]);
    expect(failures).toMatchObject([{ partitionId: "0" }]);
    expect(figures).toMatchObject({ healedEvents: 1 });
    expect(await statuses()).toMatchObject([
      { partitionId: "0", failure: { reason: "Event hub: did not answer within 40 s" } },
      { partitionId: "1", failure: undefined },
    ]);
  });
});

describe("whatever was finished, held and dropped before the first check and after it", () => {
  const plans = fc.record({
    last: fc.integer({ min: 0, max: 40 }),
    /** Numbers that the trigger finished before the first check. */
    finished: fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 30 }),
    holes: fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 4 }),
    /** The oldest number at each check; it never becomes smaller. */
    oldest: fc.array(fc.nat({ max: 42 }), { minLength: 1, maxLength: 4 }),
    bad: fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 4 }),
    chunkEvents: fc.integer({ min: 1, max: 9 }),
  });

  test("each number from the first that was ours on is finished, healed, closed or lost, and lost once", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ last, finished, holes, oldest, bad, chunkEvents }) => {
        const ours = finished.filter((number) => number <= last);
        const held = numbers(0, last).filter((number) => number === last || !holes.includes(number));
        const here = await world({
          held,
          last,
          isKnown: false,
        });
        for (const number of ours) await here.finish(number, number, { at: here.clock.now - 10 * MINUTE });
        here.hooks.onHandle = refusing(...bad);
        const checks = oldest.toSorted((a, b) => a - b);
        for (const [run, first] of [...checks, checks.at(-1) ?? 0, checks.at(-1) ?? 0].entries()) {
          here.partition.first = Math.min(first, last + 1);
          if (run >= checks.length) here.hooks.onHandle = () => undefined;
          await here.check({ chunkEvents, retentionMs: Infinity });
          here.clock.now += 61 * MINUTE;
        }
        const expectedFrom = Math.min(checks[0] ?? 0, last + 1, ...ours);
        const lost = here.said.flatMap((range) => numbers(range.first, range.last));
        expect(new Set(lost).size).toBe(lost.length);
        const { runs } = await here.read();
        const kept = new Set(runs.flatMap((range) => numbers(range.first, range.last)));
        const healed = new Set(here.healed());
        for (const number of numbers(expectedFrom, last)) {
          expect([number, Number(kept.has(number)) + Number(lost.includes(number))]).toEqual([number, 1]);
          const isSettled =
            ours.includes(number) || healed.has(number) || !held.includes(number) || lost.includes(number);
          expect([number, isSettled]).toEqual([number, true]);
        }
        expect(lost.every((number) => number >= expectedFrom && number < here.partition.first)).toBe(true);
        expect((await here.check()).figures).toMatchObject({ lag: 0, gapEvents: 0, stuckEvents: 0, lostEvents: 0 });
      }),
      { numRuns: 150 },
    );
  });
});
