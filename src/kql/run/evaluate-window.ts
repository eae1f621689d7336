import { bindExpression } from "./bind-expression.ts";
import { toDynamic } from "./conversion.ts";
import { newEvaluation, WINDOW_LIMITS, type Limits } from "./evaluation.ts";
import type { Expression, SharedTable, WindowPlan } from "../plan.ts";
import { bindSteps } from "./step-table.ts";
import type { Json, Row, ScalarType, Value } from "./values.ts";

/** A row of the result, and the source rows that it is made of. */
interface WindowResult {
  readonly row: Row;
  /** In the order of the sources, at most a hundred of them. */
  readonly evidence: readonly Row[];
  /** Whether it is made of more source rows than `evidence` has. */
  readonly isCut: boolean;
}

/** Most source rows that are named as the evidence of one row. */
const MAX_EVIDENCE = 100;

/** Evaluates a plan at an instant over the rows of each table that lie in the window. @throws {EvaluationLimitError} */
export type EvaluateWindow = (now: bigint, rowsOf: (table: string) => readonly Row[]) => readonly WindowResult[];

/**
 * Turns a plan over a window into a closure. `now()` and `ago()` are relative to the instant.
 *
 * @param exclusions conditions over the result's columns; a row that meets one is not returned
 * @throws {CallProblem} if they name a function or a step that this version does not know
 */
export function prepareWindow(
  plan: WindowPlan,
  { limits = WINDOW_LIMITS, exclusions = [] }: { limits?: Limits; exclusions?: readonly Expression[] } = {},
): EvaluateWindow {
  let rowsOf: (table: string) => readonly Row[] = () => [];
  let values = new Map<number, Value>();
  let origins = evidenceOfRows();
  const shared = (index: number): Value => {
    const known = values.get(index);
    if (known !== undefined) return known;
    const value = tables[index]?.() ?? null;
    values.set(index, value);
    return value;
  };
  const evaluation = newEvaluation(limits, {
    rowsOf: (table) => rowsOf(table),
    shared,
    evidence: { note: (row, from) => origins.note(row, from) },
  });
  const tables = plan.shared.map(({ steps, type, as }) => {
    const run = bindSteps(steps, evaluation);
    return () => valueOf(run([]), type, as);
  });
  const run = bindSteps(plan.steps, evaluation);
  const tests = exclusions.map((condition) => bindExpression(condition, evaluation).compute);
  return (now, tableRows) => {
    rowsOf = tableRows;
    values = new Map();
    origins = evidenceOfRows();
    evaluation.begin(now);
    const rows = run([]);
    evaluation.chargeResults(rows.length);
    return rows.filter((row) => !tests.some((test) => test(row) === true)).map((row) => ({ row, ...origins.of(row) }));
  };
}

function valueOf(rows: readonly Row[], type: ScalarType, as: SharedTable["as"]): Value {
  const first = (row: Row | undefined): Value => row?.[0] ?? (type === "string" ? "" : null);
  if (as === "scalar") return rows.length === 0 ? null : first(rows[0]);
  const values = rows.map((row): Json => toDynamic(first(row), type));
  // A null equals nothing. In a dynamic column, `in` compares it as "".
  return type === "dynamic" ? values : values.filter((value) => value !== null);
}

/** The source rows of each row, as the steps note them. A row of which nothing is noted is a source row itself. */
function evidenceOfRows() {
  const noted = new WeakMap<Row, ReadonlySet<Row>>();
  const of = (row: Row): ReadonlySet<Row> => noted.get(row) ?? new Set([row]);
  return {
    note(row: Row, from: readonly Row[]): void {
      const sources = new Set<Row>();
      for (const each of from) {
        // One more than the limit shows that there are more.
        for (const source of of(each)) if (sources.size <= MAX_EVIDENCE) sources.add(source);
        if (sources.size > MAX_EVIDENCE) break;
      }
      noted.set(row, sources);
    },
    of(row: Row): Pick<WindowResult, "evidence" | "isCut"> {
      const sources = [...of(row)];
      return { evidence: sources.slice(0, MAX_EVIDENCE), isCut: sources.length > MAX_EVIDENCE };
    },
  };
}
