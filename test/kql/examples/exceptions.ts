import type { Json } from "../../../src/kql/run/values.ts";
import { rangeOfRows } from "./numbers.examples.ts";

/** A printed example whose value differs here. */
export interface Difference {
  readonly page: string;
  /** A query whose only value is compared. */
  readonly query: string;
  readonly printed: Json;
  readonly here: Json;
  readonly reason: string;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    page: "array-sort-desc-function",
    query: `print strcat_array(array_sort_desc(split("John, Paul, George, Ringo", ",")), ",")`,
    printed: "Ringo, Paul, John, George",
    here: "John, Ringo, Paul, George",
    reason: "a space comes before every letter, so the first name, which has none before it, is the greatest",
  },
  {
    page: "asin-function",
    query: "print asin(0.5)",
    printed: 1.2532358975033751,
    here: 0.5235987755982989,
    reason: "the printed value is the arc sine of 0.95, which the page's link runs",
  },
  {
    page: "base64-decode-toguid-function",
    query: 'print base64_decode_toguid("JpbpECu8dUy7Pv5gbeJXAA==")',
    printed: "10e99626-bc2b-754c-bb3e-fe606de25700",
    here: "10e99626-bc2b-4c75-bb3e-fe606de25700",
    reason: "the page does not swap the two bytes of the third group, base64_encode_fromguid's page does",
  },
  {
    page: "variancepif-aggregation-function",
    query: `${rangeOfRows(1, 100)} | summarize variancepif(x, x % 2 == 0)`,
    printed: 850,
    here: 833,
    reason: "the page prints the variance of a sample, which is varianceif; 833 is that of the whole population",
  },
  {
    page: "replace-string-function",
    query: "print replace_string(strcat('Number is ', tostring(1)), 'is', 'was')",
    printed: "Number was 1.000000",
    here: "Number was 1",
    reason: "the page shows a whole number as 1.000000, which no other page does",
  },
  {
    page: "replace-regex-function",
    query: String.raw`print replace_regex(strcat('Number is ', tostring(1)), @'is (\d+)', @'was: \1')`,
    printed: "Number was: 1.000000",
    here: "Number was: 1",
    reason: "the page shows a whole number as 1.000000, which no other page does",
  },
];

const SAMPLE = "its examples read StormEvents, a table of Microsoft's help cluster";
const POPULATION = "its examples read PopulationData and ConferenceSessions, tables of Microsoft's help cluster";
const NO_VALUE = "it prints no example with a value";
const MANY_EVENTS = "its examples read events of a table, without their rows, or compare them with one another";
const NOT_STORED = "the copy of the documentation that was read does not have the page";
const SEEN_BY_PARSER =
  "Microsoft's own parser refuses its example, whose seconds have a fraction: it wants whole numbers";

/**
 * Why a page of something supported has no printed example among the tests. Other pages, too, have examples over the tables of
 * Microsoft's help cluster beside those that are tests; they are not counted.
 */
export const WITHOUT_EXAMPLES: Readonly<Record<string, string>> = {
  ...because(SAMPLE, [
    "where-operator",
    "extend-operator",
    "project-operator",
    "distinct-operator",
    "top-operator",
    "count-operator",
    "join-operator",
    "table-function",
    "pivot-plugin",
    "serialize-operator",
    "column-ifexists-function",
    "not-function",
    "iff-function",
    "isnotnull-function",
    "isnotempty-function",
    "not-in-cs-operator",
    "in-operator",
    "not-in-operator",
    "has-any-operator",
    "has-all-operator",
    "matches-regex-operator",
    ...["has", "has-cs", "hasprefix", "hasprefix-cs", "hassuffix", "hassuffix-cs", "contains", "contains-cs"].flatMap(
      positiveAndNegative,
    ),
    ...["startswith", "startswith-cs", "endswith", "endswith-cs"].flatMap(positiveAndNegative),
    ...["count", "dcount", "dcountif", "count-distinct", "count-distinctif", "min", "minif", "max", "maxif"].map(
      aggregate,
    ),
    ...["sum", "avg", "avgif", "take-any", "take-anyif"].map(aggregate),
  ]),
  ...because(POPULATION, ["project-away-operator"]),
  ...because(MANY_EVENTS, ["as-operator", "materialize-function", "ago-function", "take-operator"]),
  ...because(NO_VALUE, [
    "externaldata-operator",
    "ingestion-time-function",
    "sqrt-function",
    "exp-function",
    "exp2-function",
    "exp10-function",
    "log2-function",
    "log10-function",
    "tan-function",
    "acos-function",
    "pi-function",
    "floor-function",
    "binary-and-function",
    "binary-or-function",
    "parse-ipv4-mask-function",
  ]),
  ...because(NOT_STORED, ["set-equals-function", "isascii-function"]),
  ...because(SEEN_BY_PARSER, ["make-timespan-function"]),
};

function because(reason: string, pages: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(pages.map((page) => [page, reason]));
}

function positiveAndNegative(name: string): string[] {
  return [`${name}-operator`, `not-${name}-operator`];
}

function aggregate(name: string): string {
  return `${name}-aggregation-function`;
}
