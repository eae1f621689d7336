import type { Evaluation } from "../evaluation.ts";
import type { Step, StepOf } from "../../plan.ts";
import type { Row } from "../values.ts";

export type RunStep = (rows: readonly Row[]) => readonly Row[];

/** Turns a list of steps into one. Steps that contain others get it as an argument. */
export type BindSteps = (steps: readonly Step[], evaluation: Evaluation) => RunStep;

export type BindStep<Name extends Step["step"]> = (
  step: StepOf<Name>,
  evaluation: Evaluation,
  bindSteps: BindSteps,
) => RunStep;
