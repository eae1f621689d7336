import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DependencyError } from "../../../src/errors.ts";
import { CREATED, MINUTE, numbers, refusing, world } from "./heal-world.ts";

test("a gap is read again in chunks, exactly once, and is then gone", async () => {
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

test("numbers without an event in the hub, within its retention, are noted as finished", async () => {
  const { finish, check, handled } = await world({ held: [...numbers(0, 4), 8, ...numbers(12, 20)] });
  await finish(0, 3);
  await finish(12, 20);
  const { figures, lost } = await check();
  expect(handled.map((one) => one.numbers)).toEqual([[4], [8]]);
  expect([figures.healedEvents, figures.closedNumbers, figures.lag, lost]).toEqual([2, 6, 0, []]);
});

test("events that were read again are finished only once the rules that evaluated them are noted", async () => {
  const { finish, check, hooks, handled, read } = await world({ held: numbers(0, 4) });
  await finish(0, 0);
  await finish(2, 4);
  hooks.onEvaluating = () => {
    throw new DependencyError("Ledger", "answered 503");
  };
  const { failures, figures } = await check();
  expect(failures).toMatchObject([{ partitionId: "0", error: { message: "Ledger: answered 503" } }]);
  expect([handled.map((one) => one.numbers), figures.partitions]).toEqual([[[1]], 1]);
  expect((await read()).runs.map(({ first, last }) => [first, last])).toEqual([
    [0, 0],
    [2, 4],
  ]);

  hooks.onEvaluating = () => undefined; // the control
  expect((await check()).figures).toMatchObject({ healedEvents: 1, lag: 0 });
});

describe("events that left the hub", () => {
  test("are reported as lost once, if they lie below the oldest event of the hub", async () => {
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

  test("are reported even if nothing of their partition can be stored", async () => {
    const { finish, check, hooks, said, read, clock } = await world({ first: 6, held: numbers(6, 20) });
    await finish(0, 3);
    await finish(11, 20);
    hooks.onHandle = () => {
      throw new Error("the table is down");
    };
    const found = await check();
    expect(found.failures).toMatchObject([{ partitionId: "0" }]);
    expect(found.lost).toEqual([{ partitionId: "0", first: 4, last: 5 }]);
    expect(found.figures).toMatchObject({ lostEvents: 2, alert: true });
    expect([said, (await read()).lost]).toEqual([
      found.lost,
      [{ first: 4, last: 5, hubCreatedAt: CREATED, lostAt: clock.now }],
    ]);
  });

  test("are reported before that is stored, so a worker that dies in between reports them again", async () => {
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

  test("are lost, not finished, if the hub drops them while they are read", async () => {
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

  test("are lost at the abandoned end too, up to the last event of a partition that is empty now", async () => {
    const { finish, check, clock } = await world({ first: 21, held: [], last: 20 });
    await finish(0, 19, { at: clock.now - 60_000 });
    expect((await check()).lost).toEqual([{ partitionId: "0", first: 20, last: 20 }]);
    expect(await check()).toMatchObject({ lost: [], figures: { lag: 0 } });
  });

  test("make few rows, however often more events are lost", async () => {
    const { finish, check, partition, holding, read } = await world({ held: numbers(0, 60) });
    await finish(60, 60);
    for (let first = 1; first <= 40; first += 1) {
      partition.first = first;
      holding.delete(first - 1);
      // Nothing is healed, because the time is up before it begins.
      expect((await check({ until: 0 })).lost).toEqual([{ partitionId: "0", first: first - 1, last: first - 1 }]);
    }
    expect((await read()).lost.length).toBeLessThan(4);
    expect((await check({ until: 0 })).figures).toMatchObject({ lostEvents: 0, lag: 21 });
  });
});

test("a hub that returns nothing is asked again in the next run: no number is finished without proof", async () => {
  const { finish, check, read } = await world({ held: numbers(0, 3), last: 20 });
  await finish(0, 3);
  await finish(11, 20);
  const before = await read();
  const { figures } = await check();
  expect(figures).toMatchObject({ gapEvents: 7, healedEvents: 0, closedNumbers: 0, lostEvents: 0 });
  expect(await read()).toEqual(before);
});

test("the unfinished end is left alone while somebody works on it or its events are new", async () => {
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

test("the unfinished end is read again and its age counts, even if the hub has no event for its first numbers", async () => {
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
])("after the clock jumped $jump, gap and end are read again without a wait", async ({ by }) => {
  const { finish, check, healed, clock } = await world({ held: numbers(0, 12) });
  await finish(0, 3);
  await finish(7, 10);
  clock.now += by;
  expect((await check()).figures).toMatchObject({ lag: 0, gapEvents: 0, healedEvents: 5, lostEvents: 0 });
  expect(healed()).toEqual([4, 5, 6, 11, 12]);
});

test("half of the retention used up is an alert; if the hub has dropped the oldest event, all is used up", async () => {
  const { finish, check, clock, partition } = await world({ held: numbers(0, 20) });
  clock.now = CREATED + 11_000 + 1_799_000;
  await finish(0, 10);
  expect((await check()).figures).toMatchObject({ headroomUsed: 0.5, alert: true });
  expect((await check({ retentionMs: 7_200_000 })).figures).toMatchObject({ headroomUsed: 0.25, alert: false });
  partition.first = 13;
  expect((await check()).figures).toMatchObject({ headroomUsed: 1, alert: true, lostEvents: 0 });
});

test("when its time is up, healing stops between two chunks and goes on in the next run", async () => {
  const { finish, check, hooks, clock, healed } = await world({ held: numbers(0, 20) });
  await finish(0, 3);
  await finish(11, 20);
  hooks.onHandle = () => void (clock.now += 1_000);
  expect((await check({ until: clock.now + 1_500 })).figures).toMatchObject({ healedEvents: 6, gapEvents: 1 });
  expect((await check()).figures).toMatchObject({ healedEvents: 1, gapEvents: 0 });
  expect(healed()).toEqual(numbers(4, 10));
});

describe("a chunk that was begun but not ended", () => {
  test("is suspect the third time: something in it may kill the worker", async () => {
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

  test("is not suspect if it failed but the worker survived", async () => {
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

describe("whatever was finished, held and dropped before and after the first check", () => {
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

  test("each number from our first one on is finished, healed or lost, and lost only once", async () => {
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
