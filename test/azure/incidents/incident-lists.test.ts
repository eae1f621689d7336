import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentOutbox } from "../../../src/azure/incidents/incident-outbox.ts";
import { incidentChanges } from "../../../src/azure/incidents/incident-changes.ts";
import { incidentLists } from "../../../src/azure/incidents/incident-lists.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { ruleIds } from "../../../src/azure/incidents/rule-ids.ts";
import { listedKeys } from "../../../src/azure/tables/row-keys.ts";
import { type TableAccess, tableRows } from "../../../src/azure/tables/table-rows.ts";
import { throwFirst } from "../../../src/core/do-each.ts";
import { valueText } from "../../../src/core/value-text.ts";
import type { StoredIncident } from "../../../src/core/incident/incident-row.ts";
import { withChange } from "../../../src/core/triage/triage-change.ts";
import { reconcile } from "../../../src/workflows/delivery/reconcile.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { listedColumns, RULE_ID, storedIncident } from "../../stored-incident.ts";
import { collected, openTable } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const NAMES = ["a", "b", "c"];
const all = NAMES.map((name, index) =>
  storedIncident(name, { activityDateTime: `2026-03-04T09:0${index}:00.0000000Z` }),
);
const [a, b, c] = all as [StoredIncident, StoredIncident, StoredIncident];
const listedKey = (row: StoredIncident["row"]): string => listedKeys(row).rowKey;
const idOf = ({ row }: StoredIncident): string => valueText(row["IncidentId"]);
const ANALYST = { name: "noor", id: "noor", kind: "entra" } as const;

async function openMemory(before?: (operation: string) => Promise<undefined>): Promise<TableAccess> {
  const { client } = memoryTable({ pageSize: 2, ...(before && { before }) });
  await client.createTable();
  return client;
}

async function filled(client: TableAccess) {
  const incidents = incidentTable(tableRows(client));
  await incidents.addAll(all);
  return {
    client,
    incidents,
    check: async () => {
      const sinks = [{ takes: "every revision", outbox: incidentOutbox(tableRows(client), "log-analytics") }] as const;
      const deps = { ruleIds: ruleIds(tableRows(client)), sinks, lists: incidentLists(tableRows(client)) };
      const { figures, errors } = await reconcile(deps);
      throwFirst(errors);
      return { relisted: figures.relisted, orphaned: figures.orphaned };
    },
    listed: () => collected(incidents.list(RULE_ID)),
    async change({ row }: StoredIncident, owner: string) {
      const changed = withChange(row, { owner }, { by: ANALYST, at: new Date("2026-11-23T12:00:00Z") });
      if ("problems" in changed) throw new Error(changed.problems.join());
      expect(await incidentChanges(tableRows(client)).change(changed.row, changed.entry)).toBe("changed");
      return changed.row;
    },
  };
}

const AS_STORED = [c, b, a].map(({ row }) => listedColumns(row));

describe.each([
  { name: "the table in memory", open: openMemory },
  { name: "Azurite", open: async (): Promise<TableAccess> => (await openTable(azurite.connectionString)).client },
])("lists are compared with the stored incidents ($name)", ({ open }) => {
  test("a correct table is not changed", async () => {
    const { check, listed, change } = await filled(await open());
    const changed = await change(a, "noor");
    expect(await check()).toEqual({ relisted: 0, orphaned: 0 });
    expect(await listed()).toEqual([...AS_STORED.slice(0, 2), listedColumns(changed)]);
  });

  test("an incident missing from lists is listed again, where it was", async () => {
    const { client, check, listed } = await filled(await open());
    await client.deleteEntity(RULE_ID, listedKey(b.row));
    expect(await listed()).toHaveLength(2); // the control
    expect(await check()).toEqual({ relisted: 1, orphaned: 0 });
    expect(await listed()).toEqual(AS_STORED);
    expect(await check()).toEqual({ relisted: 0, orphaned: 0 });
  });

  test("an incident that lists show in an earlier state is shown in its current one", async () => {
    const { client, check, listed, change } = await filled(await open());
    const earlier = await client.getEntity(RULE_ID, listedKey(a.row));
    const changed = await change(a, "noor");
    await client.upsertEntity({ ...earlier, partitionKey: RULE_ID, rowKey: listedKey(a.row) }, "Replace");
    expect((await listed())[2]).toMatchObject({ Owner: "", Revision: 1 }); // the control
    expect(await check()).toEqual({ relisted: 1, orphaned: 0 });
    expect((await listed())[2]).toEqual(listedColumns(changed));
  });

  test("an incident that lists show under another key is listed once, under its own", async () => {
    const { client, check, listed } = await filled(await open());
    const row = await client.getEntity(RULE_ID, listedKey(a.row));
    await client.createEntity({
      ...row,
      partitionKey: RULE_ID,
      rowKey: listedKey({ ...a.row, ActivityDateTime: "" }),
    });
    await client.deleteEntity(RULE_ID, listedKey(b.row));
    await client.createEntity({ ...row, partitionKey: RULE_ID, rowKey: `time|00000000000000000|${idOf(b)}` });
    expect(await check()).toEqual({ relisted: 2, orphaned: 0 });
    expect(await listed()).toEqual(AS_STORED);
  });

  test("an incident that is listed but not stored is counted and not changed", async () => {
    const { client, check, listed } = await filled(await open());
    await client.deleteEntity(RULE_ID, `incident|${idOf(b)}`);
    expect(await check()).toEqual({ relisted: 0, orphaned: 1 });
    expect(await listed()).toEqual(AS_STORED);
  });
});

test("an incident stored during the comparison is no orphan", async () => {
  let lists = 0;
  const late: { store?: () => Promise<unknown> } = {};
  const client = await openMemory(async (operation) => {
    lists += operation === "list" && late.store !== undefined ? 1 : 0;
    // Incidents take two pages, so the third page is the first one of list rows.
    if (lists === 3) {
      const { store } = late;
      delete late.store;
      await store?.();
    }
    return undefined;
  });
  await filled(client);
  late.store = () => incidentTable(tableRows(client)).addAll([storedIncident("late")]);
  expect(await incidentLists(tableRows(client)).check(RULE_ID)).toEqual({ unlisted: [], orphaned: 0 });
  expect(late).toEqual({}); // the control: the incident was stored then
});

test.each([
  { why: "missing", damage: (client: TableAccess) => client.deleteEntity(RULE_ID, listedKey(a.row)) },
  {
    why: "of another revision",
    damage: (client: TableAccess) =>
      client.updateEntity({ partitionKey: RULE_ID, rowKey: listedKey(a.row), Revision: 0 }, "Merge"),
  },
])("an analyst's change stands while the incident, whose list row is $why, is listed again", async (one) => {
  let meanwhile: (() => Promise<unknown>) | undefined;
  const client = await openMemory(async (operation) => {
    const now = meanwhile;
    if (now === undefined || (operation !== "create" && operation !== "update")) return undefined;
    meanwhile = undefined;
    await now();
    return undefined;
  });
  const { change, listed } = await filled(client);
  await one.damage(client);
  const lists = incidentLists(tableRows(client));
  const { unlisted } = await lists.check(RULE_ID);
  let changed = a.row;
  meanwhile = async () => void (changed = await change(a, "noor"));
  for (const incident of unlisted) await lists.relist(incident);

  expect((await listed())[2]).toEqual(listedColumns(changed));
  expect(changed["Owner"]).toBe("noor");
});

test("whichever list rows are deleted, old or doubled, one reconciliation shows every incident once, as it is", async () => {
  const damages = fc.array(
    fc.record({
      which: fc.nat({ max: 2 }),
      how: fc.constantFrom("delete", "old", "double", "change"),
    }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(damages, async (some) => {
      const { client, check, listed, change } = await filled(await openMemory());
      const rows = all.map(({ row }) => row);
      for (const { which, how } of some) {
        const row = rows[which] ?? a.row;
        const rowKey = listedKey(row);
        if (how === "delete") await client.deleteEntity(RULE_ID, rowKey).catch(() => undefined);
        if (how === "old") await client.upsertEntity({ partitionKey: RULE_ID, rowKey, Revision: 0 });
        if (how === "double")
          await client.upsertEntity({ partitionKey: RULE_ID, rowKey: rowKey.replace("time|0", "time|1"), Revision: 1 });
        if (how === "change") rows[which] = await change({ row, record: "" }, `owner ${Number(row["Revision"])}`);
      }
      await check();
      expect(await listed()).toEqual(rows.toReversed().map((row) => listedColumns(row)));
      expect(await check()).toEqual({ relisted: 0, orphaned: 0 });
    }),
  );
});

test("an incident that cannot be listed again holds up neither other incidents nor other rules", async () => {
  const unlisted = [a, b, c].map((one) => ({ ruleId: RULE_ID, incidentId: idOf(one), rowKey: "", misplaced: [] }));
  const outbox = {
    accounts: (ruleId: string) =>
      ruleId === "broken"
        ? Promise.reject(new Error("cannot be read"))
        : Promise.resolve({
            incidents: 3,
            waiting: 0,
            acknowledged: 2,
            unaccounted: unlisted.map((one) => ({ ...one, revision: "1" })),
          }),
    requeue: ({ incidentId }: { readonly incidentId: string }) =>
      incidentId === idOf(a) ? Promise.reject(new Error("cannot be queued")) : Promise.resolve("requeued" as const),
  };
  const lists = {
    check: () => Promise.resolve({ unlisted, orphaned: 1 }),
    relist: ({ incidentId }: { readonly incidentId: string }) =>
      incidentId === idOf(b) ? Promise.reject(new Error("cannot be listed")) : Promise.resolve("relisted" as const),
  };
  const { figures, errors } = await reconcile({
    ruleIds: () => Promise.resolve(["broken", RULE_ID]),
    sinks: [
      { takes: "every revision", outbox },
      { takes: "new incidents", outbox },
    ],
    lists,
  });
  expect(figures).toEqual({ incidents: 3, waiting: 0, acknowledged: 2, requeued: 2, relisted: 4, orphaned: 2 });
  expect(errors.map(String)).toEqual([
    "Error: cannot be queued",
    "Error: cannot be read",
    "Error: cannot be listed",
    "Error: cannot be listed",
  ]);
});
