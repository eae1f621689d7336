import { existsSync } from "node:fs";
import { join } from "node:path";
import { compileRules, type CompiledRules, type OnRule, type SourcedRule } from "../../src/sentinel/compile-rules.ts";
import { suggestion } from "../../src/kql/compile/nearest-name.ts";
import { counted } from "../../src/core/counted.ts";
import { visible } from "../../src/core/visible-text.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../../src/errors.ts";

/**
 * Compiles the rules in a folder and picks those named by folder, id or path, or all if none is named.
 *
 * @throws {UsageError} for a folder that does not exist or holds no rule, and for a name that no rule has
 */
export async function chosenRules(
  directory: string,
  names: readonly string[],
  terminal: Pick<Terminal, "progress">,
): Promise<Pick<CompiledRules, "sourced" | "problems">> {
  const paths = names.filter((name) => /[/\\]/.test(name) && existsSync(name));
  const others = names.filter((name) => !paths.includes(name));
  const compiled: CompiledRules[] = [];
  const onRule = ruleProgress("Compiling", terminal);
  for (const path of paths) compiled.push(await compileRules(path, onRule));
  if (others.length > 0 || names.length === 0) compiled.push(await namedRules(directory, others, onRule));
  const sourced = compiled.flatMap((each) => each.sourced);
  const problems = compiled.flatMap((each) => each.problems);
  if (sourced.length === 0 && problems.length === 0) {
    throw new UsageError(
      `${[...paths, directory].join(", ")}: no rules found. The folder has no rule.yaml and no other YAML file`,
    );
  }
  return { sourced, problems };
}

/** Shows the progress: the number of the current rule, and the number of all rules. */
export function ruleProgress(doing: string, terminal: Pick<Terminal, "progress">): OnRule {
  return (name, number, count) =>
    terminal.progress(`${doing} rule ${number} of ${counted(count, "rule")}: ${visible(name)} …`);
}

async function namedRules(directory: string, names: readonly string[], onRule: OnRule): Promise<CompiledRules> {
  const all = await compileRules(directory, onRule);
  if (names.length === 0) return all;
  const known = all.sourced.map(({ files }) => files.name);
  for (const name of names) {
    const isFolder = existsSync(join(directory, name)) || all.problems.some(({ file }) => file.includes(name));
    if (!isFolder && !all.sourced.some((each) => isNamed(each, name))) {
      throw new UsageError(`${directory} has no rule "${name}"${suggestion(name, known)}`);
    }
  }
  const sourced = all.sourced.filter((each) => names.some((name) => isNamed(each, name)));
  const problems = all.problems.filter(({ file }) => names.some((name) => file.includes(name)));
  return { rules: sourced.map(({ rule }) => rule), sourced, problems };
}

function isNamed({ rule, files }: SourcedRule, name: string): boolean {
  return files.name === name.replace(/\.ya?ml$/, "") || rule.id === name.toLowerCase();
}
