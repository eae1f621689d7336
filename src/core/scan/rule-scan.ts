import { counted } from "../counted.ts";
import type { Rule } from "../incident/rule.ts";
import type { Literal } from "./literal.ts";
import { type LiteralScan, literalScan } from "./literal-scan.ts";
import { necessaryLiterals } from "./necessary-literals.ts";

/** The scan that all rules share, and what it looks for. */
export interface RuleScan {
  /** Undefined where it is off: every record is then read in full. */
  readonly scan: LiteralScan | undefined;
  /** One sentence for the build, the health page and the log. */
  readonly summary: string;
}

/** A rule without a necessary literal turns the scan off: any record of its category could match it. */
export function ruleScan(rules: readonly Pick<Rule, "name" | "plan">[]): RuleScan {
  if (rules.length === 0) return off("no rule is switched on");
  const known = rules.map((rule) => ({ rule, literals: necessaryLiterals(rule.plan) }));
  const without = known.filter(({ literals }) => literals === undefined).map(({ rule }) => `"${rule.name}"`);
  if (without.length > 0)
    return off(`without a text that every match must hold: ${without.join(", ")}; all records are read in full`);
  const literals = distinct(known.flatMap((each) => each.literals ?? []));
  const scan = literalScan(literals);
  const summary = `scan on: ${counted(literals.length, "literal")} for ${counted(rules.length, "rule")}, a look every ${scan.stride} bytes`;
  return { scan, summary };
}

function off(reason: string): RuleScan {
  return { scan: undefined, summary: `scan off: ${reason}` };
}

function distinct(literals: readonly Literal[]): readonly Literal[] {
  const nameOf = ({ text, ignoreCase, key }: Literal): string => JSON.stringify([text, ignoreCase, key]);
  return [...new Map(literals.map((literal) => [nameOf(literal), literal])).values()];
}
