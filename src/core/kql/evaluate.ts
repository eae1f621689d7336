import { AUDIT_LOG_COLUMNS } from "../audit-log-columns.ts";
import { DEFAULT_LIMITS, newEvaluation, type Limits } from "./evaluation.ts";
import type { Plan } from "./plan.ts";
import { bindSteps } from "./step-table.ts";
import type { Row } from "./values.ts";

const TIME_GENERATED = AUDIT_LOG_COLUMNS.findIndex(({ name }) => name === "TimeGenerated");

/**
 * Turns a plan into closures, once.
 *
 * The returned function takes an AuditLogs row (AUDIT_LOG_COLUMNS' order) and returns the result rows, each in the
 * order of `plan.columns`. It is total: whatever JSON the dynamic columns hold, it does not throw, but for
 * {@link EvaluationLimitError} where a rule would build more rows or text from one record than `limits` allow.
 *
 * @throws {CallProblem} when the plan names what this version does not know
 */
export function prepare(plan: Plan, limits: Limits = DEFAULT_LIMITS): (row: Row) => Row[] {
  const evaluation = newEvaluation(limits);
  const run = bindSteps(plan.steps, evaluation);
  return (row) => {
    const time = row[TIME_GENERATED];
    evaluation.begin(row, typeof time === "bigint" ? time : null);
    return [...run([row])];
  };
}
