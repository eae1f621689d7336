import { isRecord } from "../core/event-body.ts";
import type { Json } from "../core/kql/values.ts";

/** Where two values differ, each place as three lines: its path, what was expected, what is there. */
export function differences(expected: Json, actual: Json, path: string): string[] {
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((item: Json, index) => differences(item, actual[index] ?? null, `${path}[${index}]`));
  }
  if (isRecord(expected) && isRecord(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => memberDifferences(expected, actual, { key, path: `${path}.${key}` }));
  }
  return expected === actual ? [] : lines(path, JSON.stringify(expected), JSON.stringify(actual));
}

type Members = Readonly<Record<string, Json>>;

function memberDifferences(expected: Members, actual: Members, at: { key: string; path: string }): string[] {
  const { key, path } = at;
  if (!Object.hasOwn(expected, key)) return lines(path, "(nothing)", JSON.stringify(actual[key]));
  if (!Object.hasOwn(actual, key)) return lines(path, JSON.stringify(expected[key]), "(nothing)");
  return differences(expected[key] ?? null, actual[key] ?? null, path);
}

function lines(path: string, expected: string, actual: string): string[] {
  return [path, `    - expected ${expected}`, `    + found    ${actual}`];
}
