import { fileURLToPath } from "node:url";
import { compileRules } from "../compile/compile-rules.ts";
import { formatProblem } from "../compile/problem.ts";
import { prepare } from "../core/kql/evaluate.ts";
import { UsageError } from "../errors.ts";
import type { ReadyRule } from "../workflows/detect-batch.ts";

const RULES = fileURLToPath(new URL("../../rules", import.meta.url));

/**
 * The rules of this repository, ready to run.
 *
 * @throws {UsageError} when one cannot be compiled: file, line, column and reason of each
 */
export async function readyRules(): Promise<readonly ReadyRule[]> {
  const { rules, problems } = await compileRules(RULES);
  if (problems.some(({ level }) => level === "error")) throw new UsageError(problems.map(formatProblem).join("\n"));
  return rules.map((rule) => ({ rule, evaluate: prepare(rule.plan) }));
}
