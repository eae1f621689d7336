import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AUDIT_LOG_COLUMNS } from "../../../src/core/event/audit-log-columns.ts";
import { isAuditLog, tenantOf, toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import type { Json, Value } from "../../../src/kql/run/values.ts";
import { anyJson, settingsChange, TENANT } from "../../samples.ts";

function rowOf(record: DiagnosticRecord): Record<string, Value> {
  const row = toAuditLogRow(record);
  return Object.fromEntries(AUDIT_LOG_COLUMNS.map(({ name }, index) => [name, row[index] ?? null]));
}

test("a current record fills every column that Log Analytics fills", () => {
  const record = settingsChange({ location: "WUS", resultType: "Success", resultDescription: "said at the top" });
  const properties = record["properties"] as Record<string, Json>;

  expect(rowOf(record)).toEqual({
    TenantId: "", // the Log Analytics workspace, which the stream does not have
    SourceSystem: "Azure AD",
    TimeGenerated: 639_082_123_617_904_180n,
    ResourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam`,
    OperationName: "Update role setting in PIM",
    OperationVersion: "1.0",
    Category: "RoleManagement",
    ResultType: "Success",
    ResultSignature: "None",
    ResultDescription: "said at the top",
    DurationMs: 0n,
    CorrelationId: "5d0c2f3e-6a7b-4c8d-9e0f-a1b2c3d4e5f6",
    Resource: "Microsoft.aadiam",
    ResourceGroup: "Microsoft.aadiam",
    ResourceProvider: "",
    Identity: "Alex Rivera",
    Level: "4",
    Location: "WUS",
    AdditionalDetails: properties["additionalDetails"],
    Id: properties["id"],
    InitiatedBy: properties["initiatedBy"],
    LoggedByService: "PIM",
    Result: "success",
    ResultReason: properties["resultReason"],
    TargetResources: properties["targetResources"],
    AADTenantId: TENANT,
    ActivityDisplayName: "Update role setting in PIM",
    ActivityDateTime: 639_082_123_617_904_180n,
    AADOperationType: "Update",
    Type: "AuditLogs",
  });
});

test("the activity's time replaces a missing time", () => {
  expect(rowOf(settingsChange({ time: undefined }))["TimeGenerated"]).toBe(639_082_123_617_904_180n);
});

describe("odd types", () => {
  test.each<{ field: string; value: Json | undefined; column: string; expected: Value }>([
    { field: "durationMs", value: 17, column: "DurationMs", expected: 17n },
    { field: "durationMs", value: "0", column: "DurationMs", expected: 0n },
    { field: "durationMs", value: "-1", column: "DurationMs", expected: -1n },
    { field: "durationMs", value: 1.5, column: "DurationMs", expected: null },
    { field: "durationMs", value: Infinity, column: "DurationMs", expected: null },
    { field: "durationMs", value: "99999999999999999999", column: "DurationMs", expected: null },
    { field: "durationMs", value: undefined, column: "DurationMs", expected: null },
    { field: "Level", value: "4", column: "Level", expected: "4" },
    { field: "Level", value: "Informational", column: "Level", expected: "Informational" },
    { field: "Level", value: null, column: "Level", expected: "" },
    { field: "time", value: "03/04/2026 09:12:41 AM", column: "TimeGenerated", expected: 639_082_123_610_000_000n },
    { field: "time", value: 1_772_615_561, column: "TimeGenerated", expected: 639_082_123_617_904_180n },
    { field: "resultType", value: undefined, column: "ResultType", expected: "" },
    { field: "resultSignature", value: -1, column: "ResultSignature", expected: "-1" },
    { field: "identity", value: undefined, column: "Identity", expected: "" },
    { field: "operationName", value: null, column: "OperationName", expected: "" },
    { field: "resourceId", value: undefined, column: "Resource", expected: "" },
    {
      field: "resourceId",
      value: `/TENANTS/${TENANT.toUpperCase()}/PROVIDERS/MICROSOFT.AADIAM`,
      column: "Resource",
      expected: "MICROSOFT.AADIAM",
    },
  ])("$field $value gives $column $expected", ({ field, value, column, expected }) => {
    expect(rowOf(settingsChange({ [field]: value }))[column]).toBe(expected);
  });

  test("the level of 2018 has a key in lower case", () => {
    expect(rowOf(settingsChange({ Level: undefined, level: "Informational" }))["Level"]).toBe("Informational");
  });

  test.each<{ field: string; value: Json | undefined; column: string; expected: Value }>([
    { field: "initiatedBy", value: {}, column: "InitiatedBy", expected: {} },
    { field: "initiatedBy", value: null, column: "InitiatedBy", expected: null },
    { field: "initiatedBy", value: undefined, column: "InitiatedBy", expected: null },
    { field: "additionalDetails", value: "None", column: "AdditionalDetails", expected: "None" },
    { field: "additionalDetails", value: {}, column: "AdditionalDetails", expected: {} },
    { field: "targetResources", value: false, column: "TargetResources", expected: false },
    { field: "result", value: 0, column: "Result", expected: "0" },
    { field: "resultReason", value: null, column: "ResultReason", expected: "" },
    { field: "category", value: undefined, column: "Category", expected: "" },
    { field: "loggedByService", value: { a: [1] }, column: "LoggedByService", expected: '{"a":[1]}' },
    { field: "activityDateTime", value: "yesterday", column: "ActivityDateTime", expected: null },
  ])("properties.$field $value gives $column $expected", ({ field, value, column, expected }) => {
    expect(rowOf(settingsChange({}, { [field]: value }))[column]).toEqual(expected);
  });

  test.each<Json | undefined>([undefined, null, "text", [1]])("properties %j are ignored", (properties) => {
    expect(rowOf(settingsChange({ properties }))).toMatchObject({
      Category: "",
      Id: "",
      InitiatedBy: null,
      ActivityDateTime: null,
      OperationName: "Update role setting in PIM",
    });
  });
});

test.each<{ record: Record<string, Json>; tenant: string }>([
  { record: { tenantId: TENANT.toUpperCase() }, tenant: TENANT },
  { record: { tenantId: "", resourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam` }, tenant: TENANT },
  { record: { resourceId: `/TENANTS/${TENANT.toUpperCase()}/PROVIDERS/X` }, tenant: TENANT },
  { record: { tenantId: null, properties: { tenantId: TENANT } }, tenant: TENANT },
  { record: { resourceId: `/subscriptions/${TENANT}/tenants/x` }, tenant: "" },
  { record: {}, tenant: "" },
])("the tenant of $record is $tenant", ({ record, tenant }) => {
  expect(tenantOf(record)).toBe(tenant);
  expect(rowOf(record)["AADTenantId"]).toMatch(new RegExp(`^${tenant}$`, "i"));
});

test.each<{ category: Json; is: boolean }>([
  { category: "AuditLogs", is: true },
  { category: "auditlogs", is: true },
  { category: "Audit", is: true },
  { category: "SignInLogs", is: false },
  { category: "AuditLogs ", is: false },
  { category: "CustomSecurityAttributeAuditLogs", is: false },
  { category: null, is: false },
  { category: ["AuditLogs"], is: false },
])("category $category is an audit log: $is", ({ category, is }) => {
  expect(isAuditLog({ category })).toBe(is);
});

test("any record becomes a row with a value of each column's type", () => {
  const names = Object.keys(settingsChange()).concat("level", "location", "resultDescription");
  const inner = Object.keys(settingsChange()["properties"] as object);
  const fields = (keys: string[]) => fc.dictionary(fc.constantFrom(...keys), anyJson());
  fc.assert(
    fc.property(fields(names), fields(inner), fc.boolean(), (record, properties, nested) => {
      const row = toAuditLogRow(nested ? { ...record, properties } : record);
      for (const [index, { type }] of AUDIT_LOG_COLUMNS.entries()) {
        const value = row[index];
        if (type === "string") expect(value).toBeTypeOf("string");
        else if (type === "dynamic") expect(value).not.toBeUndefined();
        else expect(value === null || typeof value === "bigint").toBe(true);
      }
    }),
  );
});

test("a value nested 100,000 levels deep is kept", () => {
  const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000)) as Json;
  const row = rowOf(settingsChange({ identity: deep }, { additionalDetails: deep, id: deep }));
  expect(row["Identity"]).toHaveLength(200_000);
  expect(row["Id"]).toHaveLength(200_000);
  expect(row["AdditionalDetails"]).toBe(deep);
});
