import { describe, expect, test } from "vitest";
import { hubProblems } from "../../../src/workflows/health/hub-health.ts";
import { DependencyError } from "../../../src/errors.ts";
import { bytes } from "../../samples.ts";
import { CREATED, MINUTE, numbers, refusing, world } from "./heal-world.ts";

const NEVER = "0 0 0 29 2 *";

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
  ])("does not hold up any other event of the same run: $what", async ({ bad }) => {
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

  test("is tried again at growing intervals and named until it is stored, while new gaps are healed at once", async () => {
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

  test("is tried after the events that were never tried", async () => {
    const { check, hooks, clock, finish, holding, partition } = await withGaps();
    hooks.onHandle = refusing(8);
    await check();
    clock.now += 10 * MINUTE;
    for (const number of numbers(31, 40)) holding.add(number);
    partition.last = 40;
    await finish(33, 40);
    const tried: (readonly number[])[] = [];
    hooks.onHandle = (events) => void tried.push(events);
    await check();
    expect(tried).toEqual([[31, 32], [8]]);
  });

  test("uses up the retention while it rests, and is lost when it leaves the hub", async () => {
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

  test("becomes a dead letter when three quarters of the retention are used up, and not before", async () => {
    const { check, hooks, clock, letters, read } = await withGaps();
    hooks.onHandle = refusing(8);
    await check();
    const late = CREATED + 8_000 + 45 * MINUTE;
    clock.now = late - MINUTE;
    expect((await check()).figures).toMatchObject({ stuckEvents: 1, deadLettered: 0 });
    clock.now += 7.5 * MINUTE; // it rests at most an eighth of the retention
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

  test("is not blamed while nothing can be stored: then few events are tried and the run fails", async () => {
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

  test("is recognized, even if nothing else is to be healed, as soon as anything else is stored", async () => {
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

  test("is recognized over several runs if each attempt takes too long for one run", async () => {
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

  test("may also be one that the hub does not return: the others are read", async () => {
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
  test("take turns, one chunk each, so that a large gap in one holds up no other", async () => {
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

  test("of a hub that cannot be reached: the health names hub and reason until it can be reached again", async () => {
    const { check, hooks, statuses, clock } = await world({ held: numbers(0, 3) });
    const schedule = {
      "outbox-timer": NEVER,
      "ledger-timer": NEVER,
      "reconciliation-timer": NEVER,
      "window-timer": NEVER,
      "backup-timer": NEVER,
    };
    const problems = async () =>
      hubProblems(
        await statuses(),
        { firstAt: clock.now, latestAt: {} },
        { now: clock.now, retentionHours: 24, schedules: schedule },
      );
    await check();
    expect(await problems()).toEqual([]);
    hooks.beforeDescribe = () => {
      throw new DependencyError("Event hub", "getaddrinfo ENOTFOUND hub.example");
    };
    await expect(check()).rejects.toThrow("Event hub: getaddrinfo ENOTFOUND hub.example");
    const at = new Date(clock.now).toISOString();
    expect(await problems()).toEqual([
      {
        what: `the hub could not be reached at ${at}: Event hub: getaddrinfo ENOTFOUND hub.example`,
        next: "Check that the hub exists and that the app may read it: `npx pimwatch doctor` names the setting or right.",
      },
    ]);
  });
});
