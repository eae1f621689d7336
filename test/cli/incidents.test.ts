import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TableClient } from "@azure/data-tables";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { incidentChanges } from "../../src/azure/incidents/incident-changes.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { run } from "../../cli/pimwatch.ts";
import { sha256Hex } from "../../src/core/json/content-hash.ts";
import { withChange } from "../../src/core/triage/triage-change.ts";
import { INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { ofRule, storedIncident } from "../stored-incident.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const EARLY = sha256Hex("early");
const LATE = sha256Hex("late");
const CLOSED = sha256Hex("closed");
/** An incident of a rule that was removed. */
const REMOVED = sha256Hex("removed");
let azurite: Azurite;

const EVIDENCE = [
  {
    time: "2026-03-04T09:10:00.0000000Z",
    operationName: "Update role setting in PIM",
    result: "success",
    initiatedBy: "alex.rivera@fabrikam.example",
    target: "Global\u001b Administrator",
    clientIpAddress: "192.0.2.7",
    auditLogId: "PIM_1",
  },
  {
    time: "2026-03-04T09:30:00.0000000Z",
    operationName: "Add member to role",
    result: "failure",
    initiatedBy: "",
    target: "",
    clientIpAddress: "",
    auditLogId: "PIM_2",
  },
];

beforeAll(async () => {
  azurite = await startAzurite();
  const client = TableClient.fromConnectionString(azurite.connectionString, INCIDENTS_TABLE, {
    allowInsecureConnection: true,
  });
  const table = incidentTable(tableRows(client));
  await table.create();
  const closed = storedIncident("closed", { title: "Closed\u001b[31m", priority: "P1" });
  for (const incident of [
    storedIncident("early", { priority: "P1", activityDateTime: "2026-03-04T09:00:00.0000000Z" }),
    storedIncident("late", { priority: "P3", activityDateTime: "2026-03-04T09:30:00.0000000Z", evidence: EVIDENCE }),
    closed,
  ])
    await table.addAll([incident]);
  const otherTime = { activityDateTime: "2026-01-04T09:00:00.0000000Z", priority: "P4" } as const;
  await table.addAll([ofRule("removed-rule", storedIncident("removed", otherTime))]);
  const analyst = { name: "noor", id: "", kind: "local" } as const;
  const change = withChange(
    closed.row,
    { status: "Closed", classification: "FalsePositive", comment: "A test.\nNo more." },
    { by: analyst, at: new Date("2026-03-05T08:00:00Z") },
  );
  if ("problems" in change) throw new Error(change.problems.join());
  await incidentChanges(tableRows(client)).change(change.row, change.entry);
});
afterAll(() => azurite.close());

async function pimwatch(...args: string[]) {
  const terminal = fakeTerminal({ INCIDENTS_STORAGE: azurite.connectionString });
  const code = await run(["incidents", ...args], terminal);
  return { code, out: terminal.outs.join(""), err: terminal.notes.join("\n") };
}

const idsOf = (out: string): unknown[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line).IncidentId);

const SUMMARY = `3 incidents: 1 P1, 1 P3, 1 P4
page  /api/dashboard of the function app
next  npx pimwatch incidents show ${EARLY.slice(0, 16)}`;

describe("list", () => {
  test.each([
    { args: [], next: `npx pimwatch incidents show ${EARLY.slice(0, 16)}` },
    { args: ["--priority", "P2"], next: "npx pimwatch incidents --status all" },
  ])("the command that the summary of $args names works as printed", async ({ args, next }) => {
    const { err } = await pimwatch(...args);
    expect(err).toContain(`\nnext  ${next}`);
    expect((await pimwatch(...next.split(" ").slice(3))).code).toBe(0);
  });

  test("says that there may be more than the limit, and which ones are shown", async () => {
    expect((await pimwatch("--limit", "2")).err).toContain("These are the most urgent ones; there may be more");
    expect((await pimwatch("--limit", "2", "--order", "newest")).err).toContain("These are the newest ones;");
  });

  test("a connection string is not repeated, since it holds a key; the page's address comes from the settings", async () => {
    const terminal = fakeTerminal({ DASHBOARD_URL: "https://app.example/api/dashboard" });
    await run(["incidents", "--storage", azurite.connectionString], terminal);
    expect(terminal.notes.join("")).toContain(
      "page  https://app.example/api/dashboard\nnext  with the same --storage: npx",
    );
    expect(terminal.notes.join("")).not.toContain("AccountKey");
  });

  test("only priorities are colored, in the list and in the summary", async () => {
    const terminal = { ...fakeTerminal({ INCIDENTS_STORAGE: azurite.connectionString }), color: true };
    await run(["incidents", "--priority", "P1"], terminal);
    expect(terminal.outs[0]).toContain("2026-03-04 09:00:00Z  \u001b[1;31mP1\u001b[0m  High      Changes");
    expect(terminal.notes[0]).toContain("1 incident: \u001b[1;31m1 P1\u001b[0m\n");
    await run(["incidents", "--priority", "P1", "--json"], terminal);
    expect(terminal.outs[1]).not.toContain("\u001b");
  });

  test("shows open incidents, oldest first, in the short form, and ends with a summary", async () => {
    const { code, out, err } = await pimwatch();
    expect({ code, err }).toEqual({ code: 0, err: SUMMARY });
    expect(out).toBe(
      [
        "2026-01-04 09:00:00Z  P4  High      Changes to PIM Settings: Global Administrator",
        "    by        alex.rivera@fabrikam.example from 203.0.113.24",
        `    incident  ${REMOVED.slice(0, 16)}  New`,
        "",
        "2026-03-04 09:00:00Z  P1  High      Changes to PIM Settings: Global Administrator",
        "    by        alex.rivera@fabrikam.example from 203.0.113.24",
        `    incident  ${EARLY.slice(0, 16)}  New`,
        "",
        "2026-03-04 09:30:00Z  P3  High      Changes to PIM Settings: Global Administrator",
        "    by        alex.rivera@fabrikam.example from 203.0.113.24",
        `    incident  ${LATE.slice(0, 16)}  New`,
        "",
        "",
      ].join("\n"),
    );
  });

  test.each([
    { args: ["--status", "all", "--order", "newest"], ids: [LATE, CLOSED, EARLY, REMOVED] },
    { args: ["--status", "Closed"], ids: [CLOSED] },
    { args: ["--priority", "P3,P4"], ids: [REMOVED, LATE] },
    { args: ["--order", "priority"], ids: [EARLY, LATE, REMOVED] },
    { args: ["--limit", "2"], ids: [EARLY, LATE] },
    { args: ["--from", "2026-03-04T09:10:00Z"], ids: [LATE] },
    { args: ["list", "--limit", "1"], ids: [EARLY] },
  ])("as JSON with $args", async ({ args, ids }) => {
    const { code, out } = await pimwatch(...args, "--json");
    expect({ code, ids: idsOf(out) }).toEqual({ code: 0, ids });
  });

  test("the emulator needs only its endpoint", async () => {
    const terminal = fakeTerminal();
    expect(await run(["incidents", "--table-endpoint", azurite.tableEndpoint], terminal)).toBe(0);
    expect(terminal.notes).toEqual([`${SUMMARY} --table-endpoint ${azurite.tableEndpoint}`]);
  });
});

describe("show", () => {
  test("prints state, burst, history and record, with control characters spelled out", async () => {
    const { code, out } = await pimwatch("show", CLOSED.slice(0, 12));
    expect(code).toBe(0);
    for (const part of [
      String.raw`Closed\u{1b}[31m`,
      "    burst     3 incidents by this actor from 09:00 to 10:00 UTC",
      "    status    Closed, FalsePositive, no owner",
      "2026-03-05T08:00:00.000Z  noor (local)  Status: New → Closed  Classification: none → FalsePositive",
      "        A test.\n        No more.",
      'Record\n    {"category":"AuditLogs"}',
    ])
      expect(out).toContain(part);
    expect(out).not.toContain("\u001b");
  });

  test("lists the events of an incident of several, in order of time", async () => {
    const { out } = await pimwatch("show", LATE);
    expect(out).toContain(
      [
        "Evidence",
        "    2026-03-04T09:10:00.0000000Z  Update role setting in PIM by alex.rivera@fabrikam.example on Global\\u{1b} Administrator from 192.0.2.7  success  PIM_1",
        "    2026-03-04T09:30:00.0000000Z  Add member to role  failure  PIM_2",
      ].join("\n"),
    );
    expect((await pimwatch("show", CLOSED)).out).not.toContain("Evidence");
  });

  test("finds an incident of a removed rule, by its whole id and by its beginning", async () => {
    for (const id of [REMOVED, REMOVED.slice(0, 12)]) {
      const { code, out } = await pimwatch("show", id, "--json");
      expect({ code, ...JSON.parse(out).incident }).toMatchObject({ code: 0, IncidentId: REMOVED });
    }
  });

  test("as JSON with its history", async () => {
    const { out } = await pimwatch("show", CLOSED, "--json");
    expect(JSON.parse(out)).toMatchObject({
      incident: { IncidentId: CLOSED, Status: "Closed" },
      record: '{"category":"AuditLogs"}',
      history: [{ revision: 2, by: { name: "noor" } }],
      burst: { count: 3, complete: true },
    });
  });
});

test.each([
  { args: ["--priority", "P9"], says: "--priority: expected one or more of P1, P2, P3, P4, separated by commas" },
  { args: ["--from", "yesterday"], says: "--from: expected a time such as 2026-01-31T12:00:00Z" },
  { args: ["--order", "oldest"], says: '--order must be time, newest, priority, not "oldest"' },
  { args: ["--limit", "0"], says: '--limit must be a whole number from 1 to 100000, not "0"' },
  { args: ["show"], says: "Give `list`, or `show ID`" },
  { args: ["remove", "x"], says: "Give `list`, or `show ID`" },
  { args: ["show", "../x"], says: "ID is of the characters 0-9 and a-f" },
  { args: ["show", "0".repeat(64)], says: "No incident begins with" },
])("$args: $says", async ({ args, says }) => {
  const { code, err } = await pimwatch(...args);
  expect(code).toBe(2);
  expect(err).toContain(says);
});
