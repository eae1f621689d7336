import fc from "fast-check";
import { sha256Hex } from "../src/core/json/content-hash.ts";
import { INCIDENT_COLUMNS, type IncidentColumn } from "../src/core/incident/incident-columns.ts";
import { type IncidentRow, type StoredIncident, toStoredIncident } from "../src/core/incident/incident-row.ts";
import type { Incident } from "../src/core/incident/incident.ts";
import type { PlainJson } from "../src/kql/run/values.ts";

export const RULE_ID = "0ed0fe7c-af29-4990-af7f-bb5ccb231198";

const INCIDENT: Incident = {
  id: sha256Hex("sample"),
  revision: 1,
  title: "Changes to PIM Settings",
  description: "PIM provides a key mechanism for assigning privileges to accounts.",
  severity: "High",
  status: "New",
  priority: "P2",
  effect: "",
  assessment: null,
  tactics: ["PrivilegeEscalation"],
  techniques: ["T1078"],
  entities: [],
  evidence: [],
  isEvidenceCut: false,
  instant: "",
  resultRows: [],
  columns: { InitiatedBy: "alex.rivera@fabrikam.example" },
  customDetails: {},
  rule: {
    id: RULE_ID,
    name: "Changes to PIM Settings",
    version: "1.0.4",
    fileHash: sha256Hex("file"),
    queryHash: sha256Hex("query"),
  },
  activity: {
    operationName: "Update role setting in PIM",
    category: "RoleManagement",
    loggedByService: "PIM",
    result: "success",
    resultReason: "Approval disabled.",
    correlationId: "5d0c2f3e-6a7b-4c8d-9e0f-a1b2c3d4e5f6",
    auditLogId: "PIM_1f2e3d4c-5b6a-4978-8a9b-0c1d2e3f4a5b",
    tenantId: "aaaaaaaa-1111-4222-8333-444444444444",
    tenantName: "",
  },
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
  role: { name: "Global Administrator", id: "7a6b5c4d-3e2f-4102-9384-756473829100", templateId: "" },
  target: { type: "Role", name: "Global Administrator", id: "7a6b5c4d-3e2f-4102-9384-756473829100" },
  mappedIpAddress: "",
  clientIpAddress: "203.0.113.24",
  activityDateTime: "2026-03-04T09:12:41.7904180Z",
  enqueuedTime: "2026-03-04T09:12:45.0000000Z",
  detectedTime: "2026-03-04T09:12:46.000Z",
  partitionId: "0",
  sequenceNumber: 7,
  contentHash: sha256Hex("content"),
  record: '{"category":"AuditLogs"}',
  remediationSteps: "Ask who changed it.",
  modifiedProperties: [{ displayName: "TemplateId", oldValue: '""', newValue: '"x"' }],
  targetResources: [{ type: "Role", displayName: "Global Administrator" }],
  additionalDetails: null,
};

/** A valid incident as it is stored, with fields replaced. Two of different names are different incidents. */
export function storedIncident(name = "sample", fields: Partial<Incident> = {}): StoredIncident {
  return toStoredIncident({ ...INCIDENT, id: sha256Hex(name), ...fields }, "created");
}

/** The same incident as if another rule had found it. */
export function ofRule(ruleId: string, { row, record }: StoredIncident): StoredIncident {
  return { row: { ...row, RuleId: ruleId }, record };
}

/** An incident in which everything that an event can fill is longer than what is kept, all of this text. */
export function largestIncident(unit: string): StoredIncident {
  const text = unit.repeat(1_000_000 / unit.length);
  const long = Array.from({ length: 10_000 }, () => unit.repeat(10));
  const filled = <T extends object>(fields: T): T =>
    Object.assign({ ...fields }, Object.fromEntries(Object.keys(fields).map((name) => [name, text])));
  return storedIncident("largest", {
    title: text,
    description: text,
    tactics: long,
    techniques: long,
    columns: Object.fromEntries(long.map((value, index) => [`C${index}`, value])),
    customDetails: Object.fromEntries(long.map((value, index) => [`D${index}`, value])),
    activity: filled(INCIDENT.activity),
    actor: { ...filled(INCIDENT.actor), type: "User", agent: filled(INCIDENT.actor.agent) },
    identities: {
      nameMismatch: true,
      agentTargets: long.map((name) => ({ name, id: name, agentType: name, blueprintId: name })),
      notes: long,
    },
    role: filled(INCIDENT.role),
    target: filled(INCIDENT.target),
    mappedIpAddress: text,
    clientIpAddress: text,
    record: text,
    remediationSteps: text,
    modifiedProperties: long,
    targetResources: long,
    additionalDetails: long,
  });
}

/** The row with null for what lists do not show. */
export function listedColumns(row: IncidentRow): IncidentRow {
  const isListed = (name: string) =>
    ["IncidentId", "RuleId"].includes(name) || INCIDENT_COLUMNS.some((column) => column.name === name && column.listed);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, isListed(name) ? value : null]));
}

/** Any row that the columns' types allow. */
export function anyIncidentRow(): fc.Arbitrary<IncidentRow> {
  return fc.record(Object.fromEntries(INCIDENT_COLUMNS.map((column) => [column.name, anyCell(column)])));
}

function anyCell({ name, type }: IncidentColumn): fc.Arbitrary<PlainJson> {
  if (name === "IncidentId" || name === "RuleId") return fc.uuid();
  const isoTime = fc.date({ noInvalidDate: true, min: new Date("0001-01-01"), max: new Date("9999-12-31") });
  const byType: Record<IncidentColumn["type"], fc.Arbitrary<PlainJson>> = {
    string: fc.string({ unit: "binary", maxLength: 50 }),
    boolean: fc.boolean(),
    int: fc.integer(),
    // Beyond 2^53 a long comes as text.
    long: fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map(String),
      fc.constant(null),
    ),
    datetime: fc.option(isoTime.map((date) => date.toISOString())),
    dynamic: fc.jsonValue().map(withoutNegativeZero),
  };
  return byType[type];
}

/** JSON text has one zero. */
function withoutNegativeZero(value: unknown): PlainJson {
  const json: PlainJson = JSON.parse(JSON.stringify(value));
  return json;
}
