import { assert, array, constantFrom, property } from "fast-check";
import { RRegex } from "rregex";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, newEvaluation } from "../../src/kql/run/evaluation.ts";
import { compileRegex } from "../../src/kql/run/rust-regex.ts";

/** On the texts below, JavaScript's own engine would run longer than the age of the universe. */
const RUNAWAY = ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^([a-zA-Z]+)*$", "^(.*a){20}$"];

describe("a pattern that makes backtracking engines run away ends at once", () => {
  test.each(RUNAWAY)("%s", (pattern) => {
    const regex = compileRegex(pattern, newEvaluation(DEFAULT_LIMITS));
    for (const text of [`${"a".repeat(30_000)}!`, `${"a".repeat(30_000)}\n`, "a!".repeat(15_000)]) {
      const began = performance.now();
      regex.isMatch(text);
      regex.first(text);
      expect(performance.now() - began).toBeLessThan(5_000); // usually a few milliseconds; a busy machine takes longer
    }
  });
});

test("patterns that need more than linear time are refused when the rule is compiled", () => {
  for (const pattern of [String.raw`(a)\1`, "(?=a)b", "(?<!a)b"])
    expect(() => compileRegex(pattern, newEvaluation(DEFAULT_LIMITS))).toThrow(/regular/);
});

/** Pieces of patterns that verbose mode changes, and pieces that it leaves alone. */
const PIECES =
  "a|b+| |\n|\t|# c|# ( [ \n|\\ |\\#|\\\\|(|(?:|)|^|[ab]|[ a ]|[^ b]|[[:alpha:] ]|[] (]|[|]|(?x)|(?-x)|(?ix)|(?i-x)|(?x:|(?-x:"
    .split("|")
    .concat("|");

test("verbose mode means what it means to the engine, which cannot have anything behind a last comment", () => {
  const texts = array(constantFrom("a", "b", "A", " ", "#", "(", "]", "\\"), { maxLength: 6 });
  assert(
    property(array(constantFrom(...PIECES), { maxLength: 10 }), texts, (pieces, characters) => {
      const [pattern, text] = [`(?x)${pieces.join("")}`, characters.join("")];
      const engine = unlessRefused(() => new RRegex(pattern));
      const own = unlessRefused(() => compileRegex(pattern, newEvaluation(DEFAULT_LIMITS)));
      expect(own?.first(text)?.(0)).toBe(engine?.find(text)?.value);
    }),
    { numRuns: 3000 },
  );
});

function unlessRefused<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
