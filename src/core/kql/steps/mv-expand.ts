import { bindExpansion } from "./expansion.ts";
import type { BindStep } from "./step.ts";

/** One row for each element. */
export const bindMvExpand: BindStep<"mv-expand"> = (step, evaluation) => {
  const expand = bindExpansion(step.expansions, step, evaluation);
  return (rows) => rows.flatMap(expand);
};
