import { compileAllRules } from "../../src/sentinel/compile-rules.ts";
import { readyRule, type ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { SHIPPED_RULES } from "../own-files.ts";

/**
 * The rules of this repository that are switched on, ready to run.
 *
 * @throws {UsageError} when a rule does not compile; names file, line, column and reason of each problem
 */
export async function readyRules(): Promise<readonly ReadyRule[]> {
  const { rules } = await compileAllRules(SHIPPED_RULES);
  return rules.filter(({ disabled }) => disabled !== true).map(readyRule);
}
