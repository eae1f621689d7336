import { bindExpression } from "../bind-expression.ts";
import type { Row, Value } from "../values.ts";
import type { BindStep } from "./step.ts";

/** Computes every column of the result from the input row. `extend` and the project family compile to this step. */
export const bindProject: BindStep<"project"> = ({ values }, evaluation) => {
  const columns = values.map((value) =>
    value.kind === "column" ? value.index : bindExpression(value, evaluation).compute,
  );
  const compute = (row: Row): Row =>
    columns.map((column): Value => (typeof column === "number" ? (row[column] ?? null) : column(row)));
  return (rows) => rows.map(compute);
};
