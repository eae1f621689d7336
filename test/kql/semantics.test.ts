import { describe, expect, test } from "vitest";
import type { Json } from "../../src/kql/run/values.ts";
import { GROUPS } from "./examples/groups.ts";
import { shownRows, type Case } from "./semantics.ts";

function rowsOf(one: Case): { readonly query: string; readonly rows: readonly (readonly Json[])[] } {
  if ("query" in one) return one;
  const [expression, value] = one;
  return { query: `print result = ${expression}`, rows: [[value]] };
}

describe.each(GROUPS)("$page, $origin", ({ cases }) => {
  test.each(cases.map(rowsOf))("$query", ({ query, rows }) => {
    expect(shownRows(query)).toEqual(rows);
  });
});

test("about half of the cases come from Kusto's documentation", () => {
  const count = (origin: string) =>
    GROUPS.filter((group) => group.origin === origin).reduce((sum, { cases }) => sum + cases.length, 0);
  const [printed, derived] = [count("printed"), count("derived")];
  const share = Math.round((100 * printed) / (printed + derived));
  console.info(`${printed + derived} cases of Kusto's semantics, ${printed} (${share} %) printed in its documentation`);
  expect(printed).toBeGreaterThan(200);
});
