import {
  type Actor,
  actorOf,
  clientIpAddressOf,
  modifiedPropertiesOf,
  type Role,
  roleOf,
  type Target,
  targetOf,
} from "../event/audit-activity.ts";
import type { Tenants } from "../event/tenants.ts";
import { dynamic, propertiesOf, tenantOf } from "../event/audit-log.ts";
import { valueText } from "../value-text.ts";
import { AUDIT_LOG_COLUMNS } from "../event/audit-log-columns.ts";
import { alertTextOf } from "./alert-details.ts";
import type { DiagnosticRecord, ReadRecord } from "../event/event-body.ts";
import { contentOf, incidentId } from "./incident-identity.ts";
import { type Entity, entitiesOf } from "./entities.ts";
import { type IdentityNotes, identityNotesOf } from "./identity-notes.ts";
import { namedColumns } from "../json/column-json.ts";
import { jsonText } from "../../kql/run/dynamic-text.ts";
import { formatDatetime } from "../../kql/run/time.ts";
import type { Json, Row } from "../../kql/run/values.ts";
import { type IncidentFields, incidentFields } from "../pim-settings/incident-fields.ts";
import { oncePer } from "../once-per.ts";
import { type Effect, EFFECTS } from "../pim-settings/finding.ts";
import { isFailure, type Priority } from "../pim-settings/priority.ts";
import { resultColumns, type Rule, type Severity } from "./rule.ts";
import { parseTimestamp } from "../event/timestamp.ts";

/** The position of an event in the hub. A field is null if the host does not provide it. */
export interface HubPosition {
  readonly partitionId: string | null;
  readonly sequenceNumber: number | null;
  /** ISO 8601 with a zone. */
  readonly enqueuedTime: string | null;
}

export type IncidentStatus = "New" | "Active" | "Closed";

/**
 * One result row of a rule over one audit record, in Sentinel's vocabulary. Plain JSON.
 *
 * Times are ISO 8601 in UTC, with 7 fractional digits from the record, and 3 from us.
 */
export interface Incident {
  /** Deterministic: the same if the record is delivered again, or sent again by Azure Monitor. */
  readonly id: string;
  readonly revision: number;
  readonly title: string;
  readonly description: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  readonly entities: readonly Entity[];
  /** The columns that the rule's query made or changed, in its order. */
  readonly columns: Readonly<Record<string, Json>>;
  readonly customDetails: Readonly<Record<string, string>>;
  readonly rule: {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly fileHash: string;
    readonly queryHash: string;
  };
  readonly activity: {
    readonly operationName: string;
    readonly category: string;
    readonly loggedByService: string;
    readonly result: string;
    /** The event's text about the change: the first of resultReason and the two resultDescriptions that is not empty. */
    readonly resultReason: string;
    readonly correlationId: string;
    readonly auditLogId: string;
    readonly tenantId: string;
    /** As ALLOWED_TENANT_IDS gives it; "" if it gives none. */
    readonly tenantName: string;
  };
  /** Urgency from the assessment; if there is none, from severity and effect. */
  readonly priority: Priority;
  /** From the assessment; if there is none, from the column `Effect` of the rule's query. "" if neither says one. */
  readonly effect: Effect | "";
  /** What changed and what it means; null for operations other than a change of PIM settings. */
  readonly assessment: IncidentFields | null;
  readonly actor: Actor;
  readonly identities: IdentityNotes;
  readonly role: Role;
  readonly target: Target;
  /** The address that the rule maps to its IP entity, as in the record; often "". */
  readonly mappedIpAddress: string;
  /** The best address in the record (`ipaddr` first). Shown beside the mapped one, never instead of it. */
  readonly clientIpAddress: string;
  /** Time of the activity; the beginning of 1970 if the record has no readable time. */
  readonly activityDateTime: string;
  /** When the event reached the hub; "" if the host does not provide it. */
  readonly enqueuedTime: string;
  readonly detectedTime: string;
  readonly partitionId: string;
  readonly sequenceNumber: number | null;
  /** See {@link contentOf}; of a finding of several events, a hash of its rows and events. */
  readonly contentHash: string;
  /** The events that it is made of, or the latest of them, in order of time. Empty if it is made of one. */
  readonly evidence: readonly EvidenceRecord[];
  /** Whether it is made of more events than that. */
  readonly isEvidenceCut: boolean;
  /** The scheduled instant whose window shows it; "" if one event does. */
  readonly instant: string;
  /** All rows of the result that are this finding, as objects. Empty if one event shows it. */
  readonly resultRows: readonly Json[];
  /** The audit record as JSON text. */
  readonly record: string;
  /** The response section of the rule's guide. */
  readonly remediationSteps: string;
  /** These three are as in the record, for the columns of the same name. */
  readonly modifiedProperties: Json;
  readonly targetResources: Json;
  readonly additionalDetails: Json;
}

/** What an incident shows of one of its events. */
export interface EvidenceRecord {
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly operationName: string;
  readonly result: string;
  readonly initiatedBy: string;
  readonly target: string;
  readonly clientIpAddress: string;
  readonly auditLogId: string;
}

/** The parts of an incident that come of several events. */
interface SeveralEvents extends Pick<
  Incident,
  "id" | "contentHash" | "evidence" | "isEvidenceCut" | "instant" | "resultRows"
> {}

/** The time of a record without a readable time. The clock would differ at each delivery. */
const UNKNOWN_TIME = "1970-01-01T00:00:00.0000000Z";

/** Only an assessment can give P1, so an activity without one starts below it. */
const PRIORITY_OF_SEVERITY: Readonly<Record<Severity, Priority>> = {
  High: "P2",
  Medium: "P3",
  Low: "P4",
  Informational: "P4",
};

/** A rule of severity Medium sees what is mostly legitimate. If it found a weakening that took place, somebody must look today. */
function unassessedPriority(severity: Severity, effect: Incident["effect"], result: string): Priority {
  return severity === "Medium" && effect === "weakens" && !isFailure(result) ? "P2" : PRIORITY_OF_SEVERITY[severity];
}

export interface Match {
  readonly rule: Rule;
  readonly source: ReadRecord;
  /** The record as an AuditLogs row. */
  readonly row: Row;
  /** A result row of the rule's query over that row. */
  readonly resultRow: Row;
  /** Number of the result row within the record, from 0: see `rowOrdinals`. */
  readonly ordinal: number;
  /** The tenant of a record that names none, if only one is allowed. */
  readonly onlyTenant?: string | undefined;
  readonly tenantNames?: Tenants | undefined;
  readonly position: HubPosition;
  /** Present if the finding is made of several events; `source` is then the latest of them. */
  readonly several?: SeveralEvents | undefined;
}

/** @param detectedAt when the match was found, UTC */
export function toIncident(match: Match, detectedAt: Date): Incident {
  const { rule, position } = match;
  const facts = factsOf(match.source);
  const result = namedColumns(resultColumns(rule), match.resultRow);
  const entities = entitiesOf(rule.entityMappings, result);
  const alert = alertTextOf(rule, result);
  const isOnlyTenant = match.onlyTenant !== undefined;
  const assessment = isOnlyTenant ? facts.assessmentFor(rule) : facts.assessmentAmongTenants(rule);
  const activity = activityOf(match);
  const effect = assessment?.effect ?? EFFECTS.find((each) => each === result.get("Effect")) ?? "";
  return {
    revision: 1,
    ...alert,
    status: "New",
    techniques: rule.techniques,
    entities,
    columns: columnsOfQuery(match, result),
    customDetails: Object.fromEntries(
      Object.entries(rule.customDetails).map(([name, column]) => [name, valueText(result.get(column))]),
    ),
    rule: {
      id: rule.id,
      name: rule.name,
      version: rule.version,
      fileHash: rule.fileHash,
      queryHash: rule.queryHash,
    },
    activity,
    priority: assessment?.priority ?? unassessedPriority(alert.severity, effect, activity.result),
    effect,
    assessment,
    actor: facts.actor,
    identities: facts.identities,
    role: facts.role,
    target: facts.target,
    mappedIpAddress: mappedIpAddress(rule, result),
    clientIpAddress: facts.clientIpAddress,
    activityDateTime: facts.activityDateTime,
    enqueuedTime: iso(position.enqueuedTime) ?? "",
    detectedTime: detectedAt.toISOString(),
    partitionId: position.partitionId ?? "",
    sequenceNumber: position.sequenceNumber,
    ...(match.several ?? {
      id: incidentId({ ...match, tenant: tenantOfMatch(match), ruleId: rule.id }),
      contentHash: contentOf(match.source),
      evidence: [],
      isEvidenceCut: false,
      instant: "",
      resultRows: [],
    }),
    record: facts.text,
    remediationSteps: rule.guide?.response ?? "",
    modifiedProperties: facts.modifiedProperties,
    targetResources: dynamic(facts.properties["targetResources"]),
    additionalDetails: dynamic(facts.properties["additionalDetails"]),
  };
}

/** What an incident of several events shows of one of them. */
export function evidenceOf(source: ReadRecord): EvidenceRecord {
  const { activityDateTime, actor, target, clientIpAddress, properties } = factsOf(source);
  return {
    time: activityDateTime,
    operationName: valueText(source.record["operationName"]),
    result: valueText(properties["result"]),
    initiatedBy: actor.label,
    target: target.name,
    clientIpAddress,
    auditLogId: valueText(properties["id"]),
  };
}

function tenantOfMatch({ source, onlyTenant = "" }: Match): string {
  return tenantOf(source.record) || onlyTenant;
}

/** The parts that all incidents of a record share. */
const factsOf = oncePer((source: ReadRecord) => {
  const { record } = source;
  const actor = actorOf(record);
  const assessmentWhere = (isOnlyTenant: boolean) =>
    oncePer(({ expectedChanges = [] }: Rule) => incidentFields(record, { expectedChanges, isOnlyTenant }));
  return {
    properties: propertiesOf(record),
    assessmentFor: assessmentWhere(true),
    assessmentAmongTenants: assessmentWhere(false),
    actor,
    identities: identityNotesOf(record, actor),
    role: roleOf(record),
    target: targetOf(record),
    clientIpAddress: clientIpAddressOf(record),
    activityDateTime: eventTime(record) ?? UNKNOWN_TIME,
    text: new TextDecoder().decode(source.bytes()),
    modifiedProperties: modifiedPropertiesOf(record),
  };
});

function activityOf(match: Match): Incident["activity"] {
  const { record } = match.source;
  const properties = propertiesOf(record);
  const reasons = [properties["resultReason"], record["resultDescription"], properties["resultDescription"]];
  return {
    operationName: valueText(record["operationName"]),
    category: valueText(properties["category"]),
    loggedByService: valueText(properties["loggedByService"]),
    result: valueText(properties["result"]),
    resultReason: reasons.map(valueText).find((reason) => reason.trim() !== "") ?? "",
    correlationId: valueText(record["correlationId"]) || valueText(properties["correlationId"]),
    auditLogId: valueText(properties["id"]),
    tenantId: tenantOfMatch(match),
    tenantName: match.tenantNames?.get(tenantOfMatch(match)) ?? "",
  };
}

/** When the activity of a record happened; undefined if the record does not say it in a form that is known. */
export function eventTime(record: DiagnosticRecord): string | undefined {
  return iso(propertiesOf(record)["activityDateTime"]) ?? iso(record["time"]);
}

function iso(time: unknown): string | undefined {
  const ticks = typeof time === "string" ? parseTimestamp(time) : null;
  return ticks === null ? undefined : formatDatetime(ticks);
}

function mappedIpAddress(rule: Rule, result: ReadonlyMap<string, Json>): string {
  const mapping = rule.entityMappings.find(({ entityType }) => entityType === "IP");
  const field = mapping?.fieldMappings.find(({ identifier }) => identifier === "Address");
  return field === undefined ? "" : valueText(result.get(field.columnName));
}

const namedCells = oncePer((row: Row) => namedColumns(AUDIT_LOG_COLUMNS, row));

function columnsOfQuery({ row }: Match, result: ReadonlyMap<string, Json>): Record<string, Json> {
  const source = namedCells(row);
  const made = [...result].filter(([name, value]) => !source.has(name) || !sameJson(source.get(name), value));
  return Object.fromEntries(made);
}

function sameJson(a: Json | undefined, b: Json): boolean {
  return a === b || jsonText(a ?? null) === jsonText(b);
}
