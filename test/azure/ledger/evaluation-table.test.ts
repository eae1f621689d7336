import { expect, test } from "vitest";
import { evaluationTable, MOST_SETS } from "../../../src/azure/ledger/evaluation-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { RuleSet } from "../../../src/core/ledger/evaluations.ts";
import { DependencyError } from "../../../src/errors.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";

const HUB = { namespace: "pimwatch.servicebus.windows.net", hub: "insights-logs-auditlogs" };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 2, 4, 12);
const after = (minutes: number): Date => new Date(NOON + minutes * MINUTE);
const set = (plan: string): RuleSet => ({
  appVersion: "1.0.0",
  tenants: ["t"],
  rules: [{ id: "a", name: "A", version: "1.0.0", plan }],
});
const NOTHING = { occurredToHub: {}, hubToStored: {} };

/** A table, the calls to it, and instances of the app that write it. */
async function open() {
  const calls: string[] = [];
  const faults = { next: (_operation: string): TableFault | undefined => undefined };
  const { client } = memoryTable({
    pageSize: 3,
    before: (operation) => {
      calls.push(operation);
      return Promise.resolve(faults.next(operation));
    },
  });
  await client.createTable();
  return { calls, faults, instance: () => evaluationTable(tableRows(client), HUB) };
}

test("nothing is known before anything is noted", async () => {
  const { instance } = await open();
  expect(await instance().read(after(0))).toEqual({
    ...NOTHING,
    sets: [],
    forgottenAt: undefined,
    delaysSince: undefined,
  });
});

test("each set has the time of its first use and, to the minute, of its last one by any instance", async () => {
  const { instance, calls } = await open();
  const [one, other] = [instance(), instance()];
  await one.evaluating(set("p1"), after(0));
  await other.evaluating(set("p2"), after(3));
  await one.evaluating(set("p1"), after(5));
  calls.length = 0;
  await one.evaluating(set("p1"), after(5.9));
  expect(calls).toEqual([]);

  const { sets } = await one.read(after(6));
  expect(sets.toSorted((a, b) => a.firstAt - b.firstAt)).toEqual([
    { ...set("p1"), firstAt: NOON, lastAt: after(5).getTime() },
    { ...set("p2"), firstAt: after(3).getTime(), lastAt: after(3).getTime() },
  ]);
});

test("a note goes on when the clock is set back", async () => {
  const { instance, calls } = await open();
  const one = instance();
  await one.evaluating(set("p1"), after(60));
  calls.length = 0;
  await one.evaluating(set("p1"), after(0));
  expect(calls).not.toEqual([]);
});

test("a set of thousands of rules is read back whole", async () => {
  const { instance } = await open();
  const rules = Array.from({ length: 3_000 }, (_, index) => ({
    id: `rule ${index}`,
    name: "Ä",
    version: "1",
    plan: "p",
  }));
  await instance().evaluating({ ...set("p"), rules }, after(0));
  expect((await instance().read(after(0))).sets).toMatchObject([{ rules }]);
});

test("only the sets used last are kept, and until when others were used is not forgotten", async () => {
  const { instance } = await open();
  for (let index = 0; index < MOST_SETS + 3; index += 1) await instance().evaluating(set(`p${index}`), after(index));
  const { sets, forgottenAt } = await instance().read(after(60));
  const kept = sets.map(({ rules: [rule] }) => Number(rule?.plan.slice(1))).toSorted((a, b) => a - b);
  expect(kept).toEqual(Array.from({ length: MOST_SETS }, (_, index) => index + 3));
  expect(forgottenAt).toBe(after(2).getTime());
});

test("a note that is not stored rejects, and is made again", async () => {
  const { instance, faults } = await open();
  const one = instance();
  faults.next = () => "refused";
  await expect(one.evaluating(set("p1"), after(0))).rejects.toBeInstanceOf(DependencyError);
  faults.next = () => undefined;
  await one.evaluating(set("p1"), after(0));
  expect((await one.read(after(0))).sets).toHaveLength(1);
});

test("delays of several instances are added up, and each saves them once a minute", async () => {
  const { instance, calls } = await open();
  const [one, other] = [instance(), instance()];
  const counts = { ...NOTHING, occurredToHub: { 60: 1 }, hubToStored: { 1: 2, over: 1 } };
  await one.addDelays(counts, after(0));
  await other.addDelays(counts, after(0));
  calls.length = 0;
  await one.addDelays(counts, after(0.5));
  expect(calls).toEqual([]);
  await one.addDelays(counts, after(1));
  expect(await one.read(after(2))).toMatchObject({
    delaysSince: NOON,
    occurredToHub: { 60: 4 },
    hubToStored: { 1: 8, over: 4 },
  });
});

test("counts that could not be saved are saved with the next ones, and none twice", async () => {
  const { instance, faults } = await open();
  const one = instance();
  const counts = { ...NOTHING, hubToStored: { 1: 1 } };
  faults.next = () => "refused";
  await expect(one.addDelays(counts, after(0))).rejects.toMatchObject({ statusCode: 503 });
  faults.next = () => undefined;
  await Promise.all([one.addDelays(counts, after(0.1)), one.addDelays(counts, after(0.1))]);
  await one.addDelays(NOTHING, after(2));
  expect((await one.read(after(3))).hubToStored).toEqual({ 1: 3 });
});

test("delays of more than a day ago are not shown, and their rows go", async () => {
  const { instance } = await open();
  const one = instance();
  await one.addDelays({ ...NOTHING, hubToStored: { 1: 1 } }, after(0));
  await one.addDelays({ ...NOTHING, hubToStored: { 5: 1 } }, new Date(NOON + 2 * HOUR));
  expect((await one.read(new Date(NOON + 24 * HOUR))).hubToStored).toEqual({ 1: 1, 5: 1 }); // the control
  expect((await one.read(new Date(NOON + 26 * HOUR))).hubToStored).toEqual({ 5: 1 });
  await one.addDelays({ ...NOTHING, hubToStored: { 2: 1 } }, new Date(NOON + 26 * HOUR));
  expect((await one.read(after(0))).hubToStored).toEqual({ 2: 1, 5: 1 });
});
