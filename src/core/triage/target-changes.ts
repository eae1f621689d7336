import { isArray, isBag, jsonText, readJson, sortedJsonText } from "../../kql/run/dynamic-text.ts";
import type { Json } from "../../kql/run/values.ts";
import { valueText } from "../value-text.ts";
import type { IncidentRow } from "../incident/incident-row.ts";

/** A value before and after. A single value is one text, a list has one for each member, and none stands for no value. */
export interface ValueChange {
  /** The property's name, and the path within its value: `ConditionalAccessPolicy › state`. */
  readonly name: string;
  /** Of a list, the members that only the old value has. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Number of members that both lists have. */
  readonly kept: number;
}

/** The modified properties of one target resource. */
export interface TargetChanges {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly changes: readonly ValueChange[];
  /** Properties that the record lists although old and new value are the same. */
  readonly unchanged: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** Number of changes beyond MOST_CHANGES. */
  readonly others: number;
}

/** A page with more changes than these is not read; the record has all of them. */
const MOST_CHANGES = 100;
/** Values within a value, and texts that contain JSON: deeper ones are compared as a whole. */
const DEEPEST = 8;
const MOST_DECODED = 3;

/**
 * The modified properties of every target of an incident's record.
 *
 * @param record the audit record as JSON text. If it was cut, the row's own column TargetResources is read
 */
export function targetChanges(row: IncidentRow, record: string): TargetChanges[] {
  const targets = targetsIn(record) ?? row["TargetResources"];
  return isArray(targets) ? targets.filter(isBag).map(changesOfTarget) : [];
}

function targetsIn(record: string): Json | undefined {
  const whole = readJson(record);
  const properties = isBag(whole) ? decoded(whole["properties"] ?? null) : null;
  return isBag(properties) ? decoded(properties["targetResources"] ?? null) : undefined;
}

function changesOfTarget(target: Readonly<Record<string, Json>>): TargetChanges {
  const listed = decoded(target["modifiedProperties"] ?? null);
  const properties = (isArray(listed) ? listed.filter(isBag) : []).map((property) => ({
    name: valueText(property["displayName"]) || "unnamed property",
    before: decoded(property["oldValue"] ?? null),
    after: decoded(property["newValue"] ?? null),
  }));
  const changes = properties.flatMap(({ name, before, after }) => differences({ name, before, after }, 0));
  return {
    type: valueText(target["type"]),
    name: valueText(target["displayName"]) || valueText(target["userPrincipalName"]),
    id: valueText(target["id"]),
    changes: changes.slice(0, MOST_CHANGES),
    unchanged: properties
      .filter(({ before, after }) => isSame(before, after))
      .map(({ name, after }) => ({ name, values: textsOf(after) })),
    others: Math.max(0, changes.length - MOST_CHANGES),
  };
}

interface Compared {
  readonly name: string;
  readonly before: Json;
  readonly after: Json;
}

/** Each part that differs; objects are compared key by key, so that one changed part of a long policy is one line. */
function differences({ name, before, after }: Compared, depth: number): ValueChange[] {
  if (isSame(before, after)) return [];
  const objects = [before, after].filter((value) => value !== null);
  if (depth < DEEPEST && objects.every(isBag)) {
    const keys = [...new Set(objects.flatMap((value) => Object.keys(value)))];
    const parts = keys.flatMap((key) =>
      differences({ name: `${name} › ${key}`, before: memberOf(before, key), after: memberOf(after, key) }, depth + 1),
    );
    if (parts.length > 0) return parts;
  }
  const [old, new_] = [textsOf(before), textsOf(after)];
  const added = without(new_, old);
  const isList = isArray(before) || isArray(after);
  if (!isList) return [{ name, before: old, after: new_, kept: 0 }];
  return [{ name, before: without(old, new_), after: added, kept: new_.length - added.length }];
}

function memberOf(value: Json, key: string): Json {
  return isBag(value) && Object.hasOwn(value, key) ? decoded(value[key] ?? null) : null;
}

/** The texts that the other list does not have as often. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(other, (counts.get(other) ?? 0) + 1);
  return texts.filter((text) => {
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left <= 0;
  });
}

function textsOf(value: Json): string[] {
  if (value === null) return [];
  return isArray(value) ? value.map((member) => textOf(decoded(member))) : [textOf(value)];
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : jsonText(value);
}

/** Entra writes "nothing" as null and as an empty list. */
function isSame(before: Json, after: Json): boolean {
  const isNothing = textsOf(before).length + textsOf(after).length === 0;
  return isNothing || sortedJsonText(before) === sortedJsonText(after);
}

/** Entra writes values as JSON texts, some within others: `"\"[\\\"a\\\"]\""`. A text that was cut stays as it is. */
function decoded(value: Json): Json {
  let inner = value;
  for (let turn = 0; turn < MOST_DECODED && typeof inner === "string" && /^\s*["[{]/.test(inner); turn += 1) {
    const read = readJson(inner);
    if (read === undefined) break;
    inner = read;
  }
  return inner;
}
