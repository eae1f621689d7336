import { REFUSED_OPERATORS, WINDOW } from "../core/kql/refused.ts";
import { kindOf, type Syntax } from "./kusto-parser.ts";
import { OPERATORS } from "./operators.ts";
import { operatorName } from "./operators/operator.ts";
import { refusal, type Environment, type Table } from "./scope.ts";

/** An operator applied to its input; without one, it begins the query. */
export function lowerOperator(node: Syntax, input: Table | undefined, environment: Environment): Table {
  const kind = kindOf(node);
  const lower = Object.hasOwn(OPERATORS, kind) ? OPERATORS[kind] : undefined;
  if (lower === undefined) {
    const name = operatorName(node);
    const reason = REFUSED_OPERATORS[name];
    const message = `the operator ${name} is not supported${reason === undefined ? "" : `: ${reason}`}`;
    throw refusal(node, environment, reason === WINDOW ? "not-event-local" : "unsupported-operator", message);
  }
  const isFirst = input === undefined;
  if (isFirst && kind !== "UnionOperator" && kind !== "PrintOperator") {
    throw refusal(node, environment, "unsupported-operator", `${operatorName(node)} has no table to work on`);
  }
  return lower(node, input ?? NO_TABLE, environment, isFirst);
}

const NO_TABLE: Table = { steps: [], columns: [], readsEvent: false };
