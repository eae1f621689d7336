// Receivers that fail for single incidents: no other incident waits for those.
import fc from "fast-check";
import { expect, test } from "vitest";
import { DependencyError } from "../../src/errors.ts";
import type { SendOutcome } from "../../src/core/incident/sinks.ts";
import { failingWorld } from "./failing-world.ts";
import type { World } from "./world.ts";

const DAY_MINUTES = 24 * 60;
const answers500 = () => Promise.reject(new DependencyError("Receiver", "answered 500"));

const FAILURES: readonly { how: string; fail: (world: World) => Promise<SendOutcome> }[] = [
  { how: "answers 500", fail: answers500 },
  { how: "answers 403", fail: () => Promise.reject(new DependencyError("Receiver", "answered 403")) },
  { how: "answers 429", fail: () => Promise.reject(new DependencyError("Receiver", "answered 429")) },
  { how: "breaks the connection", fail: () => Promise.reject(new DependencyError("Receiver", "socket hang up")) },
  {
    how: "does not answer in time",
    fail: (real) => {
      real.clock.app += 5_000;
      return Promise.reject(new DependencyError("Receiver", "did not answer within 5 s"));
    },
  },
  { how: "makes our own code fail", fail: () => Promise.reject(new TypeError("not a function")) },
];

test.each(FAILURES)("one incident in 51 for which the receiver $how: the 50 others get through", async ({ fail }) => {
  const all = failingWorld(fail);
  await all.real.create();
  await all.deliver(51, (index) => index === 0);
  for (let minute = 0; minute < 3; minute += 1) await all.sweep();

  expect(all.taken.logAnalytics.toSorted()).toEqual(all.others().toSorted());
  expect(all.taken.webhook.toSorted()).toEqual(all.others().toSorted());
});

test("in a day with one such incident, 96 others are each delivered once, by the invocation that found them", async () => {
  const all = failingWorld(answers500);
  await all.real.create();
  await all.deliver(1, () => true);
  let asked = 0;
  for (let quarter = 0; quarter < 96; quarter += 1) {
    expect(await all.deliver(1)).toMatchObject({
      sinks: { "log-analytics": { forwarded: 1 }, webhook: { forwarded: 1 } },
    });
    for (let sweep = 0; sweep < 3; sweep += 1) asked += (await all.sweep(5))?.sinks["log-analytics"]?.failed ?? 0;
  }
  expect(all.taken.logAnalytics).toEqual(all.others());
  expect(all.taken.webhook).toEqual(all.others());
  expect(asked).toBeLessThan(40);
});

test("an incident that fails alone counts as refused after a day, even if every sweep has its own process", async () => {
  const all = failingWorld(answers500);
  await all.real.create();
  await all.deliver(1, () => true);
  let minutes = 0;
  while ((await all.real.incidents.waiting(all.real.ruleId)).refused === 0 && minutes < 3 * DAY_MINUTES) {
    if (minutes % 30 === 0) await all.deliver(1);
    all.real.restart();
    await all.sweep(10);
    minutes += 10;
  }
  expect(minutes).toBeGreaterThan(DAY_MINUTES);
  expect(minutes).toBeLessThanOrEqual(DAY_MINUTES + 120);
  expect(all.taken.logAnalytics.toSorted()).toEqual(all.others().toSorted());
});

test("receivers that are down for two days refuse nothing, and get everything within two minutes of their return", async () => {
  const all = failingWorld(answers500);
  await all.real.create();
  await all.deliver(1);
  all.endpoint.isDown = true;
  for (let hour = 0; hour < 48; hour += 1) {
    if (hour % 8 === 0) await all.deliver(2);
    for (let sweep = 0; sweep < 6; sweep += 1) await all.sweep(10);
  }
  all.endpoint.isDown = false;
  await all.sweep();
  await all.sweep();

  expect(await all.real.incidents.waiting(all.real.ruleId)).toMatchObject({ pending: 0, refused: 0 });
  expect(new Set(all.taken.logAnalytics)).toEqual(new Set(all.others()));
  expect(new Set(all.taken.webhook)).toEqual(new Set(all.others()));
});

test("whichever incidents fail, all others are delivered within minutes", async () => {
  const batches = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), async (flags, restarts) => {
      const all = failingWorld(answers500);
      await all.real.create();
      for (const isFailing of flags) {
        await all.deliver(isFailing.length, (index) => isFailing[index] === true);
        await all.sweep();
      }
      for (let minute = 0; minute < 20; minute += 1) {
        if (restarts) all.real.restart();
        await all.sweep();
      }
      expect(all.taken.logAnalytics.toSorted()).toEqual(all.others().toSorted());
      expect(all.taken.webhook.toSorted()).toEqual(all.others().toSorted());
    }),
    { numRuns: 25 },
  );
});
