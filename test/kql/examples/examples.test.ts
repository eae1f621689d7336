import { describe, expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { supportTable } from "../../../src/kql/compile/kql-support.ts";
import { shownRows } from "../semantics.ts";
import { DIFFERENCES, WITHOUT_EXAMPLES } from "./exceptions.ts";
import { GROUPS } from "./groups.ts";

/** Printed examples of a page of Kusto's documentation, each of which is a case of semantics.test.ts. */
const printed = new Map<string, number>();
for (const { page, origin, cases } of GROUPS) {
  if (origin === "printed") printed.set(page, (printed.get(page) ?? 0) + cases.length);
}

const supported = supportTable(AUDIT_LOGS).filter((entry) => entry.supported);

describe("every printed example of something supported is a test or an exception with a name", () => {
  test.each(supported.map(({ name, page }) => ({ name, page })))("$name: $page", ({ page }) => {
    const isShown = printed.has(page) || DIFFERENCES.some((each) => each.page === page);
    const isExcused = Object.hasOwn(WITHOUT_EXAMPLES, page);
    expect(isShown || isExcused).toBe(true);
    expect(printed.has(page) && isExcused).toBe(false);
  });

  test.each(DIFFERENCES)("$page differs: $reason", ({ query, printed: value, here }) => {
    expect(shownRows(query)).toEqual([[here]]);
    expect(here).not.toEqual(value);
  });

  test("the exceptions are of pages that something supported has", () => {
    const pages = new Set(supported.map(({ page }) => page));
    const excused = [...Object.keys(WITHOUT_EXAMPLES), ...DIFFERENCES.map(({ page }) => page)];
    expect(excused.filter((page) => !pages.has(page))).toEqual([]);
  });
});

test("the share of printed examples that come out right", () => {
  const right = [...printed.values()].reduce((sum, count) => sum + count, 0);
  const all = right + DIFFERENCES.length;
  const share = ((100 * right) / all).toFixed(1);
  console.info(`${right} of ${all} printed examples right (${share} %); ${DIFFERENCES.length} named exceptions`);
  const reasons = Map.groupBy(Object.values(WITHOUT_EXAMPLES), (reason) => reason);
  for (const [reason, pages] of reasons) console.info(`${pages.length} pages without an example here: ${reason}`);
  expect(right).toBeGreaterThan(500);
});
