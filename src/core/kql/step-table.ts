import { CallProblem, type Evaluation } from "./evaluation.ts";
import type { Step } from "./plan.ts";
import { bindProject } from "./steps/project.ts";
import type { BindSteps, RunStep } from "./steps/step.ts";
import { bindWhere } from "./steps/where.ts";

/** Turns steps into one function from table to table. */
export const bindSteps: BindSteps = (steps, evaluation) => {
  const runs = steps.map((step) => bindStep(step, evaluation));
  return (rows) => {
    let table = rows;
    for (const run of runs) table = run(table);
    return table;
  };
};

/** What each step of a plan does. */
function bindStep(step: Step, evaluation: Evaluation): RunStep {
  switch (step.step) {
    case "where":
      return bindWhere(step, evaluation, bindSteps);
    case "project":
      return bindProject(step, evaluation, bindSteps);
    default:
      throw new CallProblem(`the plan names an unknown step: ${JSON.stringify(step)}`);
  }
}
