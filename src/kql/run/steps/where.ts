import { bindExpression } from "../bind-expression.ts";
import type { BindStep } from "./step.ts";

/** Keeps the rows for which the predicate is true, not false or null. */
export const bindWhere: BindStep<"where"> = ({ predicate }, evaluation) => {
  const { compute } = bindExpression(predicate, evaluation);
  return (rows) => rows.filter((row) => compute(row) === true);
};
