import { isRecord } from "../../src/core/event/event-body.ts";
import { shapedRecord } from "../../src/core/event/record-shape.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../src/kql/run/values.ts";

type JsonObject = Readonly<Record<string, Json>>;

/**
 * How a file writes audit records. People have their history at hand in forms that no diagnostic setting exports:
 *
 * - `export`: what the hub and the storage archive hold; read as it is
 * - `converted`: a form of AuditLogs that can be turned into export records
 * - `refused`: a known form of something else
 */
export type RecordForm =
  | { readonly kind: "export" }
  | { readonly kind: "converted"; readonly records: readonly JsonObject[] }
  | { readonly kind: "refused"; readonly name: string };

/**
 * Tells the form of one JSON value of a file.
 *
 * Converted are `directoryAudits` of Microsoft Graph (also as a response with `value`, and as PowerShell's objects), which
 * is also what the portal downloads as JSON; the portal's CSV rows; and rows of the AuditLogs table in Log Analytics (also
 * as a query response with `tables`).
 *
 * @param value one event of the file, or one row of a CSV file with its columns as members
 * @returns undefined when the value fits no form: the app decides what becomes of it
 */
export function formOf(value: Json): RecordForm | undefined {
  if (Array.isArray(value)) return together(value.map(formOf));
  if (!isRecord(value)) return undefined;
  const { records } = value;
  if (Array.isArray(records)) return together(records.map(formOf)) ?? { kind: "export" };
  const rows = responseRows(value);
  if (rows !== undefined) return rows.length === 0 ? { kind: "converted", records: [] } : together(rows.map(formOf));
  const record = withoutUnits(value);
  const foreign = FOREIGN.find(({ is }) => is(record));
  if (foreign !== undefined) return { kind: "refused", name: foreign.name };
  if (isGraphAudit(record)) return { kind: "converted", records: [fromGraph(record)] };
  if (isPortalRow(record)) return { kind: "converted", records: [fromGraph(portalRowAsGraph(record))] };
  if (isTableRow(record)) return { kind: "converted", records: [fromTableRow(record)] };
  if (isGraphAudit(camelCased(record))) return { kind: "converted", records: [fromGraph(camelCased(record))] };
  return typeof record["category"] === "string" ? { kind: "export" } : undefined;
}

/** The rows of a response that holds several: of Microsoft Graph, or of a query in Log Analytics. */
function responseRows({ value, tables }: JsonObject): readonly Json[] | undefined {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  if (!Array.isArray(tables)) return undefined;
  return tables.filter(isRecord).flatMap(({ columns, rows }) => {
    if (!Array.isArray(columns) || !Array.isArray(rows)) return [];
    const names = columns.map((column) => (isRecord(column) ? textOf(column["name"]) : textOf(column)));
    return rows
      .filter(Array.isArray)
      .map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
  });
}

/** The forms of the rows of one response are one form, since one service wrote it. */
function together(forms: readonly (RecordForm | undefined)[]): RecordForm | undefined {
  const records: JsonObject[] = [];
  for (const form of forms) {
    if (form?.kind !== "converted") return form;
    records.push(...form.records);
  }
  return forms.length === 0 ? undefined : { kind: "converted", records };
}

interface ForeignForm {
  readonly name: string;
  is(record: JsonObject): boolean;
}

const has =
  (...names: readonly string[]) =>
  (record: JsonObject): boolean =>
    names.every((name) => Object.hasOwn(record, name));

/** Known forms that hold no AuditLogs record, each by members that no other form has. */
const FOREIGN: readonly ForeignForm[] = [
  {
    name: "Office 365 management activity (the unified audit log)",
    is: (record) =>
      [
        has("RecordType", "Workload"),
        has("RecordType", "CreationTime", "Operation"),
        has("AuditData"),
        has("auditData", "auditLogRecordType"),
      ].some((fits) => fits(record)),
  },
  {
    name: "sign-ins of Microsoft Graph",
    is: (record) =>
      [has("createdDateTime", "appDisplayName"), has("CreatedDateTime", "AppDisplayName")].some(
        (fits) => fits(record) && !Object.hasOwn(record, "TimeGenerated"),
      ),
  },
  {
    name: "sign-ins that the portal downloaded",
    is: has("Date (UTC)", "Request ID"),
  },
  {
    name: "rows of another Log Analytics table than AuditLogs",
    is: (record) => has("TimeGenerated")(record) && textOf(record["Type"] ?? "AuditLogs").toLowerCase() !== "auditlogs",
  },
  {
    name: "the Azure activity log",
    is: (record) => ["eventTimestamp", "eventDataId"].every((name) => Object.hasOwn(record, name)),
  },
];

function isGraphAudit(record: JsonObject): boolean {
  return has("activityDateTime", "activityDisplayName")(record) && !isRecord(record["properties"]);
}

function isPortalRow(record: JsonObject): boolean {
  return has("Date (UTC)", "Activity", "Service")(record);
}

/** Rows say of which table they are in `Type`; a query may have left that out. */
function isTableRow(record: JsonObject): boolean {
  return has("TimeGenerated", "OperationName")(record) || has("TimeGenerated", "ActivityDisplayName")(record);
}

/**
 * A `directoryAudit` of Microsoft Graph as the export would hold it. Graph names no tenant and no record-level result, so
 * neither does the record. Graph has both `user` and `app` in `initiatedBy`, one of them null; an export has one.
 *
 * @see https://learn.microsoft.com/graph/api/resources/directoryaudit
 */
function fromGraph(audit: JsonObject): JsonObject {
  const { initiatedBy } = audit;
  const initiator = isRecord(initiatedBy) ? withoutNulls(initiatedBy) : initiatedBy;
  const { user, app } = isRecord(initiator) ? initiator : {};
  const who = [user, app].filter(isRecord).map((actor) => actor["displayName"] ?? actor["userPrincipalName"]);
  return withoutNulls({
    time: audit["activityDateTime"] ?? null,
    operationName: audit["activityDisplayName"] ?? null,
    category: "AuditLogs",
    correlationId: audit["correlationId"] ?? null,
    identity: who[0] ?? null,
    properties: initiator === undefined ? audit : { ...audit, initiatedBy: initiator },
  });
}

/** PowerShell's objects (`Get-MgAuditLogDirectoryAudit | ConvertTo-Json`) begin each name with a capital. */
function camelCased(record: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      camelCasedValue(value),
    ]),
  );
}

function camelCasedValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(camelCasedValue);
  return isRecord(value) ? camelCased(value) : value;
}

const TARGETS = [1, 2, 3];
const PROPERTIES = [1, 2, 3, 4, 5];
const DETAILS = [1, 2, 3, 4, 5, 6];

/**
 * A row of the portal's CSV download as Microsoft Graph would have it. The download has no id, at most three targets with
 * five modified properties each, and six additional details: the rest is lost before pimwatch reads the file.
 */
function portalRowAsGraph(row: JsonObject): JsonObject {
  const targets = TARGETS.map((n) => {
    const of = (name: string): Json => filled(row[`Target${n}${name}`]);
    const modifiedProperties = PROPERTIES.map((p) => ({
      displayName: of(`ModifiedProperty${p}Name`),
      oldValue: of(`ModifiedProperty${p}OldValue`),
      newValue: of(`ModifiedProperty${p}NewValue`),
    })).filter(({ displayName }) => displayName !== null);
    const target = {
      id: of("ObjectId"),
      displayName: of("DisplayName"),
      type: of("Type"),
      userPrincipalName: of("UserPrincipalName"),
    };
    return { ...withoutNulls(target), modifiedProperties };
  });
  const isApp = /^(app|application|serviceprincipal)/i.test(textOf(row["ActorType"]));
  const servicePrincipalId = filled(row["ActorServicePrincipalId"]);
  const app = {
    displayName: filled(row["ActorDisplayName"]),
    servicePrincipalId,
    servicePrincipalName: filled(row["ActorServicePrincipalName"]),
  };
  const user = {
    id: filled(row["ActorObjectId"]),
    displayName: filled(row["ActorDisplayName"]),
    userPrincipalName: filled(row["ActorUserPrincipalName"]),
    ipAddress: filled(row["IPAddress"]),
    homeTenantId: filled(row["ActorHomeTenantId"]),
    homeTenantName: filled(row["ActorHomeTenantName"]),
  };
  return {
    category: filled(row["Category"]),
    correlationId: filled(row["CorrelationId"]),
    result: filled(row["Result"]),
    resultReason: textOf(row["ResultReason"]),
    activityDisplayName: filled(row["Activity"]),
    activityDateTime: utc(textOf(row["Date (UTC)"])),
    loggedByService: filled(row["Service"]),
    userAgent: filled(row["User Agent"] ?? row["UserAgent"]),
    initiatedBy: isApp ? { app } : { user },
    targetResources: targets.filter((target) => Object.keys(target).length > 1 || target.modifiedProperties.length > 0),
    additionalDetails: DETAILS.map((n) => ({
      key: filled(row[`AdditionalDetail${n}Key`]),
      value: textOf(row[`AdditionalDetail${n}Value`]),
    })).filter(({ key }) => key !== null),
  };
}

/**
 * A row of the AuditLogs table as the record that it was made of; the reverse of `toAuditLogRow`. Dynamic columns may be
 * JSON text, as the query API and CSV downloads write them.
 */
function fromTableRow(row: JsonObject): JsonObject {
  const of = (column: string): Json => filled(row[column]);
  const record = withoutNulls({
    time: utc(textOf(row["TimeGenerated"])),
    resourceId: of("ResourceId"),
    operationName: of("OperationName") ?? of("ActivityDisplayName"),
    operationVersion: of("OperationVersion"),
    category: "AuditLogs",
    tenantId: of("AADTenantId"),
    resultType: of("ResultType"),
    resultSignature: of("ResultSignature"),
    resultDescription: of("ResultDescription"),
    durationMs: of("DurationMs"),
    correlationId: of("CorrelationId"),
    identity: of("Identity"),
    Level: of("Level"),
    location: of("Location"),
    properties: withoutNulls({
      id: of("Id"),
      category: of("Category"),
      result: of("Result"),
      resultReason: of("ResultReason"),
      activityDisplayName: of("ActivityDisplayName"),
      activityDateTime: utc(textOf(row["ActivityDateTime"])),
      loggedByService: of("LoggedByService"),
      operationType: of("AADOperationType"),
      initiatedBy: of("InitiatedBy"),
      targetResources: of("TargetResources"),
      additionalDetails: of("AdditionalDetails"),
    }),
  });
  return shapedRecord(record).record;
}

/** A CSV download names the time zone in its header: `TimeGenerated [UTC]`. */
function withoutUnits(record: JsonObject): JsonObject {
  const hasUnits = Object.keys(record).some((name) => UNIT.test(name));
  if (!hasUnits) return record;
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.replace(UNIT, ""), value]));
}

const UNIT = / \[(UTC|Local Time)\]$/;

/** `3/4/2026, 9:12:41.790 AM`, as the portal writes the times of a CSV download. */
const PORTAL_TIME = /^(\d{1,2})\/(\d{1,2})\/(\d{4}),? (\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?) ?(AM|PM)$/i;

/** A time as ISO 8601 text where it is in a form that the portal writes; any other text as it is; null for none. */
function utc(text: string): Json {
  const parts = PORTAL_TIME.exec(text);
  if (parts === null) return filled(text);
  const [, month = "", day = "", year = "", hour = "", minute = "", second = "", half = ""] = parts;
  const hours = (Number(hour) % 12) + (half.toUpperCase() === "PM" ? 12 : 0);
  const two = (part: string | number): string => String(part).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hours)}:${minute}:${second}Z`;
}

function filled(value: Json | undefined): Json {
  return value === undefined || value === "" ? null : value;
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : jsonText(value);
}

function withoutNulls(record: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}
