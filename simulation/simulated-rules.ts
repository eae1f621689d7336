import type { Rule } from "../src/core/incident/rule.ts";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";

/**
 * The rules that run in the simulation: the one that its events are made for, and one that needs several of them.
 *
 * @throws {UsageError} when one has errors or is missing
 */
export async function simulatedRules(): Promise<readonly Rule[]> {
  const [one, several] = await Promise.all([
    compileAllRules("rules/changes-to-pim-settings"),
    compileAllRules("simulation/rules"),
  ]);
  return [...one.rules, ...several.rules];
}
