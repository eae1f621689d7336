import { counted } from "../../src/core/counted.ts";
import { UsageError } from "../../src/errors.ts";
import { command, wholeNumber } from "../command.ts";
import { jsonDocument } from "../json-line.ts";
import { checkJunit, writeJunit } from "../junit.ts";
import { visible } from "../../src/core/visible-text.ts";

const FORMATS = ["text", "json", "sarif"] as const;

export const lint = command({
  name: "lint",
  summary: "Checks Sentinel rules: YAML, KQL, mappings, ATT&CK, and anything that pimwatch cannot run.",
  operands: "[options] [PATH...]",
  options: {
    format: { type: "string", value: "FORMAT", help: "text (default), json, or sarif for code hosts" },
    json: { type: "boolean", help: "the same as --format json" },
    junit: { type: "string", value: "FILE", help: "also write the results into this file as JUnit XML, for CI" },
    "max-warnings": { type: "string", value: "N", help: "also exit with 1 if there are more warnings than this" },
  },
  notes: `PATH is a rule file, a rule's folder, or a folder of rules (default: rules). A rule may have a folder of its own, with
overlay.yaml, tests.yaml and expected-changes.yaml, or be any other YAML file, such as an official one.

Prints one line for each problem: \`file:line:col: level: message (code)\`. A rule with an error does not run here; with a
warning it does. Warnings are about a mapping that Sentinel would refuse or leave empty, odd values, a technique of
another tactic, a placeholder, or a planned change that is over. Notes say where a rule covers one event here and
many in Sentinel, and of a rule that needs several events when it runs, its class and why; see pimwatch support --help.`,
  exitCodes: {
    0: "no errors",
    1: "errors, or more than N warnings",
  },
  async run({ values, operands }, terminal) {
    if (values.json === true && values.format !== undefined && values.format !== "json")
      throw new UsageError(`--json and --format ${values.format} exclude each other. Give only one of them`);
    const wanted = values.format ?? (values.json === true ? "json" : "text");
    const format = FORMATS.find((known) => known === wanted);
    if (format === undefined) throw new UsageError(`--format must be ${FORMATS.join(", ")}, not "${visible(wanted)}"`);
    const limit = wholeNumber("max-warnings", values["max-warnings"], { min: 0, max: 1_000_000 });
    const [{ lint: lintPaths }, { formatProblem }, { sarifLog }, { problemSuite }, { ruleProgress }] =
      await Promise.all([
        import("../../src/sentinel/lint/lint.ts"),
        import("../../src/kql/compile/problem.ts"),
        import("../../src/sentinel/lint/sarif.ts"),
        import("../rules/rule-test-report.ts"),
        import("../rules/chosen-rules.ts"),
      ]);
    await checkJunit(values.junit);
    const { files, problems } = await lintPaths(
      operands.length === 0 ? [terminal.rules] : operands,
      new Date(),
      ruleProgress("Checking", terminal),
    );
    const count = (level: string): number => problems.filter((problem) => problem.level === level).length;
    if (values.junit !== undefined)
      await writeJunit(values.junit, "pimwatch lint", [problemSuite("rules", files, problems)]);
    if (format === "json") terminal.out(jsonDocument(problems));
    else if (format === "sarif") terminal.out(jsonDocument(sarifLog(problems)));
    else for (const problem of problems) terminal.out(`${visible(formatProblem(problem))}\n`);
    terminal.note(
      `${counted(files.length, "rule")}: ${counted(count("error"), "error")}, ${counted(count("warning"), "warning")}, ${counted(count("note"), "note")}`,
    );
    return count("error") > 0 || (limit !== undefined && count("warning") > limit) ? 1 : 0;
  },
});
