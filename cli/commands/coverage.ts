import { counted } from "../../src/core/counted.ts";
import { command } from "../command.ts";
import { jsonDocument } from "../json-line.ts";
import { visible } from "../../src/core/visible-text.ts";

export const coverage = command({
  name: "coverage",
  summary: "Prints the ATT&CK techniques that the rules cover.",
  options: {
    rules: { type: "string", value: "DIR", help: "folder of rules (default: rules)" },
    json: { type: "boolean", help: "print tactics, techniques and rules as JSON" },
    navigator: { type: "boolean", help: "print a layer for MITRE's ATT&CK Navigator" },
  },
  notes: `Rules that their overlay switches off are shown in brackets and are not counted.`,
  exitCodes: {
    0: "the techniques were printed",
  },
  async run({ values }, terminal) {
    const [{ chosenRules }, { coverageOf, navigatorLayer }, { attackMatrix }, { formatProblem }] = await Promise.all([
      import("../rules/chosen-rules.ts"),
      import("../../src/sentinel/coverage.ts"),
      import("../../src/sentinel/attack-techniques.ts"),
      import("../../src/kql/compile/problem.ts"),
    ]);
    const { sourced, problems } = await chosenRules(values.rules ?? terminal.rules, [], terminal);
    for (const problem of problems) {
      if (problem.level === "error") terminal.note(visible(formatProblem(problem)));
    }
    const tactics = coverageOf(sourced);
    if (values.navigator === true) terminal.out(jsonDocument(navigatorLayer(tactics)));
    else if (values.json === true) terminal.out(jsonDocument(tactics));
    else {
      for (const { tactic, techniques } of tactics) {
        terminal.out(`${tactic}\n`);
        for (const { id, name, rules, switchedOff } of techniques) {
          const named = [...rules, ...switchedOff.map((rule) => `[${rule}]`)].map(visible).join(", ");
          terminal.out(`  ${id.padEnd(10)} ${name.padEnd(36)} ${named}\n`);
        }
        terminal.out("\n");
      }
      const covered = new Set(
        tactics.flatMap(({ techniques }) => techniques.filter(({ rules }) => rules.length > 0).map(({ id }) => id)),
      );
      terminal.out(
        `${counted(covered.size, "technique")} of ATT&CK ${attackMatrix().version}, by ${counted(sourced.length, "rule")}\n`,
      );
    }
    return 0;
  },
});
