import { AUDIT_LOG_COLUMNS } from "../event/audit-log-columns.ts";
import { columnOf, propertiesOf } from "../event/audit-log.ts";
import type { DiagnosticRecord } from "../event/event-body.ts";
import { bindExpression } from "../../kql/run/bind-expression.ts";
import { DEFAULT_LIMITS, EvaluationLimitError, newEvaluation } from "../../kql/run/evaluation.ts";
import type { Expression, Plan } from "../../kql/plan.ts";
import type { Value } from "../../kql/run/values.ts";

/** What neither fails, nor looks at the time, nor costs more than the row would. */
const SIMPLE = new Set(["and", "or", "==", "=~", "!=", "!~", "in", "in~", "!in", "!in~", "isempty", "isnotempty"]);

/**
 * Whether a record can give a row, by the plan's first conditions and the columns that they read: most records fail
 * there, and the whole row need not be made. Undefined where the plan does not begin with simple conditions.
 */
export function quickFilter({ steps }: Plan): ((record: DiagnosticRecord) => boolean) | undefined {
  const end = steps.findIndex((step) => step.step !== "where" || !isSimple(step.predicate));
  const predicates = steps
    .slice(0, end < 0 ? steps.length : end)
    .flatMap((step) => (step.step === "where" ? [step.predicate] : []));
  if (predicates.length === 0) return undefined;
  const evaluation = newEvaluation(DEFAULT_LIMITS);
  const tests = predicates.map((predicate) => bindExpression(predicate, evaluation).compute);
  const columns = [...new Set(predicates.flatMap(columnsOf))].map((index) => ({ index, valueOf: columnOf(index) }));
  const row: Value[] = AUDIT_LOG_COLUMNS.map(() => null);
  return (record) => {
    const properties = propertiesOf(record);
    for (const { index, valueOf } of columns) row[index] = valueOf(record, properties);
    evaluation.begin(null);
    try {
      return tests.every((test) => test(row) === true);
    } catch (error) {
      // the plan begins with the same conditions: it will reach the limit, too, and say so
      if (error instanceof EvaluationLimitError) return true;
      throw error;
    }
  };
}

function isSimple(expression: Expression): boolean {
  if (expression.kind !== "call") return expression.type === "string" || expression.kind === "literal";
  return SIMPLE.has(expression.name) && expression.arguments.every(isSimple);
}

function columnsOf(expression: Expression): readonly number[] {
  if (expression.kind === "column") return [expression.index];
  return expression.kind === "call" ? expression.arguments.flatMap(columnsOf) : [];
}
