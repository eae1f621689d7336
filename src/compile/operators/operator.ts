import { part, type Syntax } from "../kusto-parser.ts";
import { refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import type { Expression, Step } from "../../core/kql/plan.ts";

/** How one query operator becomes steps. */
export type LowerOperator = (node: Syntax, input: Table, environment: Environment) => Table;

/** The environment in which an operator's expressions over its input are read. */
export function over(input: Table, environment: Environment): Environment {
  const { subqueryInput: _left, ...rest } = environment;
  return { ...rest, columns: input.columns };
}

export function withStep(input: Table, step: Step, columns: readonly ScopeColumn[] = input.columns): Table {
  return { steps: [...input.steps, step], columns };
}

/** A table with other columns, each computed from the input row. */
export function projected(input: Table, columns: readonly ScopeColumn[], values: readonly Expression[]): Table {
  return withStep(input, { step: "project", values }, columns);
}

/** The index of the column that a plain name means. */
export function columnIndex(node: Syntax, input: Table, environment: Environment): number {
  const value = environment.lower.expression(node, over(input, environment));
  if (value.kind !== "column") throw refusal(node, environment, "invalid-column", "a column name is expected here");
  return value.index;
}

/** The whole number that an operator takes as a constant. */
export function constantCount(node: Syntax, name: string, environment: Environment): number {
  const value = environment.lower.expression(part(node, name), { ...environment, columns: [] });
  const count = value.kind === "literal" ? Number(value.value) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw refusal(part(node, name), environment, "invalid-count", "a constant whole number is expected here");
}
