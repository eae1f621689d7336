import { bindExpression } from "../bind-expression.ts";
import type { BindStep } from "./step.ts";

/** Rows that the query itself holds: they take the place of the event's. */
export const bindTable: BindStep<"table"> = ({ rows: values }, evaluation) => {
  const computed = values.map((row) => row.map((value) => bindExpression(value, evaluation).compute));
  return () => computed.map((row) => row.map((compute) => compute([])));
};
