// The tests beside the rules, as `npx pimwatch test` runs them.
import { describe, expect, test } from "vitest";
import { ruleSamples } from "../src/cli/rule-samples.ts";
import { runRuleTests } from "../src/cli/rule-test-run.ts";
import { compileAllRules } from "../src/compile/compile-rules.ts";

const { sourced } = await compileAllRules("rules");
const samples = ruleSamples();

describe.each(sourced.map((each) => ({ name: each.files.name, each })))("$name", async ({ each }) => {
  const { outcomes, problems } = await runRuleTests(each, samples);

  test("has an event that it finds, and a near miss for each condition", () => {
    expect(problems).toEqual([]);
  });

  test.each(outcomes)("$name ($where)", ({ failures }) => {
    expect(failures).toEqual([]);
  });
});
