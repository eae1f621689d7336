import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentChanges } from "../../../src/azure/incidents/incident-changes.ts";
import { incidentOutbox } from "../../../src/azure/incidents/incident-outbox.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { incidentKeys } from "../../../src/azure/tables/row-keys.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import { type Changed, type TriageChange, withChange } from "../../../src/core/triage/triage-change.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import { type Fault, startFaultProxy } from "../../fault-proxy.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";
import { collected, openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const ID = sha256Hex("sample");

function changed(row: IncidentRow, change: TriageChange, by = "noor"): Changed {
  const result = withChange(row, change, {
    by: { name: by, id: by, kind: "entra" },
    at: new Date("2026-11-23T12:00:00Z"),
  });
  if ("problems" in result) throw new Error(result.problems.join());
  return result;
}

async function openWithIncident() {
  const { client, incidents } = await openTable(azurite.connectionString);
  await incidents.addAll([storedIncident()]);
  return { client, incidents, changes: incidentChanges(tableRows(client)), row: storedIncident().row };
}

test("a change reaches the incident, its list row, its history and the outbox", async () => {
  const { incidents, changes, row } = await openWithIncident();
  const next = changed(row, { status: "Active", owner: "noor", comment: "looking" });

  expect(await changes.change(next.row, next.entry)).toBe("changed");

  expect((await incidents.get(RULE_ID, ID))?.row).toEqual(next.row);
  expect(await collected(incidents.list(RULE_ID))).toMatchObject([{ Status: "Active", Owner: "noor", Revision: 2 }]);
  expect(await changes.history(RULE_ID, ID)).toEqual([next.entry]);
  expect(await pendingRows(incidents, RULE_ID)).toEqual([row, next.row]);
});

test("a change is queued only for the sinks that take every revision", async () => {
  const { client, row } = await openWithIncident();
  const next = changed(row, { status: "Active" });
  await incidentChanges(tableRows(client), ["log-analytics", "webhook"]).change(next.row, next.entry);
  const states = ["log-analytics", "webhook"].map((sink) => incidentOutbox(tableRows(client), sink).waiting(RULE_ID));
  expect((await Promise.all(states)).map(({ pending }) => pending)).toEqual([2, 0]);
});

test("the history lists the changes of this incident only, in order", async () => {
  const { incidents, changes, row } = await openWithIncident();
  await incidents.addAll([storedIncident("other")]);
  let latest = row;
  for (let turn = 1; turn <= 12; turn += 1) {
    const next = changed(latest, { comment: `turn ${turn}` });
    await changes.change(next.row, next.entry);
    latest = next.row;
  }
  const comments = (await changes.history(RULE_ID, ID)).map(({ comment }) => comment);
  expect(comments).toEqual(Array.from({ length: 12 }, (_, index) => `turn ${index + 1}`));
  expect(await changes.history(RULE_ID, sha256Hex("other"))).toEqual([]);
});

test("if sixteen change one state at the same time, one succeeds and nothing of the others is stored", async () => {
  const { incidents, changes, row } = await openWithIncident();
  const wishes = Array.from({ length: 16 }, (_, index) => changed(row, { owner: `analyst ${index}` }, `${index}`));

  const outcomes = await Promise.all(wishes.map((wish) => changes.change(wish.row, wish.entry)));

  expect(outcomes.toSorted()).toEqual(["changed", ...Array.from({ length: 15 }, () => "conflict")]);
  const winner = wishes[outcomes.indexOf("changed")];
  expect((await incidents.get(RULE_ID, ID))?.row).toEqual(winner?.row);
  expect(await changes.history(RULE_ID, ID)).toEqual([winner?.entry]);
  expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 2, refused: 0 });
});

test("changing an older state or a missing incident is a conflict", async () => {
  const { changes, row } = await openWithIncident();
  const first = changed(row, { comment: "first" });
  await changes.change(first.row, first.entry);

  const second = changed(row, { comment: "second" });
  expect(await changes.change(second.row, second.entry)).toBe("conflict");
  const unknown = changed(storedIncident("unknown").row, { comment: "x" });
  expect(await changes.change(unknown.row, unknown.entry)).toBe("conflict");
});

test.each([
  { why: "the connection breaks", fault: { kind: "cut", effect: true } },
  { why: "a 500 comes back", fault: { kind: "answer", status: 500, effect: true } },
] satisfies { why: string; fault: Fault }[])(
  "stored, then $why: the change is recognised as our own and is in the history once",
  async ({ fault }) => {
    const { client, changes: direct, row } = await openWithIncident();
    const proxy = await startFaultProxy(azurite.tableEndpoint);
    onTestFinished(() => proxy.close());
    const through = TableClient.fromConnectionString(
      azurite.connectionString.replace(new URL(azurite.tableEndpoint).origin, proxy.origin),
      client.tableName,
      { allowInsecureConnection: true, additionalPolicies: [answersOfTheTableService] },
    );
    const changes = incidentChanges(tableRows(through));
    const next = changed(row, { status: "Active" });
    // The read of the incident comes first; that request succeeds.
    const send = through.submitTransaction.bind(through);
    through.submitTransaction = (...call) => {
      proxy.failNext(fault);
      return send(...call);
    };

    expect(await changes.change(next.row, next.entry)).toBe("changed");

    expect(await direct.history(RULE_ID, ID)).toEqual([next.entry]);
    expect((await incidentTable(tableRows(client)).get(RULE_ID, ID))?.row).toEqual(next.row);
  },
);

describe("a 412 means that somebody was first", () => {
  /** A table in memory that a test can change between the read of an incident and its change. */
  async function openInMemory() {
    let meanwhile = (): Promise<TableFault | undefined> => Promise.resolve(undefined);
    const { client } = memoryTable({
      before(operation) {
        if (operation !== "transaction") return Promise.resolve(undefined);
        const now = meanwhile;
        meanwhile = () => Promise.resolve(undefined);
        return now();
      },
    });
    const incidents = incidentTable(tableRows(client));
    await incidents.create();
    await incidents.addAll([storedIncident()]);
    const changes = incidentChanges(tableRows(client));
    const ours = changed(storedIncident().row, { owner: "ours" });
    return {
      client,
      changes,
      ours,
      change(before: () => Promise<TableFault | undefined>) {
        meanwhile = before;
        return changes.change(ours.row, ours.entry);
      },
      stored: async () => (await incidents.get(RULE_ID, ID))?.row,
      history: () => changes.history(RULE_ID, ID),
    };
  }

  test("another analyst: a conflict, and the other change stands", async () => {
    const { changes, change, stored, history } = await openInMemory();
    const theirs = changed(storedIncident().row, { owner: "theirs" });
    const outcome = await change(async () => {
      expect(await changes.change(theirs.row, theirs.entry)).toBe("changed");
      return undefined;
    });
    expect(outcome).toBe("conflict");
    expect(await stored()).toEqual(theirs.row);
    expect(await history()).toEqual([theirs.entry]);
  });

  test("a change by hand, without a history: a conflict, and that change stands", async () => {
    const { client, change, stored, history } = await openInMemory();
    const outcome = await change(async () => {
      await client.updateEntity({ ...incidentKeys(RULE_ID, ID), Owner: "by hand" }, "Merge");
      return undefined;
    });
    expect(outcome).toBe("conflict");
    expect((await stored())?.["Owner"]).toBe("by hand");
    expect(await history()).toEqual([]);
  });

  test("our own change whose answer was lost: changed, once", async () => {
    const { ours, change, stored, history } = await openInMemory();
    expect(await change(() => Promise.resolve("repeated"))).toBe("changed");
    expect(await stored()).toEqual(ours.row);
    expect(await history()).toEqual([ours.entry]);
  });

  test("another analyst's identical change: a conflict, because the history has one entry", async () => {
    const { changes, ours, change, history } = await openInMemory();
    const outcome = await change(async () => {
      expect(await changes.change(ours.row, ours.entry)).toBe("changed");
      return undefined;
    });
    expect(outcome).toBe("conflict");
    expect(await history()).toEqual([ours.entry]);
  });
});

test("a transaction that confirms nothing counts as a failure that changed nothing", async () => {
  const { client, row } = await openWithIncident();
  // The SDK turns an empty 202, or a page from another server, into this.
  const table = Object.assign(Object.create(client) as TableClient, {
    submitTransaction: () => Promise.resolve({ status: 202, subResponses: [], getResponseForEntity: () => undefined }),
  });
  const next = changed(row, { comment: "looking" });

  await expect(incidentChanges(tableRows(table)).change(next.row, next.entry)).rejects.toThrow(
    "Table Storage: a transaction of 4 rows confirmed 0",
  );
});
