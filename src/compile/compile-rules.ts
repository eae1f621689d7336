import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rule } from "../core/rule.ts";
import { UsageError } from "../errors.ts";
import { compileRule } from "./compile-rule.ts";
import type { Problem } from "./problem.ts";

export { compileRule } from "./compile-rule.ts";
export { formatProblem, type Problem } from "./problem.ts";

/**
 * Compiles every `<directory>/<rule-name>/rule.yaml` with the guide.md beside it, in the order of their names.
 * A rule with an error is not among `rules`; warnings are among `problems` too.
 *
 * @throws {UsageError} when there is no such directory
 */
export async function compileRules(directory: string): Promise<{ rules: Rule[]; problems: Problem[] }> {
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const folder of await foldersIn(directory)) {
    const name = join(directory, folder, "rule.yaml");
    const text = await readIfThere(name);
    if (text === undefined) {
      problems.push({
        file: name,
        line: 1,
        column: 1,
        level: "error",
        code: "no-rule",
        message: "the folder has no rule.yaml",
      });
      continue;
    }
    const guideName = join(directory, folder, "guide.md");
    const guide = await readIfThere(guideName);
    const compiled = compileRule(text, name, guide === undefined ? undefined : { name: guideName, text: guide });
    problems.push(...compiled.problems);
    if (compiled.rule === undefined) continue;
    const twin = seen.get(compiled.rule.id);
    if (twin === undefined) {
      seen.set(compiled.rule.id, name);
      rules.push(compiled.rule);
    } else {
      const message = `${twin} has the same id ${compiled.rule.id}`;
      problems.push({ file: name, line: 1, column: 1, level: "error", code: "duplicate-id", message });
    }
  }
  return { rules, problems };
}

async function foldersIn(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new UsageError(`${directory}: there is no such folder of rules`, { cause: error });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
