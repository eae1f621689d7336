import { DEFAULT_LIMITS, newEvaluation } from "../../run/evaluation.ts";
import { bindSteps } from "../../run/step-table.ts";
import type { Row } from "../../run/values.ts";
import { isOwnStep } from "../window/kept-rows.ts";
import type { Table } from "../scope.ts";

/** The rows of a table that depends on neither events nor the current time, computed at build time; undefined for any other. */
export function constantRows({ readsEvent, steps }: Table): readonly Row[] | undefined {
  if (readsEvent || !steps.every(isOwnStep)) return undefined;
  const evaluation = newEvaluation(DEFAULT_LIMITS);
  return bindSteps(steps, evaluation)([]);
}
