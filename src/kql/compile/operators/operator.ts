import { children, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import type { Expression, Step } from "../../plan.ts";

/** How one query operator becomes steps. `isFirst`: it begins a query and has no input. */
export type LowerOperator = (node: Syntax, input: Table, environment: Environment, isFirst: boolean) => Table;

/** The environment in which an operator's expressions over its input are read. */
export function over(input: Table, environment: Environment): Environment {
  const { subqueryInput: _input, aggregate: _aggregate, ...rest } = environment;
  return { ...rest, columns: input.columns };
}

export function withStep(input: Table, step: Step, columns: readonly ScopeColumn[] = input.columns): Table {
  return { ...input, steps: [...input.steps, step], columns };
}

/** A table with other columns, each computed from the input row. */
export function projected(input: Table, columns: readonly ScopeColumn[], values: readonly Expression[]): Table {
  return withStep(input, { step: "project", values }, columns);
}

/** The value of an operator's `name=value`. */
export function parameterOf(node: Syntax, name: string): Syntax | undefined {
  const list = optionalPart(node, "Parameters");
  const found = list && children(list).find((each) => part(each, "Name").SimpleName === name);
  return found && part(found, "Expression");
}

/** Operators that look at all rows: inside a subquery these are one event's, at table level all events'. */
export function refuseAtTableLevel(name: string, node: Syntax, input: Table, environment: Environment): void {
  if (environment.subqueryInput || !input.readsEvent) return;
  const message = `${name} looks at the rows of all events; it needs a window over many events`;
  throw refusal(node, environment, "not-event-local", message);
}

/** The whole number that an operator takes as a constant. */
export function constantCount(node: Syntax, name: string, environment: Environment): number {
  const value = environment.lower.expression(part(node, name), { ...environment, columns: [] });
  const count = value.kind === "literal" ? Number(value.value) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw refusal(part(node, name), environment, "invalid-count", "a constant whole number is expected here");
}

/** The operator's name as it is written: its first word. */
export function operatorName(node: Syntax): string {
  const [first] = children(node);
  return first === undefined || first.IsToken ? textOf(first ?? node) : operatorName(first);
}
