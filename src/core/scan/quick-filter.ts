import { AUDIT_LOG_COLUMNS } from "../event/audit-log-columns.ts";
import { columnOf, propertiesOf } from "../event/audit-log.ts";
import type { DiagnosticRecord } from "../event/event-body.ts";
import { bindExpression } from "../../kql/run/bind-expression.ts";
import { DEFAULT_LIMITS, type Evaluation, EvaluationLimitError, newEvaluation } from "../../kql/run/evaluation.ts";
import type { Expression, Plan, Step } from "../../kql/plan.ts";
import type { Row, Value } from "../../kql/run/values.ts";

/** What neither fails, nor looks at the time, nor costs more than the row would. */
const SIMPLE = new Set(
  "and or == =~ != !~ in in~ !in !in~ isempty isnotempty has has_any has_all contains startswith endswith".split(" "),
);

/** What all rows of a plan need: each of the conditions, and the filter of one of the branches, if there are any. */
interface Filter {
  readonly conditions: readonly Expression[];
  readonly branches: readonly Filter[];
}

/**
 * Whether a record can give a row, by the plan's first conditions, or those of the branches of its union, and the columns
 * that they read: most records fail there, and the whole row need not be made. Undefined where the plan does not begin
 * with simple conditions.
 */
export function quickFilter({ steps }: Plan): ((record: DiagnosticRecord) => boolean) | undefined {
  const filter = filterOf(steps);
  if (filter === undefined) return undefined;
  const evaluation = newEvaluation(DEFAULT_LIMITS);
  const columns = [...new Set(columnsOf(filter))].map((index) => ({ index, valueOf: columnOf(index) }));
  const row: Value[] = AUDIT_LOG_COLUMNS.map(() => null);
  const holds = bound(filter, evaluation, row);
  return (record) => {
    const properties = propertiesOf(record);
    for (const { index, valueOf } of columns) row[index] = valueOf(record, properties);
    evaluation.begin(null);
    try {
      return holds();
    } catch (error) {
      // the plan begins with the same conditions: it will reach the limit, too, and say so
      if (error instanceof EvaluationLimitError) return true;
      throw error;
    }
  };
}

function filterOf(steps: readonly Step[]): Filter | undefined {
  const end = steps.findIndex((step) => step.step !== "where" || !isSimple(step.predicate));
  const conditions = steps
    .slice(0, end < 0 ? steps.length : end)
    .flatMap((step) => (step.step === "where" ? [step.predicate] : []));
  const next = end < 0 ? undefined : steps[end];
  const all = next?.step === "union" ? next.branches.map(filterOf) : [];
  const branches = all.filter((branch) => branch !== undefined);
  if (branches.length > 0 && branches.length === all.length) return { conditions, branches };
  return conditions.length === 0 ? undefined : { conditions, branches: [] };
}

/** Whether the filter holds for what the row is when this is called. */
function bound({ conditions, branches }: Filter, evaluation: Evaluation, row: Row): () => boolean {
  const tests = conditions.map((condition) => bindExpression(condition, evaluation).compute);
  const ways = branches.map((branch) => bound(branch, evaluation, row));
  return () => tests.every((test) => test(row) === true) && (ways.length === 0 || ways.some((holds) => holds()));
}

function isSimple(expression: Expression): boolean {
  if (expression.kind !== "call") return expression.type === "string" || expression.kind === "literal";
  return SIMPLE.has(expression.name) && expression.arguments.every(isSimple);
}

function columnsOf({ conditions, branches }: Filter): readonly number[] {
  return [...conditions.flatMap(columnsIn), ...branches.flatMap(columnsOf)];
}

function columnsIn(expression: Expression): readonly number[] {
  if (expression.kind === "column") return [expression.index];
  return expression.kind === "call" ? expression.arguments.flatMap(columnsIn) : [];
}
