import { toJson } from "../core/column-json.ts";
import { jsonText } from "../core/kql/dynamic-text.ts";
import type { Column, Row } from "../core/kql/values.ts";

/** A result row as the text of a JSON object with the columns in their order: objects would put names that are numbers first. */
export function rowJson(columns: readonly Column[], row: Row): string {
  const members = columns.map(
    ({ name, type }, index) => `${JSON.stringify(name)}:${jsonText(toJson(row[index] ?? null, type))}`,
  );
  return `{${members.join(",")}}`;
}
