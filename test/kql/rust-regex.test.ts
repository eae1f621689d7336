import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, newEvaluation } from "../../src/kql/run/evaluation.ts";
import { compileRegex } from "../../src/kql/run/rust-regex.ts";

/** Each takes JavaScript's own engine longer than the age of the universe on the texts below. */
const RUNAWAY = ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^([a-zA-Z]+)*$", "^(.*a){20}$"];

describe("a pattern that makes other engines run away ends at once, as a rule and on any text", () => {
  test.each(RUNAWAY)("%s", (pattern) => {
    const regex = compileRegex(pattern, newEvaluation(DEFAULT_LIMITS));
    for (const text of [`${"a".repeat(30_000)}!`, `${"a".repeat(30_000)}\n`, "a!".repeat(15_000)]) {
      const began = performance.now();
      regex.isMatch(text);
      regex.first(text);
      expect(performance.now() - began).toBeLessThan(5_000); // a few milliseconds; a machine that is busy takes its time
    }
  });
});

test("what cannot be had in linear time is refused when the rule is compiled", () => {
  for (const pattern of [String.raw`(a)\1`, "(?=a)b", "(?<!a)b"])
    expect(() => compileRegex(pattern, newEvaluation(DEFAULT_LIMITS))).toThrow(/regular/);
});
