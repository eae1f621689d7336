import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { ruleIds } from "../../../src/azure/incidents/rule-ids.ts";
import { type TableAccess, tableRows } from "../../../src/azure/tables/table-rows.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";
import { openTable } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

async function openMemory(faults: (TableFault | undefined)[] = []) {
  const calls: string[] = [];
  const { client } = memoryTable({
    before(operation) {
      calls.push(operation);
      return Promise.resolve(faults.shift());
    },
  });
  await client.createTable();
  return { client, lists: () => calls.filter((operation) => operation === "list").length };
}

async function fill(client: TableAccess, rows: Readonly<Record<string, number>>): Promise<void> {
  for (const [partitionKey, count] of Object.entries(rows))
    for (let row = 0; row < count; row += 1) await client.createEntity({ partitionKey, rowKey: `outbox|${row}` });
}

describe.each([
  { name: "the table in memory", open: async () => (await openMemory()).client },
  { name: "Azurite", open: async (): Promise<TableAccess> => (await openTable(azurite.connectionString)).client },
])("rule ids ($name)", ({ open }) => {
  test("are those of all partitions, and those of the running rules", async () => {
    const client = await open();
    await fill(client, { "rule b": 3, "it's a": 2, "RULE C": 1 });
    const ids = await ruleIds(tableRows(client), { running: ["rule b", "new"] })();
    expect(ids.toSorted()).toEqual(["RULE C", "it's a", "new", "rule b"]);
  });

  test("are those of the running rules if the table is empty", async () => {
    expect(await ruleIds(tableRows(await open()), { running: ["a"] })()).toEqual(["a"]);
  });
});

test("need one request for each partition and one for the end, whatever the partitions", async () => {
  const partitions = fc.dictionary(fc.stringMatching(/^[a-z']{1,4}$/), fc.integer({ min: 1, max: 4 }), { maxKeys: 8 });
  await fc.assert(
    fc.asyncProperty(partitions, async (rows) => {
      const { client, lists } = await openMemory();
      await fill(client, rows);
      expect(await ruleIds(tableRows(client))()).toEqual(Object.keys(rows).toSorted());
      expect(lists()).toBe(Object.keys(rows).length + 1);
    }),
  );
});

test("are kept for a minute, unless the caller wants fresh ones", async () => {
  const { client } = await openMemory();
  await fill(client, { a: 1 });
  let time = 0;
  const ids = ruleIds(tableRows(client), { now: () => time });
  expect(await ids()).toEqual(["a"]);
  await fill(client, { b: 1 });

  time = 59_999;
  expect(await ids()).toEqual(["a"]);
  expect(await ids({ fresh: true })).toEqual(["a", "b"]);
  expect(await ids()).toEqual(["a", "b"]);

  await fill(client, { c: 1 });
  time += 60_000;
  expect(await ids()).toEqual(["a", "b", "c"]);
  await fill(client, { d: 1 });
  time -= 120_000; // the clock was set back
  expect(await ids()).toEqual(["a", "b", "c", "d"]);
});

test("are read once for callers that ask at the same time", async () => {
  const { client, lists } = await openMemory();
  await fill(client, { a: 1 });
  const ids = ruleIds(tableRows(client));
  expect(await Promise.all([ids(), ids(), ids()])).toEqual([["a"], ["a"], ["a"]]);
  expect(lists()).toBe(2);
});

test("fail if the table does not answer; the next call asks it again", async () => {
  const { client } = await openMemory(["refused"]);
  const ids = ruleIds(tableRows(client), { running: ["a"] });
  await expect(ids()).rejects.toMatchObject({ statusCode: 503 });
  expect(await ids()).toEqual(["a"]);
});
