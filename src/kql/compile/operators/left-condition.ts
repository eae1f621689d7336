import type { Expression, Step } from "../../plan.ts";
import { conjunction, conjuncts } from "../conjunction.ts";
import { columnsReadBy } from "../scope.ts";

/**
 * The steps before a `where`. If it follows an innerunique join, its conditions on the left side alone also go into the
 * join, which then chooses among the rows that meet them.
 *
 * @see https://learn.microsoft.com/kusto/query/join-innerunique
 */
export function withLeftCondition(steps: readonly Step[], predicate: Expression): readonly Step[] {
  const at = steps.findLastIndex(({ step }) => step !== "where");
  const join = steps[at];
  if (join?.step !== "join" || join.kind !== "innerunique") return steps;
  const isOfLeft = (condition: Expression) => columnsReadBy(condition).every((index) => index < join.leftTypes.length);
  const known = join.leftCondition ? [join.leftCondition] : [];
  const leftCondition = conjunction([...known, ...conjuncts(predicate).filter(isOfLeft)]);
  return leftCondition === undefined ? steps : steps.with(at, { ...join, leftCondition });
}
