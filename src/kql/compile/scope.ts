import type { Aggregate, Expression, Step } from "../plan.ts";
import type { Column, ScalarType } from "../run/values.ts";
import type { Syntax } from "./kusto-parser.ts";
import { QueryRefused } from "./problem.ts";

/** A column while a query is compiled. */
export interface ScopeColumn extends Column {
  /** Computed by a `summarize` over the rows of one event: no later step may test it. */
  readonly perEvent?: true;
  /** The event's own TimeGenerated, unchanged. */
  readonly eventTime?: true;
}

/** A table expression: the steps that make it from the event's row, and its columns. */
export interface Table {
  readonly steps: readonly Step[];
  readonly columns: readonly ScopeColumn[];
  /** False where the rows are constants of the query: they would come again with every event. */
  readonly readsEvent: boolean;
}

export type Binding =
  { readonly kind: "scalar"; readonly value: Expression } | { readonly kind: "table"; readonly table: Table };

/** How syntax becomes plan; part of the environment, since expressions, tables and functions hold one another. */
interface Lowering {
  expression(node: Syntax, environment: Environment): Expression;
  table(node: Syntax, environment: Environment): Table;
}

/** What names mean at a place in the query. */
export interface Environment {
  readonly lower: Lowering;
  readonly columns: readonly ScopeColumn[];
  readonly names: ReadonlyMap<string, Binding>;
  /** The table of the events, by the name that queries give it. */
  readonly source: { readonly name: string; readonly table: Table };
  /** Where the text begins that offsets count from: not 0 inside the body of a called function. */
  readonly base: number;
  /** Within `mv-apply … on (…)`: the subquery's input. Its rows are one record's, so any operator is event-local. */
  readonly subqueryInput?: Table;
  /** Within the aggregates of `summarize`: takes one and says where its value will stand. */
  readonly aggregate?: (aggregate: Aggregate) => Expression;
}

const SCALAR_TYPES = new Set<string>([
  "string",
  "bool",
  "int",
  "long",
  "real",
  "datetime",
  "timespan",
  "guid",
  "dynamic",
]);

/** Types that have more than one name. */
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

/** Ends the compilation at a node. */
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

/** The column that an expression makes, marked if what it reads is marked. */
export function columnOf(name: string, expression: Expression, from: readonly ScopeColumn[]): ScopeColumn {
  const { type } = expression;
  const isPerEvent = columnsReadBy(expression).some((index) => from[index]?.perEvent === true);
  const isEventTime = expression.kind === "column" && from[expression.index]?.eventTime === true;
  return { name, type, ...(isPerEvent && { perEvent: true }), ...(isEventTime && { eventTime: true }) };
}
