// Through when the events of a partition are evaluated, as each check stores it.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SequenceRange } from "../../../src/core/ledger/sequence-ranges.ts";
import { CREATED, MINUTE, numbers, refusing, world } from "./heal-world.ts";

const at = (milliseconds: number): string => new Date(milliseconds).toISOString();
/** When an event of the test's hub reached it. */
const reached = (number: number): string => at(CREATED + 1_000 * number);

test("with everything finished it is the check, less the minute by which clocks may differ, or the hub's last event", async () => {
  const { finish, check, statuses, clock } = await world({ held: numbers(0, 4) });
  await finish(0, 4);
  await check();
  const evaluation = { since: at(CREATED), openEvents: 0, open: [], lost: [] };
  // The hub says that its last event came 5 s ago.
  expect(await statuses()).toMatchObject([{ evaluation: { ...evaluation, through: at(clock.now - 5_000) } }]);
});

test("a partition without new events is evaluated through its last check", async () => {
  const { check, statuses, clock } = await world();
  clock.now += 30 * MINUTE;
  await check();
  const [first] = await statuses();
  expect(first?.evaluation?.through).toBe(at(clock.now - 5_000));
});

test("events at the end that are being worked on end it, and are no exception", async () => {
  const { finish, check, statuses } = await world({ held: numbers(0, 9) });
  await finish(0, 6);
  await check();
  expect(await statuses()).toMatchObject([{ lag: 3, evaluation: { through: reached(7), openEvents: 0, open: [] } }]);
});

test("a gap that is younger than the ledger's patience is an exception already", async () => {
  const { finish, check, statuses, clock } = await world({ held: numbers(0, 9) });
  await finish(0, 3);
  await finish(6, 7, { at: clock.now });
  await check();
  expect(await statuses()).toMatchObject([
    { gapEvents: 0, evaluation: { through: reached(8), openEvents: 2, open: [{ first: 4, last: 5 }] } },
  ]);
});

test("an event that cannot be stored is an exception, also at the end, and goes once it is stored", async () => {
  const { finish, check, statuses, hooks, clock } = await world({ held: numbers(0, 9) });
  await finish(0, 3);
  await finish(5, 8);
  hooks.onHandle = refusing(4, 9);
  clock.now += 2 * MINUTE;
  await check();
  const open = [
    { first: 4, last: 4 },
    { first: 9, last: 9 },
  ];
  expect(await statuses()).toMatchObject([{ evaluation: { through: at(clock.now - 5_000), openEvents: 2, open } }]);

  hooks.onHandle = () => undefined;
  clock.now += 30 * MINUTE;
  await check();
  expect(await statuses()).toMatchObject([{ evaluation: { openEvents: 0, open: [] } }]);
});

test("lost events are named with a time before which they reached the hub", async () => {
  const { finish, check, statuses, clock } = await world({ first: 6, held: numbers(6, 20) });
  await finish(0, 3);
  await finish(11, 20);
  await check();
  const lostAt = clock.now;
  clock.now += MINUTE;
  await check();
  expect(await statuses()).toMatchObject([{ evaluation: { lost: [{ first: 4, last: 5, before: at(lostAt) }] } }]);
});

test("it is unknown while the hub has dropped the first unfinished event at the end", async () => {
  const { finish, check, statuses, clock } = await world({ first: 6, held: numbers(6, 9) });
  await finish(0, 3, { at: clock.now });
  await check();
  const [found] = await statuses();
  expect(found?.evaluation).toMatchObject({ openEvents: 0, open: [] });
  expect(found?.evaluation?.through).toBeUndefined();
});

test("it never passes an unfinished event that is no exception", async () => {
  const someRuns = fc.array(fc.tuple(fc.nat(29), fc.nat(5)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(someRuns, fc.subarray(numbers(0, 29)), async (runs, bad) => {
      const { finish, check, read, statuses, hooks, clock } = await world({ held: numbers(0, 29) });
      for (const [first, more] of runs) await finish(first, Math.min(29, first + more), { at: clock.now - 30_000 });
      hooks.onHandle = refusing(...bad);
      await check();
      const contains = (ranges: readonly SequenceRange[], number: number) =>
        ranges.some(({ first, last }) => first <= number && number <= last);
      const { runs: finished } = await read();
      const [status] = await statuses();
      const { through = "", open = [], openEvents = 0 } = status?.evaluation ?? {};
      const unfinished = numbers(0, 29).filter((number) => !contains(finished, number) && reached(number) < through);
      const named = unfinished.filter((number) => contains(open, number));
      expect(named).toHaveLength(open.length < 10 ? unfinished.length : named.length);
      expect(openEvents).toBeGreaterThanOrEqual(unfinished.length);
    }),
    { numRuns: 60 },
  );
});
