import { bindExpression } from "../bind-expression.ts";
import type { BindStep } from "./step.ts";

/** Replaces the event's rows with constant rows of the query. */
export const bindTable: BindStep<"table"> = ({ rows: values }, evaluation) => {
  const computed = values.map((row) => row.map((value) => bindExpression(value, evaluation).compute));
  return () => computed.map((row) => row.map((compute) => compute([])));
};
