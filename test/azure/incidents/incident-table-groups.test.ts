import { TableClient, type TransactionAction } from "@azure/data-tables";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { type IncidentTable, incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { StoredIncident } from "../../../src/core/incident/incident-row.ts";
import { SINKS_ALWAYS_ON, type SinkName } from "../../../src/core/incident/sinks.ts";
import { memoryStores } from "../../workflows/memory-stores.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";
import { largestIncident, ofRule, RULE_ID, storedIncident } from "../../stored-incident.ts";
import { collected, openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const OTHER_RULE = "11111111-2222-4333-8444-555555555555";
const named = (howMany: number) => Array.from({ length: howMany }, (_, index) => storedIncident(`incident ${index}`));

/** The number of outcomes of each kind. */
function count(outcomes: readonly unknown[]): { added: number; known: number } {
  const added = outcomes.filter((outcome) => outcome === "added").length;
  return { added, known: outcomes.length - added };
}

async function mustHold(incidents: IncidentTable, stored: readonly StoredIncident[], ruleId = RULE_ID): Promise<void> {
  const byId = ({ row: a }: StoredIncident, { row: b }: StoredIncident) =>
    valueText(a["IncidentId"]) < valueText(b["IncidentId"]) ? -1 : 1;
  const rows = stored.toSorted(byId).map(({ row }) => row);
  const ids = rows.map((row) => row["IncidentId"]);
  expect((await collected(incidents.list(ruleId))).map((row) => valueText(row["IncidentId"])).toSorted()).toEqual(ids);
  expect(await pendingRows(incidents, ruleId)).toEqual(rows);
  for (const one of stored) expect(await incidents.get(ruleId, valueText(one.row["IncidentId"]))).toEqual(one);
}

describe.each([
  { name: "in memory", open: () => Promise.resolve(memoryStores().incidents) },
  { name: "the table in memory", open: async () => (await countedTable()).incidents },
  { name: "Azurite", open: async (): Promise<IncidentTable> => (await openTable(azurite.connectionString)).incidents },
])("incidents that are added together ($name)", ({ open }) => {
  test("are all stored, whatever their number and rule", async () => {
    const incidents = await open();
    const [ours, theirs] = [named(60), named(30).map((incident) => ofRule(OTHER_RULE, incident))];
    const mixed = ours.flatMap((incident, index) => [incident, ...theirs.slice(index, index + 1)]);

    expect(count(await incidents.addAll(mixed))).toEqual({ added: 90, known: 0 });

    await mustHold(incidents, ours);
    await mustHold(incidents, theirs, OTHER_RULE);
  });

  test("may be none", async () => {
    expect(await (await open()).addAll([])).toEqual([]);
  });

  test("each have their own outcome, in the order given, if some are known", async () => {
    const incidents = await open();
    const all = named(12);
    const known = all.filter((_, index) => index % 5 === 1);
    await incidents.addAll(known);

    const outcomes = await incidents.addAll(all);

    expect(outcomes).toEqual(all.map((incident) => (known.includes(incident) ? "known" : "added")));
    await mustHold(incidents, all);
    expect(count(await incidents.addAll(all))).toEqual({ added: 0, known: 12 });
    await mustHold(incidents, all);
  });

  test("are stored once, as the first one, if one comes twice", async () => {
    const incidents = await open();
    const [one, two] = [storedIncident("one"), storedIncident("two")];
    const again = storedIncident("one", { sequenceNumber: 99 });
    const elsewhere = ofRule(OTHER_RULE, one);

    const outcomes = await incidents.addAll([one, again, two, again, elsewhere]);

    expect(outcomes).toEqual(["added", "known", "added", "known", "added"]);
    await mustHold(incidents, [one, two]);
    await mustHold(incidents, [elsewhere], OTHER_RULE);
  });

  test("are each added once if several callers add some of them at the same time", async () => {
    const incidents = await open();
    const all = named(20);
    const parts = [all, all.slice(5), all.slice(0, 15).toReversed(), all.slice(3, 9)];

    const outcomes = await Promise.all(parts.map((part) => incidents.addAll(part)));

    expect(count(outcomes.flat())).toEqual({ added: 20, known: 15 + 15 + 6 });
    await mustHold(incidents, all);
  });

  test.each(["a", "é", "\u0001"])("are stored whole if each is as large as possible, full of %j", async (unit) => {
    const large = largestIncident(unit); // before the table is opened: on a busy machine it takes longer than Azurite keeps a connection
    const incidents = await open();
    const all = [large, storedIncident(), ofRule(OTHER_RULE, large)];

    expect(count(await incidents.addAll(all))).toEqual({ added: 3, known: 0 });

    await mustHold(incidents, [large, storedIncident()]);
  });
});

/** A table that counts the rows of each transaction. */
async function countedTable({
  faults = [],
  sinks = SINKS_ALWAYS_ON,
}: { faults?: Faults; sinks?: readonly SinkName[] } = {}) {
  const transactions: number[] = [];
  const left = [...faults];
  const { client, rows } = memoryTable({ before: () => Promise.resolve(left.shift()) });
  await client.createTable();
  const counting: typeof client = Object.assign({}, client, {
    submitTransaction(actions: TransactionAction[], options?: object) {
      transactions.push(actions.length);
      return client.submitTransaction(actions, options);
    },
  });
  return { incidents: incidentTable(tableRows(counting), sinks), rows, transactions };
}

type Faults = readonly (TableFault | undefined)[];

describe("transactions", () => {
  test("are as few as 100 rows each allow; the control makes one for each incident", async () => {
    const { incidents, transactions } = await countedTable();
    await incidents.addAll(named(60));
    expect(transactions).toEqual([100, 100, 40]);

    const control = await countedTable();
    for (const incident of named(60)) await control.incidents.addAll([incident]);
    expect(control.transactions).toEqual(Array.from({ length: 60 }, () => 4));
    expect(control.rows().toSorted(byKey)).toEqual(await storedAs([named(60)]));
  });

  test("hold an incident's rows for the webhook, too", async () => {
    const { incidents, transactions } = await countedTable({ sinks: ["log-analytics", "webhook"] });
    await incidents.addAll(named(30));
    expect(transactions).toEqual([100, 50]);
  });

  test("are one for each rule", async () => {
    const { incidents, transactions } = await countedTable();
    await incidents.addAll(named(6).map((incident, index) => (index % 2 ? ofRule(OTHER_RULE, incident) : incident)));
    expect(transactions).toEqual([12, 12]);
  });

  test("are made again without an incident that exists", async () => {
    const { incidents, transactions } = await countedTable();
    await incidents.addAll([storedIncident("incident 3")]);
    transactions.length = 0;
    await incidents.addAll(named(28));
    expect(transactions).toEqual([100, 100, 8]);
  });

  test("that fail do not hold up the others: each incident of the group is tried alone", async () => {
    const { incidents, transactions, rows } = await countedTable({ faults: [undefined, "refused"] });
    expect(count(await incidents.addAll(named(60)))).toEqual({ added: 60, known: 0 });
    expect([transactions.slice(0, 3), transactions.length, rows().length]).toEqual([[100, 100, 40], 3 + 25, 240]);
    expect(count(await incidents.addAll(named(60)))).toEqual({ added: 0, known: 60 });
  });

  test.each(["a", '"', "中", "😀", "\u0001"])("are below 4 MiB when sent, full of %j", async (unit) => {
    const sent: number[] = [];
    const client = new TableClient("https://account.table.core.windows.net", "incidents", {
      additionalPolicies: [
        {
          position: "perRetry",
          policy: {
            name: "measures",
            sendRequest(request) {
              const body = typeof request.body === "string" ? request.body : "";
              sent.push(Buffer.byteLength(body));
              const parts = body.split("\nPOST ").slice(1);
              const bodyAsText = ["", ...parts.map(() => "HTTP/1.1 204"), ""].join("--changesetresponse_");
              return Promise.resolve({ request, status: 202, headers: request.headers, bodyAsText });
            },
          },
        },
      ],
    });
    const filled = Array.from({ length: 40 }, (_, index) =>
      storedIncident(String(index), { title: unit.repeat(2_000), record: unit.repeat(30_000) }),
    );
    expect(count(await incidentTable(tableRows(client)).addAll(filled))).toEqual({ added: 40, known: 0 });
    expect(sent.length).toBeLessThan(10);
    expect(Math.max(...sent)).toBeLessThan(4 * 1_048_576);
  });
});

/** The rows of a table after these were added, one call after the other. */
async function storedAs(calls: readonly (readonly StoredIncident[])[]) {
  const { incidents, rows } = await countedTable();
  for (const call of calls) await incidents.addAll(call);
  return rows().toSorted(byKey);
}

function byKey(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  const [one, other] = [a, b].map(({ partitionKey, rowKey }) => `${String(partitionKey)} ${String(rowKey)}`);
  return (one ?? "") < (other ?? "") ? -1 : 1;
}

test("whatever the groups, faults and repetitions, the table holds the same rows as after adding one by one", async () => {
  const incident = fc.tuple(fc.nat({ max: 40 }), fc.boolean()).map(([which, isOther]) => {
    const made = storedIncident(`any ${which}`, { record: "r".repeat(which % 7 === 0 ? 390_000 : 20) });
    return isOther ? ofRule(OTHER_RULE, made) : made;
  });
  const fault = fc.constantFrom<TableFault | undefined>(undefined, undefined, "refused", "lost", "repeated");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(incident, { maxLength: 60 }), { maxLength: 4 }),
      fc.array(fault, { maxLength: 12 }),
      async (calls, faults) => {
        const { incidents, rows } = await countedTable({ faults });
        let added = 0;
        for (const call of calls)
          for (let tries = 1, isStored = false; !isStored; tries += 1) {
            const outcomes = await incidents.addAll(call).catch((error: unknown) => {
              if (tries > faults.length) throw error; // no fault any more
            });
            isStored = outcomes?.every((outcome) => typeof outcome === "string") === true;
            if (!isStored && tries > faults.length) throw new Error("not stored, and no fault any more");
            added += count(outcomes ?? []).added;
          }
        const oneByOne = await storedAs(calls.flat().map((one) => [one]));
        expect(rows().toSorted(byKey)).toEqual(oneByOne);
        expect(added).toBeLessThanOrEqual(oneByOne.length / 4);
        if (faults.every((each) => each === undefined)) expect(added).toBe(oneByOne.length / 4);
      },
    ),
    { numRuns: 60 },
  );
});

test("an incident blocked by its own other rows is named, and all others are stored", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  const all = named(5);
  const stuck = sha256Hex("incident 2");
  await client.createEntity({ partitionKey: RULE_ID, rowKey: `record|${stuck}` });

  const failed = expect.objectContaining({
    message: expect.stringContaining(`incident ${stuck} of rule ${RULE_ID} cannot be stored`),
  });
  expect(await incidents.addAll(all)).toEqual(["added", "added", { failed }, "added", "added"]);
  await expect(incidents.addAll(all.slice(2, 3))).rejects.toEqual(failed); // no other incident is left to store

  await mustHold(
    incidents,
    all.filter(({ row }) => row["IncidentId"] !== stuck),
  );
});
