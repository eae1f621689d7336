import { bindExpansion } from "./expansion.ts";
import type { BindStep } from "./step.ts";

/** Makes one row for each element. */
export const bindMvExpand: BindStep<"mv-expand"> = (step, evaluation) => {
  const expand = bindExpansion(step.expansions, step, evaluation);
  return (rows) => {
    let count = 0;
    return rows.flatMap((row) => {
      const expanded = expand(row);
      evaluation.checkRows((count += expanded.length));
      return expanded;
    });
  };
};
