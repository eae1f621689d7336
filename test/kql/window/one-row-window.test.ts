import { expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { compileQuery } from "../../../src/kql/compile/compile-query.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import { GROUPS } from "../examples/groups.ts";
import { auditLogRow, SAMPLE_TIME, windowResult } from "../query.ts";

const queries = GROUPS.flatMap(({ cases }) => cases).flatMap((each) => ("query" in each ? [each.query] : []));

test("a query that one event decides gives the same rows over a window of that event", () => {
  const row = auditLogRow();
  let compared = 0;
  for (const query of queries) {
    const { plan } = compileQuery(query, AUDIT_LOGS, { mayBeConstant: true });
    if (plan === undefined) continue;
    compared += 1;
    expect(windowResult(query, [row], SAMPLE_TIME).rows, query).toEqual(prepare(plan)(row));
  }
  expect(compared).toBeGreaterThan(100);
});
