import { REFUSED_OPERATORS, WINDOW } from "../run/refused.ts";
import { kindOf, walk, type Syntax } from "./kusto-parser.ts";
import { OPERATORS } from "./operators.ts";
import { operatorName } from "./operators/operator.ts";
import type { QueryProblem } from "./problem.ts";
import { refusal, type Environment, type Table } from "./scope.ts";

/** An operator applied to its input; without one, it begins the query. */
export function lowerOperator(node: Syntax, input: Table | undefined, environment: Environment): Table {
  const kind = kindOf(node);
  const lower = Object.hasOwn(OPERATORS, kind) ? OPERATORS[kind] : undefined;
  if (lower === undefined) {
    const { code, message } = refusedOperator(operatorName(node));
    throw refusal(node, environment, code, message);
  }
  const isFirst = input === undefined;
  if (isFirst && kind !== "UnionOperator" && kind !== "PrintOperator") {
    throw refusal(node, environment, "unsupported-operator", `${operatorName(node)} has no table to work on`);
  }
  return lower(node, input ?? NO_TABLE, environment, isFirst);
}

function refusedOperator(name: string): Omit<QueryProblem, "offset"> {
  const reason = REFUSED_OPERATORS[name];
  const message = `the operator ${name} is not supported${reason === undefined ? "" : `: ${reason}`}`;
  return { code: reason === WINDOW ? "not-event-local" : "unsupported-operator", message };
}

/** The operators of a query that need many events, for one that the binder objects to, too. */
export function operatorsOverManyEvents(syntax: Syntax): QueryProblem[] {
  const problems: QueryProblem[] = [];
  walk(syntax, (node) => {
    if (node.IsToken || !kindOf(node).endsWith("Operator")) return;
    const name = operatorName(node);
    if (REFUSED_OPERATORS[name] === WINDOW) problems.push({ offset: node.TextStart, ...refusedOperator(name) });
  });
  return problems;
}

const NO_TABLE: Table = { steps: [], columns: [], readsEvent: false };
