import { expect, test } from "vitest";
import { QUERY_FILES } from "./kusto-workspace.ts";
import { at, ofType, theOne, variant } from "./predicted-resources.ts";
import { type Row, runQuery } from "./query-rows.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const MINUTE = 60_000;
const APP = theOne(variant("everything"), "Microsoft.Web/sites").name;

/** A row of PimwatchIncidents_CL that was made and arrived so many minutes ago. */
function incident(id: string, minutesAgo: number, other: Row = {}): Row {
  const made = NOW - minutesAgo * MINUTE;
  return {
    TimeGenerated: made,
    _arrived: made,
    IncidentId: id,
    Revision: 1,
    RowKind: "created",
    Severity: "High",
    Status: "New",
    IncidentTitle: "Changes to PIM Settings",
    Priority: "P1",
    RoleScope: "Security Administrator",
    InitiatedBy: "ana@contoso.example",
    ClientIpAddress: "192.0.2.7",
    Result: "success",
    DetectedTime: made,
    EventHubEnqueuedTime: made - 1_000,
    ...other,
  };
}

const INCIDENTS = [
  incident("a", 3),
  incident("a", 3, { _arrived: NOW - 2 * MINUTE }), // sent again: it was unknown whether it had arrived
  incident("a", 1, { RowKind: "updated", Revision: 2, Status: "Active" }),
  incident("b", 2),
  incident("b", 1, { RowKind: "updated", Revision: 2, Status: "Closed" }),
  incident("c", 2, { Severity: "Low" }),
  incident("d", 90, { _arrived: NOW - 1 * MINUTE }), // forwarded late
  incident("e", 90),
  incident("e", 90, { _arrived: NOW - 1 * MINUTE }), // sent again late
];

test("a new incident is one alert, however often its row was sent and whatever was changed since", () => {
  expect(alertOn("new-incident", INCIDENTS).map(({ IncidentId }) => IncidentId)).toEqual(["a", "b", "d", "e"]);
  expect(alertOn("new-incident", [incident("f", 1, { RowKind: "updated", Revision: 2 })])).toEqual([]);
});

test("an alert names what is unknown, since an empty value cannot be split by", () => {
  const [alert] = alertOn("new-incident", [incident("a", 1, { RoleScope: "", InitiatedBy: "", Result: "" })]);

  expect(alert).toEqual({
    IncidentId: "a",
    IncidentTitle: "Changes to PIM Settings",
    Priority: "P1",
    RoleScope: "unknown",
    InitiatedBy: "unknown",
    Result: "unknown",
  });
});

test("Sentinel gets an incident when its first row arrives, and not again", () => {
  const query = String(at(theOne(variant("everything"), "Microsoft.SecurityInsights/alertRules").properties, "query"));
  const rows = runQuery(query, { now: NOW, tables: { PimwatchIncidents_CL: INCIDENTS } });

  expect(rows.map(({ IncidentId }) => IncidentId)).toEqual(["a", "b", "c", "d"]);
});

test("PimwatchIncidents() is each incident in its latest state, PimwatchNewIncidents() as it was found", () => {
  const statesIn = (name: string) =>
    runQuery(`${name}()`, { now: NOW, tables: { PimwatchIncidents_CL: INCIDENTS } })
      .map(({ IncidentId, Status }) => `${IncidentId} ${Status}`)
      .toSorted((one, other) => one.localeCompare(other));

  expect(statesIn("PimwatchIncidents")).toEqual(["a Active", "b Closed", "c New", "d New", "e New"]);
  expect(statesIn("PimwatchNewIncidents")).toEqual(["a New", "b New", "c New", "d New", "e New"]);
});

test("slow detection counts from the hub, once for each incident, and not what was never timed", () => {
  const slow = { EventHubEnqueuedTime: NOW - 40 * MINUTE };
  const rows = [
    incident("quick", 5),
    incident("slow", 5, slow),
    incident("slow", 5, slow),
    incident("slow", 4, { ...slow, RowKind: "updated", Revision: 2 }),
    incident("untimed", 5, { EventHubEnqueuedTime: null }),
  ];

  expect(alertOn("slow-detection", rows).map(({ IncidentId }) => IncidentId)).toEqual(["slow"]);
});

test("dead letters and refused rows are summed from the detector's lines, of this app alone", () => {
  const lines = [
    line({ event: "batch detected", deadLettered: 2, refused: 0 }, 10),
    line({ event: "batch detected", deadLettered: 1, refused: 3 }, 5),
    line({ event: "batch detected", deadLettered: 0, refused: 0 }, 1),
    line({ event: "outbox swept", forwarded: 0, refused: 1 }, 1),
    line({ event: "batch detected", deadLettered: 9, refused: 9 }, 60),
    { ...line({ event: "batch detected", deadLettered: 9, refused: 9 }, 1), AppRoleName: "another" },
  ];

  expect(alertOnLines("dead-letters", lines)).toMatchObject([{ DeadLettered: 3 }]);
  expect(alertOnLines("rows-refused", lines)).toMatchObject([{ Refused: 4 }]);
});

test("the outbox has stopped when no sweep could send, not when one could", () => {
  const stopped = Array.from({ length: 6 }, (_, index) =>
    line({ event: "outbox swept", forwarded: 0, refused: 0, stopped: "Logs Ingestion: answered 403" }, index + 1),
  );
  const sent = line({ event: "outbox swept", forwarded: 0, refused: 0 }, 3);

  expect(alertOnLines("outbox-stopped", stopped)).toEqual([{ Stops: 6, Reason: "Logs Ingestion: answered 403" }]);
  expect(alertOnLines("outbox-stopped", [...stopped, sent])).toEqual([]);
  expect(alertOnLines("outbox-stopped", [])).toEqual([]);
});

test("the detector fails when one of its own functions fails several times", () => {
  const failures = [1, 2, 3].map((minutes) => request("audit-events", false, minutes));
  const sweeps = [1, 2, 3].map((minutes) => request("outbox-timer", true, minutes));

  expect(run("detector-failing", { AppRequests: [...failures, ...sweeps] })).toEqual([
    { Name: "audit-events", Failed: 3, Succeeded: 0 },
  ]);
  expect(run("detector-failing", { AppRequests: failures.slice(1) })).toEqual([]);
  expect(run("detector-failing", { AppRequests: failures.map((row) => ({ ...row, Name: "health" })) })).toEqual([]);
});

test("the silent app is measured even when nothing at all was logged", () => {
  expect(run("app-silent", { AppRequests: [] })).toEqual([{ Runs: 0 }]);
  expect(run("app-silent", { AppRequests: [request("outbox-timer", true, 40)] })).toEqual([{ Runs: 0 }]);
  expect(run("app-silent", { AppRequests: [request("outbox-timer", true, 4)] })).toEqual([{ Runs: 1 }]);
});

/** Rows of any kind are right for it: it only asks whether there is one. Or it names the table in a text. */
const EXEMPT = new Set(["alerts/missed.kql", "alerts/ingestion-errors.kql", "workbook/ingestion-errors.kql"]);

test("every query that reads the table counts an incident once", () => {
  const readers = [...QUERY_FILES].filter(([file, text]) => text.includes("PimwatchIncidents_CL") && !EXEMPT.has(file));

  expect(readers.length).toBeGreaterThan(5);
  for (const [file, text] of readers) expect(text, file).toMatch(/by IncidentId/);
  for (const [file, text] of readers) expect(text, file).toMatch(/RowKind == "created"|arg_max\(Revision, \*\)/);
});

function line(figures: object, minutesAgo: number): Row {
  return { TimeGenerated: NOW - minutesAgo * MINUTE, AppRoleName: APP, Message: JSON.stringify(figures) };
}

function request(name: string, success: boolean, minutesAgo: number): Row {
  return { TimeGenerated: NOW - minutesAgo * MINUTE, AppRoleName: APP, Name: name, Success: success };
}

function alertOn(name: string, rows: readonly Row[]): Row[] {
  return run(name, { PimwatchIncidents_CL: rows });
}

function alertOnLines(name: string, rows: readonly Row[]): Row[] {
  return run(name, { AppTraces: rows });
}

/** Runs the query of an alert rule as it is deployed. */
function run(name: string, tables: Readonly<Record<string, readonly Row[]>>): Row[] {
  const rule = ofType(variant("everything"), "Microsoft.Insights/scheduledQueryRules").find((resource) =>
    resource.name.endsWith(`-${name}`),
  );
  return runQuery(String(at(rule?.properties, "criteria.allOf.0.query")), { now: NOW, tables });
}
