import { CallProblem, DEFAULT_LIMITS, newEvaluation } from "../../run/evaluation.ts";
import { bindSteps } from "../../run/step-table.ts";
import { unsupportedFunction } from "../../run/refused.ts";
import {
  callWithin,
  children,
  firstWithin,
  kindOf,
  optionalPart,
  part,
  rootOf,
  textOf,
  type Syntax,
} from "../kusto-parser.ts";
import { refusal, runnable, unavailableIn, type Environment, type ScopeColumn, type Table } from "../scope.ts";
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
  const marked = columns.map((column, index) => markedAs(column, values[index], input.columns));
  return withStep(input, { step: "project", values: values.map(runnable) }, marked);
}

/** A column, marked if its value depends on a function that pimwatch cannot run. */
export function markedAs(
  column: ScopeColumn,
  value: Expression | undefined,
  from: readonly ScopeColumn[],
): ScopeColumn {
  const unavailable = value && unavailableIn(value, from);
  return unavailable === undefined ? column : { ...column, unavailable };
}

/** Refuses values that decide which rows there are, or in which order, if they depend on a function that pimwatch cannot run. */
export function refuseUnavailable(
  values: readonly Expression[],
  node: Syntax,
  input: Table,
  environment: Environment,
): void {
  const name = values.map((value) => unavailableIn(value, input.columns)).find((each) => each !== undefined);
  if (name === undefined) return;
  const column = firstWithin(node, (each) => kindOf(each) === "NameReference" && isUnavailable(each.SimpleName, input));
  const place = callWithin(node, name) ?? column ?? callWithin(rootOf(node), name) ?? node;
  throw refusal(place, environment, "unsupported-function", unsupportedFunction(name));
}

function isUnavailable(name: string | undefined, { columns }: Table): boolean {
  return columns.some((column) => column.name === name && column.unavailable !== undefined);
}

/** Binds a step once, so that one that cannot work is refused at its place, e.g. for an invalid regular expression. */
export function checkStep(step: Step, node: Syntax, environment: Environment): void {
  try {
    bindSteps([step], newEvaluation(DEFAULT_LIMITS));
  } catch (error) {
    if (!(error instanceof CallProblem)) throw error;
    throw refusal(node, environment, "invalid-call", error.message);
  }
}

/** The value of an operator's `name=value`. */
export function parameterOf(node: Syntax, name: string): Syntax | undefined {
  const list = optionalPart(node, "Parameters");
  const found = list && children(list).find((each) => part(each, "Name").SimpleName === name);
  return found && part(found, "Expression");
}

/** Whether the rows of a table come from all events, of which the query sees one. */
export function isOfAllEvents({ readsEvent }: Table, { subqueryInput, shared }: Environment): boolean {
  return readsEvent && subqueryInput === undefined && shared === undefined;
}

/** Refuses an operator that reads all rows: in a subquery these are the rows of one event, at table level of all events. */
export function refuseAtTableLevel(name: string, node: Syntax, input: Table, environment: Environment): void {
  if (!isOfAllEvents(input, environment)) return;
  const message = `${name} looks at the rows of all events`;
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
