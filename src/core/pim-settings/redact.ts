import { valueText } from "../value-text.ts";
import { type DiagnosticRecord, isRecord } from "../event/event-body.ts";
import type { Json } from "../../kql/run/values.ts";
import { redactChangeText } from "./redact-text.ts";
import { knownRole } from "./roles.ts";
import { type StandIns, standIns } from "./wording/stand-ins.ts";

/** Microsoft's own words, the same in all tenants. */
const KEPT = new Set([
  "category",
  "operationname",
  "operationversion",
  "resulttype",
  "resultsignature",
  "level",
  "result",
  "loggedbyservice",
  "operationtype",
  "activitydisplayname",
  "type",
  "key",
  "usertype",
  "grouptype",
]);
const KEPT_DETAILS = new Set([
  "audittype",
  "actiontype",
  "roledefinitionorigintype",
  "isauthenticatedwithmfa",
  "isactivationrequireapproval",
]);
const CHANGE_TEXT = new Set(["resultreason", "resultdescription"]);
const TIME = /^\d{4}-\d\d-\d\d([T ])\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * A copy of the record that can be shown in public: its structure, Microsoft's own words and the sentences of the change
 * stay. Names, ids, addresses and times become stand-ins, the same for equal values. Everything not known to be harmless is
 * replaced. Role template ids stay: they are the same in all tenants.
 *
 * Unknown words inside a sentence are kept only if they look like plain words. Read it before posting.
 */
export function redactRecord(record: DiagnosticRecord): Json {
  return redact(record, "", standIns(displayNames(record)));
}

function redact(value: Json, key: string, names: StandIns): Json {
  if (typeof value === "string") return redactString(value, key.toLowerCase(), names);
  if (typeof value === "bigint") return 0;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 100_000 ? value : 0;
  if (value === null || typeof value === "boolean") return value;
  if (!isRecord(value)) return Array.isArray(value) ? value.map((item: Json) => redact(item, key, names)) : null;
  const role = isRole(value);
  const isDetail = typeof value["key"] === "string" && "value" in value;
  const detail = valueText(value["key"]).toLowerCase();
  const isProperty = "newValue" in value || "oldValue" in value;
  const members = Object.entries(value).map(([name, member]): [string, Json] => {
    if (isDetail && name === "value" && KEPT_DETAILS.has(detail)) return [name, names.scrub(valueText(member))];
    if (isProperty && name === "displayName") return [name, names.scrub(valueText(member))];
    if (role && name === "displayName") return [name, roleName(valueText(member), names)];
    return [keyOf(name), redact(member, isDetail && name === "value" ? detail : name, names)];
  });
  return Object.fromEntries(members);
}

function redactString(value: string, key: string, names: StandIns): string {
  if (value === "" || /^<?null>?$/i.test(value)) return value;
  if (KEPT.has(key)) return names.scrub(value);
  if (CHANGE_TEXT.has(key)) return redactChangeText(value, names);
  if (TIME.test(value)) return value.replace(TIME, (_all, ...parts) => fixedTime(parts));
  if (key === "newvalue" || key === "oldvalue") return redactNested(value, names);
  if (/^\d{1,4}$|^(?:true|false|builtinrole|customrole)$/i.test(value)) return value;
  if (key === "resourceid" || value.startsWith("/")) return names.path(value);
  return names.of(value);
}

/** A value that is itself JSON text. */
function redactNested(value: string, names: StandIns): string {
  const inner = /^"(.*)"$/s.exec(value)?.[1];
  return inner === undefined ? redactString(value, "", names) : `"${redactString(inner, "", names)}"`;
}

function fixedTime(parts: readonly unknown[]): string {
  const [separator, seconds, fraction, zone] = parts.map((part) => (typeof part === "string" ? part : ""));
  return `2026-01-02${separator}03:04${seconds === "" ? "" : ":05"}${(fraction ?? "").replaceAll(/\d/g, "0")}${zone}`;
}

/** Keys are part of the structure and stay, if they look like keys. */
function keyOf(name: string): string {
  return /^[A-Za-z_][\w.$-]{0,59}$/.test(name) ? name : "redactedKey";
}

function isRole(value: DiagnosticRecord): boolean {
  return valueText(value["type"]).toLowerCase() === "role" && "displayName" in value;
}

/** Built-in roles and a group's Member and Owner keep their names; a custom role's name belongs to the tenant. */
function roleName(name: string, names: StandIns): string {
  return /^(?:member|owner)$/i.test(name) || knownRole([], name) !== undefined ? name : names.of(name);
}

/** Names in the record, to be found inside its sentences too. */
function displayNames(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => displayNames(item));
  if (!isRecord(value)) return [];
  const isProperty = "newValue" in value || "oldValue" in value;
  const own = ["displayName", "userPrincipalName", "identity"].map((key) => (isProperty ? "" : valueText(value[key])));
  const found = own.filter((name) => name.length >= 3 && knownRole([], name) === undefined);
  return [...found, ...Object.values(value).flatMap((member) => displayNames(member))];
}
