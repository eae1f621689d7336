import { toJson } from "../../src/core/json/column-json.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import type { Column, Json, Row, ScalarType, Value } from "../../src/kql/run/values.ts";

/** A result row as JSON text, with the columns in their order. A JavaScript object would put numeric names first. */
export function rowJson(columns: readonly Column[], row: Row): string {
  const members = columns.map(
    ({ name, type }, index) => `${JSON.stringify(name)}:${jsonText(asAnswered(row[index] ?? null, type))}`,
  );
  return `{${members.join(",")}}`;
}

/** In Kusto's JSON answers, times have no trailing zeros in their fraction; tostring() writes them. */
function asAnswered(value: Value, type: ScalarType): Json {
  const json = toJson(value, type);
  return type === "datetime" && typeof json === "string" ? json.replace(/\.?0+Z$/, "Z") : json;
}
