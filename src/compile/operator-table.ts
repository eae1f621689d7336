import { AUDIT_LOG_COLUMNS } from "../core/audit-log-columns.ts";
import { kindOf, type Syntax } from "./kusto-parser.ts";
import { OPERATORS, operatorName } from "./operators.ts";
import { refusal, type Environment, type Table } from "./scope.ts";

/** An operator applied to its input; without one, it begins the query. */
export function lowerOperator(node: Syntax, input: Table | undefined, environment: Environment): Table {
  const kind = kindOf(node);
  const lower = Object.hasOwn(OPERATORS, kind) ? OPERATORS[kind] : undefined;
  if (lower === undefined) {
    throw refusal(node, environment, "unsupported-operator", `the operator ${operatorName(node)} is not supported`);
  }
  return lower(node, input ?? { steps: [], columns: AUDIT_LOG_COLUMNS }, environment);
}
