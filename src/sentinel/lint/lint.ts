import { UsageError } from "../../errors.ts";
import { compileQuery } from "../../kql/compile/compile-query.ts";
import { readRule } from "../compile-rule.ts";
import type { OnRule } from "../compile-rules.ts";
import { lintRule } from "./lint-rule.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import { findRules } from "../rule-files.ts";
import { withoutTwins, type Identified } from "./rule-twins.ts";
import { AUDIT_LOGS } from "../../core/event/audit-log-columns.ts";

export interface LintReport {
  /** The rule files. */
  readonly files: readonly string[];
  /** In the order of files, lines and columns. */
  readonly problems: readonly Problem[];
}

/**
 * Checks the rules in files and folders.
 *
 * @param now planned changes that ended before this time are reported
 * @throws {UsageError} if a path does not exist or contains no rule
 */
export async function lint(paths: readonly string[], now: Date, onRule?: OnRule): Promise<LintReport> {
  const problems: Problem[] = [];
  const identified = new Map<string, Identified>();
  const linted: string[] = [];
  for (const path of paths) {
    const found = await findRules(path);
    if (found.rules.length === 0 && found.problems.length === 0) {
      throw new UsageError(`${path}: no rules found. The folder has no rule.yaml and no other YAML file`);
    }
    problems.push(...found.problems);
    for (const [index, files] of found.rules.entries()) {
      onRule?.(files.name, index + 1, found.rules.length);
      linted.push(files.rule.name);
      problems.push(...lintRule(files, now));
      const shape = readRule(files.rule.text, files.rule.name).read?.shape;
      if (shape === undefined) continue;
      identified.set(files.rule.name, { files, id: shape.id, queryHash: compileQuery(shape.query, AUDIT_LOGS).hash });
    }
  }
  problems.push(...withoutTwins([...identified.values()]).problems);
  return { files: linted, problems: problems.toSorted(byPlace) };
}

function byPlace(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}
