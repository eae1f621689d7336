import { toJson } from "../../src/core/json/column-json.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import type { Column, Json, Row, ScalarType, Value } from "../../src/kql/run/values.ts";

/** A result row as the text of a JSON object with the columns in their order: objects would put names that are numbers first. */
export function rowJson(columns: readonly Column[], row: Row): string {
  const members = columns.map(
    ({ name, type }, index) => `${JSON.stringify(name)}:${jsonText(asAnswered(row[index] ?? null, type))}`,
  );
  return `{${members.join(",")}}`;
}

/** As Kusto answers a query in JSON: times without zeros at the end of their fraction, which tostring() writes. */
function asAnswered(value: Value, type: ScalarType): Json {
  const json = toJson(value, type);
  return type === "datetime" && typeof json === "string" ? json.replace(/\.?0+Z$/, "Z") : json;
}
