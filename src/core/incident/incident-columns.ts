import { VERSION } from "../../version.ts";
import { burstIdOf } from "./burst.ts";
import type { Incident } from "./incident.ts";
import type { Json } from "../../kql/run/values.ts";
import { oncePer } from "../once-per.ts";
import type { IncidentFields } from "../pim-settings/incident-fields.ts";

/** The types of a data collection rule's stream that we use. */
export type ColumnType = "string" | "int" | "long" | "boolean" | "datetime" | "dynamic";

/** `created` once for each incident, `updated` for each change of it. Alerts read `created` only. */
export type RowKind = "created" | "updated";

export interface IncidentColumn {
  /** At most 45 characters of A-Z a-z 0-9 _, and not a name that custom tables reserve. */
  readonly name: string;
  readonly type: ColumnType;
  readonly description: string;
  /** Long text is cut later than names. */
  readonly text?: "long";
  /** Also in the rows of incident lists, which must stay small. */
  readonly listed?: true;
  value(incident: Incident, kind: RowKind): Json;
}

/**
 * The columns of an incident: of the table `PimwatchIncidents_CL` and its stream in Log Analytics (through
 * `infra/incident-columns.json`, which is generated from here), and of the incident's row in Table Storage.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table for the reserved names
 */
export const INCIDENT_COLUMNS: readonly IncidentColumn[] = [
  column("TimeGenerated", "datetime", "When this row was made (UTC)", (i) => i.detectedTime),
  column(
    "IncidentId",
    "string",
    "Deterministic id: one for each match of a rule, no matter how often it is delivered",
    (i) => i.id,
  ),
  listed("Revision", "int", "1 for the created row, raised by each change", (i) => i.revision),
  column("RowKind", "string", "created or updated", (_incident, kind) => kind),
  listed("IncidentTitle", "string", "Title of the incident", (i) => i.title),
  { ...column("Description", "string", "The rule's description", (i) => i.description), text: "long" },
  listed("Severity", "string", "High, Medium, Low or Informational", (i) => i.severity),
  listed("Status", "string", "New, Active or Closed", (i) => i.status),
  listed("Owner", "string", "Who works on it; empty until assigned", () => ""),
  listed(
    "Classification",
    "string",
    "TruePositive, BenignPositive, FalsePositive or Undetermined, once it is closed",
    () => "",
  ),
  { ...column("Comment", "string", "Last comment of an analyst", () => ""), text: "long" },
  listed("LastModifiedTime", "datetime", "When it was made or last changed (UTC)", (i) => i.detectedTime),
  column("ModifiedBy", "string", "Who made the last change; empty for the created row", () => ""),
  column("ClosedTime", "datetime", "When it was closed (UTC); empty while it is open", () => null),
  listed("Priority", "string", "P1 to P4, most urgent first", (i) => i.priority),
  listed(
    "Effect",
    "string",
    "weakens, strengthens, neutral or unknown; empty if neither an assessment nor the rule says one",
    (i) => i.effect,
  ),
  {
    ...listed(
      "Assessment",
      "string",
      "What changed and what it means, in plain words",
      (i) => i.assessment?.assessment ?? "",
    ),
    text: "long",
  },
  column("Changes", "dynamic", "Each setting that was changed, with its effect and the baselines it touches", (i) =>
    i.assessment === null ? [] : changesOf(i.assessment),
  ),
  column(
    "UnrecognizedChanges",
    "dynamic",
    "Parts of the event's text that no pattern recognizes",
    (i) => i.assessment?.unrecognizedChanges ?? [],
  ),
  column("Setting", "string", "Name of the most important changed setting", (i) => i.assessment?.setting ?? ""),
  listed("WeakenedSettings", "int", "Number of settings that the change weakens", (i) =>
    i.assessment === null ? 0 : weakenedSettings(i.assessment),
  ),
  column("PolicyRule", "string", "Its policy rule id in Microsoft Graph", (i) => i.assessment?.policyRule ?? ""),
  column("OldValue", "string", "Its old value, if the record has one", (i) => i.assessment?.oldValue ?? ""),
  column("NewValue", "string", "Its new value", (i) => i.assessment?.newValue ?? ""),
  listed(
    "Expected",
    "boolean",
    "Whether expected-changes.yaml covers this change",
    (i) => i.assessment?.expected ?? false,
  ),
  column("ExpectedTicket", "string", "Ticket of the expected change", (i) => i.assessment?.expectedTicket ?? ""),
  column("RuleId", "string", "Sentinel's id of the analytics rule", (i) => i.rule.id),
  listed("RuleName", "string", "Name of the analytics rule", (i) => i.rule.name),
  column("RuleVersion", "string", "Version of the analytics rule", (i) => i.rule.version),
  column("RuleFileHash", "string", "sha256 of the rule's file", (i) => i.rule.fileHash),
  column("RuleQueryHash", "string", "sha256 of the query's tokens, the same for every layout", (i) => i.rule.queryHash),
  column("Tactics", "dynamic", "MITRE ATT&CK tactics", (i) => i.tactics),
  column("Techniques", "dynamic", "MITRE ATT&CK techniques", (i) => i.techniques),
  column("ProviderName", "string", "pimwatch", () => "pimwatch"),
  column("ProductName", "string", "Product that the activity was logged for", () => "Microsoft Entra ID"),
  column("VendorName", "string", "Vendor of that product", () => "Microsoft"),
  listed("ActivityDateTime", "datetime", "When the activity happened (UTC)", (i) => i.activityDateTime),
  column(
    "FirstActivityTime",
    "datetime",
    "First activity of the incident (UTC)",
    (i) => i.evidence[0]?.time ?? i.activityDateTime,
  ),
  column(
    "LastActivityTime",
    "datetime",
    "Last activity of the incident (UTC)",
    (i) => i.evidence.at(-1)?.time ?? i.activityDateTime,
  ),
  listed("DetectedTime", "datetime", "When pimwatch found it (UTC)", (i) => i.detectedTime),
  listed("EventCount", "int", "Audit records in the incident; the latest hundred of more", (i) =>
    Math.max(1, i.evidence.length),
  ),
  column(
    "Evidence",
    "dynamic",
    "The audit records of an incident of several events, in order of time: time, operation, result, actor, target, address, id",
    (i) => i.evidence.map((record) => ({ ...record })),
  ),
  column(
    "Instant",
    "datetime",
    "Scheduled instant of the rule whose window shows an incident of several events (UTC)",
    (i) => i.instant || null,
  ),
  listed("OperationName", "string", "Name of the activity", (i) => i.activity.operationName),
  column("AuditCategory", "string", "Category of the activity, such as RoleManagement", (i) => i.activity.category),
  column("LoggedByService", "string", "Service that logged the activity", (i) => i.activity.loggedByService),
  listed("Result", "string", "success, failure or timeout", (i) => i.activity.result),
  {
    ...listed("ResultReason", "string", "The event's own text about the change", (i) => i.activity.resultReason),
    text: "long",
  },
  column("CorrelationId", "string", "Correlation id of the activity; not unique", (i) => i.activity.correlationId),
  column("AuditLogId", "string", "Id of the audit record in AuditLogs", (i) => i.activity.auditLogId),
  column(
    "ContentHash",
    "string",
    "sha256 of what the record says, the same when it is sent again",
    (i) => i.contentHash,
  ),
  listed("EntraTenantId", "string", "Entra tenant that exported the record", (i) => i.activity.tenantId),
  listed(
    "EntraTenantName",
    "string",
    "Name of that tenant in ALLOWED_TENANT_IDS; empty if it has none there",
    (i) => i.activity.tenantName,
  ),
  column("InitiatedByType", "string", "User, Application or Unknown", (i) => i.actor.type),
  listed("InitiatedBy", "string", "Best name of the actor", (i) => i.actor.label),
  column("InitiatedByUserPrincipalName", "string", "User principal name", (i) => i.actor.userPrincipalName),
  listed("InitiatedByUserId", "string", "Object id of the user", (i) => i.actor.userId),
  column(
    "InitiatedByDisplayName",
    "string",
    "Display name of the user; no proof of identity",
    (i) => i.actor.userDisplayName,
  ),
  column(
    "InitiatedByNameMismatch",
    "boolean",
    "Whether that display name is a Microsoft service's, the trace of CVE-2025-55241",
    (i) => i.identities.nameMismatch,
  ),
  column(
    "InitiatedByAppName",
    "string",
    "Display name of the application; no proof of identity",
    (i) => i.actor.appName,
  ),
  listed("InitiatedByAppId", "string", "Application (client) id", (i) => i.actor.appId),
  listed(
    "InitiatedByServicePrincipalId",
    "string",
    "Object id of the service principal",
    (i) => i.actor.servicePrincipalId,
  ),
  column(
    "InitiatedByAgentType",
    "string",
    "Microsoft's agentType if the actor is an AI agent",
    (i) => i.actor.agent.agentType,
  ),
  column(
    "InitiatedByAgentBlueprintId",
    "string",
    "Object id of the blueprint of that agent",
    (i) => i.actor.agent.blueprintId,
  ),
  column("TargetAgents", "dynamic", "Targets that are AI agents: name, id, agentType, blueprintId", (i) =>
    i.identities.agentTargets.map(({ name, id, agentType, blueprintId }) => ({ name, id, agentType, blueprintId })),
  ),
  listed(
    "IdentityNotes",
    "dynamic",
    "What to know about actor and targets beyond their names, in plain words",
    (i) => i.identities.notes,
  ),
  column("InitiatedByIpAddress", "string", "Address that the rule maps; often empty", (i) => i.mappedIpAddress),
  listed(
    "ClientIpAddress",
    "string",
    "Best address in the record: ipaddr of the token first",
    (i) => i.clientIpAddress,
  ),
  listed(
    "BurstId",
    "string",
    "The same for everything one actor did within one hour (UTC); empty if the record does not name actor or time",
    burstIdOf,
  ),
  column("TargetResourceType", "string", "Type of the target resource", (i) => i.target.type),
  listed("TargetResourceName", "string", "Name of the target resource", (i) => i.target.name),
  column("TargetResourceId", "string", "Id of the target resource", (i) => i.target.id),
  listed("RoleName", "string", "Role whose settings changed", (i) => i.role.name),
  listed(
    "RoleScope",
    "string",
    "That role with its scope, such as Member of group X",
    (i) => i.assessment?.roleScope ?? i.role.name,
  ),
  listed(
    "RoleTier",
    "string",
    "critical, controlPlane or standard; empty if nothing was assessed",
    (i) => i.assessment?.roleTier ?? "",
  ),
  column("RoleId", "string", "Id of that role in the tenant", (i) => i.role.id),
  listed("RoleTemplateId", "string", "Template id of that role, the same in all tenants", (i) => i.role.templateId),
  column("Entities", "dynamic", "Entities as the rule maps them", (i) => i.entities),
  column("ResultColumns", "dynamic", "Columns that the rule's query added or changed", (i) => i.columns),
  column(
    "ResultRows",
    "dynamic",
    "All rows of the query's result that are an incident of several events",
    (i) => i.resultRows,
  ),
  column("CustomDetails", "dynamic", "Custom details as the rule maps them", (i) => i.customDetails),
  column("ModifiedProperties", "dynamic", "Old and new values, as in the record", (i) => i.modifiedProperties),
  column("TargetResources", "dynamic", "The record's target resources", (i) => i.targetResources),
  column("AdditionalDetails", "dynamic", "The record's additional details", (i) => i.additionalDetails),
  {
    ...column("RemediationSteps", "string", "Response section of the rule's guide", (i) => i.remediationSteps),
    text: "long",
  },
  column("EventHubPartitionId", "string", "Partition of the event", (i) => i.partitionId),
  column("EventHubSequenceNumber", "long", "Sequence number of the event", (i) => i.sequenceNumber),
  column("EventHubEnqueuedTime", "datetime", "When the event reached the hub (UTC)", (i) => i.enqueuedTime || null),
  column("DetectorVersion", "string", "Version of pimwatch", () => VERSION),
  column("Truncated", "boolean", "Whether anything was cut to fit", () => false),
];

const IDENTIFYING: ReadonlySet<string> = new Set(["IncidentId", "RuleId"]);
/** The columns of an incident in a list. */
export const LISTED_COLUMNS = INCIDENT_COLUMNS.filter((one) => one.listed || IDENTIFYING.has(one.name));

const weakenedSettings = oncePer(({ changes }: IncidentFields): number => {
  const weakening = changes.filter(({ effect }) => effect === "weakens");
  return new Set(weakening.map(({ settingName }) => settingName)).size;
});

/** The findings without the fields that only describe how they were read. */
const changesOf = oncePer(({ changes }: IncidentFields): Json =>
  changes.map(({ wording: _wording, source: _source, baselines, ...change }) => ({
    ...change,
    baselines: baselines.map(({ id, link }) => ({ id, link })),
  })),
);

function column(name: string, type: ColumnType, description: string, value: IncidentColumn["value"]): IncidentColumn {
  return { name, type, description, value };
}

function listed(...column_: Parameters<typeof column>): IncidentColumn {
  return { ...column(...column_), listed: true };
}
