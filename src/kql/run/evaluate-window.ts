import { bindExpression } from "./bind-expression.ts";
import { toDynamic } from "./conversion.ts";
import { type Evidence, newEvaluation, WINDOW_LIMITS, type Limits } from "./evaluation.ts";
import type { Expression, SharedTable, WindowPlan } from "../plan.ts";
import { bindSteps } from "./step-table.ts";
import type { Json, Row, ScalarType, Value } from "./values.ts";

/** A row of the result, and the source rows that it is made of. */
export interface WindowResult {
  readonly row: Row;
  /** In the order of the sources, at most a hundred of them. */
  readonly evidence: readonly Row[];
  /** Whether it is made of more source rows than `evidence` has. */
  readonly isCut: boolean;
  /** The latest of all source rows that it is made of; undefined if it is made of none. */
  readonly latest: Row | undefined;
  /** What tells it apart from other findings, at this instant and at others. */
  readonly identity: WindowIdentity;
}

/**
 * The identity of a result row: the source rows that it cannot be without, and the keys of the groups and joins that made
 * it of others. Rows that come of the same are one finding.
 */
interface WindowIdentity {
  readonly rows: readonly Row[];
  /** Equal texts for equal keys. Empty if each row of the result has its own source rows. */
  readonly keys: readonly string[];
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
  let origins = originsOfRows(plan.timeColumn);
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
    evidence: { note: (row, from, identity) => origins.note(row, from, identity) },
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
    origins = originsOfRows(plan.timeColumn);
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

/** What a row is made of. */
interface Origin {
  readonly sources: ReadonlySet<Row>;
  readonly latest: Row | undefined;
  readonly identity: { readonly rows: ReadonlySet<Row>; readonly keys: ReadonlySet<string> };
}

/** The source rows of each row, as the steps note them. A row of which nothing is noted is a source row itself. */
function originsOfRows(timeColumn: number) {
  const noted = new WeakMap<Row, Origin>();
  const timeOf = (row: Row | undefined): bigint => {
    const time = row?.[timeColumn];
    return typeof time === "bigint" ? time : -1n;
  };
  const laterOf = (one: Row | undefined, other: Row | undefined) => (timeOf(one) >= timeOf(other) ? one : other);
  const of = (row: Row): Origin =>
    noted.get(row) ?? {
      sources: new Set([row]),
      latest: row,
      identity: { rows: new Set([row]), keys: new Set() },
    };

  function note(row: Row, from: readonly Row[], identity: Parameters<Evidence["note"]>[2] = { rows: from }): void {
    const sources = new Set<Row>();
    let latest: Row | undefined;
    for (const origin of from.map(of)) {
      latest = laterOf(origin.latest, latest);
      // One more than the limit shows that there are more.
      for (const source of origin.sources) if (sources.size <= MAX_EVIDENCE) sources.add(source);
    }
    const identities = (identity.rows ?? []).map((each) => of(each).identity);
    const rows = new Set(identities.flatMap((each) => [...each.rows]));
    const keys = new Set(identities.flatMap((each) => [...each.keys]));
    if (identity.key !== undefined) keys.add(identity.key);
    noted.set(row, { sources, latest, identity: { rows, keys } });
  }

  return {
    note,
    of(row: Row): Omit<WindowResult, "row"> {
      const { sources, latest, identity } = of(row);
      return {
        evidence: [...sources].slice(0, MAX_EVIDENCE),
        isCut: sources.size > MAX_EVIDENCE,
        latest,
        identity: { rows: [...identity.rows], keys: [...identity.keys].toSorted() },
      };
    },
  };
}
