import { bindExpression } from "../../run/bind-expression.ts";
import { DEFAULT_LIMITS, newEvaluation } from "../../run/evaluation.ts";
import { isVolatile } from "../../run/function-table.ts";
import type { Expression } from "../../plan.ts";
import { ticksFromUnixMilliseconds } from "../../run/time.ts";
import type { Value } from "../../run/values.ts";
import { conjuncts } from "../conjunction.ts";
import { textOf, type Syntax } from "../kusto-parser.ts";
import { columnsReadBy, refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";

/** Possible event times, neither at the start of an hour, day, week or month. */
const SAMPLE_TIMES = ["2026-01-14T03:04:05.678Z", "2026-07-17T15:16:17.891Z"].map((time) =>
  ticksFromUnixMilliseconds(Date.parse(time)),
);

/**
 * Refuses a condition like `TimeGenerated < ago(1d)`, which in Sentinel finds events from before the run. Here `ago` counts
 * from the event's own time, so the condition would never be true, and the rule would never find anything.
 */
export function refuseEarlierEvents(predicate: Expression, node: Syntax, input: Table, environment: Environment): void {
  if (environment.shared) return;
  for (const condition of conjuncts(predicate)) {
    if (!comparesEventTime(condition, input.columns)) continue;
    if (SAMPLE_TIMES.some((time) => valueAt(condition, input.columns, time) === true)) continue;
    const message = `${textOf(node)} keeps only events that are older than the run`;
    throw refusal(node, environment, "not-event-local", message);
  }
}

/** Whether a condition reads only the event's time and the current time. */
function comparesEventTime(condition: Expression, columns: readonly ScopeColumn[]): boolean {
  const read = columnsReadBy(condition);
  return read.length > 0 && read.every((index) => columns[index]?.eventTime === true) && readsNow(condition);
}

function readsNow(expression: Expression): boolean {
  if (expression.kind !== "call") return false;
  return isVolatile(expression.name) || expression.arguments.some(readsNow);
}

function valueAt(condition: Expression, columns: readonly ScopeColumn[], time: bigint): Value {
  const evaluation = newEvaluation(DEFAULT_LIMITS);
  const row = columns.map(({ eventTime }) => (eventTime === true ? time : null));
  const { compute } = bindExpression(condition, evaluation);
  evaluation.begin(time);
  return compute(row);
}
