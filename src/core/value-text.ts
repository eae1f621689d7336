import { jsonText } from "../kql/run/dynamic-text.ts";
import type { Json } from "../kql/run/values.ts";

/** A value of a record or a row as text; "" for null and a missing value. Exports write a `Level` as `4` or as `"4"`. */
export function valueText(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? jsonText(value) : String(value);
}
