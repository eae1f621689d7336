import { toText } from "../conversion.ts";
import type { ScalarType, Value } from "../values.ts";

/** Equal for equal values only: "" and null differ, and so do neighbours of different length. */
export function groupKey(values: readonly Value[], types: readonly ScalarType[]): string {
  return JSON.stringify(
    values.map((value, index) => (value === null ? null : toText(value, types[index] ?? "dynamic"))),
  );
}
