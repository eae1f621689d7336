import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAllRules } from "../../src/sentinel/compile-rules.ts";
import { readyRule, type ReadyRule } from "../../src/core/incident/ready-rule.ts";

/** The folder of this repository's rules. */
export const RULES = fileURLToPath(new URL("../../rules", import.meta.url));

/**
 * The rules of this repository that are switched on, ready to run.
 *
 * @throws {UsageError} when a rule does not compile; names file, line, column and reason of each problem
 */
export async function readyRules(): Promise<readonly ReadyRule[]> {
  const { rules } = await compileAllRules(RULES);
  return rules.filter(({ disabled }) => disabled !== true).map(readyRule);
}

/** The path relative to the current folder, if it lies below it. */
export function nearby(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
}
