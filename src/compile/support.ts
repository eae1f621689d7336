import { AGGREGATES } from "../core/kql/aggregates.ts";
import { FUNCTIONS } from "../core/kql/function-table.ts";
import { REFUSED_FUNCTIONS, REFUSED_OPERATORS } from "../core/kql/refused.ts";
import { OPERATORS } from "./operators.ts";
import { PUBLIC_RULES } from "./public-rules.ts";
import { NESTED_RULE_FIELDS, RULE_FIELDS } from "./rule-fields.ts";

/** One thing of KQL or of Sentinel's rule schema, and whether it runs. */
export interface SupportEntry {
  readonly kind: "operator" | "function" | "aggregate" | "field";
  readonly name: string;
  /** `yes`, `per event` or `no` for KQL; for a field, what becomes of it. */
  readonly supported: string;
  readonly note: string;
  /** Page of Kusto's documentation; "" where there is none to name. */
  readonly page: string;
}

const DOCUMENTATION = "https://learn.microsoft.com/kusto/query/";
const PER_EVENT = "over the rows of one event; no later step may test what it computes";
const WITHIN = "only within mv-apply, where it is about one event";

/** How the parser's names of operators are written, with what is to be known of them. */
const OPERATOR_NAMES: Readonly<Record<string, readonly [name: string, page: string, note: string]>> = {
  FilterOperator: ["where", "where-operator", ""],
  ExtendOperator: ["extend", "extend-operator", ""],
  ProjectOperator: ["project", "project-operator", ""],
  ProjectAwayOperator: ["project-away", "project-away-operator", "with wildcards"],
  ProjectKeepOperator: ["project-keep", "project-keep-operator", "with wildcards"],
  ProjectRenameOperator: ["project-rename", "project-rename-operator", ""],
  ProjectReorderOperator: [
    "project-reorder",
    "project-reorder-operator",
    "with wildcards, asc, desc, granny-asc, granny-desc",
  ],
  MvExpandOperator: [
    "mv-expand",
    "mv-expand-operator",
    "arrays, bags, several columns, to typeof, limit, with_itemindex",
  ],
  MvApplyOperator: [
    "mv-apply",
    "mv-apply-operator",
    "the subquery may use all operators, count, top, take and summarize included",
  ],
  ParseOperator: ["parse", "parse-operator", "simple, regex, relaxed"],
  ParseWhereOperator: ["parse-where", "parse-where-operator", "simple, regex, relaxed"],
  UnionOperator: ["union", "union-operator", "of branches over AuditLogs"],
  SummarizeOperator: ["summarize", "summarize-operator", PER_EVENT],
  DistinctOperator: ["distinct", "distinct-operator", "over the rows of one event"],
  SortOperator: ["sort, order", "sort-operator", "over the rows of one event"],
  TopOperator: ["top", "top-operator", WITHIN],
  TakeOperator: ["take, limit", "take-operator", WITHIN],
  CountOperator: ["count", "count-operator", WITHIN],
  PrintOperator: ["print", "print-operator", "only as part of a query that reads AuditLogs"],
  AsOperator: ["as", "as-operator", "the name itself is not used"],
};

/** Everything that `pimwatch support` prints, from the tables by which rules are compiled and run. */
export function supportEntries(): SupportEntry[] {
  return [...operators(), ...functions(), ...aggregates(), ...fields()];
}

/** Operators that the table above does not name, or that it names and the compiler does not have: none. */
export function unnamedOperators(): string[] {
  const kinds = new Set([...Object.keys(OPERATORS), ...Object.keys(OPERATOR_NAMES)]);
  return [...kinds].filter((kind) => !Object.hasOwn(OPERATORS, kind) || !Object.hasOwn(OPERATOR_NAMES, kind));
}

function operators(): SupportEntry[] {
  const run = Object.keys(OPERATORS).map((kind): SupportEntry => {
    const [name = kind, page = "", note = ""] = OPERATOR_NAMES[kind] ?? [];
    const isPerEvent = note.startsWith("over the rows of one event");
    const supported = note === WITHIN ? "within mv-apply" : isPerEvent ? "per event" : "yes";
    return { kind: "operator", name, supported, note: note === WITHIN ? "" : note, page: `${DOCUMENTATION}${page}` };
  });
  const statement: SupportEntry = {
    kind: "operator",
    name: "let",
    supported: "yes",
    note: "scalars, lists, views over AuditLogs, functions with parameters",
    page: `${DOCUMENTATION}let-statement`,
  };
  return [...run, statement, ...refused("operator", REFUSED_OPERATORS)];
}

function functions(): SupportEntry[] {
  const run = Object.entries(FUNCTIONS)
    .map(([, { form, page }]): SupportEntry => {
      return { kind: "function", name: form, supported: "yes", note: "", page: `${DOCUMENTATION}${page}` };
    })
    .toSorted(byName);
  return [...run, ...refused("function", REFUSED_FUNCTIONS)];
}

function aggregates(): SupportEntry[] {
  return Object.entries(AGGREGATES)
    .map(([, { form, page }]): SupportEntry => {
      return { kind: "aggregate", name: form, supported: "yes", note: "", page: `${DOCUMENTATION}${page}` };
    })
    .toSorted(byName);
}

function refused(kind: SupportEntry["kind"], reasons: Readonly<Record<string, string>>): SupportEntry[] {
  return Object.entries(reasons)
    .map(([name, note]): SupportEntry => ({ kind, name, supported: "no", note, page: "" }))
    .toSorted(byName);
}

function fields(): SupportEntry[] {
  return Object.entries({ ...RULE_FIELDS, ...NESTED_RULE_FIELDS }).map(([name, { treatment, note }]) => {
    return { kind: "field", name, supported: treatment, note, page: "" };
  });
}

function byName(left: SupportEntry, right: SupportEntry): number {
  return left.name < right.name ? -1 : Number(left.name > right.name);
}

const SECTIONS: readonly (readonly [kind: SupportEntry["kind"], title: string, text: string, head: string])[] = [
  [
    "operator",
    "Operators",
    "`per event`: over the rows that one event yields, which in Kusto would be those of all events.",
    "operator",
  ],
  ["function", "Functions and comparisons", "", "form"],
  ["aggregate", "Aggregates", "In `summarize`, per event at table level and as in Kusto within `mv-apply`.", "form"],
  [
    "field",
    "Fields of a rule file",
    "`honoured`: it decides something; `shown`: kept and shown; `ignored`: it says how Sentinel runs the rule, where pimwatch runs it on each event; `refused`: some of its values need many events, and a rule with one of them does not run.",
    "field",
  ],
];

/** docs/support.md. */
export function supportPage(): string {
  const entries = supportEntries();
  const { tried, run, decidedByOneEvent, counted } = PUBLIC_RULES;
  const parts = [
    "# What of KQL and of Sentinel's rules runs",
    "Made by `npm run generate` from the tables by which rules are compiled and run; `npx pimwatch support` prints the same.",
    "A rule runs if it is decided by each event alone. What is not listed, or listed with `no`, stops the build with file, line and column; a rule never runs in part.",
    "## Which public rules run",
    `Of ${tried} of Microsoft's rules over AuditLogs that were tried unmodified on ${counted}, ${run} run. ${decidedByOneEvent} of them are decided by one event alone; the other ${tried - decidedByOneEvent} join, look at earlier events or read other tables. To count it for a folder of rules, with the reason for each that does not run:`,
    "```sh\nnpx pimwatch support --rules DIR\n```",
    ...SECTIONS.flatMap(([kind, title, text, head]) => [
      `## ${title}`,
      ...(text === "" ? [] : [text]),
      table(
        entries.filter((entry) => entry.kind === kind),
        head,
      ),
    ]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function table(entries: readonly SupportEntry[], head: string): string {
  const rows = entries.map(({ name, supported, note, page }) => {
    const shown = page === "" ? code(name) : `[${code(name)}](${page})`;
    return `| ${shown} | ${supported} | ${note.replaceAll("|", "\\|")} |`;
  });
  return [`| ${head} | ${head === "field" ? "treatment" : "runs"} | note |`, "| --- | --- | --- |", ...rows].join("\n");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
