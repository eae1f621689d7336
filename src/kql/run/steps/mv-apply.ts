import { bindExpansion } from "./expansion.ts";
import type { BindStep } from "./step.ts";

/** Runs the subquery over the elements of each row. A row without elements has no result. */
export const bindMvApply: BindStep<"mv-apply"> = (step, evaluation, bindSteps) => {
  const expand = bindExpansion(step.expansions, { ...step, bags: "bag" }, evaluation);
  const subquery = bindSteps(step.steps, evaluation);
  return (rows) => {
    let count = 0;
    return rows.flatMap((row) => {
      const elements = expand(row);
      const results = elements.length === 0 ? [] : subquery(elements);
      evaluation.checkRows((count += results.length));
      return results.map((result) => [...row, ...result]);
    });
  };
};
