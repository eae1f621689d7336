import type { SourceTable } from "../../kql/plan.ts";
import type { Column } from "../../kql/run/values.ts";

/**
 * The columns of Log Analytics' AuditLogs table, in the order of the service.
 *
 * The service computes `_BilledSize` and `_IsBillable` after ingestion, so they do not exist on the stream.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/reference/tables/auditlogs
 */
export const AUDIT_LOG_COLUMNS = [
  { name: "TenantId", type: "string" },
  { name: "SourceSystem", type: "string" },
  { name: "TimeGenerated", type: "datetime" },
  { name: "ResourceId", type: "string" },
  { name: "OperationName", type: "string" },
  { name: "OperationVersion", type: "string" },
  { name: "Category", type: "string" },
  { name: "ResultType", type: "string" },
  { name: "ResultSignature", type: "string" },
  { name: "ResultDescription", type: "string" },
  { name: "DurationMs", type: "long" },
  { name: "CorrelationId", type: "string" },
  { name: "Resource", type: "string" },
  { name: "ResourceGroup", type: "string" },
  { name: "ResourceProvider", type: "string" },
  { name: "Identity", type: "string" },
  { name: "Level", type: "string" },
  { name: "Location", type: "string" },
  { name: "AdditionalDetails", type: "dynamic" },
  { name: "Id", type: "string" },
  { name: "InitiatedBy", type: "dynamic" },
  { name: "LoggedByService", type: "string" },
  { name: "Result", type: "string" },
  { name: "ResultReason", type: "string" },
  { name: "TargetResources", type: "dynamic" },
  { name: "AADTenantId", type: "string" },
  { name: "ActivityDisplayName", type: "string" },
  { name: "ActivityDateTime", type: "datetime" },
  { name: "AADOperationType", type: "string" },
  { name: "Type", type: "string" },
] as const satisfies readonly Column[];

/** The table that every rule reads. */
export const AUDIT_LOGS: SourceTable = { name: "AuditLogs", columns: AUDIT_LOG_COLUMNS, timeColumn: "TimeGenerated" };
