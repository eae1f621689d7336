import { propertiesOf, text } from "./audit-log.ts";
import { type DiagnosticRecord, isRecord } from "./event-body.ts";
import type { Json } from "../../kql/run/values.ts";

/** Who did it, as far as the record says. Fields that it does not hold are "". */
export interface Actor {
  readonly type: "User" | "Application" | "Unknown";
  /** The best name there is: UPN, display name, id, then the application's; never empty. */
  readonly label: string;
  readonly userPrincipalName: string;
  readonly userId: string;
  readonly appName: string;
  readonly appId: string;
  readonly servicePrincipalId: string;
}

/** The directory role whose settings changed, or the role entry of a group or Azure resource. */
export interface Role {
  readonly name: string;
  readonly id: string;
  /** Stable over tenants, unlike `id`. */
  readonly templateId: string;
}

/** What was acted on. */
export interface Target {
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

export function actorOf(record: DiagnosticRecord): Actor {
  const initiatedBy = object(propertiesOf(record)["initiatedBy"]);
  const [user, app] = [object(initiatedBy["user"]), object(initiatedBy["app"])];
  const actor = {
    userPrincipalName: text(user["userPrincipalName"]),
    userId: text(user["id"]),
    appName: text(app["displayName"]),
    appId: text(app["appId"]),
    servicePrincipalId: text(app["servicePrincipalId"]),
  };
  const userLabel = firstFilled(actor.userPrincipalName, text(user["displayName"]), actor.userId);
  const appLabel = firstFilled(actor.appName, actor.servicePrincipalId, actor.appId);
  return {
    type: userLabel ? "User" : appLabel ? "Application" : "Unknown",
    label: userLabel || appLabel || firstFilled(text(record["identity"]), "unknown"),
    ...actor,
  };
}

function firstFilled(...texts: readonly string[]): string {
  return texts.find((candidate) => candidate.trim() !== "") ?? "";
}

/** Looked up by type: the order of target resources differs between activities and over time. */
export function roleOf(record: DiagnosticRecord): Role {
  const role = targets(record).find((target) => isType(target, "Role")) ?? {};
  const templateId = modifiedProperty(role, "TemplateId") || additionalDetail(record, "TemplateId");
  return { name: text(role["displayName"]), id: text(role["id"]), templateId };
}

/** The group or Azure scope that the role belongs to where there is one, else the role, else the first target. */
export function targetOf(record: DiagnosticRecord): Target {
  const all = targets(record);
  const scope = all.find((target) => isScope(target));
  const target = scope ?? all.find((candidate) => isType(candidate, "Role")) ?? all[0] ?? {};
  const name = text(target["displayName"]) || text(target["userPrincipalName"]);
  return { type: text(target["type"]), name, id: text(target["id"]) };
}

const SCOPE_TYPES = ["Group", "Subscription", "ManagementGroup", "ResourceGroup"];
const AZURE_SCOPE = /^\/(?:subscriptions|providers\/Microsoft\.Management\/managementGroups)\//i;

/** Azure scopes come as a type or as a path in the id or the name, whatever the type. */
function isScope(target: DiagnosticRecord): boolean {
  const paths = [text(target["id"]), text(target["displayName"])];
  return SCOPE_TYPES.some((type) => isType(target, type)) || paths.some((path) => AZURE_SCOPE.test(path));
}

/**
 * The best address of the client: the token's `ipaddr`, then the user's, then the caller's. "" where
 * the record holds none. Cleaned of the forms in which exports write "none" and of a doubled `::`.
 */
export function clientIpAddressOf(record: DiagnosticRecord): string {
  const user = object(object(propertiesOf(record)["initiatedBy"])["user"]);
  const candidates = [additionalDetail(record, "ipaddr"), text(user["ipAddress"]), text(record["callerIpAddress"])];
  return candidates.map(cleanIpAddress).find((address) => address !== "") ?? "";
}

function cleanIpAddress(address: string): string {
  const trimmed = address.trim();
  if (/^<?null>?$/i.test(trimmed)) return "";
  // `::2a02:…` with all of its eight groups or a second `::`: the leading `::` is the exporter's.
  const isDoubled = /^::(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?=.*::)[0-9a-f][0-9a-f:]*)$/i.test(trimmed);
  return isDoubled ? trimmed.slice(2) : trimmed;
}

/** The value of an additional detail by its key; "" where there is none. */
export function additionalDetail(record: DiagnosticRecord, key: string): string {
  const details = propertiesOf(record)["additionalDetails"];
  if (!Array.isArray(details)) return "";
  const wanted = key.toLowerCase();
  const detail = details.filter(isRecord).find((entry) => text(entry["key"]).toLowerCase() === wanted);
  return text(detail?.["value"]);
}

/** Old and new values of the role where one is among the targets, else of the first target; null where there are none. */
export function modifiedPropertiesOf(record: DiagnosticRecord): Json {
  const all = targets(record);
  const target = all.find((candidate) => isType(candidate, "Role")) ?? all[0] ?? {};
  return target["modifiedProperties"] ?? null;
}

/** Modified properties hold JSON text inside a JSON string: `"\"62e9…\""`. */
function modifiedProperty(target: DiagnosticRecord, name: string): string {
  const properties = target["modifiedProperties"];
  if (!Array.isArray(properties)) return "";
  const property = properties.filter(isRecord).find((entry) => entry["displayName"] === name);
  return text(property?.["newValue"]).replace(/^"(.*)"$/s, "$1");
}

function targets(record: DiagnosticRecord): DiagnosticRecord[] {
  const all = propertiesOf(record)["targetResources"];
  return Array.isArray(all) ? all.filter(isRecord) : [];
}

function isType(target: DiagnosticRecord, type: string): boolean {
  return text(target["type"]).toLowerCase() === type.toLowerCase();
}

function object(value: unknown): DiagnosticRecord {
  return isRecord(value) ? value : {};
}
