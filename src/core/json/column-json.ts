import { formatDecimal } from "../../kql/run/decimal.ts";
import { formatDatetime, formatTimespan } from "../../kql/run/time.ts";
import type { Column, Json, Row, ScalarType, Value } from "../../kql/run/values.ts";

/**
 * A column's value as JSON: times as Kusto prints them; decimals, longs beyond 2^53 and reals that are no number as text; a
 * dynamic value as it is, with bigints inside it.
 */
export function toJson(value: Value, type: ScalarType): Json {
  // As a number it would become null, in JSON and in both services, without a word.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "bigint" || type === "dynamic") return value;
  if (type === "datetime") return formatDatetime(value);
  if (type === "decimal") return formatDecimal(value);
  if (type === "timespan") return formatTimespan(value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

/** The values of a row by the names of its columns. */
export function namedColumns(columns: readonly Column[], row: Row): Map<string, Json> {
  return new Map(columns.map(({ name, type }, index) => [name, toJson(row[index] ?? null, type)]));
}
