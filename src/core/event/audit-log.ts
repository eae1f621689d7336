import { AUDIT_LOG_COLUMNS } from "./audit-log-columns.ts";
import { type DiagnosticRecord, isRecord } from "./event-body.ts";
import { toLong } from "../../kql/run/conversion.ts";
import type { Json, Row, Value } from "../../kql/run/values.ts";
import { parseTimestamp } from "./timestamp.ts";
import { valueText } from "../value-text.ts";

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
  const fromResource = /^\/tenants\/([^/]+)/i.exec(valueText(record["resourceId"]))?.[1];
  const places = [valueText(record["tenantId"]), fromResource ?? "", valueText(propertiesOf(record)["tenantId"])];
  return (places.map((place) => place.trim()).find((place) => place !== "") ?? "").toLowerCase();
}

const SOURCES: Readonly<Record<ColumnName, Source>> = {
  // The Log Analytics workspace, which the stream does not have. AADTenantId is the Entra tenant.
  TenantId: () => "",
  SourceSystem: () => "Azure AD",
  TimeGenerated: (record, properties) => time(record["time"]) ?? time(properties["activityDateTime"]),
  ResourceId: (record) => valueText(record["resourceId"]),
  OperationName: (record) => valueText(record["operationName"]),
  OperationVersion: (record) => valueText(record["operationVersion"]),
  // The record's own category is `AuditLogs`; the table's column is the activity's category.
  Category: (_record, properties) => valueText(properties["category"]),
  ResultType: (record) => valueText(record["resultType"]),
  ResultSignature: (record) => valueText(record["resultSignature"]),
  ResultDescription: (record) => valueText(record["resultDescription"]),
  DurationMs: (record) => long(record["durationMs"]),
  CorrelationId: (record) => valueText(record["correlationId"]),
  Resource: provider,
  ResourceGroup: provider,
  ResourceProvider: () => "",
  Identity: (record) => valueText(record["identity"]),
  Level: (record) => valueText(record["Level"] ?? record["level"]),
  Location: (record) => valueText(record["location"]),
  AdditionalDetails: (_record, properties) => dynamic(properties["additionalDetails"]),
  Id: (_record, properties) => valueText(properties["id"]),
  InitiatedBy: (_record, properties) => dynamic(properties["initiatedBy"]),
  LoggedByService: (_record, properties) => valueText(properties["loggedByService"]),
  Result: (_record, properties) => valueText(properties["result"]),
  ResultReason: (_record, properties) => valueText(properties["resultReason"]),
  TargetResources: (_record, properties) => dynamic(properties["targetResources"]),
  AADTenantId: (record) => valueText(record["tenantId"]) || tenantOf(record),
  ActivityDisplayName: (_record, properties) => valueText(properties["activityDisplayName"]),
  ActivityDateTime: (_record, properties) => time(properties["activityDateTime"]),
  AADOperationType: (_record, properties) => valueText(properties["operationType"]),
  Type: () => "AuditLogs",
};

function provider(record: DiagnosticRecord): string {
  return /\/providers\/([^/]+)/i.exec(valueText(record["resourceId"]))?.[1] ?? "";
}

function long(value: Json | undefined): bigint | null {
  return /^-?\d{1,19}$/.test(valueText(value)) ? toLong(valueText(value), "string") : null;
}

function time(value: Json | undefined): bigint | null {
  return typeof value === "string" ? parseTimestamp(value) : null;
}

export function dynamic(value: Json | undefined): Json {
  return value ?? null;
}
