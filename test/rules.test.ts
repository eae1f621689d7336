// The tests beside the rules, as `npx pimwatch test` runs them. An official file without companions has none.
import { describe, expect, test } from "vitest";
import { ruleSamples } from "../cli/rules/rule-samples.ts";
import { runRuleTests } from "../cli/rules/rule-test-run.ts";
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
