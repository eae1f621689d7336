import { expect, test } from "vitest";
import { QUERY_FILES } from "./kusto-workspace.ts";
import { at, theOne, variant } from "./predicted-resources.ts";
import { MINUTE, NOW, runAlert } from "./run-alert.ts";
import { type Row, runQuery } from "./query-rows.ts";

/** A row of PimwatchIncidents_CL, created and arrived this many minutes ago. */
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
  incident("a", 3, { _arrived: NOW - 2 * MINUTE }), // sent again because its arrival was unknown
  incident("a", 1, { RowKind: "updated", Revision: 2, Status: "Active" }),
  incident("b", 2),
  incident("b", 1, { RowKind: "updated", Revision: 2, Status: "Closed" }),
  incident("c", 2, { Severity: "Low" }),
  incident("d", 90, { _arrived: NOW - 1 * MINUTE }), // forwarded late
  incident("e", 90),
  incident("e", 90, { _arrived: NOW - 1 * MINUTE }), // sent again late
];

test("a new incident makes one alert, no matter how often its row was sent or what changed since", () => {
  expect(alertOn("new-incident", INCIDENTS).map(({ IncidentId }) => IncidentId)).toEqual(["a", "b", "d", "e"]);
  expect(alertOn("new-incident", [incident("f", 1, { RowKind: "updated", Revision: 2 })])).toEqual([]);
});

test("an alert calls empty values unknown, since it cannot be split by an empty value", () => {
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

test("PimwatchIncidents() returns the latest state of each incident, PimwatchNewIncidents() the first", () => {
  const statesIn = (name: string) =>
    runQuery(`${name}()`, { now: NOW, tables: { PimwatchIncidents_CL: INCIDENTS } })
      .map(({ IncidentId, Status }) => `${IncidentId} ${Status}`)
      .toSorted((one, other) => one.localeCompare(other));

  expect(statesIn("PimwatchIncidents")).toEqual(["a Active", "b Closed", "c New", "d New", "e New"]);
  expect(statesIn("PimwatchNewIncidents")).toEqual(["a New", "b New", "c New", "d New", "e New"]);
});

test("slow detection counts from the hub, once per incident, and ignores incidents without that time", () => {
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

/** They work with rows of any kind: they only test whether one exists, or name the table in a text. */
const EXEMPT = new Set([
  "alerts/detection/missed.kql",
  "alerts/forwarding/ingestion-errors.kql",
  "workbook/ingestion-errors.kql",
]);

test("every query that reads the table counts an incident once", () => {
  const readers = [...QUERY_FILES].filter(([file, text]) => text.includes("PimwatchIncidents_CL") && !EXEMPT.has(file));

  expect(readers.length).toBeGreaterThan(5);
  for (const [file, text] of readers) expect(text, file).toMatch(/by IncidentId/);
  for (const [file, text] of readers) expect(text, file).toMatch(/RowKind == "created"|arg_max\(Revision, \*\)/);
});

function alertOn(name: string, rows: readonly Row[]): Row[] {
  return runAlert(name, { PimwatchIncidents_CL: rows });
}
