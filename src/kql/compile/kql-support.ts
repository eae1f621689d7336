import { AGGREGATES } from "../run/aggregates.ts";
import { ALIASES, FUNCTIONS } from "../run/function-table.ts";
import type { SourceTable } from "../plan.ts";
import { ROW_FUNCTIONS } from "../run/row-functions.ts";
import { refusedFunctions, refusedOperators } from "../run/refused.ts";

/** One line of the support table. */
export interface Support {
  readonly kind: "operator" | "function" | "aggregate" | "statement";
  readonly name: string;
  /** How it is written; "" if it is refused. */
  readonly form: string;
  /** Page of Kusto's documentation, below https://learn.microsoft.com/kusto/query/ ; "" if it is refused. */
  readonly page: string;
  /** How it differs from Kusto here, or why it is refused. */
  readonly note: string;
  readonly supported: boolean;
}

const SEVERAL = "a rule needs several events for it";
const PER_EVENT = "over the rows of one event; if a later step tests what it computes, the rule needs several events";
const AT_TABLE_LEVEL = `inside mv-apply over the elements of one event; elsewhere ${SEVERAL}`;
const OVER_ROWS = `after order by, top or serialize; ${AT_TABLE_LEVEL}`;
const SORTS_ONE_EVENT = "orders the rows of one event, or of the window if the rule needs several events";
const SORT_FORM = "value [asc | desc] [nulls first | nulls last], …";

/** Query operators: how each is written, and how it differs here. */
function operatorForms(source: string): Readonly<Record<string, readonly [form: string, note?: string]>> {
  return {
    where: ["T | where predicate"],
    extend: ["T | extend [name =] value, …"],
    project: ["T | project [name =] value, …"],
    "project-away": ["T | project-away nameOrPattern, …"],
    "project-keep": ["T | project-keep nameOrPattern, …"],
    "project-rename": ["T | project-rename new = old, …"],
    "project-reorder": ["T | project-reorder nameOrPattern [asc | desc | granny-asc | granny-desc], …"],
    "mv-expand": ["T | mv-expand [kind=bag|array] [with_itemindex=name] [name =] array [to typeof(type)], … [limit n]"],
    "mv-apply": ["T | mv-apply [with_itemindex=name] [name =] array [to typeof(type)], … [limit n] on (subquery)"],
    parse: ["T | parse [kind=simple|regex|relaxed] value with pattern"],
    "parse-where": ["T | parse-where [kind=simple|regex|relaxed] value with pattern"],
    "parse-kv": [
      "T | parse-kv text as (key: type, …) [with (pair_delimiter=…, kv_delimiter=… [, quote=…] [, escape=…] [, greedy=true] | regex=…)]",
      "without delimiters, the word after a key is its value; a greedy value ends before the word in front of the next kv_delimiter",
    ],
    union: [
      "union [kind=inner|outer] [withsource=name] [isfuzzy=true] T, …",
      `of branches over ${source}; isfuzzy=true drops those over tables that are not there, and lint notes it`,
    ],
    join: [
      "T | join [kind=…] (T) on column, $left.a == $right.b, …",
      `every kind; ${SEVERAL}, unless the right side is constants and the kind keeps only left rows (inner, leftouter, leftsemi, leftanti); innerunique takes the first left row of each key: Kusto takes any`,
    ],
    summarize: ["T | summarize [aggregate, …] by value, …", PER_EVENT],
    distinct: [
      "T | distinct value, …",
      "over the rows of one event, or of the window if the rule needs several events",
    ],
    "order by": [`T | order by ${SORT_FORM}`, SORTS_ONE_EVENT],
    "sort by": [`T | sort by ${SORT_FORM}`, SORTS_ONE_EVENT],
    top: ["T | top n by value [asc | desc]", AT_TABLE_LEVEL],
    take: ["T | take n", AT_TABLE_LEVEL],
    limit: ["T | limit n", AT_TABLE_LEVEL],
    count: ["T | count", AT_TABLE_LEVEL],
    "evaluate bag_unpack": [
      "T | evaluate bag_unpack(bag [, prefix [, conflict [, ignored]]]) [: ([*,] name: type, …)]",
      "without declared columns, it makes those that the rest of the query or the rule's other fields name, as dynamic; replace_source needs declared columns",
    ],
    "evaluate pivot": [
      "T | evaluate pivot(column [, aggregate [, column, …]]) [: (name: type, …)]",
      `${AT_TABLE_LEVEL}; without declared columns, it makes those that the rest of the query or the rule's other fields name; for a value that no row has, the aggregate is over no rows`,
    ],
    "evaluate sequence_detect": [
      "T | evaluate sequence_detect(time, stepWindow, span, step = predicate, …, column, …)",
      `${AT_TABLE_LEVEL}; no row is two steps of a sequence, rows of one time follow each other in any order, and sequences with the same times are one: Kusto's page does not say`,
    ],
    serialize: ["T | serialize [name = value, …]", "the order of the records is that of their times"],
    as: ["T | as name", "names the rows for union withsource and for later operators"],
    datatable: ["datatable(name: type, …)[value, …]", "as a list of constants, e.g. after in"],
    externaldata: [
      "externaldata(name: type, …)[url, …] [with (format=…, ignoreFirstRecord=…)]",
      "reads a local copy of the list when the rule is built: see below",
    ],
    print: ["print [name =] value, …", "as a list of constants, e.g. after in"],
    materialize: ["materialize(T)", "changes nothing"],
  };
}

const DECIDED_AT_BUILD = "decided at build time: the schema is known";

/** Functions that the compiler itself carries out. */
const COMPILED_FORMS: Readonly<Record<string, readonly [form: string, note: string]>> = {
  column_ifexists: ["column_ifexists(name, otherwise)", DECIDED_AT_BUILD],
  columnifexists: ["columnifexists(name, otherwise)", DECIDED_AT_BUILD],
  toscalar: ["toscalar(T)", `of constants; elsewhere ${SEVERAL}`],
  ingestion_time: [
    "ingestion_time()",
    "the event's own time, so that stream, replay and backtest agree: a rule about late records finds nothing",
  ],
  table: ["table(name)", "the name must be a constant, or a parameter that is called with one"],
};

function statementForms(source: string): Readonly<Record<string, readonly [form: string, note: string]>> {
  return {
    let: [
      "let name = value | table | (parameters) { body };",
      `values, lists, views over ${source}, functions with parameters`,
    ],
  };
}

const EMPTY_IF_NULL = "null is the empty set; Kusto's page does not say what it is";

/** How single functions differ from Kusto here. */
function functionNotes(timeColumn: string): Readonly<Record<string, string>> {
  return {
    now: `the event's own ${timeColumn}`,
    ago: `before the event's own ${timeColumn}`,
    dcount: "exact: Kusto estimates",
    dcountif: "exact: Kusto estimates",
    take_any: "the first row: Kusto takes any",
    any: "the first row: Kusto takes any",
    set_difference: EMPTY_IF_NULL,
    set_union: EMPTY_IF_NULL,
    set_intersect: EMPTY_IF_NULL,
    "matches regex": "the regular expression must be a constant",
    hash: "of texts and of values with 64 bits (datetime, long, timespan); Kusto's page does not say which bytes of others are hashed",
    hash_xxhash64: "as hash",
    todecimal:
      "decimals have 34 digits, fewer below 1e-34, and none is 1e68 or more; roots, powers and timespans are computed as real; a dynamic value holds them as text",
    base64_decode_toguid:
      "the opposite of base64_encode_fromguid; the example on Kusto's page does not swap two of the bytes",
    parse_json: "numbers are JavaScript's: tostring() of 1.0 is 1; but whole numbers keep all of their digits",
  };
}

/** Pages that are not named after their operator. */
const OTHER_PAGES: Readonly<Record<string, string>> = {
  ...pagesOf("numerical-operators", ["+", "-", "*", "/", "%", "negate", "identity", "==", "!=", "<", "<=", ">", ">="]),
  ...pagesOf("datatypes-string-operators", ["=~", "!~"]),
  ...pagesOf("logical-operators", ["and", "or"]),
  ...pagesOf("scalar-data-types/dynamic", [".", "[]"]),
  ...pagesOf("sort-operator", ["order by", "sort by"]),
  ...pagesOf("pack-function", ["bag_pack", "pack", "pack_dictionary"]),
  ...pagesOf("monthofyear-function", ["getmonth"]),
  ...pagesOf("unicode-codepoints-from-string-function", ["to_utf8"]),
  ...pagesOf("unicode-codepoints-to-string-function", ["make_string", "unicode_codepoints_to_string"]),
  ...pagesOf("day-of-month-function", ["dayofmonth"]),
  ...pagesOf("day-of-week-function", ["dayofweek"]),
  ...pagesOf("day-of-year-function", ["dayofyear"]),
  ...pagesOf("hour-of-day-function", ["hourofday"]),
  ...pagesOf("parse-url-query-function", ["parse_urlquery", "parseurlquery"]),
  ...pagesOf("bag-zip", ["bag_zip"]),
  in: "in-cs-operator",
  "in~": "in-operator",
  "!in": "not-in-cs-operator",
  "!in~": "not-in-operator",
  limit: "take-operator",
  "evaluate bag_unpack": "bag-unpack-plugin",
  "evaluate pivot": "pivot-plugin",
  "evaluate sequence_detect": "sequence-detect-plugin",
  datatable: "datatable-operator",
  externaldata: "externaldata-operator",
};

function pagesOf(page: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, page]));
}

/** Other names, each with the name that its page has. */
const DESCRIBED_AS: Readonly<Record<string, string>> = {
  ...ALIASES,
  columnifexists: "column_ifexists",
  replace: "replace_regex",
  makelist: "make_list",
  makeset: "make_set",
  make_dictionary: "make_bag",
  any: "take_any",
  anyif: "take_anyif",
};

function pageOf(kind: Support["kind"], name: string, form: string): string {
  const words = (DESCRIBED_AS[name] ?? name).replace(/^!/, "not-").replaceAll(/[_ ]/g, "-");
  const suffix = kind === "aggregate" ? "aggregation-function" : form.startsWith(`${name}(`) ? "function" : "operator";
  return OTHER_PAGES[name] ?? `${words}-${kind === "statement" ? kind : suffix}`;
}

/** Everything that a query over the source table may hold, and what is refused, with the reason. */
export function supportTable({ name: sourceName, timeColumn }: SourceTable): Support[] {
  const notes = functionNotes(timeColumn);
  const supported = (kind: Support["kind"], name: string, form: string, note = notes[name] ?? ""): Support => ({
    kind,
    name,
    form,
    page: pageOf(kind, name, form),
    note,
    supported: true,
  });
  const refused = (kind: Support["kind"], reasons: Readonly<Record<string, string>>) =>
    Object.entries(reasons).map(([name, note]): Support => ({
      kind,
      name,
      form: "",
      page: "",
      note,
      supported: false,
    }));
  const listed = (kind: Support["kind"], forms: Readonly<Record<string, readonly [form: string, note?: string]>>) =>
    Object.entries(forms).map(([name, [form, note = ""]]) => supported(kind, name, form, note));
  return [
    ...listed("statement", statementForms(sourceName)),
    ...listed("operator", operatorForms(sourceName)),
    ...Object.entries(AGGREGATES).map(([name, { form }]) => supported("aggregate", name, form)),
    ...listed("function", COMPILED_FORMS),
    ...Object.entries(FUNCTIONS).map(([name, { form }]) => supported("function", name, form)),
    ...Object.entries(ROW_FUNCTIONS).map(([name, { form }]) => supported("function", name, form, OVER_ROWS)),
    ...refused("operator", refusedOperators(sourceName)),
    ...refused("function", refusedFunctions()),
  ];
}
