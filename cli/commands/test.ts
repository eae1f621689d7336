import { counted } from "../../src/core/counted.ts";
import { command } from "../command.ts";
import { jsonLine } from "../json-line.ts";
import { checkJunit, writeJunit } from "../junit.ts";
import type { NamedReport } from "../rules/rule-test-report.ts";
import type { RuleTestReport } from "../rules/rule-test-run.ts";
import { painted, type Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const test = command({
  name: "test",
  summary: "Runs the tests of rules: sample events and the findings expected of them.",
  operands: "[options] [RULE...]",
  options: {
    rules: { type: "string", value: "DIR", help: "folder of rules (default: rules)" },
    verbose: { type: "boolean", help: "also list the tests that passed" },
    strict: { type: "boolean", help: "a rule without tests is a failure" },
    json: { type: "boolean", help: "print one line of JSON for each test on stdout, all else on stderr" },
    junit: { type: "string", value: "FILE", help: "also write the results into this file as JUnit XML, for CI" },
  },
  notes: `If the rule does not find an event, the report names the conditions that are false with the values that they
compare, or the exclusion of overlay.yaml that removes the row.

RULE is the name of a rule's folder, its id, or a path. Without one, all rules are tested, including those that are
switched off. Tests are in tests.yaml beside the rule; rules/tests.schema.json helps editors with the format.

  - name: a saved change makes an incident
    sample: pim-settings-change                  # rules/samples/pim-settings-change.json
    expect: { severity: High, columns: { InitiatingIPAddress: 192.0.2.7 } }
  - name: PIM for Groups is another category
    sample: pim-settings-change
    set: { properties.category: GroupManagement }
    misses: Category =~ "RoleManagement"

A rule that needs several events gets events with times. Each arrives at its time; the instants before the next one are
evaluated as in the app. \`expect\` of an event is what exists when the next one arrives, \`expect\` of the test what exists
in the end. The test must end the same in other orders of arrival, too: all of them for up to four events, else the
rotations of the list and of its reverse. \`order: fixed\` leaves the other orders out.

  - name: two resets within a day make one incident
    events:
      - { at: 2026-03-02T08:10:00Z, sample: password-reset, expect: 0 }
      - { at: 2026-03-02T17:00:00Z, sample: password-reset, set: { properties.id: second } }
    expect: 1

Every rule needs a test with findings and, if one event decides it, for each \`where\` condition of its query a near miss
that names it: an event that the rule does not find, but would find without that condition. Only an unchanged official
file, with neither guide.md nor tests.yaml, needs no tests. It is listed, and fails with --strict.`,
  exitCodes: {
    0: "all tests passed",
    1: "a test or a rule failed",
  },
  async run({ values, operands }, terminal) {
    const [
      { chosenRules, ruleProgress },
      { runRuleTests },
      { ruleSamples },
      { formatProblem },
      { problemSuite, testLines, testSuite },
    ] = await Promise.all([
      import("../rules/chosen-rules.ts"),
      import("../rules/rule-test-run.ts"),
      import("../rules/rule-samples.ts"),
      import("../../src/kql/compile/problem.ts"),
      import("../rules/rule-test-report.ts"),
    ]);
    await checkJunit(values.junit);
    const { sourced, problems } = await chosenRules(values.rules ?? terminal.rules, operands, terminal);
    for (const problem of problems) terminal.note(visible(formatProblem(problem)));
    const reports: NamedReport[] = [];
    const say = (text: string): void => (values.json === true ? terminal.note(text.trimEnd()) : terminal.out(text));
    const samples = ruleSamples();
    let [passed, failed] = [0, problems.filter(({ level }) => level === "error").length];
    let untested = 0;
    const onRule = ruleProgress("Testing", terminal);
    for (const [index, each] of sourced.entries()) {
      onRule(each.files.name, index + 1, sourced.length);
      const report = await runRuleTests(each, samples);
      reports.push({ rule: each.files.name, report });
      if (values.json === true)
        for (const line of testLines({ rule: each.files.name, report })) terminal.out(jsonLine(line));
      if (report.isUntested) {
        untested += 1;
        say(`none ${each.files.name}: no tests. \`npx pimwatch new\` shows how to write them\n`);
        continue;
      }
      const wrong = report.outcomes.filter(({ failures }) => failures.length > 0).length;
      passed += report.outcomes.length - wrong;
      failed += wrong + report.problems.length;
      say(reportText(each.files.name, report, { terminal, isVerbose: values.verbose === true }));
    }
    if (values.junit !== undefined) {
      const suites = reports.map((each) => testSuite(each, values.strict === true));
      const compiling = problems.length === 0 ? [] : [problemSuite("rules that do not compile", [], problems)];
      await writeJunit(values.junit, "pimwatch test", [...compiling, ...suites]);
    }
    say(
      `${counted(passed, "test")} passed, ${counted(failed, "failure")}${untested > 0 ? `, ${counted(untested, "rule")} without tests` : ""}\n`,
    );
    return failed === 0 && (untested === 0 || values.strict !== true) ? 0 : 1;
  },
});

function reportText(
  rule: string,
  report: RuleTestReport,
  { terminal, isVerbose }: { readonly terminal: Terminal; readonly isVerbose: boolean },
): string {
  const isFine = report.problems.length === 0 && report.outcomes.every(({ failures }) => failures.length === 0);
  const mark = isFine ? painted("ok  ", "good", terminal) : painted("FAIL", "bad", terminal);
  const lines = [`${mark} ${rule}: ${counted(report.outcomes.length, "test")} in ${report.milliseconds.toFixed(0)} ms`];
  for (const { name, where, failures } of report.outcomes) {
    if (failures.length > 0)
      lines.push(`  ${painted("failed", "bad", terminal)} ${visible(name)} (${where})`, ...failures.map(indented));
    else if (isVerbose) lines.push(`  ${painted("passed", "good", terminal)} ${visible(name)}`);
  }
  lines.push(...report.problems.map((problem) => `  ${visible(problem)}`));
  return `${lines.join("\n")}\n`;
}

function indented(line: string): string {
  return `    ${visible(line)}`;
}
