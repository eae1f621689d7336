import { bindExpression } from "./bind-expression.ts";
import { DEFAULT_LIMITS, newEvaluation, type Limits } from "./evaluation.ts";
import type { Expression, Plan } from "../plan.ts";
import { bindSteps } from "./step-table.ts";
import type { Row } from "./values.ts";

/** A plan made into functions. */
export interface Prepared {
  /**
   * Takes a row of the source table and returns the result rows, each in the order of `plan.columns`.
   * It is total: whatever JSON the dynamic columns hold, it does not throw, but for {@link EvaluationLimitError} where
   * it would take more from one record than the limits allow.
   */
  evaluate(row: Row): Row[];
  /**
   * Whether one of the conditions is true of a result row of the record that was evaluated last. What that takes counts
   * towards the same limits.
   */
  isTrue(resultRow: Row): boolean;
  /** What the record that was evaluated last has taken of the limits so far. */
  spent(): Limits;
}

/**
 * Turns a plan, and conditions over its columns, into closures, once.
 *
 * @throws {CallProblem} when they name what this version does not know
 */
export function preparePlan(
  plan: Plan,
  { limits = DEFAULT_LIMITS, conditions = [] }: { limits?: Limits; conditions?: readonly Expression[] } = {},
): Prepared {
  const evaluation = newEvaluation(limits);
  const run = bindSteps(plan.steps, evaluation);
  const tests = conditions.map((condition) => bindExpression(condition, evaluation).compute);
  return {
    evaluate(row) {
      const time = row[plan.timeColumn];
      evaluation.begin(typeof time === "bigint" ? time : null);
      const rows = run([row]);
      evaluation.chargeResults(rows.length);
      return [...rows];
    },
    isTrue: (resultRow) => tests.some((test) => test(resultRow) === true),
    spent: evaluation.spent,
  };
}

/** Only the evaluation of a plan; see {@link preparePlan}. */
export function prepare(plan: Plan, limits: Limits = DEFAULT_LIMITS): Prepared["evaluate"] {
  return preparePlan(plan, { limits }).evaluate;
}
