import { children, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import type { Expression, Step } from "../../plan.ts";

/** Turns one query operator into steps. `isFirst`: it begins a query and has no input. */
export type LowerOperator = (node: Syntax, input: Table, environment: Environment, isFirst: boolean) => Table;

/** The environment of an operator's expressions: the columns of its input are in scope. */
export function over(input: Table, environment: Environment): Environment {
  const { subqueryInput: _input, aggregate: _aggregate, ...rest } = environment;
  return { ...rest, columns: input.columns };
}

export function withStep(input: Table, step: Step, columns: readonly ScopeColumn[] = input.columns): Table {
  return { ...input, steps: [...input.steps, step], columns };
}

/** The table with the given columns, each computed from the input row. */
export function projected(input: Table, columns: readonly ScopeColumn[], values: readonly Expression[]): Table {
  return withStep(input, { step: "project", values }, columns);
}

/** The value of an operator's `name=value`. */
export function parameterOf(node: Syntax, name: string): Syntax | undefined {
  const list = optionalPart(node, "Parameters");
  const found = list && children(list).find((each) => part(each, "Name").SimpleName === name);
  return found && part(found, "Expression");
}

/** Refuses an operator that reads all rows: in a subquery these are the rows of one event, at table level of all events. */
export function refuseAtTableLevel(name: string, node: Syntax, input: Table, environment: Environment): void {
  if (environment.subqueryInput || !input.readsEvent) return;
  const message = `${name} looks at the rows of all events; it needs a window over many events`;
  throw refusal(node, environment, "not-event-local", message);
}

/** A constant whole number, as an operator's argument. */
export function constantCount(node: Syntax, name: string, environment: Environment): number {
  const value = environment.lower.expression(part(node, name), { ...environment, columns: [] });
  const count = value.kind === "literal" ? Number(value.value) : Number.NaN;
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw refusal(part(node, name), environment, "invalid-count", "expected a constant whole number");
}

/** The operator's name: its first word. */
export function operatorName(node: Syntax): string {
  const [first] = children(node);
  return first === undefined || first.IsToken ? textOf(first ?? node) : operatorName(first);
}
