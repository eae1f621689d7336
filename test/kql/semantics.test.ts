import { describe, expect, test } from "vitest";
import type { Json } from "../../src/kql/run/values.ts";
import { HUNTING_EXAMPLES } from "./examples/hunting.examples.ts";
import { BAGS_AND_SETS_CASES } from "./semantics/bags-and-sets.cases.ts";
import { COMPARISON_CASES } from "./semantics/comparisons.cases.ts";
import { DYNAMIC_VALUES_CASES } from "./semantics/dynamic-values.cases.ts";
import { ENCODINGS_CASES } from "./semantics/encodings.cases.ts";
import { LITERALS_CASES } from "./semantics/literals.cases.ts";
import { OPERATOR_CASES } from "./semantics/operators.cases.ts";
import { PARSE_CASES } from "./semantics/parse.cases.ts";
import { REPORTED_CASES } from "./semantics/reported.cases.ts";
import { TABLE_CASES } from "./semantics/tables.cases.ts";
import { TEXTS_CASES } from "./semantics/texts.cases.ts";
import { TIMES_CASES } from "./semantics/times.cases.ts";
import { shownRows, type Case } from "./semantics.ts";

const GROUPS = [
  ...OPERATOR_CASES,
  ...PARSE_CASES,
  ...TABLE_CASES,
  ...TEXTS_CASES,
  ...DYNAMIC_VALUES_CASES,
  ...BAGS_AND_SETS_CASES,
  ...TIMES_CASES,
  ...ENCODINGS_CASES,
  ...COMPARISON_CASES,
  ...LITERALS_CASES,
  ...REPORTED_CASES,
  ...HUNTING_EXAMPLES,
];

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
