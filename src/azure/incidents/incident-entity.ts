import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { INCIDENT_COLUMNS, type IncidentColumn, LISTED_COLUMNS } from "../../core/incident/incident-columns.ts";
import type { PlainJson } from "../../kql/run/values.ts";
import type { Entity, Row, RowKeys } from "../tables/table-rows.ts";

/** Characters of a record kept in one string property. */
const RECORD_PART = 30_000;

/**
 * An incident's row as a table entity with a fixed set of properties. Dynamic columns become JSON text, times become
 * text (the service would cut them to milliseconds), longs become Int64, and nulls are left out.
 */
export function incidentEntity(keys: RowKeys, row: IncidentRow, which?: "listed"): Row {
  const entity: Row & Record<string, unknown> = { ...keys };
  for (const column of which === undefined ? INCIDENT_COLUMNS : LISTED_COLUMNS) {
    const value = toProperty(column, row[column.name] ?? null);
    if (value !== null) entity[column.name] = value;
  }
  return entity;
}

function toProperty({ type }: IncidentColumn, value: PlainJson): string | number | boolean | bigint | null {
  if (type === "dynamic") return value === null ? null : JSON.stringify(value);
  if (type === "long" && typeof value === "number") return BigInt(value);
  return typeof value === "object" ? null : value;
}

/** Reads the row from its entity. Columns that the entity lacks are null. */
export function rowOfEntity(entity: Entity): IncidentRow {
  return Object.fromEntries(INCIDENT_COLUMNS.map((column) => [column.name, fromProperty(column, entity[column.name])]));
}

function fromProperty({ type }: IncidentColumn, value: unknown): PlainJson {
  if (type === "dynamic" && typeof value === "string") return jsonOf(value);
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** Text, even if another program wrote something else: a row that could not be read would hold up all others. */
function jsonOf(text: string): PlainJson {
  try {
    const json: PlainJson = JSON.parse(text);
    return json;
  } catch {
    return text;
  }
}

/** Splits a record's text into as many properties as it needs: `Record0`, `Record1`, … */
export function recordEntity(keys: RowKeys, record: string): Row {
  const parts: [string, string][] = [];
  for (let start = 0; start < record.length;) {
    const end = start + RECORD_PART;
    const splitsPair = /[\uD800-\uDBFF]/.test(record.charAt(end - 1)) && end < record.length;
    const part = record.slice(start, splitsPair ? end - 1 : end);
    parts.push([`Record${parts.length}`, part]);
    start += part.length;
  }
  return { ...keys, ...Object.fromEntries(parts) };
}

export function textOfRecordEntity(entity: Entity): string {
  const parts: string[] = [];
  for (let part = 0; typeof entity[`Record${part}`] === "string"; part += 1)
    parts.push(String(entity[`Record${part}`]));
  return parts.join("");
}
