import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tenantOf, toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { toIncident } from "../../../src/core/incident/incident.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { toStoredIncident } from "../../../src/core/incident/incident-row.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import type { Rule } from "../../../src/core/incident/rule.ts";
import { anySettingsChange, POSITION, settingsChange, TENANT } from "../../samples.ts";
import { planOf } from "../../kql/query.ts";
import { CHANGES_TO_PIM_SETTINGS as RULE, incidentOf } from "../../shipped-rule.ts";

const UNKNOWN_POSITION = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

test("a match becomes an incident in Sentinel's vocabulary with everything from the record", () => {
  const record = settingsChange();
  const properties = record["properties"] as Record<string, Json>;

  expect(incidentOf(record)).toEqual({
    id: "aabc43e7aa9192a7565179f0964e8421a46c4df59d9c3451337fdbd05b9d7f7a", // sha256 of the fields that incidentId lists, computed with another tool
    revision: 1,
    title: "Changes to PIM Settings",
    description: RULE.description,
    severity: "High",
    status: "New",
    tactics: ["PrivilegeEscalation"],
    techniques: ["T1078.004"],
    entities: [
      {
        $id: "1",
        Type: "account",
        FullName: "alex.rivera@fabrikam.example",
        Name: "alex.rivera",
        UPNSuffix: "fabrikam.example",
      },
      { $id: "2", Type: "account", AadUserId: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9" },
      { $id: "3", Type: "ip", Address: "192.0.2.7" },
    ],
    columns: {
      InitiatingUserPrincipalName: "alex.rivera@fabrikam.example",
      InitiatingAadUserId: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
      InitiatingIPAddress: "192.0.2.7",
      InitiatingAccountName: "alex.rivera",
      InitiatingAccountUPNSuffix: "fabrikam.example",
    },
    customDetails: {},
    rule: {
      id: "0ed0fe7c-af29-4990-af7f-bb5ccb231198",
      name: "Changes to PIM Settings",
      version: RULE.version,
      fileHash: RULE.fileHash,
      queryHash: RULE.queryHash,
    },
    activity: {
      operationName: "Update role setting in PIM",
      category: "RoleManagement",
      loggedByService: "PIM",
      result: "success",
      resultReason: properties["resultReason"],
      correlationId: "5d0c2f3e-6a7b-4c8d-9e0f-a1b2c3d4e5f6",
      auditLogId: properties["id"],
      tenantId: TENANT,
      tenantName: "",
    },
    priority: "P1",
    effect: "weakens",
    assessment: expect.objectContaining({ effect: "weakens", roleScope: "Global Administrator", roleTier: "critical" }),
    actor: {
      type: "User",
      label: "alex.rivera@fabrikam.example",
      userPrincipalName: "alex.rivera@fabrikam.example",
      userId: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
      userDisplayName: "Alex Rivera",
      appName: "",
      appId: "",
      servicePrincipalId: "",
      agent: { agentType: "", blueprintId: "" },
    },
    identities: { nameMismatch: false, agentTargets: [], notes: [] },
    role: {
      name: "Global Administrator",
      id: "7a6b5c4d-3e2f-4102-9384-756473829100",
      templateId: "62e90394-69f5-4237-9190-012177145e10",
    },
    target: { type: "Role", name: "Global Administrator", id: "7a6b5c4d-3e2f-4102-9384-756473829100" },
    mappedIpAddress: "192.0.2.7",
    clientIpAddress: "203.0.113.24",
    activityDateTime: "2026-03-04T09:12:41.7904180Z",
    enqueuedTime: "2026-03-04T09:14:00.5000000Z",
    detectedTime: "2026-03-04T09:14:01.000Z",
    partitionId: "3",
    sequenceNumber: 42,
    contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    evidence: [],
    isEvidenceCut: false,
    instant: "",
    resultRows: [],
    record: JSON.stringify(record),
    remediationSteps: RULE.guide?.response,
    modifiedProperties: (properties["targetResources"] as Record<string, Json>[])[0]?.["modifiedProperties"],
    targetResources: properties["targetResources"],
    additionalDetails: properties["additionalDetails"],
  });
});

describe("the id", () => {
  const withoutId = (fields: Record<string, Json> = {}) => settingsChange(fields, { id: undefined });

  test.each<{ why: string; a: DiagnosticRecord; b?: DiagnosticRecord; of?: Parameters<typeof incidentOf>[1] }>([
    {
      why: "delivered again elsewhere and later",
      a: settingsChange(),
      of: { position: UNKNOWN_POSITION, detectedAt: new Date(0) },
    },
    {
      why: "found by another version of the rule",
      a: settingsChange(),
      of: { rule: { ...RULE, version: "9.9.9", fileHash: "x", queryHash: "y" } },
    },
    { why: "with its keys in another order", a: settingsChange(), b: reordered(settingsChange()) },
    {
      why: "sent again under another correlation id and time",
      a: settingsChange(),
      b: settingsChange({ time: "2026-03-05T00:00:00Z", correlationId: "x" }),
    },
    {
      why: "with its tenant in upper case",
      a: settingsChange(),
      b: settingsChange({ tenantId: TENANT.toUpperCase() }),
    },
    { why: "with its tenant only in the resource id", a: settingsChange(), b: settingsChange({ tenantId: undefined }) },
    { why: "without an id, with its keys in another order", a: withoutId(), b: reordered(withoutId()) },
    {
      why: "without an id, delivered again",
      a: withoutId(),
      of: { position: UNKNOWN_POSITION, detectedAt: new Date(0) },
    },
    {
      why: "with an id that is not a text, its keys in another order",
      a: settingsChange({}, { id: { a: 1, b: 2 } }),
      b: settingsChange({}, { id: { b: 2, a: 1 } }),
    },
  ])("is the same for a record $why", ({ a, b = a, of }) => {
    expect(incidentOf(b, of).id).toBe(incidentOf(a).id);
  });

  const otherTenant = "bbbbbbbb-1111-4222-8333-444444444444";
  test.each<{ what: string; a?: DiagnosticRecord; b?: DiagnosticRecord; of?: Parameters<typeof incidentOf>[1] }>([
    { what: "tenant", b: settingsChange({ tenantId: otherTenant }) },
    { what: "rule", of: { rule: { ...RULE, id: "11111111-2222-4333-8444-555555555555" } } },
    { what: "record id", b: settingsChange({}, { id: "PIM_2" }) },
    { what: "result row of the same record", of: { ordinal: 1 } },
    { what: "content, if there is no id", a: withoutId(), b: withoutId({ correlationId: "x" }) },
    {
      what: "content, if the id is empty",
      a: settingsChange({}, { id: "" }),
      b: settingsChange({ Level: 3 }, { id: "" }),
    },
  ])("differs for another $what", ({ a = settingsChange(), b = a, of }) => {
    expect(incidentOf(b, of).id).not.toBe(incidentOf(a).id);
  });

  test("of any record is sha256 in hex and does not depend on the order of keys", () => {
    fc.assert(
      fc.property(anySettingsChange(), (record) => {
        const { id } = incidentOf(record);
        expect(id).toMatch(/^[0-9a-f]{64}$/);
        expect(incidentOf(reordered(record)).id).toBe(id);
      }),
    );
  });
});

describe("the time of the activity", () => {
  test.each<{ activityDateTime: Json | undefined; time: Json | undefined; expected: string }>([
    {
      activityDateTime: "2026-03-04T01:00:00+01:00",
      time: "2026-03-05T00:00:00Z",
      expected: "2026-03-04T00:00:00.0000000Z",
    },
    { activityDateTime: undefined, time: "3/5/2026 9:41:00 PM", expected: "2026-03-05T21:41:00.0000000Z" },
    { activityDateTime: "soon", time: "2026-03-05", expected: "2026-03-05T00:00:00.0000000Z" },
    { activityDateTime: null, time: 17, expected: "1970-01-01T00:00:00.0000000Z" },
  ])("of $activityDateTime and $time is $expected, never now", ({ activityDateTime, time, expected }) => {
    expect(incidentOf(settingsChange({ time }, { activityDateTime })).activityDateTime).toBe(expected);
  });
});

describe("the text of the change", () => {
  test.each<{ reason: Json; top: Json; inner: Json; expected: string }>([
    { reason: "a", top: "b", inner: "c", expected: "a" },
    { reason: "", top: "b", inner: "c", expected: "b" },
    { reason: null, top: " ", inner: "c", expected: "c" },
    { reason: null, top: null, inner: null, expected: "" },
  ])("of $reason, $top and $inner is $expected", ({ reason, top, inner, expected }) => {
    const record = settingsChange({ resultDescription: top }, { resultReason: reason, resultDescription: inner });
    expect(incidentOf(record).activity.resultReason).toBe(expected);
  });
});

test("whole numbers beyond 2^53 keep all digits everywhere in an incident", () => {
  const long = 9_007_199_254_740_993n;
  const record = settingsChange({ durationMs: long }, { additionalDetails: [{ key: "n", value: long }] });
  const plan = planOf(
    "AuditLogs | extend n = AdditionalDetails[0].value, bag = bag_pack('n', DurationMs), long_ = DurationMs",
  );
  const rule: Rule = {
    ...RULE,
    plan,
    customDetails: { n: "n", bag: "bag" },
    entityMappings: [{ entityType: "Host", fieldMappings: [{ identifier: "HostName", columnName: "n" }] }],
    alertDetails: { titleFormat: "n is {{n}} or {{long_}}" },
  };
  const incident = incidentOf(record, { rule });

  expect(incident).toMatchObject({
    title: "n is 9007199254740993 or 9007199254740993",
    columns: { n: long, bag: { n: long }, long_: "9007199254740993" },
    customDetails: { n: "9007199254740993", bag: '{"n":9007199254740993}' },
    entities: [{ HostName: "9007199254740993" }],
    record: expect.stringContaining('"value":9007199254740993}'),
  });
  // The services would round a number, so their rows contain text.
  const { row } = toStoredIncident(incident, "created");
  expect(JSON.parse(JSON.stringify(row))).toMatchObject({
    ResultColumns: { n: "9007199254740993", bag: { n: "9007199254740993" }, long_: "9007199254740993" },
    AdditionalDetails: [{ key: "n", value: "9007199254740993" }],
  });
});

test("an application as actor has no accounts and no mapped address, but is named", () => {
  const initiatedBy = { app: { appId: null, displayName: "pim-automation", servicePrincipalId: "s-1" } };
  const incident = incidentOf(settingsChange({}, { initiatedBy }));
  expect(incident).toMatchObject({
    entities: [],
    mappedIpAddress: "",
    clientIpAddress: "203.0.113.24",
    actor: { type: "Application", label: "pim-automation" },
  });
});

test.each([
  { severity: "Medium", effect: "weakens", result: "success", priority: "P2", says: "weakens" },
  { severity: "Medium", effect: "weakens", result: "failure", priority: "P3", says: "weakens" },
  { severity: "Medium", effect: "unknown", result: "success", priority: "P3", says: "unknown" },
  { severity: "Medium", effect: "worse", result: "success", priority: "P3", says: "" },
  { severity: "High", effect: "neutral", result: "success", priority: "P2", says: "neutral" },
  { severity: "Low", effect: "weakens", result: "success", priority: "P4", says: "weakens" },
] as const)("of a $severity rule whose query says $effect, a $result is $priority", (given) => {
  const rule = { ...RULE, severity: given.severity, plan: planOf(`AuditLogs | extend Effect = "${given.effect}"`) };
  const activityDisplayName = "Update conditional access policy";
  const record = settingsChange({ operationName: activityDisplayName }, { activityDisplayName, result: given.result });

  expect(incidentOf(record, { rule })).toMatchObject({
    assessment: null,
    effect: given.says,
    priority: given.priority,
  });
});

test("a position that the host does not provide is unknown, not zero", () => {
  expect(incidentOf(settingsChange(), { position: UNKNOWN_POSITION })).toMatchObject({
    partitionId: "",
    sequenceNumber: null,
    enqueuedTime: "",
  });
  expect(incidentOf(settingsChange(), { position: { ...POSITION, enqueuedTime: "just now" } }).enqueuedTime).toBe("");
});

describe("the columns of an incident are those that the query made or changed", () => {
  const changed = (query: string, record: DiagnosticRecord) =>
    incidentOf(record, { rule: { ...RULE, plan: planOf(query) } }).columns;

  test("in the query's order, without those that it only moved or removed", () => {
    const query =
      'AuditLogs | extend Zone = "a", Result = strcat(Result, "!"), DurationMs = DurationMs | project Zone, Result, Id, DurationMs';
    expect(Object.entries(changed(query, settingsChange()))).toEqual([
      ["Zone", "a"],
      ["Result", "success!"],
    ]);
  });

  test("at any depth of nesting", () => {
    const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as Json;
    const columns = changed(
      "AuditLogs | extend InitiatedBy = AdditionalDetails",
      settingsChange({}, { additionalDetails: deep }),
    );
    expect(columns["InitiatedBy"]).toBe(deep);
  });
});

describe("a thousand incidents of one record", () => {
  const record = settingsChange(
    {},
    { additionalDetails: Array.from({ length: 20_000 }, (_, index) => ({ key: `key ${index}`, value: "value" })) },
  );
  const row = toAuditLogRow(record);
  let reads = 0;
  const source = {
    record,
    bytes: () => {
      reads += 1;
      return new TextEncoder().encode(JSON.stringify(record));
    },
  };
  const incidents = Array.from({ length: 1_000 }, (_, ordinal) =>
    toIncident({ rule: RULE, source, row, resultRow: row, ordinal, position: POSITION }, new Date(0)),
  );
  const rows = incidents.map((incident) => toStoredIncident(incident, "created").row);

  test("have different ids", () => {
    expect(new Set(rows.map(({ IncidentId }) => IncidentId)).size).toBe(1_000);
  });

  test("share the results of reading, assessing and cutting the record once", () => {
    expect(reads).toBe(1);
    expect(new Set(incidents.map(({ assessment }) => assessment)).size).toBe(1);
    for (const column of ["AdditionalDetails", "Changes", "TargetResources"])
      expect(new Set(rows.map((each) => each[column])).size).toBe(1);
  });
});

test("custom details are the columns that the rule names, as text", () => {
  const rule = {
    ...RULE,
    customDetails: { Actor: "InitiatingUserPrincipalName", Took: "DurationMs", None: "Missing" },
  };
  expect(incidentOf(settingsChange({ durationMs: 7 }), { rule }).customDetails).toEqual({
    Actor: "alex.rivera@fabrikam.example",
    Took: "7",
    None: "",
  });
});

test("the tenant is the record's, in lower case", () => {
  const record = settingsChange({ tenantId: TENANT.toUpperCase() });
  expect([incidentOf(record).activity.tenantId, tenantOf(record)]).toEqual([TENANT, TENANT]);
});

function reordered(value: DiagnosticRecord): DiagnosticRecord {
  const turn = (json: Json): Json => {
    if (json === null || typeof json !== "object") return json;
    if (Array.isArray(json)) return json.map((element: Json) => turn(element));
    const entries = Object.entries(json).map(([key, member]) => [key, turn(member)] as const);
    return Object.fromEntries(entries.reverse());
  };
  return turn(value) as DiagnosticRecord;
}
