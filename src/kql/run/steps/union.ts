import type { BindStep } from "./step.ts";

/** The rows of all branches, one branch after the other. */
export const bindUnion: BindStep<"union"> = ({ branches }, evaluation, bindSteps) => {
  const runs = branches.map((steps) => bindSteps(steps, evaluation));
  return (rows) => runs.flatMap((run) => run(rows));
};
