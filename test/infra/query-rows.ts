import { children, type Syntax, textOf as textWithComments } from "../../src/kql/compile/kusto-parser.ts";
import { oncePer } from "../../src/core/once-per.ts";
import { bindQuery, type BoundQuery, FUNCTIONS, kindOf } from "./kusto-workspace.ts";

/*
 * Runs a query over rows as Kusto would, as far as our alerts need it, to feed them duplicates and updates. It walks
 * Microsoft's syntax tree and refuses unknown nodes, so no test passes on a query that did not run.
 */

type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

export interface Setting {
  /** Rows of each table. Times are milliseconds since 1970; ingestion_time() returns `_arrived`. */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  readonly now: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/** A week of evaluations asks for the same texts again and again. */
const bound = new Map<string, BoundQuery>();

export function runQuery(text: string, setting: Setting): Row[] {
  const { syntax, problems } = bound.get(text) ?? bindQuery(text);
  bound.set(text, { syntax, columns: [], problems });
  if (problems.length > 0) throw new Error(problems.join("; "));
  const [statement, ...others] = inner(syntax).flatMap((node) => (kindOf(node) === "List" ? items(node) : []));
  if (statement === undefined || others.length > 0) throw new Error("a query of more than one statement");
  return rowsOf(only(statement), setting);
}

function rowsOf(node: Syntax, setting: Setting): Row[] {
  const kind = kindOf(node);
  if (kind === "NameReference") return [...(setting.tables[textOf(node)] ?? missing(`table ${textOf(node)}`))];
  if (kind === "FunctionCallExpression") {
    const { name } = callOf(node);
    return runQuery(FUNCTIONS.get(name) ?? missing(`function ${name}`), setting);
  }
  if (kind !== "PipeExpression") return missing(kind);
  const [source, operator] = inner(node);
  if (source === undefined || operator === undefined) return missing("a pipe without two sides");
  return applied(operator, rowsOf(source, setting), setting);
}

function applied(operator: Syntax, rows: readonly Row[], { now }: Setting): Row[] {
  const parts = inner(operator);
  switch (kindOf(operator)) {
    case "FilterOperator":
      return rows.filter((row) => valueOf(lastOf(parts), row, now) === true);
    case "ExtendOperator":
      return rows.map((row) => ({ ...row, ...namedValues(parts, row, now) }));
    case "ProjectOperator":
      return rows.map((row) => namedValues(parts, row, now));
    case "SummarizeOperator":
      return summarized(parts, rows, now);
    case "MvExpandOperator":
      return rows.flatMap((row) => expanded(operator, row, now));
    default:
      return missing(kindOf(operator));
  }
}

/** Of one property bag alone: an array of name and value for each of its properties. */
function expanded(operator: Syntax, row: Row, now: number): Row[] {
  const [how, what] = inner(operator);
  if (how === undefined || what === undefined || !/^kind *= *array$/.test(textOf(how)))
    return missing(textOf(operator));
  const [[name, bag] = missing(textOf(operator))] = Object.entries(namedValues(items(what), row, now));
  const parsed: unknown = JSON.parse(String(bag ?? "null"));
  if (typeof parsed !== "object" || parsed === null) return [{ ...row, [name]: null }];
  return Object.entries(parsed).map((property) => ({ ...row, [name]: JSON.stringify(property) }));
}

function summarized(parts: readonly Syntax[], rows: readonly Row[], now: number): Row[] {
  const by = parts.find((part) => kindOf(part) === "SummarizeByClause");
  const keys = by === undefined ? [] : inner(by).flatMap(items).map(textOf);
  const groups = Map.groupBy(rows, (row) => JSON.stringify(keys.map((key) => row[key])));
  if (keys.length === 0 && rows.length === 0) groups.set("", []);
  const aggregates = parts.filter((part) => kindOf(part) === "List").flatMap(items);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const keyValues = keys.map((key) => [key, first?.[key] ?? null] as const);
    return Object.assign({}, ...aggregates.map((each) => aggregated(each, group, now)), Object.fromEntries(keyValues));
  });
}

function aggregated(node: Syntax, rows: readonly Row[], now: number): Row {
  const named = kindOf(node) === "SimpleNamedExpression";
  const call = named ? lastOf(inner(node)) : node;
  const { name, args } = callOf(call);
  const column = named ? textOf(inner(node)[0] ?? node) : "";
  switch (name) {
    case "arg_min":
    case "arg_max": {
      const [measure, ...wanted] = args.map(textOf);
      const best = rows.toSorted((one, other) => Number(one[measure ?? ""]) - Number(other[measure ?? ""]));
      const row = (name === "arg_min" ? best[0] : best.at(-1)) ?? {};
      if (wanted.includes("*")) return row;
      return Object.fromEntries([measure ?? "", ...wanted].map((each) => [each, row[each] ?? null]));
    }
    case "count":
      return { [column]: rows.length };
    case "max":
    case "min": {
      const values = rows.map((row) => valueOf(args[0] ?? node, row, now)).filter((value) => value !== null);
      return { [column]: values.length === 0 ? null : Math[name](...values.map(Number)) };
    }
    case "sumif":
      return {
        [column]: rows
          .filter((row) => valueOf(args[1] ?? node, row, now) === true)
          .reduce((sum, row) => sum + Number(valueOf(args[0] ?? node, row, now)), 0),
      };
    case "countif":
      return { [column]: rows.filter((row) => valueOf(args[0] ?? node, row, now) === true).length };
    case "sum":
      return { [column]: rows.reduce((sum, row) => sum + Number(valueOf(args[0] ?? node, row, now)), 0) };
    case "take_anyif": {
      const row = rows.find((each) => valueOf(args[1] ?? node, each, now) === true);
      return { [column]: row === undefined ? null : valueOf(args[0] ?? node, row, now) };
    }
    case "take_any":
      return { [column]: rows[0] === undefined ? null : valueOf(args[0] ?? node, rows[0], now) };
    default:
      return missing(`aggregate ${name}`);
  }
}

function valueOf(node: Syntax, row: Row, now: number): Value {
  const of = (part: Syntax | undefined) => valueOf(part ?? node, row, now);
  const [left, right] = inner(node);
  switch (kindOf(node)) {
    case "ParenthesizedExpression":
      return of(left);
    case "AndExpression":
      return of(left) === true && of(right) === true;
    case "OrExpression":
      return of(left) === true || of(right) === true;
    case "EqualExpression":
      return of(left) === of(right);
    case "EqualTildeExpression":
      return String(of(left)).toLowerCase() === String(of(right)).toLowerCase();
    case "InExpression":
      return inner(right ?? node)
        .flatMap(items)
        .some((item) => of(item) === of(left));
    case "NotInExpression":
      return !inner(right ?? node)
        .flatMap(items)
        .some((item) => of(item) === of(left));
    case "GreaterThanExpression":
      return of(left) !== null && Number(of(left)) > Number(of(right));
    case "GreaterThanOrEqualExpression":
      return of(left) !== null && Number(of(left)) >= Number(of(right));
    case "LessThanExpression":
      return of(left) !== null && Number(of(left)) < Number(of(right));
    case "BetweenExpression": {
      const [value, from, to] = [of(left), ...inner(right ?? node).map(of)];
      return value !== null && Number(value) >= Number(from) && Number(value) <= Number(to);
    }
    case "MultiplyExpression":
      return of(left) === null ? null : Number(of(left)) * Number(of(right));
    case "SubtractExpression":
      return Number(of(left)) - Number(of(right));
    case "HasExpression": // like "contains", but for whole terms
      return [...String(of(left)).matchAll(/[\p{L}\p{N}]+/gu)].some(
        ([term]) => term.toLowerCase() === String(of(right)).toLowerCase(),
      );
    case "ContainsExpression":
      return String(of(left))
        .toLowerCase()
        .includes(String(of(right)).toLowerCase());
    case "EndsWithExpression":
      return String(of(left))
        .toLowerCase()
        .endsWith(String(of(right)).toLowerCase());
    case "StartsWithExpression":
      return String(of(left))
        .toLowerCase()
        .startsWith(String(of(right)).toLowerCase());
    case "NameReference":
      return row[textOf(node)] ?? null;
    case "PathExpression":
      return member(of(left), textOf(right ?? node));
    case "ElementExpression": // a member whose name is a keyword: Line["first"]
      return member(of(left), String(of(lastOf(inner(right ?? node)))));
    case "StringLiteralExpression":
      return typeof node.LiteralValue === "string" ? node.LiteralValue : missing(textOf(node));
    case "LongLiteralExpression":
    case "RealLiteralExpression":
      return Number(textOf(node));
    case "BooleanLiteralExpression":
      return textOf(node) === "true";
    case "DateTimeLiteralExpression":
      return textOf(node) === "datetime(null)" ? null : missing(textOf(node));
    case "TimespanLiteralExpression":
      return timespan(textOf(node));
    case "FunctionCallExpression":
      return called(node, row, now);
    default:
      return missing(kindOf(node));
  }
}

function called(node: Syntax, row: Row, now: number): Value {
  const { name, args } = callOf(node);
  const values = args.map((arg) => valueOf(arg, row, now));
  const [first = null] = values;
  switch (name) {
    case "ago":
      return now - Number(first);
    case "ingestion_time":
      return row["_arrived"] ?? missing("_arrived");
    case "isempty":
      return first === null || first === "";
    case "isnotempty":
      return first !== null && first !== "";
    case "bin":
      return first === null ? null : Math.floor(Number(first) / Number(values[1])) * Number(values[1]);
    case "coalesce":
      return values.find((value) => value !== null) ?? null;
    case "not":
      return first === null ? null : first !== true;
    case "strcat":
      return values.join("");
    case "todatetime":
      return Date.parse(String(first));
    case "isnotnull":
      return first !== null;
    case "isnull":
      return first === null;
    case "iff":
      return (values[0] === true ? values[1] : values[2]) ?? null;
    case "parse_json":
    case "tostring":
      return first === null ? "" : String(first);
    case "totimespan":
      return daysAndTime(String(first));
    case "todouble":
    case "tolong":
      return first === null ? null : Number(first);
    default:
      return missing(`function ${name}`);
  }
}

/** A member of JSON text; dynamic values are kept as text here. */
function member(json: Value, name: string): Value {
  if (json === null || json === "") return null;
  const parsed: unknown = JSON.parse(String(json));
  const value: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, name) : undefined;
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function namedValues(parts: readonly Syntax[], row: Row, now: number): Row {
  const entries = parts.flatMap(items).map((item): [string, Value] => {
    if (kindOf(item) !== "SimpleNamedExpression") return [textOf(item), valueOf(item, row, now)];
    const [name, expression] = inner(item);
    return [textOf(name ?? item), valueOf(expression ?? item, row, now)];
  });
  return Object.fromEntries(entries);
}

function callOf(node: Syntax): { name: string; args: Syntax[] } {
  const [name, list] = inner(node);
  if (name === undefined || list === undefined) return missing(textOf(node));
  return { name: textOf(name), args: inner(list).flatMap(items) };
}

function timespan(text: string): number {
  const [, count, unit] = /^(\d+)([dhms])$/.exec(text) ?? [];
  return Number(count) * (UNIT_MS[unit ?? ""] ?? missing(`time span ${text}`));
}

/** `1.02:03:04`: a day, two hours, three minutes, four seconds. */
function daysAndTime(text: string): number {
  const [days, hours, minutes, seconds] = (/^(\d+)\.(\d\d):(\d\d):(\d\d)$/.exec(text) ?? missing(text))
    .slice(1)
    .map(Number);
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

/** Children that are not tokens. */
const inner = oncePer((node: Syntax): readonly Syntax[] => children(node).filter(({ IsToken }) => !IsToken));

/** The elements of a list, without its commas. */
const items = oncePer((list: Syntax): readonly Syntax[] =>
  inner(list).map((child) => (kindOf(child) === "SeparatedElement" ? only(child) : child)),
);

function only(node: Syntax): Syntax {
  return inner(node)[0] ?? missing(textOf(node));
}

function lastOf(nodes: readonly Syntax[]): Syntax {
  return nodes.at(-1) ?? missing("an operator without a part");
}

/** A node's text, without the comments before its first word. */
const textOf = oncePer((node: Syntax) =>
  node.SimpleName === undefined || node.SimpleName === "" ? textWithComments(node) : node.SimpleName,
);

function missing(what: string): never {
  throw new Error(`query-rows.ts does not know ${what}`);
}
