import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { knownIncidents } from "../../../src/azure/incidents/known-incidents.ts";
import { type TableAccess, tableRows } from "../../../src/azure/tables/table-rows.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { openTable } from "../tables/open-table.ts";

const RULE = "it's a rule";
const id = (index: number): string => sha256Hex(`incident ${index}`);
const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => id(from + index));

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

/** A table that holds these incidents, other rows of other incidents, and incidents of other rules. */
async function tableOf(stored: readonly string[], { pageSize = 1_000 } = {}) {
  let requests = 0;
  const { client } = memoryTable({
    pageSize,
    before(operation) {
      if (operation === "list") requests += 1;
      return Promise.resolve(undefined);
    },
  });
  await client.createTable();
  for (const one of stored) await client.createEntity(incidentOf(one));
  return { client, requests: () => requests };
}

/** The part of an incident's own row that the code reads. */
const incidentOf = (one: string) => ({
  partitionKey: RULE,
  rowKey: `incident|${one}`,
  ContentHash: `content of ${one}`,
});
const foundOf = (some: readonly string[]) => new Map(some.map((one) => [one, { contentHash: `content of ${one}` }]));

const asked = (client: TableAccess, some: readonly string[]) =>
  knownIncidents(tableRows(client), { ruleId: RULE, ids: some });

describe.each([
  { name: "the table in memory", open: async () => (await tableOf([])).client },
  { name: "Azurite", open: async (): Promise<TableAccess> => (await openTable(azurite.connectionString)).client },
])("known incidents ($name)", ({ open }) => {
  test.each([1, 12, 13, 40])("among %i are exactly those whose own row exists", async (count) => {
    const client = await open();
    const some = ids(count);
    const stored = some.filter((_, index) => index % 3 === 0);
    for (const one of stored) await client.createEntity(incidentOf(one));
    for (const one of some) {
      for (const kind of ["time|00008638227494800000", "record", "outbox|log-analytics", "ack|log-analytics"])
        await client.createEntity({ partitionKey: RULE, rowKey: `${kind}|${one}` });
      await client.createEntity({ partitionKey: "another rule", rowKey: `incident|${one}` });
    }
    expect(await asked(client, some)).toEqual(foundOf(stored));
  });
});

test("whatever the table holds and however it cuts its pages, exactly the stored ones among the given are known", async () => {
  const some = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(some, some, fc.integer({ min: 1, max: 20 }), async (stored, wanted, pageSize) => {
      const { client } = await tableOf(stored.map(id), { pageSize });
      const expected = wanted.filter((one) => stored.includes(one)).map(id);
      expect(await asked(client, wanted.map(id))).toEqual(foundOf(expected));
    }),
    { numRuns: 60 },
  );
});

test.each([
  { why: "all of few", stored: 2_000, wanted: { from: 0, count: 2_000 }, known: 2_000, atMost: 5 },
  { why: "none of none", stored: 0, wanted: { from: 0, count: 2_000 }, known: 0, atMost: 1 },
  {
    why: "half of a thousand among many",
    stored: 10_000,
    wanted: { from: 9_500, count: 1_000 },
    known: 500,
    atMost: 25,
  },
  // Twelve to a request, and one request that finds so many others.
  { why: "a hundred of very many", stored: 20_000, wanted: { from: 0, count: 100 }, known: 100, atMost: 10 },
  { why: "twelve of very many", stored: 20_000, wanted: { from: 19_990, count: 12 }, known: 10, atMost: 1 },
  { why: "one of very many", stored: 20_000, wanted: { from: 7, count: 1 }, known: 1, atMost: 1 },
])("$why: at most $atMost request(s)", async ({ stored, wanted, known, atMost }) => {
  const { client, requests } = await tableOf(ids(stored));
  expect((await asked(client, ids(wanted.count, wanted.from))).size).toBe(known);
  expect(requests()).toBeLessThanOrEqual(atMost);
});

test("a table that does not answer is a failure and never reads as empty", async () => {
  const { client } = memoryTable({ before: () => Promise.resolve("refused") });
  await client.createTable();
  for (const count of [1, 500]) await expect(asked(client, ids(count))).rejects.toMatchObject({ statusCode: 503 });
});
