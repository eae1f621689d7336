import type { Expression, SourceTable, Step, StepOf } from "../../plan.ts";
import { conjuncts } from "../conjunction.ts";
import { withCondition } from "./conditions.ts";
import { apart, joinedRows } from "./join-rows.ts";
import {
  changesOf,
  columnOf,
  NO_ROWS,
  scopeOf,
  unionOf,
  unlessFixed,
  withReasons,
  type Rows,
  type Tables,
} from "./rows.ts";
import { summarizedRows } from "./summarize-rows.ts";
import { FIXED, type Column, type Scope, type Trend } from "./trend.ts";

/** The rows after some steps. */
export function followedRows(steps: readonly Step[], input: Rows, tables: Tables): Rows {
  return steps.reduce((rows, step) => after(step, rows, tables), input);
}

function after(step: Step, rows: Rows, tables: Tables): Rows {
  const scope = scopeOf(rows, tables);
  switch (step.step) {
    case "read":
      return rows.isWithinOne ? withReasons(rows, [WITHIN_ONE]) : rowsOfSource(tables.source);
    case "table":
      return constantRows(step);
    case "where":
      return conjuncts(step.predicate).reduce((left, each) => withCondition(left, each, tables), rows);
    case "project": {
      const times = step.values.flatMap((value, index) => (isTime(value, rows) ? [index] : []));
      return { ...rows, columns: step.values.map((value) => columnOf(value, scope)), times, held: [] };
    }
    case "mv-expand":
      return { ...expanded(step, rows, scope), isOne: false };
    case "mv-apply": {
      const elements = expanded(step, rows, scope);
      const applied = followedRows(step.steps, { ...elements, isWithinOne: true }, tables);
      return { ...rows, columns: [...rows.columns, ...applied.columns], isOne: false, reasons: applied.reasons };
    }
    case "parse": {
      const added = step.parts.filter(({ kind }) => kind === "column").length;
      const parsed = computedFrom(step.source, added, rows, scope);
      if (!step.mustMatch) return parsed;
      return { ...unlessFixed([step.source], parsed, scope, "parse-where"), isOne: false };
    }
    case "parse-kv":
      return computedFrom(step.source, step.keys.length, rows, scope);
    case "union":
      return unionOf(step.branches.map((branch) => followedRows(branch, rows, tables)));
    case "summarize":
      return summarizedRows(step, rows, scope);
    case "distinct": {
      const unfixed = rows.columns.filter(({ trend }) => trend.kind !== "fixed");
      return withReasons(
        rows,
        unfixed.map((column) => `distinct: ${changesOf(column)}`),
      );
    }
    case "join":
      return rows.isWithinOne ? withReasons(rows, [WITHIN_ONE]) : joined(step, rows, tables);
    case "sequence": {
      const times = ["first", ...step.predicates.slice(1), "duration"].map((_, index) => {
        const text = `step ${index + 1} of sequence_detect`;
        return { text, trend: { kind: "anything", why: `a later event can change ${text}` } } as const;
      });
      const columns = [...step.dimensions.map((each) => columnOf(each, scope)), ...times];
      return withReasons({ ...NO_ROWS, columns, reasons: rows.reasons }, [
        "sequence_detect: a later event can change a sequence",
      ]);
    }
    case "row-functions": {
      const values = step.calls.map(({ name }): Column => {
        const isFixed = rows.isWithinOne && rows.columns.every(({ trend }) => trend.kind === "fixed");
        return {
          text: `${name}()`,
          trend: isFixed ? FIXED : { kind: "anything", why: `a later event can change ${name}()` },
        };
      });
      return { ...rows, columns: [...rows.columns, ...values] };
    }
    case "take":
      return rows.isWithinOne
        ? rows
        : withReasons(rows, ["take and top keep some rows, and with a later event others"]);
    case "order":
    default:
      return rows;
  }
}

/** Which columns an operator adds does not matter then: the class is known. */
const WITHIN_ONE = "mv-apply reads a table";

function joined(step: StepOf<"join">, input: Rows, tables: Tables): Rows {
  const conditions = step.leftCondition ? conjuncts(step.leftCondition) : [];
  const left = conditions.reduce((rows, each) => withCondition(rows, each, tables), input);
  return joinedRows(step, { left, right: followedRows(step.right, NO_ROWS, tables) }, tables);
}

function rowsOfSource({ columns, timeColumn }: SourceTable): Rows {
  return {
    ...NO_ROWS,
    columns: columns.map(({ name }) => ({ text: name, trend: FIXED })),
    times: [columns.findIndex(({ name }) => name === timeColumn)],
  };
}

/** They are made of no record. */
function constantRows({ rows: [first = []] }: StepOf<"table">): Rows {
  return {
    ...NO_ROWS,
    ages: { oldest: 0, youngest: Infinity },
    columns: first.map(() => ({ text: "value", trend: FIXED })),
  };
}

function isTime(value: Expression, { times }: Rows): boolean {
  return value.kind === "column" && times.includes(value.index);
}

type Expanding = StepOf<"mv-expand"> | StepOf<"mv-apply">;

/** One row for each element. A list that gains elements may have none at first, which makes a row with an empty one. */
function expanded({ expansions, limit, withIndex }: Expanding, rows: Rows, scope: Scope): Rows {
  const values = expansions.map(({ value }) => columnOf(value, scope));
  const [first] = values;
  const isList = first?.trend.kind === "list" && values.length === 1 && limit === null && !withIndex;
  const trendsOf = (): Trend[] => {
    if (values.every(({ trend }) => trend.kind === "fixed")) return values.map(() => FIXED);
    const [{ type } = { type: "dynamic" as const }] = expansions;
    if (isList) return [{ kind: "optional", join: "elements", empty: { kind: "literal", type, value: null } }];
    return values.map((column) => ({ kind: "anything", why: changesOf(column) }));
  };
  const elements = trendsOf().map((trend, index) => ({ trend, text: `${values[index]?.text ?? ""}[*]` }));
  const isClear = elements.every(({ trend }) => trend.kind !== "anything");
  const added = [...elements, ...(withIndex ? [{ trend: FIXED, text: "the index" }] : [])];
  const all = { ...rows, columns: [...apart(rows.columns, "left"), ...added] };
  return isClear
    ? all
    : withReasons(
        all,
        values.map((column) => `mv-expand: ${changesOf(column)}`),
      );
}

// oxlint-disable-next-line max-params -- what a step computes, and in what
function computedFrom(source: Expression, count: number, rows: Rows, scope: Scope): Rows {
  const { trend, text } = columnOf(source, scope);
  const added: Column = {
    text: `part of ${text}`,
    trend: trend.kind === "fixed" ? FIXED : { kind: "anything", why: changesOf({ trend, text }) },
  };
  return { ...rows, columns: [...rows.columns, ...Array.from({ length: count }, () => added)] };
}
