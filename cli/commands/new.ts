import { copyFile, constants, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import { fileReason } from "../errors/failure-text.ts";
import { SHIPPED_RULES } from "../own-files.ts";
import { visible } from "../../src/core/visible-text.ts";

export const newRule = command({
  name: "new",
  summary: "Makes a rule's folder from an official Sentinel rule file.",
  operands: "[options] NAME --from FILE.yaml",
  options: {
    from: { type: "string", value: "FILE", help: "the rule's YAML; it is copied byte for byte" },
    rules: { type: "string", value: "DIR", help: "folder of rules (default: rules)" },
  },
  notes: `Writes DIR/NAME/rule.yaml; guide.md, with the rule's own text and the headings to fill in; and tests.yaml, with an event
and near misses made of the constants of the query. Check them, and fill in what the query does not say.
Also writes the JSON schemas of tests.yaml and overlay.yaml into DIR, for editors, unless they are there.
If the rule reads a list with externaldata, put a copy of the list into externaldata/ beside the rules first; the
message says where. No existing file is overwritten. Put your own changes to the rule into overlay.yaml.

  npx pimwatch new app-consent --from ../Azure-Sentinel/Detections/AuditLogs/SomeRule.yaml`,
  exitCodes: {
    0: "the rule runs",
    1: "the rule was refused, and nothing was written",
  },
  async run({ values, operands }, terminal) {
    const [name, ...more] = operands;
    if (name === undefined || more.length > 0)
      throw new UsageError("Give one NAME. Usage: pimwatch new NAME --from FILE.yaml");
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
      throw new UsageError(
        `"${visible(name)}" cannot be the name of a rule's folder. Use lower-case letters, digits and single dashes`,
      );
    }
    if (values.from === undefined)
      throw new UsageError("--from FILE.yaml is missing. Give the file of the official rule");
    const [{ compileRule }, { listFinder }, { formatProblem }, { guideSkeleton, testsSkeleton }] = await Promise.all([
      import("../../src/sentinel/compile-rule.ts"),
      import("../../src/sentinel/rule-files.ts"),
      import("../../src/kql/compile/problem.ts"),
      import("../../src/sentinel/rule-skeleton.ts"),
    ]);
    const text = await textOf(values.from);
    const folder = join(values.rules ?? terminal.rules, name);
    const { rule, problems } = compileRule(text, values.from, { findList: listFinder(dirname(folder)) });
    for (const problem of problems) terminal.note(visible(formatProblem(problem)));
    if (rule === undefined) return 1;
    if (values.rules === undefined) await mkdir(terminal.rules, { recursive: true });
    await makeFolder(folder);
    for (const [file, content] of [
      ["rule.yaml", text],
      ["guide.md", guideSkeleton(rule)],
      ["tests.yaml", testsSkeleton(rule)],
    ] as const) {
      await writeFile(join(folder, file), content, { flag: "wx" });
      terminal.out(`${join(folder, file)}\n`);
    }
    for (const file of await copySchemas(dirname(folder))) terminal.out(`${file}\n`);
    terminal.note(`Next: check tests.yaml, fill in guide.md, then \`npx pimwatch test ${name}\``);
    return 0;
  },
});

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--from ${file}: ${fileReason(cause) ?? "the file cannot be read"}`, { cause });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const problem = isThere
      ? "it exists already. Choose another NAME"
      : `it cannot be created: ${fileReason(cause) ?? "check the folder of rules"}`;
    throw new UsageError(`${folder}: ${problem}`, { cause });
  }
}

/** The first line of tests.yaml names its schema, in the folder of rules. @returns the files that were not there yet */
async function copySchemas(folder: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of ["tests.schema.json", "overlay.schema.json"]) {
    const file = join(folder, name);
    try {
      await copyFile(join(SHIPPED_RULES, name), file, constants.COPYFILE_EXCL);
      copied.push(file);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  return copied;
}
