import { AUDIT_LOG_COLUMNS } from "./audit-log-columns.ts";
import { type DiagnosticRecord, isRecord } from "./event-body.ts";
import { toLong } from "../../kql/run/conversion.ts";
import { jsonText } from "../../kql/run/dynamic-text.ts";
import type { Json, Row, Value } from "../../kql/run/values.ts";
import { parseTimestamp } from "./timestamp.ts";

type ColumnName = (typeof AUDIT_LOG_COLUMNS)[number]["name"];
type Source = (record: DiagnosticRecord, properties: DiagnosticRecord) => Value;

/** `AuditLogs` today, `Audit` in exports of 2018. Other categories can share the hub. */
export function isAuditLog(record: DiagnosticRecord): boolean {
  const category = record["category"];
  return typeof category === "string" && category.length <= 9 && /^audit(logs)?$/i.test(category);
}

/**
 * Maps an exported audit record to a row of the AuditLogs table, in the order of AUDIT_LOG_COLUMNS.
 *
 * Never throws: like in Log Analytics, a field that is missing or of another type becomes an empty string or null.
 * Microsoft publishes no mapping; this one comes from comparing rows with exports.
 */
export function toAuditLogRow(record: DiagnosticRecord): Row {
  const properties = propertiesOf(record);
  return AUDIT_LOG_COLUMNS.map(({ name }) => SOURCES[name](record, properties));
}

/** The function that reads one column, by its index in AUDIT_LOG_COLUMNS, from a record. @throws {RangeError} if there is none */
export function columnOf(index: number): (record: DiagnosticRecord, properties: DiagnosticRecord) => Value {
  const column = AUDIT_LOG_COLUMNS[index];
  if (column === undefined) throw new RangeError(`AuditLogs has no column ${index}`);
  return SOURCES[column.name];
}

export function propertiesOf(record: DiagnosticRecord): DiagnosticRecord {
  const properties = record["properties"];
  return isRecord(properties) ? properties : {};
}

/** The Entra tenant that exported the record, in lower case; "" if the record does not name it. */
export function tenantOf(record: DiagnosticRecord): string {
  const fromResource = /^\/tenants\/([^/]+)/i.exec(text(record["resourceId"]))?.[1];
  const places = [text(record["tenantId"]), fromResource ?? "", text(propertiesOf(record)["tenantId"])];
  return (places.map((place) => place.trim()).find((place) => place !== "") ?? "").toLowerCase();
}

const SOURCES: Readonly<Record<ColumnName, Source>> = {
  // The Log Analytics workspace, which the stream does not have. AADTenantId is the Entra tenant.
  TenantId: () => "",
  SourceSystem: () => "Azure AD",
  TimeGenerated: (record, properties) => time(record["time"]) ?? time(properties["activityDateTime"]),
  ResourceId: (record) => text(record["resourceId"]),
  OperationName: (record) => text(record["operationName"]),
  OperationVersion: (record) => text(record["operationVersion"]),
  // The record's own category is `AuditLogs`; the table's column is the activity's category.
  Category: (_record, properties) => text(properties["category"]),
  ResultType: (record) => text(record["resultType"]),
  ResultSignature: (record) => text(record["resultSignature"]),
  ResultDescription: (record) => text(record["resultDescription"]),
  DurationMs: (record) => long(record["durationMs"]),
  CorrelationId: (record) => text(record["correlationId"]),
  Resource: provider,
  ResourceGroup: provider,
  ResourceProvider: () => "",
  Identity: (record) => text(record["identity"]),
  Level: (record) => text(record["Level"] ?? record["level"]),
  Location: (record) => text(record["location"]),
  AdditionalDetails: (_record, properties) => dynamic(properties["additionalDetails"]),
  Id: (_record, properties) => text(properties["id"]),
  InitiatedBy: (_record, properties) => dynamic(properties["initiatedBy"]),
  LoggedByService: (_record, properties) => text(properties["loggedByService"]),
  Result: (_record, properties) => text(properties["result"]),
  ResultReason: (_record, properties) => text(properties["resultReason"]),
  TargetResources: (_record, properties) => dynamic(properties["targetResources"]),
  AADTenantId: (record) => text(record["tenantId"]) || tenantOf(record),
  ActivityDisplayName: (_record, properties) => text(properties["activityDisplayName"]),
  ActivityDateTime: (_record, properties) => time(properties["activityDateTime"]),
  AADOperationType: (_record, properties) => text(properties["operationType"]),
  Type: () => "AuditLogs",
};

function provider(record: DiagnosticRecord): string {
  return /\/providers\/([^/]+)/i.exec(text(record["resourceId"]))?.[1] ?? "";
}

/** A value as text: `Level` and `durationMs` come as `4` or `"4"`; null and missing are "". */
export function text(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? jsonText(value) : String(value);
}

function long(value: Json | undefined): bigint | null {
  return /^-?\d{1,19}$/.test(text(value)) ? toLong(text(value), "string") : null;
}

function time(value: Json | undefined): bigint | null {
  return typeof value === "string" ? parseTimestamp(value) : null;
}

export function dynamic(value: Json | undefined): Json {
  return value ?? null;
}
