import { expect, test } from "vitest";
import { QUERY_FILES } from "../kusto-workspace.ts";
import { at, ofType, queryText, variant } from "../predicted-resources.ts";
import { MINUTE, NOW, runAlert } from "./run-alert.ts";
import { type Row, runQuery } from "../query-rows.ts";
import { TENANT } from "../../samples.ts";

const RULE = "Changes to PIM Settings";
const BURST = "2026-11-23T11Z-0123456789abcdef";

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
    Expected: false,
    RuleName: RULE,
    BurstId: BURST,
    RoleScope: "Security Administrator",
    InitiatedBy: "ana@contoso.example",
    EntraTenantId: TENANT,
    EntraTenantName: "Contoso",
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
  incident("c", 2, { Priority: "P2" }),
  incident("d", 90, { _arrived: NOW - 1 * MINUTE }), // forwarded late
  incident("e", 90),
  incident("e", 90, { _arrived: NOW - 1 * MINUTE }), // sent again late
];

test("an alert counts each incident of its priority once, no matter how often its row was sent or what changed since", () => {
  expect(alertOn("incident-p1", INCIDENTS)).toEqual([
    { Burst: BURST, RuleName: RULE, InitiatedBy: "ana@contoso.example", Tenant: "Contoso", Incidents: 4 },
  ]);
  expect(alertOn("incident-p2", INCIDENTS)).toEqual([
    { Burst: BURST, RuleName: RULE, InitiatedBy: "ana@contoso.example", Tenant: "Contoso", Incidents: 1 },
  ]);
  expect(alertOn("incident-p1", [incident("f", 1, { RowKind: "updated", Revision: 2 })])).toEqual([]);
});

test("only P1 and P2 make an alert, and no expected change does", () => {
  const quiet = [
    incident("a", 1, { Priority: "P3" }),
    incident("b", 1, { Priority: "P4" }),
    incident("c", 1, { Expected: true }),
    incident("d", 1, { Priority: "P2", Expected: true }),
  ];

  expect([...alertOn("incident-p1", quiet), ...alertOn("incident-p2", quiet)]).toEqual([]);
  expect(alertOn("incident-p1", [incident("e", 1, { Expected: null })])).toHaveLength(1);
});

test("each burst, and each rule in it, makes an alert of its own", () => {
  const rows = [
    incident("a", 3),
    incident("b", 2, { RuleName: "Role assigned outside of PIM" }),
    incident("c", 1, { BurstId: "2026-11-23T12Z-fedcba9876543210", InitiatedBy: "bob@contoso.example" }),
  ];

  expect(alertOn("incident-p1", rows).map(({ Incidents }) => Incidents)).toEqual([1, 1, 1]);
});

test("without a burst, the hour stands for it; without an actor, an alert says unknown, since no dimension may be empty", () => {
  const unnamed = { BurstId: "", InitiatedBy: "" };

  expect(alertOn("incident-p1", [incident("a", 1, unnamed), incident("b", 2, unnamed)])).toEqual([
    {
      Burst: `no burst, ${NOW - 60 * MINUTE}`,
      RuleName: RULE,
      InitiatedBy: "unknown",
      Tenant: "Contoso",
      Incidents: 2,
    },
  ]);
});

test("each tenant makes an alert of its own, which names it, or has its id where it has no name", () => {
  const rows = [
    incident("a", 1, { BurstId: "" }),
    incident("b", 1, { BurstId: "", EntraTenantName: "Fabrikam" }),
    incident("c", 1, { BurstId: "", EntraTenantName: "" }),
    incident("d", 1, { BurstId: "", EntraTenantName: "", EntraTenantId: "" }),
  ];

  expect(alertOn("incident-p1", rows).map(({ Tenant }) => Tenant)).toEqual(["Contoso", "Fabrikam", TENANT, "unknown"]);
  for (const kind of ["NRT", "Scheduled"] as const)
    expect(sentinelOn(kind, rows).map(({ Tenant }) => Tenant)).toEqual(["Contoso", "Fabrikam", TENANT, ""]);
});

const PAGE = "https://pimwatch.example/api/dashboard";

/** Runs the query of the Sentinel rule of this kind. */
function sentinelOn(kind: "NRT" | "Scheduled", rows: readonly Row[], page = PAGE): Row[] {
  const rule = ofType(variant("everything"), "Microsoft.SecurityInsights/alertRules").find(
    (each) => each.kind === kind,
  );
  const query = queryText(at(rule?.properties, "query")).replaceAll("{page}", page);
  return runQuery(query, { now: NOW, tables: { PimwatchIncidents_CL: rows } });
}

test("Sentinel's scheduled rule gets an incident when its first row arrives, and not again", () => {
  expect(sentinelOn("Scheduled", INCIDENTS).map(({ IncidentId }) => IncidentId)).toEqual(["a", "b", "c", "d"]);
});

test("Sentinel's rule in near real time gets each incident among the rows of one minute once, however old they are", () => {
  const minute = INCIDENTS.filter(({ _arrived }) => Number(_arrived) > NOW - 2 * MINUTE);
  const twice = [...minute, incident("d", 90, { _arrived: NOW })];

  expect(sentinelOn("NRT", twice).map(({ IncidentId }) => IncidentId)).toEqual(["d", "e"]);
});

test("Sentinel links to the incident on the page, if there is a page", () => {
  const links = (page: string) => sentinelOn("NRT", [incident("a", 1)], page).map(({ Page }) => Page);

  expect(links(PAGE)).toEqual([`${PAGE}?incident=a`]);
  expect(links("")).toEqual([""]);
});

test("PimwatchIncidents() returns the latest state of each incident, PimwatchNewIncidents() the first", () => {
  const statesIn = (name: string) =>
    runQuery(`${name}()`, { now: NOW, tables: { PimwatchIncidents_CL: INCIDENTS } })
      .map(({ IncidentId, Status }) => `${IncidentId} ${Status}`)
      .toSorted((one, other) => one.localeCompare(other));

  expect(statesIn("PimwatchIncidents")).toEqual(["a Active", "b Closed", "c New", "d New", "e New"]);
  expect(statesIn("PimwatchNewIncidents")).toEqual(["a New", "b New", "c New", "d New", "e New"]);
});

test("slow detection counts from the hub or from the later instant of the rule, once per incident, and ignores incidents without that time", () => {
  const slow = { EventHubEnqueuedTime: NOW - 40 * MINUTE };
  const rows = [
    incident("quick", 5),
    incident("slow", 5, slow),
    incident("slow", 5, slow),
    incident("slow", 4, { ...slow, RowKind: "updated", Revision: 2 }),
    incident("untimed", 5, { EventHubEnqueuedTime: null }),
    incident("at its instant", 5, { ...slow, Instant: NOW - 10 * MINUTE }),
    incident("long after its instant", 5, { ...slow, Instant: NOW - 30 * MINUTE }),
  ];

  expect(alertOn("slow-detection", rows).map(({ IncidentId }) => IncidentId)).toEqual([
    "slow",
    "long after its instant",
  ]);
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
