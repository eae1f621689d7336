import * as z from "zod/mini";
import { isOneOf } from "../identity-key.ts";
import { valueText } from "../value-text.ts";
import type { IncidentRow } from "../incident/incident-row.ts";
import { type Condition, conditionsOf, FILTER_NAMES, FILTERS, type IncidentQuery } from "./incident-filters.ts";

const ORDERS = ["newest", "priority"] as const;

/** What one request for a list asks for. */
export interface ListRequest {
  readonly query: IncidentQuery;
  /** `newest` activity first, or most urgent first: by priority, then by `urgencyOf`, then the newest. */
  readonly order: (typeof ORDERS)[number];
  readonly limit: number;
  /** Where the page before this one ended: what it was answered with. */
  readonly continuation?: string | undefined;
}

export interface PageRequest {
  readonly ruleId: string;
  readonly query: IncidentQuery;
  /** Only rows behind the one with this key. */
  readonly after?: string | undefined;
  /** Instead: only the row with this key and rows behind it. */
  readonly from?: string | undefined;
  /** No rows behind the one with this key. */
  readonly through?: string | undefined;
  /** The service's own word on where to go on: it may end a page before it has found anything. */
  readonly token?: string | undefined;
  /** At most 1000, the service's own limit. */
  readonly size: number;
  /** Only these columns; what else a list shows is null. */
  readonly columns?: readonly string[] | undefined;
}

export interface IncidentPage {
  /** Newest activity first. The keys sort in this order over all rules. */
  readonly rows: readonly { readonly key: string; readonly row: IncidentRow }[];
  /** Undefined when there is nothing more. */
  readonly token: string | undefined;
}

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const fromOne = { error: `expected a number from 1 to ${MAX_LIMIT}` };

/** The parameters of a list beside its filters. */
export const PAGING = z.strictObject({
  order: z
    ._default(z.enum(ORDERS, { error: `expected ${ORDERS.join(" or ")}` }), "newest")
    .check(
      z.describe(
        "newest activity first; or by priority, and in each tier 0, the most weakened settings, the newest first",
      ),
    ),
  limit: z
    ._default(
      z
        .number(fromOne)
        .check(
          z.int({ error: `expected a whole number from 1 to ${MAX_LIMIT}` }),
          z.gte(1, fromOne),
          z.lte(MAX_LIMIT, fromOne),
        ),
      DEFAULT_LIMIT,
    )
    .check(z.describe("most incidents of a page")),
  continuation: z.optional(
    z
      .string()
      .check(
        z.maxLength(16_000, { error: "expected at most 16000 characters" }),
        z.describe("where the page before ended: its `continuation`"),
      ),
  ),
});

/** What cannot be answered as asked, each problem naming the parameter or field, what is expected and the limit. */
export interface Invalid {
  readonly problems: readonly string[];
}

/** Reads the query of a request's address. A parameter without a value restricts nothing. */
export function readListRequest(parameters: URLSearchParams): ListRequest | Invalid {
  const given = givenParameters(parameters);
  if ("problems" in given) return given;
  const { problems, query, others } = readFilters(given);
  const { limit, ...texts } = Object.fromEntries(others);
  const paging = PAGING.safeParse({ ...texts, ...(limit !== undefined && { limit: digitsAsNumber(limit) }) });
  if (!paging.success) return { problems: [...problems, ...problemsOf(paging.error)] };
  if (problems.length > 0) return { problems };
  if (query.burst !== undefined && query.actor !== undefined)
    return { problems: ["burst: not together with actor; a burst is of one actor"] };
  return { query, ...paging.data, continuation: paging.data.continuation };
}

/** The parameters that have a value, by name. */
export function givenParameters(parameters: URLSearchParams): ReadonlyMap<string, string> | Invalid {
  const given = [...parameters].filter(([, value]) => value !== "");
  const repeated = given.map(([name]) => name).filter((name, index, names) => names.indexOf(name) !== index);
  if (repeated.length === 0) return new Map(given);
  return { problems: repeated.map((name) => `${name}: given more than once; separate several values by commas`) };
}

/** Number() would also take `0x10`, `1e2` and blanks. */
function digitsAsNumber(text: string): number | string {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** @returns the filters among the parameters, and the other parameters */
function readFilters(given: ReadonlyMap<string, string>) {
  const others = new Map(given);
  const problems: string[] = [];
  const query: Record<string, unknown> = {};
  for (const name of FILTER_NAMES) {
    const value = given.get(name);
    others.delete(name);
    if (value === undefined) continue;
    const read = FILTERS[name].read(value);
    if (typeof read === "object" && "expected" in read) problems.push(`${name}: expected ${read.expected}`);
    else query[name] = read;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each filter's own `read` made its value
  return { problems, query: query as IncidentQuery, others };
}

/** One line for each problem: where it is and what is expected. */
export function problemsOf(error: z.core.$ZodError): string[] {
  return error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `unknown: ${issue.keys.join(", ")}`;
    const where = issue.path.filter((part) => typeof part === "string").join(".");
    return where === "" ? issue.message : `${where}: ${issue.message}`;
  });
}

/** What Table Storage cannot test of a query. */
interface RowTest {
  /** The columns that it reads. */
  readonly columns: readonly string[];
  passes(row: IncidentRow): boolean;
}

/** The test for what Table Storage cannot test. Undefined where Table Storage tests the whole query. */
export function rowTest(query: IncidentQuery): RowTest | undefined {
  const conditions = conditionsOf(query).filter((condition) => "columns" in condition);
  if (conditions.length === 0) return undefined;
  const tests = conditions.map(textTest);
  return {
    columns: conditions.flatMap(({ columns }) => columns),
    passes: (row) => tests.every((passes) => passes(row)),
  };
}

function textTest({ kind, columns, text }: Extract<Condition, { readonly columns: readonly string[] }>) {
  const textsOf = (row: IncidentRow): string[] => columns.map((name) => valueText(row[name]));
  if (kind === "name") {
    const isWanted = isOneOf([text]);
    return (row: IncidentRow): boolean => textsOf(row).some(isWanted);
  }
  const words = wordsOf(text);
  return (row: IncidentRow): boolean => {
    const content = textsOf(row).join("\n").toLowerCase();
    return words.every((word) => content.includes(word));
  };
}

function wordsOf(searched: string): string[] {
  return searched.toLowerCase().split(/\s+/).filter(Boolean);
}
