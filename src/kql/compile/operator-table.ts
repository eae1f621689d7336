import { refusedOperators, WINDOW } from "../run/refused.ts";
import { kindOf, walk, type Syntax } from "./kusto-parser.ts";
import { OPERATORS } from "./operators.ts";
import { operatorName } from "./operators/operator.ts";
import type { QueryProblem } from "./problem.ts";
import { refusal, type Environment, type Table } from "./scope.ts";

/** Applies an operator to its input. Without an input, the operator begins the query. */
export function lowerOperator(node: Syntax, input: Table | undefined, environment: Environment): Table {
  const kind = kindOf(node);
  const lower = Object.hasOwn(OPERATORS, kind) ? OPERATORS[kind] : undefined;
  if (lower === undefined) {
    const { code, message } = refusedOperator(operatorName(node), environment.source.name);
    throw refusal(node, environment, code, message);
  }
  const isFirst = input === undefined;
  if (isFirst && kind !== "UnionOperator" && kind !== "PrintOperator") {
    throw refusal(node, environment, "unsupported-operator", `${operatorName(node)} has no table to work on`);
  }
  const table = lower(node, input ?? NO_TABLE, environment, isFirst);
  const isOrdering = ORDERING.has(kind);
  return isOrdering || UNORDERING.has(kind) ? { ...table, isSerialized: isOrdering } : table;
}

/** Operators after which the order of the rows is certain, and after which it is not. Others but serialize keep it. */
const ORDERING = new Set(["SortOperator", "TopOperator"]);
const UNORDERING = new Set([
  "CountOperator",
  "DistinctOperator",
  "EvaluateOperator",
  "JoinOperator",
  "MvExpandOperator",
  "SummarizeOperator",
  "UnionOperator",
]);

function refusedOperator(name: string, source: string): Omit<QueryProblem, "offset"> {
  const reason = refusedOperators(source)[name];
  const message = `the operator ${name} is not supported${reason === undefined ? "" : `: ${reason}`}`;
  return { code: reason === WINDOW ? "not-event-local" : "unsupported-operator", message };
}

/** The operators of a query that compare events and are refused, even if the binder already rejects the query. */
export function operatorsOverManyEvents(syntax: Syntax, source: string): QueryProblem[] {
  const refused = refusedOperators(source);
  const problems: QueryProblem[] = [];
  walk(syntax, (node) => {
    if (node.IsToken || !kindOf(node).endsWith("Operator")) return;
    const name = operatorName(node);
    if (refused[name] === WINDOW) problems.push({ offset: node.TextStart, ...refusedOperator(name, source) });
  });
  return problems;
}

const NO_TABLE: Table = { steps: [], columns: [], readsEvent: false };
