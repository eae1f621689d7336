import { fileURLToPath } from "node:url";
import { compileRules } from "../../../src/sentinel/compile-rules.ts";
import { readyRule, type ReadyRule } from "../../../src/core/incident/ready-rule.ts";
import type { Literal } from "../../../src/core/scan/literal.ts";
import { necessaryLiterals } from "../../../src/core/scan/necessary-literals.ts";

const { rules } = await compileRules(fileURLToPath(new URL("../../../rules", import.meta.url)));

/** The rules of this repository, those included that are switched off as shipped. */
export function shippedRules(): readonly ReadyRule[] {
  return rules.map(readyRule);
}

/** The literals of these rules, each once. */
export function shippedLiterals(): readonly Literal[] {
  const literals = rules.flatMap(({ plan }) => necessaryLiterals(plan) ?? []);
  return [...new Map(literals.map((literal) => [literal.text, literal])).values()];
}
