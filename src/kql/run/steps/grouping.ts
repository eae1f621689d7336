import { toText } from "../conversion.ts";
import type { ScalarType, Value } from "../values.ts";

/** Equal only for equal values: "" and null differ, and so do `["ab", "c"]` and `["a", "bc"]`. */
export function groupKey(values: readonly Value[], types: readonly ScalarType[]): string {
  return JSON.stringify(
    values.map((value, index) => (value === null ? null : toText(value, types[index] ?? "dynamic"))),
  );
}
