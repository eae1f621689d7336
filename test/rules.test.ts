// The tests beside the rules, as `npx pimwatch test` runs them. An official file without companions has none.
import { describe, expect, test } from "vitest";
import { ruleSamples } from "../cli/rules/rule-samples.ts";
import { runRuleTests } from "../cli/rules/rule-test-run.ts";
import directoryRoleOperations from "../src/core/entra-lists/directory-role-operations.json" with { type: "json" };
import { compileAllRules } from "../src/sentinel/compile-rules.ts";

const { sourced } = await compileAllRules("rules");
const samples = ruleSamples();

const tested = sourced.filter(({ files }) => files.tests !== undefined || files.guide !== undefined);

describe.each(tested.map((each) => ({ name: each.files.name, each })))("$name", async ({ each }) => {
  const { outcomes, problems } = await runRuleTests(each, samples);

  test("has an event that it finds, and a near miss for each condition", () => {
    expect(problems).toEqual([]);
  });

  test.each(outcomes)("$name ($where)", ({ failures }) => {
    expect(failures).toEqual([]);
  });
});

// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities#core-directory
test.each(
  directoryRoleOperations.operations.RoleManagement.filter((name) => /^Add .*(?:member|assignment)/i.test(name)),
)('the rule for roles that are assigned outside of PIM looks for "%s"', (name) => {
  const rule = sourced.find(({ files }) => files.name === "role-assigned-outside-of-pim");
  expect(rule?.rule.query).toContain(`"${name}"`);
});
