import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { categorySightingTable } from "../../../src/azure/ledger/category-sighting-table.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { type TableAccess, tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { ExpectedCategory } from "../../../src/core/ledger/category-sightings.ts";
import { DependencyError } from "../../../src/errors.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";
import { TENANT } from "../../samples.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const HUB = { namespace: "pimwatch.servicebus.windows.net", hub: "Insights-Logs_AuditLogs.1" };
const DAY = 1_440;
const FIRST = Date.UTC(2026, 2, 4) / 60_000;
const AUDIT = { tenantId: TENANT, category: "AuditLogs" };
const SIGN_INS = { tenantId: TENANT, category: "SignInLogs" };
const at = (minute: number): Date => new Date(minute * 60_000);

const tableIn = (client: TableAccess, expected: readonly ExpectedCategory[] = [AUDIT, SIGN_INS]) =>
  categorySightingTable(tableRows(client), HUB, expected);

async function azuriteTable(): Promise<TableAccess> {
  const options = { allowInsecureConnection: true, additionalPolicies: [answersOfTheTableService] };
  const name = `t${randomUUID().replaceAll("-", "")}`;
  const client = TableClient.fromConnectionString(azurite.connectionString, name, options);
  await client.createTable();
  return client;
}

async function inMemory(before?: (operation: string) => Promise<TableFault | undefined>) {
  const table = memoryTable(before === undefined ? {} : { before });
  await table.client.createTable();
  return table;
}

describe.each([
  { where: "in memory", open: async () => (await inMemory()).client },
  { where: "Azurite", open: azuriteTable },
])("category sightings ($where)", ({ open }) => {
  test("the minutes of any instance are read back, in order and across days", async () => {
    const client = await open();
    const [one, other] = [1, 2].map(() => tableIn(client));
    await one?.add([{ ...AUDIT, minutes: [FIRST + 5, FIRST + DAY - 1] }]);
    await other?.add([{ ...AUDIT, minutes: [FIRST + DAY, FIRST + 4] }]);
    await one?.add([
      { ...AUDIT, minutes: [FIRST + 6] },
      { ...SIGN_INS, minutes: [FIRST] },
    ]);
    expect(await other?.read()).toEqual([
      { ...AUDIT, expectedSince: undefined, minutes: [FIRST + 4, FIRST + 5, FIRST + 6, FIRST + DAY - 1, FIRST + DAY] },
      { ...SIGN_INS, expectedSince: undefined, minutes: [FIRST] },
    ]);
  });

  test("instances that add to one day at the same time keep each other's minutes", async () => {
    const client = await open();
    const instances = Array.from({ length: 4 }, () => tableIn(client));
    for (const minute of [0, 10])
      await Promise.all(instances.map((table, index) => table.add([{ ...AUDIT, minutes: [FIRST + minute + index] }])));
    const [{ minutes } = { minutes: [] }] = (await instances[0]?.read()) ?? [];
    expect(minutes).toEqual([0, 1, 2, 3, 10, 11, 12, 13].map((minute) => FIRST + minute));
  });

  test("a check keeps since when a category is expected, and the latest day; it removes what is old or unexpected", async () => {
    const client = await open();
    await tableIn(client).add([
      { ...AUDIT, minutes: [FIRST, FIRST + DAY] },
      { ...SIGN_INS, minutes: [FIRST] },
    ]);
    const table = tableIn(client, [AUDIT]);
    expect(await table.check(at(FIRST + 29 * DAY))).toMatchObject([
      { expectedSince: (FIRST + 29 * DAY) * 60_000, minutes: [FIRST, FIRST + DAY] },
    ]);
    expect(await table.check(at(FIRST + 90 * DAY))).toMatchObject([
      { expectedSince: (FIRST + 29 * DAY) * 60_000, minutes: [FIRST + DAY] },
    ]);
    expect(await tableIn(client, [SIGN_INS]).read()).toMatchObject([{ minutes: [] }]);
  });
});

test("a minute that is stored is not written or read again, not even by another instance", async () => {
  const calls: string[] = [];
  const { client } = await inMemory((operation) => {
    calls.push(operation);
    return Promise.resolve(undefined);
  });
  const table = tableIn(client);
  await table.add([{ ...AUDIT, minutes: [FIRST] }]);
  await table.add([{ ...AUDIT, minutes: [FIRST] }]);
  await tableIn(client).add([{ ...AUDIT, minutes: [FIRST] }]);
  expect(calls).toEqual(["get", "create", "get"]);
});

test("a write whose answer is lost is made good by the next call", async () => {
  const faults: (TableFault | undefined)[] = [undefined, "lost"];
  const { client } = await inMemory(() => Promise.resolve(faults.shift()));
  const table = tableIn(client);
  await expect(table.add([{ ...AUDIT, minutes: [FIRST] }])).rejects.toThrow("socket hang up");
  await table.add([{ ...AUDIT, minutes: [FIRST, FIRST + 1] }]);
  expect(await table.read()).toMatchObject([{ minutes: [FIRST, FIRST + 1] }, { minutes: [] }]);
});

test("an instance gives up if the row changes each time, and says so", async () => {
  const { client } = await inMemory();
  await tableIn(client).add([{ ...AUDIT, minutes: [FIRST] }]);
  const changing = {
    ...client,
    getEntity: async (partitionKey: string, rowKey: string) => ({
      ...(await client.getEntity(partitionKey, rowKey)),
      etag: 'W/"0"',
    }),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's signature is generic in the row
  const table = tableIn(changing as TableAccess);
  await expect(table.add([{ ...AUDIT, minutes: [FIRST + 1] }])).rejects.toThrow(DependencyError);
});
