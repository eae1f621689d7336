import { DEFAULT_LIMITS } from "../kql/run/evaluation.ts";
import { supportTable, type Support } from "../kql/run/support.ts";
import { PUBLIC_RULES } from "./public-rules.ts";
import { NESTED_RULE_FIELDS, RULE_FIELDS, type RuleField } from "./rule-fields.ts";

/** A field of Sentinel's rule schema and what becomes of it. */
export interface FieldSupport extends RuleField {
  readonly kind: "field";
  readonly name: string;
}

/** Everything that `pimwatch support` prints, from the tables by which rules are compiled and run. */
export function supportEntries(): (Support | FieldSupport)[] {
  const fields = Object.entries({ ...RULE_FIELDS, ...NESTED_RULE_FIELDS });
  return [...supportTable(), ...fields.map(([name, field]): FieldSupport => ({ kind: "field", name, ...field }))];
}

const DOCUMENTATION = "https://learn.microsoft.com/kusto/query/";

const FIELDS =
  "`honoured`: it decides something here; `shown`: kept and shown; `ignored`: it says how Sentinel runs the rule, where " +
  "pimwatch runs it on each event; `refused`: some of its values need many events, and a rule with one of them does not run.";

/** docs/support.md. */
export function supportPage(): string {
  const table = supportTable();
  const supported = (kind: Support["kind"]) => table.filter((entry) => entry.kind === kind && entry.supported);
  const refused = table.filter((entry) => !entry.supported);
  const { tried, run, decidedByOneEvent, counted, queriesTried, queriesRun } = PUBLIC_RULES;
  const parts = [
    "# What of KQL and of Sentinel's rules runs",
    "Made by `npm run generate` from the tables by which rules are compiled and run; `npx pimwatch support` prints the same.",
    "A rule runs if each event alone decides it. What is not listed, or listed as refused, stops the build with file, line and column; a rule never runs in part.",
    "## Which public rules run",
    `Of ${tried} of Microsoft's rules over AuditLogs that were tried unmodified on ${counted}, ${run} run: all ${decidedByOneEvent} that one event alone decides. The other ${tried - run} join events, look at earlier ones or read other tables. Of the queries of ${queriesTried} more of its rules and hunting queries, ${queriesRun} compile; of the other ${queriesTried - queriesRun}, one has a syntax error of its own, one unpacks bags into columns that depend on the data, two read a watchlist (whose values \`overlay.yaml\` can give), and the rest need other events or tables. This counts it for a folder of rules, with the reason of each that does not run:`,
    "```sh\nnpx pimwatch support --rules DIR\n```",
    "## Operators and statements",
    kqlTable([...supported("operator"), ...supported("statement")]),
    "## Functions and comparisons",
    kqlTable(supported("function").toSorted(byForm)),
    "## Aggregates",
    "In `summarize`: per event at table level, and as in Kusto within `mv-apply`.",
    kqlTable(supported("aggregate").toSorted(byForm)),
    "## Limits",
    ...limitParts(),
    "## Refused",
    ["| name | kind | why |", "| --- | --- | --- |", ...refused.map(refusedRow)].join("\n"),
    "## Fields of a rule file",
    FIELDS,
    fieldTable(),
  ];
  return `${parts.join("\n\n")}\n`;
}

function limitParts(): string[] {
  const { rows, results, work } = DEFAULT_LIMITS;
  const number = (value: number) => value.toLocaleString("en");
  return [
    'One rule may do so much with one record. A rule that would do more is stopped there: the record becomes a dead letter, and the other rules still run on it. The reason names the rule and the limit: `rule ID ("NAME"): stopped at the limit of … units of work for one record`. On a record of 1 MB the shipped rules need less than a tenth of the first two limits.',
    [
      "| limit | at most | what counts |",
      "| --- | --- | --- |",
      `| units of work | ${number(work)} | each call, by what it reads and builds; about 2 seconds, and on a busy processor up to 5 |`,
      `| rows | ${number(rows)} | the rows that one step yields, for example \`mv-expand\` |`,
      `| result rows | ${number(results)} | the rows of the result, each of which becomes an incident |`,
    ].join("\n"),
    "The limits are the same everywhere and count operations, not time: a record that is a dead letter here is one on every machine, and in `npx pimwatch test` and `backtest`. If a rule reaches a limit, test cheap conditions first (`where OperationName == …`), and expand or search only the part of the record that matters.",
  ];
}

function byForm(left: Support, right: Support): number {
  return left.form < right.form ? -1 : Number(left.form > right.form);
}

function kqlTable(entries: readonly Support[]): string {
  const rows = entries.map(({ form, page, note }) => `| [${code(form)}](${DOCUMENTATION}${page}) | ${cell(note)} |`);
  return ["| form | what is different here |", "| --- | --- |", ...rows].join("\n");
}

function refusedRow({ name, kind, note }: Support): string {
  return `| ${code(name)} | ${kind} | ${cell(note)} |`;
}

function fieldTable(): string {
  const fields = Object.entries({ ...RULE_FIELDS, ...NESTED_RULE_FIELDS });
  const rows = fields.map(([name, { treatment, note }]) => `| ${code(name)} | ${treatment} | ${cell(note)} |`);
  return ["| field | treatment | note |", "| --- | --- | --- |", ...rows].join("\n");
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
