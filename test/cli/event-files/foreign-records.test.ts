import { describe, expect, test } from "vitest";
import { rowJson } from "../../../cli/backtest/row-json.ts";
import { formOf } from "../../../cli/event-files/foreign-records.ts";
import { sampleDay } from "../../../local/samples/sample-day.ts";
import { AUDIT_LOG_COLUMNS } from "../../../src/core/event/audit-log-columns.ts";
import { isAuditLog, toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { type DiagnosticRecord, isRecord, readEventBody } from "../../../src/core/event/event-body.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { settingsChange } from "../../samples.ts";

const exported = settingsChange();
const audits = sampleDay({ seed: 7, day: new Date("2026-03-04T00:00:00Z") })
  .bodies.flatMap((body) => readEventBody(body).records)
  .map(({ record }) => record)
  .filter((record) => isAuditLog(record) && isRecord(record["properties"]));

function rowOf(record: DiagnosticRecord): Record<string, Json> {
  return JSON.parse(rowJson(AUDIT_LOG_COLUMNS, toAuditLogRow(record)));
}

/** As the query API and CSV downloads write a row: each dynamic value as JSON text. */
function asText(row: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null ? JSON.stringify(value) : value,
    ]),
  );
}

function converted(value: Json): readonly DiagnosticRecord[] {
  const form = formOf(value);
  if (form?.kind !== "converted") throw new Error(`not converted: ${JSON.stringify(form)}`);
  return form.records;
}

describe("a row of the AuditLogs table gives the row again that it is", () => {
  test("of each audit record of the sample day, with dynamic columns as values and as text", () => {
    expect(audits.length).toBeGreaterThan(50);
    for (const record of audits) {
      const row = rowOf(record);
      for (const written of [row, asText(row)]) {
        const [again, ...more] = converted(written);
        expect(more).toEqual([]);
        expect(rowOf(again ?? {})).toEqual(row);
      }
    }
  });

  test("as a response with tables", () => {
    const rows = audits.slice(0, 3).map((record) => asText(rowOf(record)));
    const columns = AUDIT_LOG_COLUMNS.map(({ name, type }) => ({ name, type }));
    const table = {
      name: "PrimaryResult",
      columns,
      rows: rows.map((row) => columns.map(({ name }) => row[name] ?? null)),
    };
    expect(converted({ tables: [table] })).toEqual(rows.flatMap((row) => converted(row)));
  });

  test("as the portal downloads it: the zone in the header, times in American form", () => {
    const [record] = converted({
      "TimeGenerated [UTC]": "3/4/2026, 12:05:41.790 PM",
      "ActivityDateTime [UTC]": "3/4/2026, 12:05:41.790 AM",
      OperationName: "Update role setting in PIM",
      InitiatedBy: '{"user":{"id":"u"}}',
    });
    expect(record).toEqual({
      time: "2026-03-04T12:05:41.790Z",
      operationName: "Update role setting in PIM",
      category: "AuditLogs",
      properties: { activityDateTime: "2026-03-04T00:05:41.790Z", initiatedBy: { user: { id: "u" } } },
    });
  });
});

describe("a directoryAudit of Microsoft Graph", () => {
  const audit = {
    id: "PIM_1",
    category: "RoleManagement",
    correlationId: "c-1",
    result: "success",
    resultReason: "MFA on activation requirement disabled.",
    activityDisplayName: "Update role setting in PIM",
    activityDateTime: "2026-03-04T09:12:41.790418Z",
    loggedByService: "PIM",
    initiatedBy: {
      app: null,
      user: { id: "u-1", displayName: "Alex Rivera", userPrincipalName: "alex@fabrikam.example" },
    },
    targetResources: [{ id: "t-1", displayName: "Global Administrator", type: "Role", modifiedProperties: [] }],
    additionalDetails: [{ key: "AuditType", value: "UpdatePolicy" }],
  };
  const record = {
    time: audit.activityDateTime,
    operationName: audit.activityDisplayName,
    category: "AuditLogs",
    correlationId: "c-1",
    identity: "Alex Rivera",
    properties: { ...audit, initiatedBy: { user: audit.initiatedBy.user } },
  };
  const capital = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(capital);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name[0]?.toUpperCase() + name.slice(1), capital(member)]),
    );
  };

  test.each<{ as: string; value: Json }>([
    { as: "by itself", value: audit },
    { as: "in a response", value: { "@odata.context": "https://graph.microsoft.com/v1.0/$metadata", value: [audit] } },
    { as: "in an array", value: [audit] },
    { as: "in the wrapper of an export", value: { records: [audit] } },
    { as: "as PowerShell writes it", value: capital(audit) },
  ])("$as", ({ value }) => {
    expect(converted(value)).toEqual([record]);
  });

  test("without entries is read, and holds nothing", () => {
    expect(converted({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata", value: [] })).toEqual([]);
  });
});

test("a row of the portal's CSV download has its targets, properties and details as an export has", () => {
  const row = {
    "Date (UTC)": "2026-03-04T09:12:41+00:00",
    CorrelationId: "c-1",
    Service: "PIM",
    Category: "RoleManagement",
    Activity: "Update role setting in PIM",
    Result: "success",
    ResultReason: "MFA on activation requirement disabled.",
    ActorType: "User",
    ActorDisplayName: "Alex Rivera",
    ActorObjectId: "u-1",
    ActorUserPrincipalName: "alex@fabrikam.example",
    IPAddress: "192.0.2.7",
    Target1Type: "Role",
    Target1DisplayName: "Global Administrator",
    Target1ObjectId: "t-1",
    Target1ModifiedProperty1Name: "TemplateId",
    Target1ModifiedProperty1OldValue: '""',
    Target1ModifiedProperty1NewValue: '"62e90394"',
    Target2Type: "",
    AdditionalDetail1Key: "ipaddr",
    AdditionalDetail1Value: "203.0.113.24",
  };
  expect(converted(row)).toEqual([
    {
      time: "2026-03-04T09:12:41+00:00",
      operationName: "Update role setting in PIM",
      category: "AuditLogs",
      correlationId: "c-1",
      identity: "Alex Rivera",
      properties: {
        category: "RoleManagement",
        correlationId: "c-1",
        result: "success",
        resultReason: "MFA on activation requirement disabled.",
        activityDisplayName: "Update role setting in PIM",
        activityDateTime: "2026-03-04T09:12:41+00:00",
        loggedByService: "PIM",
        userAgent: null,
        initiatedBy: {
          user: {
            id: "u-1",
            displayName: "Alex Rivera",
            userPrincipalName: "alex@fabrikam.example",
            ipAddress: "192.0.2.7",
            homeTenantId: null,
            homeTenantName: null,
          },
        },
        targetResources: [
          {
            id: "t-1",
            displayName: "Global Administrator",
            type: "Role",
            modifiedProperties: [{ displayName: "TemplateId", oldValue: '""', newValue: '"62e90394"' }],
          },
        ],
        additionalDetails: [{ key: "ipaddr", value: "203.0.113.24" }],
      },
    },
  ]);
  const [app] = converted({ ...row, ActorType: "Application", ActorServicePrincipalId: "sp-1" });
  expect(app?.["properties"]).toMatchObject({
    initiatedBy: { app: { displayName: "Alex Rivera", servicePrincipalId: "sp-1" } },
  });
});

test.each<{ name: string; value: Json }>([
  {
    name: "Office 365",
    value: { CreationTime: "2026-03-04T09:12:41", RecordType: 8, Workload: "AzureActiveDirectory", Operation: "x" },
  },
  { name: "Office 365", value: { RecordType: "AzureActiveDirectory", CreationDate: "2026-03-04", AuditData: "{}" } },
  { name: "Office 365", value: [{ id: "1", auditLogRecordType: "AzureActiveDirectory", auditData: {} }] },
  {
    name: "sign-ins",
    value: { value: [{ id: "1", createdDateTime: "2026-03-04T09:12:41Z", appDisplayName: "Portal" }] },
  },
  { name: "sign-ins", value: { "Date (UTC)": "2026-03-04", "Request ID": "1", User: "Alex" } },
  {
    name: "another Log Analytics table",
    value: { TimeGenerated: "2026-03-04T09:12:41Z", Type: "SigninLogs", OperationName: "Sign-in activity" },
  },
  {
    name: "Azure activity log",
    value: { eventTimestamp: "2026-03-04T09:12:41Z", eventDataId: "1", operationName: { value: "x" } },
  },
])("a form of something else is named: $name", ({ name, value }) => {
  expect(formOf(value)).toEqual({ kind: "refused", name: expect.stringContaining(name) });
});

test.each<{ what: string; value: Json }>([
  { what: "a record", value: exported },
  { what: "a body", value: { records: [exported] } },
  { what: "an empty body", value: { records: [] } },
  {
    what: "a record of another category",
    value: { category: "SignInLogs", properties: { createdDateTime: "2026", appDisplayName: "x" } },
  },
  { what: "each audit record of the sample day", value: audits },
])("an export is left as it is: $what", ({ value }) => {
  expect(formOf(value)).toEqual({ kind: "export" });
});

test.each(
  [null, 5, "text", [], {}, { a: 1 }, [[]], { value: 1 }, { tables: 1, rows: [] }].map((value: Json) => ({ value })),
)("$value fits no form", ({ value }) => {
  expect(formOf(value)).toBeUndefined();
});
