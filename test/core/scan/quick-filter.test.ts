import fc from "fast-check";
import { expect, test } from "vitest";
import { toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { quickFilter } from "../../../src/core/scan/quick-filter.ts";
import { settingsChange } from "../../samples.ts";
import { planOf } from "../../kql/query.ts";

const QUERIES = [
  'AuditLogs | where Category =~ "RoleManagement" | where OperationName =~ "Update role setting in PIM"',
  'AuditLogs | where OperationName in~ ("Add user", "ADD GROUP") and Result != "failure" | extend a = 1 | where a == 2',
  'AuditLogs | where isempty(Identity) or (isnotempty(Result) and OperationName !in ("Add user")) | extend a = 1',
  'AuditLogs | where OperationName == "Add user" | where strlen(Identity) > 3',
  'AuditLogs | where Result != "failure" | union (AuditLogs | where Identity has "user"), (AuditLogs | where Category =~ "rolemanagement")',
  'union (AuditLogs | where Identity == "Add user"), (AuditLogs | where Identity has_any ("group", "nobody"))',
];

test.each(QUERIES)("what the filter of %s refuses gives no row", (query) => {
  const plan = planOf(query);
  const mayMatch = quickFilter(plan);
  const evaluate = prepare(plan);
  const text = fc.constantFrom<Json>(
    "Add user",
    "add group",
    "RoleManagement",
    "rolemanagement",
    "failure",
    "",
    null,
    7,
  );
  const record = fc
    .tuple(text, text, text, text)
    .map(([operationName, identity, category, result]) =>
      JSON.parse(JSON.stringify(settingsChange({ operationName, identity }, { category, result }))),
    );
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(record, (each) => {
      const rows = evaluate(toAuditLogRow(each)).length;
      seen.add(mayMatch?.(each) === true);
      if (mayMatch?.(each) === false) expect(rows).toBe(0);
    }),
    { numRuns: 500 },
  );
  expect(mayMatch?.(settingsChange())).toBe(evaluate(toAuditLogRow(settingsChange())).length > 0);
  expect(seen).toContain(false);
});

test.each([
  'AuditLogs | extend a = 1 | where OperationName == "Add user"',
  'union (AuditLogs | where OperationName == "Add user"), (AuditLogs | where strlen(OperationName) > 9)',
  "AuditLogs | where TimeGenerated > ago(1d)",
  'AuditLogs | where TargetResources[0].displayName == "Add user"',
])("%s has no filter: it must be computed", (query) => {
  expect(quickFilter(planOf(query))).toBeUndefined();
});
