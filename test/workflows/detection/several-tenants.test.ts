import { describe, expect, test } from "vitest";
import { INCIDENT_COLUMNS } from "../../../src/core/incident/incident-columns.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import { webhookMessage } from "../../../src/core/incident/webhook-message.ts";
import { assess } from "../../../src/core/pim-settings/assess.ts";
import type { ExpectedChange } from "../../../src/core/pim-settings/expected-changes.ts";
import { judge } from "../../../src/workflows/detection/judge-record.ts";
import { incidentLines, incidentText } from "../../../cli/incidents/incident-text.ts";
import { bytes, POSITION, settingsChange, TENANT } from "../../samples.ts";
import { readyRule } from "../../shipped-rule.ts";

const OTHER = "bbbbbbbb-1111-4222-8333-444444444444";
const NAMES = new Map([
  [TENANT, "Contoso"],
  [OTHER, "Fabrikam"],
]);
const PLANNED: ExpectedChange = {
  who: ["alex.rivera@fabrikam.example"],
  roles: ["Global Administrator"],
  settings: ["any"],
  ticket: "CHG-7",
  from: "2026-03-01T00:00:00.000Z",
  until: "2026-03-31T00:00:00.000Z",
};

/** The incident of one change, by one actor of one id, in this tenant. */
function rowIn(tenantId: string, { planned = [] as readonly ExpectedChange[], allowed = NAMES } = {}): IncidentRow {
  const record = settingsChange({ tenantId });
  const ready = readyRule();
  const rules = [{ ...ready, rule: { ...ready.rule, expectedChanges: planned } }];
  const deps = { rules, allowedTenantIds: new Set(allowed.keys()), tenantNames: allowed, now: () => new Date(0) };
  const { found } = judge({ record, bytes: () => bytes(JSON.stringify(record)) }, POSITION, deps);
  const row = found[0]?.incident.row;
  if (row === undefined) throw new Error("no incident");
  return row;
}

test("one actor in two tenants is two: incidents, bursts and names are apart", () => {
  const [one, other] = [rowIn(TENANT), rowIn(OTHER)];
  expect([one["EntraTenantId"], one["EntraTenantName"]]).toEqual([TENANT, "Contoso"]);
  expect([other["EntraTenantId"], other["EntraTenantName"]]).toEqual([OTHER, "Fabrikam"]);
  expect(one["InitiatedBy"]).toBe(other["InitiatedBy"]);
  for (const column of ["IncidentId", "BurstId"]) {
    expect(one[column]).not.toBe("");
    expect(one[column]).not.toBe(other[column]);
  }
});

test("a tenant's name changes no identity, and lists have it", () => {
  const unnamed = rowIn(OTHER, {
    allowed: new Map([
      [TENANT, ""],
      [OTHER, ""],
    ]),
  });
  const named = rowIn(OTHER);
  expect(unnamed["EntraTenantName"]).toBe("");
  expect({ ...unnamed, EntraTenantName: "Fabrikam" }).toEqual(named);
  const listed = INCIDENT_COLUMNS.filter((column) => column.listed).map(({ name }) => name);
  expect(listed).toEqual(expect.arrayContaining(["EntraTenantId", "EntraTenantName"]));
});

test("card, list and text name the tenant if it has a name", () => {
  const row = rowIn(OTHER);
  const bare = { ...row, EntraTenantName: "" };
  for (const say of [
    (one: IncidentRow) => webhookMessage(one, "teams-card"),
    (one: IncidentRow) => incidentLines(one, { color: false, columns: undefined }),
    (one: IncidentRow) => incidentText(one, { color: false, columns: undefined }),
  ]) {
    expect(say(row)).toContain("Fabrikam");
    expect(say(bare)).not.toContain("Fabrikam");
  }
  expect(incidentText(row, { color: false, columns: undefined })).toContain(`    tenant    Fabrikam (${OTHER})\n`);
});

describe("a planned change", () => {
  const expected = (...[tenant, options]: Parameters<typeof rowIn>) => {
    const row = rowIn(tenant, options);
    return { expected: row["Expected"], ticket: row["ExpectedTicket"] };
  };
  const YES = { expected: true, ticket: "CHG-7" };
  const NO = { expected: false, ticket: "" };
  const single = new Map([[TENANT, ""]]);

  test.each([
    { why: "names no tenant, where there is one", planned: {}, allowed: single, covers: YES },
    { why: "names the only tenant", planned: { tenants: [TENANT.toUpperCase()] }, allowed: single, covers: YES },
    { why: "names no tenant, where there are several", planned: {}, allowed: NAMES, covers: NO },
    { why: "names this tenant of several", planned: { tenants: [TENANT] }, allowed: NAMES, covers: YES },
    { why: "names both tenants", planned: { tenants: [OTHER, TENANT] }, allowed: NAMES, covers: YES },
    { why: "names the other tenant", planned: { tenants: [OTHER] }, allowed: NAMES, covers: NO },
  ])("that $why: $covers.expected", ({ planned, allowed, covers }) => {
    expect(expected(TENANT, { planned: [{ ...PLANNED, ...planned }], allowed })).toEqual(covers);
  });

  test.each([
    { planned: {}, nearMiss: "CHG-7: it names no tenant, and pimwatch watches several" },
    { planned: { tenants: [OTHER] }, nearMiss: "CHG-7: planned for another tenant" },
  ])("that misses only for its tenant says so: $nearMiss", ({ planned, nearMiss }) => {
    const options = { expectedChanges: [{ ...PLANNED, ...planned }], isOnlyTenant: false };
    expect(assess(settingsChange({ tenantId: TENANT }), options).expectation).toEqual({ expected: false, nearMiss });
  });
});
