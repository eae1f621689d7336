import { AGGREGATES } from "./aggregates.ts";
import { FUNCTIONS } from "./function-table.ts";
import { refusedFunctions, REFUSED_OPERATORS } from "./refused.ts";

/** One line of the support table. */
export interface Support {
  readonly kind: "operator" | "function" | "aggregate" | "statement";
  readonly name: string;
  /** How it is written; "" for what is refused. */
  readonly form: string;
  /** Page of Kusto's documentation, below https://learn.microsoft.com/kusto/query/ ; "" for what is refused. */
  readonly page: string;
  /** What is different here, or why it is refused. */
  readonly note: string;
  readonly supported: boolean;
}

const PER_EVENT = "per event: over the rows of one event, and no later step may test what it computes";
const SUBQUERY_ONLY = "inside mv-apply only: at table level it would look at the rows of all events";

/** Query operators: how each is written, its page, and what is different here. */
const OPERATORS: Readonly<Record<string, readonly [form: string, page: string, note?: string]>> = {
  where: ["T | where predicate", "where-operator"],
  extend: ["T | extend [name =] value, …", "extend-operator"],
  project: ["T | project [name =] value, …", "project-operator"],
  "project-away": ["T | project-away nameOrPattern, …", "project-away-operator"],
  "project-keep": ["T | project-keep nameOrPattern, …", "project-keep-operator"],
  "project-rename": ["T | project-rename new = old, …", "project-rename-operator"],
  "project-reorder": [
    "T | project-reorder nameOrPattern [asc | desc | granny-asc | granny-desc], …",
    "project-reorder-operator",
  ],
  "mv-expand": [
    "T | mv-expand [kind=bag|array] [with_itemindex=name] [name =] array [to typeof(type)], … [limit n]",
    "mv-expand-operator",
  ],
  "mv-apply": [
    "T | mv-apply [with_itemindex=name] [name =] array [to typeof(type)], … [limit n] on (subquery)",
    "mv-apply-operator",
  ],
  parse: ["T | parse [kind=simple|regex|relaxed] value with pattern", "parse-operator"],
  "parse-where": ["T | parse-where [kind=simple|regex|relaxed] value with pattern", "parse-where-operator"],
  union: ["union [kind=inner|outer] [withsource=name] T, …", "union-operator", "of branches over AuditLogs"],
  summarize: ["T | summarize [aggregate, …] by value, …", "summarize-operator", PER_EVENT],
  distinct: ["T | distinct value, …", "distinct-operator", "per event: over the rows of one event"],
  "order by": [
    "T | order by value [asc | desc] [nulls first | nulls last], …",
    "sort-operator",
    "orders the rows of one event",
  ],
  "sort by": [
    "T | sort by value [asc | desc] [nulls first | nulls last], …",
    "sort-operator",
    "orders the rows of one event",
  ],
  top: ["T | top n by value [asc | desc]", "top-operator", SUBQUERY_ONLY],
  take: ["T | take n", "take-operator", SUBQUERY_ONLY],
  limit: ["T | limit n", "take-operator", SUBQUERY_ONLY],
  count: ["T | count", "count-operator", SUBQUERY_ONLY],
  "evaluate bag_unpack": [
    "T | evaluate bag_unpack(bag [, prefix [, conflict [, ignored]]]) : ([*,] name: type, …)",
    "bag-unpack-plugin",
    "with declared columns only: others would depend on the data",
  ],
  as: ["T | as name", "as-operator", "changes nothing"],
  datatable: ["datatable(name: type, …)[value, …]", "datatable-operator", "as a list of constants, e.g. behind in"],
  print: ["print [name =] value, …", "print-operator", "as a list of constants, e.g. behind in"],
  materialize: ["materialize(T)", "materialize-function", "changes nothing"],
};

/** Functions that the compiler itself carries out. */
const COMPILED: Readonly<Record<string, readonly [form: string, page: string, note: string]>> = {
  column_ifexists: [
    "column_ifexists(name, otherwise)",
    "column-ifexists-function",
    "decided at build time: the schema is known",
  ],
  columnifexists: [
    "columnifexists(name, otherwise)",
    "column-ifexists-function",
    "decided at build time: the schema is known",
  ],
};

const STATEMENTS: Readonly<Record<string, readonly [form: string, page: string, note: string]>> = {
  let: [
    "let name = value | table | (parameters) { body };",
    "let-statement",
    "values, lists, views over AuditLogs, functions with parameters",
  ],
};

/** What is different here in single functions. */
const NOTES: Readonly<Record<string, string>> = {
  now: "the event's own TimeGenerated",
  ago: "before the event's own TimeGenerated",
  dcount: "exact: Kusto estimates",
  dcountif: "exact: Kusto estimates",
  take_any: "the first row: Kusto takes any",
  any: "the first row: Kusto takes any",
  "matches regex": "the regular expression must be a constant",
  parse_json: "numbers are JavaScript's: tostring() of 1.0 is 1; but whole numbers keep all of their digits",
};

/** Everything that a query may hold, and what is refused with its reason; `pimwatch support` prints it. */
export function supportTable(): Support[] {
  const supported = (
    kind: Support["kind"],
    name: string,
    entry: { readonly form: string; readonly page: string },
  ): Support => {
    return { kind, name, form: entry.form, page: entry.page, note: NOTES[name] ?? "", supported: true };
  };
  const refused = (kind: Support["kind"], reasons: Readonly<Record<string, string>>) =>
    Object.entries(reasons).map(([name, note]): Support => ({
      kind,
      name,
      form: "",
      page: "",
      note,
      supported: false,
    }));
  const listed = (kind: Support["kind"], table: Readonly<Record<string, readonly [string, string, string?]>>) =>
    Object.entries(table).map(([name, [form, page, note]]) => ({
      ...supported(kind, name, { form, page }),
      note: note ?? "",
    }));
  return [
    ...listed("statement", STATEMENTS),
    ...listed("operator", OPERATORS),
    ...Object.entries(AGGREGATES).map(([name, entry]) => supported("aggregate", name, entry)),
    ...listed("function", COMPILED),
    ...Object.entries(FUNCTIONS).map(([name, entry]) => supported("function", name, entry)),
    ...refused("operator", REFUSED_OPERATORS),
    ...refused("function", refusedFunctions()),
  ];
}
