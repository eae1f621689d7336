import type { RuleWindow } from "../../src/core/incident/rule.ts";
import type { FieldSupport } from "../../src/sentinel/support-page.ts";
import type { Support } from "../../src/kql/compile/kql-support.ts";
import { command } from "../command.ts";
import { jsonDocument, jsonLine } from "../json-line.ts";
import { counted } from "../../src/core/counted.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const support = command({
  name: "support",
  summary: "Lists the KQL and the fields of rule files that pimwatch supports; tells which rules of a folder run.",
  operands: "[options] [WORD...]",
  options: {
    rules: {
      type: "string",
      value: "DIR",
      help: "tell for each rule in a folder how it runs, or why it does not",
    },
    json: { type: "boolean", help: "print the table as JSON; with --rules, one line of JSON for each rule" },
  },
  notes: `Without --rules it lists every operator, function, aggregate and field of a rule file, from the tables that the
compiler uses. With WORDs it lists only names that contain one of them: pimwatch support split has

With --rules, \`event\` means that one event decides the rule: its incident is there seconds later. \`window\` means that
the rule needs several events: it runs when Sentinel would run it, over the records that it keeps. Each has a class:

    gains       more events only add findings
    excused     the same, but an older event that arrives late can excuse: what it says was known before
    scheduled   a later event can take a finding back; the line says which expression makes it so

The line \`keeps\` has the conditions that one record must meet to be kept.

A rule that reads a list with externaldata needs a copy of the list below DIR/externaldata; its message says where.

docs/support.md in the repository has the same list.`,
  exitCodes: {
    0: "the list was printed; with --rules: all rules run",
    1: "with --rules: a rule does not run",
  },
  async run({ values, operands }, terminal) {
    if (values.rules !== undefined) return countRules(values.rules, { isJson: values.json === true, terminal });
    const { supportEntries } = await import("../../src/sentinel/support-page.ts");
    const wanted = operands.map((word) => word.toLowerCase());
    const entries = supportEntries().filter(
      ({ name }) => wanted.length === 0 || wanted.some((word) => name.toLowerCase().includes(word)),
    );
    if (values.json === true) {
      terminal.out(jsonDocument(entries));
      return 0;
    }
    for (const kind of ["statement", "operator", "function", "aggregate", "field"] as const) {
      const rows = entries.filter((entry) => entry.kind === kind).map(cellsOf);
      if (rows.length === 0) continue;
      const width = Math.min(60, Math.max(...rows.map(([name]) => name.length)));
      const lines = rows.map(([name, runs, note]) => `  ${name.padEnd(width)}  ${runs.padEnd(8)}  ${note}`.trimEnd());
      terminal.out(`${kind}s\n${lines.join("\n")}\n\n`);
    }
    if (entries.length === 0)
      terminal.note(`Nothing supported has a name that contains ${operands.map(visible).join(", ")}`);
    return 0;
  },
});

function cellsOf(entry: Support | FieldSupport): readonly [name: string, runs: string, note: string] {
  if (entry.kind === "field") return [entry.name, entry.treatment, entry.note];
  return entry.supported ? [entry.form, "runs", entry.note] : [entry.name, "refused", entry.note];
}

const LABELS = { event: "event  ", window: "window ", refused: "refused" } as const;

async function countRules(
  directory: string,
  { isJson, terminal }: { readonly isJson: boolean; readonly terminal: Terminal },
): Promise<number> {
  const [{ findRules }, { compileRule }, { formatProblem }, { UsageError }, { ruleProgress }] = await Promise.all([
    import("../../src/sentinel/rule-files.ts"),
    import("../../src/sentinel/compile-rule.ts"),
    import("../../src/kql/compile/problem.ts"),
    import("../../src/errors.ts"),
    import("../rules/chosen-rules.ts"),
  ]);
  const { rules } = await findRules(directory);
  if (rules.length === 0)
    throw new UsageError(`${directory}: no rules found. The folder has no rule.yaml and no other YAML file`);
  const totals = { event: 0, window: 0, refused: 0 };
  const onRule = ruleProgress("Compiling", terminal);
  for (const [index, files] of rules.entries()) {
    onRule(files.name, index + 1, rules.length);
    const { rule, problems } = compileRule(files.rule.text, files.rule.name, files);
    const runs = rule === undefined ? "refused" : rule.window === undefined ? "event" : "window";
    totals[runs] += 1;
    const refusals = problems.filter(({ level }) => level === "error");
    if (isJson) {
      const line = {
        rule: files.name,
        file: files.rule.name,
        runs: rule !== undefined,
        by: runs,
        schedule: rule?.window?.schedule,
        class: rule?.window?.class,
        keeps: rule?.window?.keeps,
        problems: refusals,
      };
      terminal.out(jsonLine(line));
      continue;
    }
    const errors = refusals.map((each) => visible(formatProblem(each)));
    const window = rule?.window ? windowLines(rule.window).map(visible) : [];
    terminal.out(`${LABELS[runs]}  ${visible(files.name)}\n`);
    for (const line of [...window, ...errors]) terminal.out(`         ${line}\n`);
  }
  const { event, window, refused } = totals;
  const running = `${event + window} of ${counted(rules.length, "rule runs", "rules run")}`;
  const count = `${running}: ${event} when one event arrives, ${window} over several events; refused: ${refused}`;
  if (isJson) terminal.note(count);
  else terminal.out(`${count}\n`);
  return refused === 0 ? 0 : 1;
}

function windowLines({ schedule, class: { name, reason }, keeps }: RuleWindow): string[] {
  return [schedule.text, `${name}: ${reason}`, `keeps: ${keeps}`];
}
