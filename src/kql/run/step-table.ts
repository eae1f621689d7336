import { CallProblem, type Evaluation } from "./evaluation.ts";
import { priceOfRows } from "./metering.ts";
import type { Step } from "../plan.ts";
import { bindDistinct } from "./steps/distinct.ts";
import { bindJoin } from "./steps/join.ts";
import { bindMvApply } from "./steps/mv-apply.ts";
import { bindMvExpand } from "./steps/mv-expand.ts";
import { bindOrder } from "./steps/order.ts";
import { bindParse } from "./steps/parse.ts";
import { bindParseKv } from "./steps/parse-kv.ts";
import { bindProject } from "./steps/project.ts";
import { bindRead } from "./steps/read.ts";
import { bindRowFunctions } from "./steps/row-functions.ts";
import { bindSequence } from "./steps/sequence.ts";
import type { BindSteps, RunStep } from "./steps/step.ts";
import { bindSummarize } from "./steps/summarize.ts";
import { bindTable } from "./steps/table.ts";
import { bindTake } from "./steps/take.ts";
import { bindUnion } from "./steps/union.ts";
import { bindWhere } from "./steps/where.ts";
import type { Row } from "./values.ts";

/** For each step, even without rows. */
const STEP_PRICE = 100;

/** Turns steps into one function from rows to rows. */
export const bindSteps: BindSteps = (steps, evaluation) => {
  const runs = steps.map((step) => traced(step, bindStep(step, evaluation), evaluation));
  const charge = (rows: readonly Row[]) =>
    evaluation.chargeWork(STEP_PRICE + priceOfRows(rows.length, rows[0]?.length ?? 0));
  return (rows) => {
    let table = rows;
    for (const run of runs) {
      charge(table);
      table = run(table);
      evaluation.checkRows(table.length);
    }
    charge(table);
    return table;
  };
};

/** Steps that make new rows, each from one row. */
const ROW_BY_ROW = new Set<Step["step"]>(["project", "mv-expand", "mv-apply", "parse", "parse-kv"]);

/** The step, noting for each new row the row that it is made of, if the evaluation keeps evidence. */
function traced({ step }: Step, run: RunStep, { window: { evidence } }: Evaluation): RunStep {
  if (evidence === undefined || !ROW_BY_ROW.has(step)) return run;
  return (rows) =>
    rows.flatMap((row) => {
      const made = run([row]);
      for (const each of made) evidence.note(each, [row]);
      return made;
    });
}

function bindStep(step: Step, evaluation: Evaluation): RunStep {
  switch (step.step) {
    case "where":
      return bindWhere(step, evaluation, bindSteps);
    case "project":
      return bindProject(step, evaluation, bindSteps);
    case "mv-expand":
      return bindMvExpand(step, evaluation, bindSteps);
    case "mv-apply":
      return bindMvApply(step, evaluation, bindSteps);
    case "parse":
      return bindParse(step, evaluation, bindSteps);
    case "parse-kv":
      return bindParseKv(step, evaluation, bindSteps);
    case "union":
      return bindUnion(step, evaluation, bindSteps);
    case "summarize":
      return bindSummarize(step, evaluation, bindSteps);
    case "distinct":
      return bindDistinct(step, evaluation, bindSteps);
    case "order":
      return bindOrder(step, evaluation, bindSteps);
    case "take":
      return bindTake(step, evaluation, bindSteps);
    case "table":
      return bindTable(step, evaluation, bindSteps);
    case "read":
      return bindRead(step, evaluation, bindSteps);
    case "sequence":
      return bindSequence(step, evaluation, bindSteps);
    case "row-functions":
      return bindRowFunctions(step, evaluation, bindSteps);
    case "join":
      return bindJoin(step, evaluation, bindSteps);
    default:
      throw new CallProblem(`the plan names an unknown step: ${JSON.stringify(step)}`);
  }
}
