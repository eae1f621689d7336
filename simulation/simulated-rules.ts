import type { Rule } from "../src/core/incident/rule.ts";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";

/**
 * The rules that run in the simulation: the one that its events are made for.
 *
 * @throws {UsageError} when it has errors or is missing
 */
export async function simulatedRules(): Promise<readonly Rule[]> {
  return (await compileAllRules("rules/changes-to-pim-settings")).rules;
}
