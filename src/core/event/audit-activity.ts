import { type Agent, agentOf, type AgentTarget, isAgent } from "./agents.ts";
import { propertiesOf } from "./audit-log.ts";
import { valueText } from "../value-text.ts";
import { type DiagnosticRecord, isRecord } from "./event-body.ts";
import type { Json } from "../../kql/run/values.ts";

/** The actor. Fields that are not in the record are "". */
export interface Actor {
  readonly type: "User" | "Application" | "Unknown";
  /** The best available name: UPN, display name, id, then the application's; never empty. */
  readonly label: string;
  readonly userPrincipalName: string;
  readonly userId: string;
  /** People may choose it, and services leave theirs here. */
  readonly userDisplayName: string;
  readonly appName: string;
  readonly appId: string;
  readonly servicePrincipalId: string;
  readonly agent: Agent;
}

/** The directory role whose settings changed, or the role entry of a group or Azure resource. */
export interface Role {
  readonly name: string;
  readonly id: string;
  /** The same in all tenants, unlike `id`. */
  readonly templateId: string;
}

/** The object of the activity. */
export interface Target {
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

export function actorOf(record: DiagnosticRecord): Actor {
  const properties = propertiesOf(record);
  const initiatedBy = object(properties["initiatedBy"]);
  const [user, app] = [object(initiatedBy["user"]), object(initiatedBy["app"])];
  const actor = {
    userPrincipalName: valueText(user["userPrincipalName"]),
    userId: valueText(user["id"]),
    userDisplayName: valueText(user["displayName"]),
    appName: valueText(app["displayName"]),
    appId: valueText(app["appId"]),
    servicePrincipalId: valueText(app["servicePrincipalId"]),
    agent: agentOf([app, user, object(properties["performedBy"])]),
  };
  const userLabel = firstFilled(actor.userPrincipalName, actor.userDisplayName, actor.userId);
  const appLabel = firstFilled(actor.appName, actor.servicePrincipalId, actor.appId);
  return {
    type: userLabel ? "User" : appLabel ? "Application" : "Unknown",
    label: userLabel || appLabel || firstFilled(valueText(record["identity"]), "unknown"),
    ...actor,
  };
}

function firstFilled(...texts: readonly string[]): string {
  return texts.find((candidate) => candidate.trim() !== "") ?? "";
}

/** Finds the role by type, because the order of target resources varies. */
export function roleOf(record: DiagnosticRecord): Role {
  const role = targets(record).find((target) => isType(target, "Role")) ?? {};
  const templateId = modifiedProperty(role, "TemplateId") || additionalDetail(record, "TemplateId");
  return { name: valueText(role["displayName"]), id: valueText(role["id"]), templateId };
}

/** The group or Azure scope of the role, or the role if there is none, or else the first target. */
export function targetOf(record: DiagnosticRecord): Target {
  const all = targets(record);
  const scope = all.find((target) => isScope(target));
  const target = scope ?? all.find((candidate) => isType(candidate, "Role")) ?? all[0] ?? {};
  return { type: valueText(target["type"]), name: nameOf(target), id: valueText(target["id"]) };
}

/** The target resources that are agents, in the order of the record. */
export function agentTargetsOf(record: DiagnosticRecord): AgentTarget[] {
  return targets(record)
    .map((target) => ({ name: nameOf(target), id: valueText(target["id"]), ...agentOf([target]) }))
    .filter(isAgent);
}

function nameOf(target: DiagnosticRecord): string {
  return valueText(target["displayName"]) || valueText(target["userPrincipalName"]);
}

const SCOPE_TYPES = ["Group", "Subscription", "ManagementGroup", "ResourceGroup"];
const AZURE_SCOPE = /^\/(?:subscriptions|providers\/Microsoft\.Management\/managementGroups)\//i;

/** An Azure scope is recognized by its type, or by a path in its id or name. */
function isScope(target: DiagnosticRecord): boolean {
  const paths = [valueText(target["id"]), valueText(target["displayName"])];
  return SCOPE_TYPES.some((type) => isType(target, type)) || paths.some((path) => AZURE_SCOPE.test(path));
}

/**
 * The best address of the client: the token's `ipaddr`, then the user's, then the caller's; "" if the record has none.
 * Cleans up texts that mean "none" and a doubled `::`.
 */
export function clientIpAddressOf(record: DiagnosticRecord): string {
  const user = object(object(propertiesOf(record)["initiatedBy"])["user"]);
  const candidates = [
    additionalDetail(record, "ipaddr"),
    valueText(user["ipAddress"]),
    valueText(record["callerIpAddress"]),
  ];
  return candidates.map(cleanIpAddress).find((address) => address !== "") ?? "";
}

function cleanIpAddress(address: string): string {
  const trimmed = address.trim();
  if (/^<?null>?$/i.test(trimmed)) return "";
  // `::2a02:…` with eight groups or a second `::`: the exporter added the leading `::`.
  const isDoubled = /^::(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?=.*::)[0-9a-f][0-9a-f:]*)$/i.test(trimmed);
  return isDoubled ? trimmed.slice(2) : trimmed;
}

/** The value of an additional detail by its key, or "". */
export function additionalDetail(record: DiagnosticRecord, key: string): string {
  const details = propertiesOf(record)["additionalDetails"];
  if (!Array.isArray(details)) return "";
  const wanted = key.toLowerCase();
  const detail = details.filter(isRecord).find((entry) => valueText(entry["key"]).toLowerCase() === wanted);
  return valueText(detail?.["value"]);
}

/** Old and new values of the role, or of the first target if there is no role; null if there are none. */
export function modifiedPropertiesOf(record: DiagnosticRecord): Json {
  const all = targets(record);
  const target = all.find((candidate) => isType(candidate, "Role")) ?? all[0] ?? {};
  return target["modifiedProperties"] ?? null;
}

/** Values of modified properties are JSON texts: `"\"62e9…\""`. */
function modifiedProperty(target: DiagnosticRecord, name: string): string {
  const properties = target["modifiedProperties"];
  if (!Array.isArray(properties)) return "";
  const property = properties.filter(isRecord).find((entry) => entry["displayName"] === name);
  return valueText(property?.["newValue"]).replace(/^"(.*)"$/s, "$1");
}

function targets(record: DiagnosticRecord): DiagnosticRecord[] {
  const all = propertiesOf(record)["targetResources"];
  return Array.isArray(all) ? all.filter(isRecord) : [];
}

function isType(target: DiagnosticRecord, type: string): boolean {
  return valueText(target["type"]).toLowerCase() === type.toLowerCase();
}

function object(value: unknown): DiagnosticRecord {
  return isRecord(value) ? value : {};
}
