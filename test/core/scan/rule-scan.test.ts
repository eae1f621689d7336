import { expect, test } from "vitest";
import type { Rule } from "../../../src/core/incident/rule.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { planOf } from "../../kql/query.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";

const ruleOf = (name: string, query: string): Rule => ({
  ...CHANGES_TO_PIM_SETTINGS,
  name,
  plan: planOf(`AuditLogs | ${query}`),
});
const added = ruleOf("User added", 'where OperationName == "Add user to tenant"');
const deleted = ruleOf("User deleted", 'where OperationName == "Delete user of tenant"');
const failed = ruleOf("Anything failed", 'where Result =~ "failure" or strlen(ResultReason) > 3');
const long = ruleOf("Long reason", "where strlen(ResultReason) > 3");
const body = (operation: string) => Buffer.from(JSON.stringify({ records: [{ operationName: operation }] }));

test("the scan finds the literals of every rule, each once", () => {
  const { scan, summary } = ruleScan([added, deleted, added]);

  expect(summary).toMatch(/^scan on: 2 literals for 3 rules, a look every \d+ bytes$/);
  expect(["Add user to tenant", "Delete user of tenant"].map((name) => scan?.search(body(name))?.length)).toEqual([
    1, 1,
  ]);
  expect(scan?.search(body("Reset password of user"))).toEqual([]);
});

test.each([
  { rules: [added, long], named: '"Long reason"' },
  { rules: [added, failed, long], named: '"Anything failed", "Long reason"' },
])("a rule whose matches need no literal turns the scan off, whatever the others need: $named", ({ rules, named }) => {
  expect(ruleScan(rules)).toEqual({
    scan: undefined,
    summary: `scan off: without a text that every match must hold: ${named}; all records are read in full`,
  });
});

test("without a rule there is nothing to look for", () => {
  expect(ruleScan([])).toEqual({ scan: undefined, summary: "scan off: no rule is switched on" });
});
