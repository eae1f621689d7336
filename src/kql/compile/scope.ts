import type { Aggregate, Expression, SharedTable, Step } from "../plan.ts";
import { FUNCTIONS } from "../run/function-table.ts";
import type { Column, ScalarType } from "../run/values.ts";
import type { Lists } from "./constants/lists.ts";
import type { Syntax } from "./kusto-parser.ts";
import { QueryRefused } from "./problem.ts";

/** A column while a query is compiled. */
export interface ScopeColumn extends Column {
  /** Computed by `summarize` over the rows of one event, so no later step may test it. */
  readonly perEvent?: true;
  /** The function that pimwatch cannot run and on which the value depends. No step may test it, and no result has it. */
  readonly unavailable?: string;
  /** The source table's time column, unchanged. */
  readonly eventTime?: true;
}

/** A table expression: its columns, and the steps that make it from the event's row. */
export interface Table {
  readonly steps: readonly Step[];
  readonly columns: readonly ScopeColumn[];
  /** False if the rows are constants of the query, which would be found again each time. */
  readonly readsEvent: boolean;
  /** The name that `union withsource` shows: of the source table, a `let` or a view, or the last one that `as` gave. */
  readonly name?: string;
  /** Whether the order of the rows is certain, so that functions may depend on it. */
  readonly isSerialized?: boolean;
  /** The tables that `as` has named in the pipeline so far, which later operators can read. */
  readonly named?: readonly (readonly [name: string, table: Table])[];
}

export type Binding =
  { readonly kind: "scalar"; readonly value: Expression } | { readonly kind: "table"; readonly table: Table };

/** Turns syntax into a plan. Part of the environment because expressions, tables and functions contain one another. */
interface Lowering {
  expression(node: Syntax, environment: Environment): Expression;
  table(node: Syntax, environment: Environment): Table;
}

/** The names in scope at a place in the query. */
export interface Environment {
  readonly lower: Lowering;
  readonly columns: readonly ScopeColumn[];
  readonly names: ReadonlyMap<string, Binding>;
  /** The table of events, with the name that queries use for it. */
  readonly source: { readonly name: string; readonly table: Table };
  /** Present if the query runs over all rows of a window, not over one row: gets the tables that expressions read. */
  readonly shared?: SharedTable[];
  /** Added to offsets: not 0 inside the body of a called function, whose offsets start anew. */
  readonly base: number;
  /** Columns of the result that the rule's other fields name. */
  readonly columnsRead: readonly string[];
  readonly lists: Lists;
  /** Set within `mv-apply … on (…)`: the subquery's input. Its rows come from one record, so every operator is allowed. */
  readonly subqueryInput?: Table;
  /** Set where an operator may call functions that depend on the order of the rows: registers a call, as `aggregate` does. */
  readonly rowFunction?: (call: Aggregate, at: Syntax) => Expression;
  /** Set within the aggregates of `summarize`: registers one and returns the column of its value. */
  readonly aggregate?: (aggregate: Aggregate) => Expression;
}

const SCALAR_TYPES = new Set<string>([
  "string",
  "bool",
  "int",
  "long",
  "real",
  "decimal",
  "datetime",
  "timespan",
  "guid",
  "dynamic",
]);

/** Other names of types. */
export const CANONICAL_TYPES: Readonly<Record<string, string>> = {
  boolean: "bool",
  date: "datetime",
  double: "real",
  time: "timespan",
  uuid: "guid",
  uniqueid: "guid",
};

export function isScalarType(name: string): name is ScalarType {
  return SCALAR_TYPES.has(name);
}

/** An error that stops the compilation at a node. */
export function refusal(node: Syntax, { base }: Environment, code: string, message: string): QueryRefused {
  return new QueryRefused(base + node.TextStart, code, message);
}

export function columnExpression(columns: readonly ScopeColumn[], index: number): Expression {
  const column = columns[index];
  if (column === undefined) throw new Error(`no column ${index}`);
  return { kind: "column", type: column.type, index };
}

/** The columns that an expression reads. */
export function columnsReadBy(expression: Expression): number[] {
  if (expression.kind === "column") return [expression.index];
  return expression.kind === "call" ? expression.arguments.flatMap(columnsReadBy) : [];
}

/** A function that pimwatch cannot run and on which an expression depends, directly or through a column. */
export function unavailableIn(expression: Expression, columns: readonly ScopeColumn[] = []): string | undefined {
  if (expression.kind === "column") return columns[expression.index]?.unavailable;
  if (expression.kind !== "call") return undefined;
  const { name, arguments: operands } = expression;
  if (!Object.hasOwn(FUNCTIONS, name)) return name;
  return operands.map((each) => unavailableIn(each, columns)).find((each) => each !== undefined);
}

/** The expression, or null if it calls a function that pimwatch cannot run. */
export function runnable(expression: Expression): Expression {
  const { type } = expression;
  return unavailableIn(expression) === undefined ? expression : { kind: "literal", type, value: null };
}

/** The column of an expression, marked like the columns that it reads. */
export function columnOf(name: string, expression: Expression, from: readonly ScopeColumn[]): ScopeColumn {
  const { type } = expression;
  const isPerEvent = columnsReadBy(expression).some((index) => from[index]?.perEvent === true);
  const isEventTime = expression.kind === "column" && from[expression.index]?.eventTime === true;
  return { name, type, ...(isPerEvent && { perEvent: true }), ...(isEventTime && { eventTime: true }) };
}
