import { bindExpression } from "./bind-expression.ts";
import { DEFAULT_LIMITS, newEvaluation, type Limits } from "./evaluation.ts";
import type { Expression, Plan } from "../plan.ts";
import { bindSteps } from "./step-table.ts";
import type { Row } from "./values.ts";

/** A plan, ready to run. */
export interface Prepared {
  /**
   * Takes a row of the source table and returns the result rows, each in the order of `plan.columns`. Whatever JSON the
   * dynamic columns hold, it throws nothing but {@link EvaluationLimitError}, when one record would exceed the limits.
   */
  evaluate(row: Row): Row[];
  /**
   * Whether one of the conditions is true of a result row of the last evaluated record. The conditions count towards the
   * same limits.
   */
  isTrue(resultRow: Row): boolean;
  /** How much of the limits the last evaluated record has used so far. */
  spent(): Limits;
}

/**
 * Turns a plan, and conditions over its columns, into closures.
 *
 * @throws {CallProblem} if they name a function or a step that this version does not know
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

/** The evaluation of a plan without conditions; see {@link preparePlan}. */
export function prepare(plan: Plan, limits: Limits = DEFAULT_LIMITS): Prepared["evaluate"] {
  return preparePlan(plan, { limits }).evaluate;
}
