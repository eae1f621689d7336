// Incidents that are added again: no more than three times the requests of their first delivery, and nothing lost.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { StoredIncident, StoreOutcome } from "../../../src/core/incident/incident-row.ts";
import { SINKS_ALWAYS_ON } from "../../../src/core/incident/sinks.ts";
import { suspectTable } from "../../../src/azure/ledger/suspect-table.ts";
import { type TableAccess, tableRows } from "../../../src/azure/tables/table-rows.ts";
import { detectBatch } from "../../../src/workflows/detection/detect-batch.ts";
import { detectGuarded } from "../../../src/workflows/detection/detect-guarded.ts";
import { eventBody, POSITION, settingsChange } from "../../samples.ts";
import { memoryStores } from "../../workflows/memory-stores.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";
import { ofRule, RULE_ID, storedIncident } from "../../stored-incident.ts";

const IN_THE_WAY = "other rows with its id are there without it";
const OTHER_RULE = "11111111-2222-4333-8444-555555555555";
const named = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => storedIncident(`incident ${from + index}`));
const idOf = ({ row }: StoredIncident): string => valueText(row["IncidentId"]);
const tally = (outcomes: readonly unknown[]) => ({
  added: outcomes.filter((outcome) => outcome === "added").length,
  known: outcomes.filter((outcome) => outcome === "known").length,
});

/** A table that counts its requests; a test can act before each of them. */
async function openTable({
  sinks = SINKS_ALWAYS_ON,
  before = (_operation: string, _request: number): Promise<TableFault | undefined> => Promise.resolve(undefined),
} = {}) {
  const seen = { requests: 0, now: 0, most: 0 };
  const table = memoryTable({
    async before(operation) {
      seen.requests += 1;
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      await new Promise((resolve) => void setImmediate(resolve)); // lets the others start, too
      seen.now -= 1;
      return before(operation, seen.requests);
    },
  });
  await table.client.createTable();
  return { ...table, seen, incidents: incidentTable(tableRows(table.client), sinks) };
}

type Actions = Parameters<TableAccess["submitTransaction"]>[0];

const COUNT = 1_000;
const PER_GROUP = 20; // with a webhook; 25 without
const KNOWN: readonly { why: string; isKnown: (index: number) => boolean }[] = [
  { why: "all are known", isKnown: () => true },
  { why: "every second is known", isKnown: (index) => index % 2 === 0 },
  { why: "the first half is known", isKnown: (index) => index < COUNT / 2 },
  { why: "the second half is known", isKnown: (index) => index >= COUNT / 2 },
  { why: "one in each group is known", isKnown: (index) => index % PER_GROUP === 7 },
  { why: "one in each group but the first is known", isKnown: (index) => index > 25 && index % PER_GROUP === 7 },
  { why: "only the last is known", isKnown: (index) => index === COUNT - 1 },
];

describe.each([
  { name: "four rows to an incident", sinks: SINKS_ALWAYS_ON, first: 40 },
  { name: "five rows, with a webhook", sinks: ["log-analytics", "webhook"] as const, first: 50 },
])("$name: $first requests at first", ({ sinks, first }) => {
  test.each(KNOWN)("$why: at most three times as many", async ({ isKnown }) => {
    const all = named(COUNT);
    const control = await openTable({ sinks });
    await control.incidents.addAll(all);
    expect(control.seen.requests).toBe(first);

    const { incidents, seen, rows } = await openTable({ sinks });
    await incidents.addAll(all.filter((_, index) => isKnown(index)));
    seen.requests = 0;
    const outcomes = await incidents.addAll(all);

    expect(outcomes).toEqual(all.map((_, index) => (isKnown(index) ? "known" : "added")));
    expect(seen.requests).toBeLessThanOrEqual(3 * first);
    expect(seen.most).toBeLessThanOrEqual(4);
    expect(keysOf(rows())).toEqual(keysOf(control.rows()));
  });

  test("all are known, in a table with 5,000 others of the rule: at most three times as many", async () => {
    const all = named(COUNT);
    const { client, incidents, seen } = await openTable({ sinks });
    await incidents.addAll(all);
    for (let other = 0; other < 5_000; other += 1)
      await client.createEntity({ partitionKey: RULE_ID, rowKey: `incident|${sha256Hex(`other ${other}`)}` });
    seen.requests = 0;
    expect(tally(await incidents.addAll(all))).toEqual({ added: 0, known: COUNT });
    expect(seen.requests).toBeLessThanOrEqual(first); // fewer than at first
  });
});

function keysOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return rows
    .map(({ partitionKey, rowKey }) => `${String(partitionKey)} ${String(rowKey)}`)
    .toSorted((a, b) => (a < b ? -1 : 1));
}

test("few known incidents cost few requests", async () => {
  const { incidents, seen } = await openTable();
  for (const { count, atMost } of [
    { count: 1, atMost: 2 },
    { count: 12, atMost: 2 },
    { count: 25, atMost: 2 },
    { count: 64, atMost: 2 },
  ]) {
    await incidents.addAll(named(count));
    seen.requests = 0;
    expect(tally(await incidents.addAll(named(count)))).toEqual({ added: 0, known: count });
    expect(seen.requests).toBeLessThanOrEqual(atMost);
  }
});

/** The same table for one process; a test acts before each of its transactions. */
function interrupted(client: TableAccess, before: () => Promise<unknown>): TableAccess {
  return Object.assign({}, client, {
    async submitTransaction(actions: Actions) {
      await before();
      return client.submitTransaction(actions);
    },
  });
}

describe("another process stores at the same time", () => {
  test("missing incidents, between our look-up and our write: each is added once", async () => {
    const all = named(100);
    const theirs = all.filter((_, index) => index % 10 === 1);
    const { client, rows } = await openTable();
    const others = incidentTable(tableRows(client));
    await others.addAll(all.slice(0, 1));
    let transactions = 0;
    let stored: Promise<unknown> = Promise.resolve();
    const ours = interrupted(client, () => {
      transactions += 1; // the first one only shows that some are known
      if (transactions === 2) stored = others.addAll(theirs);
      return stored;
    });

    const outcomes = await incidentTable(tableRows(ours)).addAll(all);

    expect(outcomes).toEqual(all.map((one, index) => (index === 0 || theirs.includes(one) ? "known" : "added")));
    expect(keysOf(rows())).toHaveLength(4 * 100);
  });

  test("one more incident before each of our transactions: ours ends, and each is stored once", async () => {
    const all = named(100);
    const { client, rows } = await openTable();
    const others = incidentTable(tableRows(client));
    const left = [...all];
    const theirs: string[] = [];
    const ours = interrupted(client, async () => {
      const next = left.splice(left.length / 2, 1);
      const outcomes = await others.addAll(next);
      if (outcomes.includes("added")) theirs.push(...next.map(idOf));
    });

    const outcomes = await incidentTable(tableRows(ours)).addAll(all);

    expect(outcomes).toEqual(all.map((one) => (theirs.includes(idOf(one)) ? "known" : "added")));
    expect(theirs.length).toBeGreaterThan(5);
    expect(keysOf(rows())).toHaveLength(4 * 100);
  });

  test("several processes and the same incidents: one of them adds each", async () => {
    const { client, rows } = await openTable();
    const all = named(120);
    const outcomes = await Promise.all(
      [all, all.toReversed(), all.slice(30), all].map((part) => incidentTable(tableRows(client)).addAll(part)),
    );
    expect(tally(outcomes.flat())).toEqual({ added: 120, known: 120 + 90 + 120 });
    expect(keysOf(rows())).toHaveLength(4 * 120);
  });
});

describe("an incident that cannot be stored", () => {
  test("holds up no other, however many such incidents there are", async () => {
    const { client, incidents, rows } = await openTable();
    const all = named(200);
    const stuck = all.filter((_, index) => index % 20 < 5).map(idOf);
    for (const id of stuck) await client.createEntity({ partitionKey: RULE_ID, rowKey: `record|${id}` });

    const outcomes = await incidents.addAll(all);

    const failures = outcomes.flatMap((outcome) => (typeof outcome === "string" ? [] : [outcome]));
    expect(failures.map(messageOf)).toEqual(
      stuck.map((id) => `Table Storage: incident ${id} of rule ${RULE_ID} cannot be stored: ${IN_THE_WAY}`),
    );
    const stored = rows().filter(({ rowKey }) => String(rowKey).startsWith("incident|"));
    expect(stored).toHaveLength(200 - stuck.length);
  });

  test("because its transactions fail again and again: all others are stored, also those of its group", async () => {
    const down = named(1, 30).map(idOf).join();
    const failing = await openTable();
    const { client, seen } = failing;
    const table: TableAccess = Object.assign({}, client, {
      submitTransaction(actions: Actions) {
        return JSON.stringify(actions.map(([, entity]) => entity["rowKey"])).includes(down)
          ? Promise.reject(new Error("this group is refused by a proxy"))
          : client.submitTransaction(actions);
      },
    });
    const outcomes = await incidentTable(tableRows(table)).addAll(named(200));
    expect(outcomes.map((outcome) => (typeof outcome === "string" ? outcome : messageOf(outcome)))).toEqual(
      named(200).map((one) => (idOf(one) === down ? "Table Storage: this group is refused by a proxy" : "added")),
    );
    expect(seen.now).toBe(0);
    expect(failing.rows()).toHaveLength(4 * 199);
  });

  test("like many others, in each group and in parallel: the rest is stored", async () => {
    const bad = new Set(named(200).flatMap((one, index) => (index % 25 < 6 ? [idOf(one)] : [])));
    const failing = await openTable();
    const table: TableAccess = Object.assign({}, failing.client, {
      submitTransaction(actions: Actions) {
        return actions.some(([, entity]) => bad.has(entity.rowKey.slice("incident|".length)))
          ? Promise.reject(new Error("500"))
          : failing.client.submitTransaction(actions);
      },
    });
    const outcomes = await incidentTable(tableRows(table)).addAll(named(200));
    expect(outcomes.filter((outcome) => outcome === "added")).toHaveLength(200 - bad.size);
    expect(failing.rows()).toHaveLength(4 * (200 - bad.size));
  });
});

function messageOf(outcome: StoreOutcome): string {
  return typeof outcome === "object" && "failed" in outcome && outcome.failed instanceof Error
    ? outcome.failed.message
    : JSON.stringify(outcome);
}

test("a table that is down gets no request for each group", async () => {
  const { incidents, seen } = await openTable({ before: () => Promise.resolve("refused") });
  await expect(incidents.addAll(named(1_000))).rejects.toMatchObject({ statusCode: 503 });
  expect(seen.requests).toBeLessThanOrEqual(1 + 3 + 4);
  expect(seen.now).toBe(0);
});

test("whatever is known, and whatever the rules and faults, outcomes are right and in order, and rows are whole", async () => {
  const one = fc.tuple(fc.nat({ max: 150 }), fc.boolean()).map(([which, isOther]) => {
    const made = storedIncident(`any ${which}`);
    return isOther ? ofRule(OTHER_RULE, made) : made;
  });
  const fault = fc.constantFrom<TableFault | undefined>(undefined, undefined, undefined, "refused", "lost", "repeated");
  const keyOf = ({ row }: StoredIncident) => `${valueText(row["RuleId"])} ${valueText(row["IncidentId"])}`;
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 150 }),
      fc.array(one, { maxLength: 150 }),
      fc.array(fault, { maxLength: 10 }),
      async (earlier, later, faults) => {
        let left: (TableFault | undefined)[] = [];
        const { incidents, rows } = await openTable({ before: () => Promise.resolve(left.shift()) });
        await incidents.addAll(earlier);
        const before = new Set(earlier.map(keyOf));
        left = [...faults];
        const outcomes = await incidents.addAll(later).catch(() => undefined);
        const isWhole = outcomes?.every((outcome) => typeof outcome === "string") === true;
        if (isWhole && !faults.includes("repeated") && !faults.includes("lost")) {
          const seenNow = new Set(before);
          const expected = later.map((incident) => {
            const isKnown = seenNow.has(keyOf(incident));
            seenNow.add(keyOf(incident));
            return isKnown ? "known" : "added";
          });
          expect(outcomes).toEqual(expected);
        }
        left = [];
        await incidents.addAll(later);
        expect(rows()).toHaveLength(4 * new Set([...earlier, ...later].map(keyOf)).size);
      },
    ),
    { numRuns: 60 },
  );
});

test("a batch too large for one invocation gets further with each retry", async () => {
  const MATCHES = 600;
  const REQUESTS = 16; // of the 24 or more that it needs
  let left = Number.POSITIVE_INFINITY;
  const table = memoryTable({ before: () => Promise.resolve((left -= 1) < 0 ? "refused" : undefined) });
  await table.client.createTable();
  const [incidents, suspects] = [incidentTable(tableRows(table.client)), suspectTable(tableRows(table.client))];
  const records = Array.from({ length: MATCHES }, (_record, number) => settingsChange({}, { id: `PIM_${number}` }));
  const events = chunksOf(records, 30).map((some) => ({ body: eventBody(...some), position: POSITION }));
  const deps = { ...memoryStores().deps, incidents };
  const storedCount = () => table.rows().filter(({ rowKey }) => String(rowKey).startsWith("incident|")).length;

  /** @returns whether all of the batch is stored */
  async function attempt(isFirst: boolean): Promise<boolean> {
    if (isFirst) return detectBatch(events, deps).then(() => true);
    const { marked } = await suspects.known({ fresh: true });
    const { failed } = await detectGuarded(events, { ...deps, suspects, marked });
    return failed.length === 0;
  }

  const stored: number[] = [];
  let isDone = false;
  for (let retry = 0; retry < 20 && !isDone; retry += 1) {
    left = REQUESTS;
    isDone = await attempt(retry === 0).catch(() => false);
    left = Number.POSITIVE_INFINITY;
    stored.push(storedCount());
  }

  expect({ isDone, stored: stored.at(-1) }).toEqual({ isDone: true, stored: MATCHES });
  expect(stored).toEqual(stored.toSorted((a, b) => a - b));
  expect(stored.length).toBeGreaterThan(1); // the control: one attempt is not enough
  expect((await suspects.known({ fresh: true })).marked.size).toBe(0);
});

function chunksOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_chunk, number) =>
    all.slice(number * size, (number + 1) * size),
  );
}
