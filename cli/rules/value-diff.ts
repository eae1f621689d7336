import { isRecord } from "../../src/core/event/event-body.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../src/kql/run/values.ts";

/**
 * The places where two values differ, as three lines each: path, expected value, actual value. A whole number that is too
 * large for a JavaScript number equals its text.
 */
export function differences(expected: Json, actual: Json, path: string): string[] {
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((item: Json, index) => differences(item, actual[index] ?? null, `${path}[${index}]`));
  }
  if (isRecord(expected) && isRecord(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => memberDifferences(expected, actual, { key, path: `${path}.${key}` }));
  }
  if (expected === actual || (typeof expected === "bigint" && String(expected) === actual)) return [];
  return lines(path, jsonText(expected), jsonText(actual));
}

type Members = Readonly<Record<string, Json>>;

function memberDifferences(expected: Members, actual: Members, at: { key: string; path: string }): string[] {
  const { key, path } = at;
  if (!Object.hasOwn(expected, key)) return lines(path, "(nothing)", jsonText(actual[key] ?? null));
  if (!Object.hasOwn(actual, key)) return lines(path, jsonText(expected[key] ?? null), "(nothing)");
  return differences(expected[key] ?? null, actual[key] ?? null, path);
}

function lines(path: string, expected: string, actual: string): string[] {
  return [path, `    - expected ${expected}`, `    + found    ${actual}`];
}
