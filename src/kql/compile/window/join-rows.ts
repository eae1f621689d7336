import type { Expression, StepOf } from "../../plan.ts";
import { conjuncts } from "../conjunction.ts";
import { isBefore, scopeOf, unionOf, unlessFixed, withReasons, type Rows, type Tables } from "./rows.ts";
import type { Column } from "./trend.ts";

interface Sides {
  readonly left: Rows;
  readonly right: Rows;
}

/**
 * The rows of a join.
 *
 * @param sides their rows, the left ones after the step's `leftCondition`
 */
export function joinedRows(step: StepOf<"join">, { left, right }: Sides, tables: Tables): Rows {
  const keysOfLeft = unlessFixed(step.leftKeys, left, scopeOf(left, tables), "join on");
  const keysOfRight = unlessFixed(step.rightKeys, right, scopeOf(right, tables), "join on");
  const ofLeft = apart(left.columns, "left");
  const ofRight = apart(right.columns, "right");
  const both = (columns: readonly Column[]): Rows => ({
    ...unionOf([keysOfLeft, keysOfRight]),
    columns,
    times: [],
    held: [],
  });
  switch (step.kind) {
    case "inner":
      return both([...ofLeft, ...ofRight]);
    case "innerunique": {
      const held = step.leftCondition ? conjuncts(step.leftCondition).map((each) => JSON.stringify(each)) : [];
      return { ...both([...oneOfEach(ofLeft, step.leftKeys), ...ofRight]), held };
    }
    case "leftouter":
      return both([...ofLeft, ...optionalColumns(right, step.rightTypes)]);
    case "rightouter":
      return both([...optionalColumns(left, step.leftTypes), ...ofRight]);
    case "fullouter":
      return withReasons(both([...ofLeft, ...ofRight]), [
        "join kind=fullouter: a later event can be the partner of a row of the right side, which then is no row of its own",
      ]);
    case "leftsemi":
      return { ...both(left.columns), ages: left.ages, times: left.times };
    case "rightsemi":
      return { ...both(right.columns), ages: right.ages, times: right.times };
    case "leftanti":
      return without(keysOfLeft, right, step.kind);
    case "rightanti":
    default:
      return without(keysOfRight, keysOfLeft, step.kind);
  }
}

/** Which left row of a key is left can change with each event, and its columns except the key with it. */
function oneOfEach(columns: readonly Column[], keys: readonly Expression[]): Column[] {
  const isKey = (index: number) => keys.some((key) => key.kind === "column" && key.index === index);
  return columns.map((column, index) =>
    isKey(index)
      ? column
      : {
          ...column,
          trend: { kind: "anything", why: `innerunique takes any row of a key, and with it any ${column.text}` },
        },
  );
}

/** The values that wait for a partner on one side wait for another one than those of the other side. */
export function apart(columns: readonly Column[], side: "left" | "right"): Column[] {
  return columns.map((column) =>
    column.trend.kind === "optional"
      ? { ...column, trend: { ...column.trend, join: `${side} ${column.trend.join}` } }
      : column,
  );
}

function optionalColumns({ columns }: Rows, types: readonly Expression["type"][]): Column[] {
  return columns.map(({ text, trend }, index): Column => {
    const empty = { kind: "literal", type: types[index] ?? "dynamic", value: null } as const;
    if (trend.kind === "fixed") return { text, trend: { kind: "optional", join: "partner", empty } };
    if (trend.kind === "growing" || trend.kind === "shrinking" || trend.kind === "anything") return { text, trend };
    return { text, trend: { kind: "anything", why: `a later event can change ${text}` } };
  });
}

/** The rows of one side that have no partner in the other. */
function without(rows: Rows, others: Rows, kind: "leftanti" | "rightanti"): Rows {
  if (others.ages.youngest === Infinity) return rows;
  const what = `join kind=${kind}`;
  if (isBefore(others, rows)) return { ...rows, excuses: [...rows.excuses, `${what} asks only for what was before`] };
  return withReasons(rows, [`${what}: a later event can be the partner of a row that has none`]);
}
