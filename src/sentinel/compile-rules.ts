import type { Rule } from "../core/incident/rule.ts";
import { UsageError } from "../errors.ts";
import { compileRule } from "./compile-rule.ts";
import { formatProblem, type Problem } from "../kql/compile/problem.ts";
import { findRules, type RuleFiles } from "./rule-files.ts";
import { withoutTwins } from "./lint/rule-twins.ts";

export { compileRule } from "./compile-rule.ts";
export { formatProblem } from "../kql/compile/problem.ts";

/** A rule and its files. */
export interface SourcedRule {
  readonly rule: Rule;
  readonly files: RuleFiles;
}

export interface CompiledRules {
  /** The rules without an error, switched off or not, in the order of their names. */
  readonly rules: Rule[];
  /** The same rules with their files. */
  readonly sourced: SourcedRule[];
  /** Errors and warnings. */
  readonly problems: Problem[];
}

/** Called before each rule of a folder: many rules take minutes. */
export type OnRule = (name: string, number: number, count: number) => void;

/**
 * Compiles the rules in a folder: every `<rule-name>/rule.yaml` with the files beside it, and every other YAML file, such
 * as an official rule file. If rules share an id, only one of them is returned.
 *
 * @throws {UsageError} if there is no such folder
 */
export async function compileRules(directory: string, onRule?: OnRule): Promise<CompiledRules> {
  const found = await findRules(directory);
  const problems: Problem[] = [...found.problems];
  const compiled = found.rules.flatMap((files, index) => {
    onRule?.(files.name, index + 1, found.rules.length);
    const { rule, problems: own } = compileRule(files.rule.text, files.rule.name, files);
    problems.push(...own);
    return rule === undefined ? [] : [{ rule, files, id: rule.id, queryHash: rule.queryHash }];
  });
  const twins = withoutTwins(compiled);
  problems.push(...twins.problems);
  const sourced = twins.kept.map(({ rule, files }): SourcedRule => ({ rule, files }));
  return { rules: sourced.map(({ rule }) => rule), sourced, problems };
}

/**
 * Compiles the rules in a folder, all of which must compile.
 *
 * @throws {UsageError} naming file, line, column and reason of each problem
 */
export async function compileAllRules(directory: string): Promise<CompiledRules> {
  const compiled = await compileRules(directory);
  const isWrong = compiled.problems.some(({ level }) => level === "error");
  if (isWrong) throw new UsageError(compiled.problems.map(formatProblem).join("\n"));
  return compiled;
}
