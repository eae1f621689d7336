import { isVolatile } from "../../run/function-table.ts";
import type { Expression, Plan, SourceTable, Step } from "../../plan.ts";
import { conjunction, conjuncts } from "../conjunction.ts";

/**
 * A plan over one row that yields a row if the query over a window can depend on it; any other row need not be kept. Each
 * read of the source table has a prefix of steps that work on each row by itself. The prefix is cut where a step needs other
 * rows, and a condition that depends on the current time or on other rows is left out. So the plan keeps too many rows, never
 * too few.
 */
export function keptRows(lists: readonly (readonly Step[])[], source: SourceTable): Plan {
  const branches = lists.flatMap((steps) => prefixes(steps, source.name));
  const [first = [], ...others] = branches;
  return {
    version: 1,
    timeColumn: source.columns.findIndex(({ name }) => name === source.timeColumn),
    columns: [],
    steps: others.length === 0 ? first : [{ step: "union", branches }],
  };
}

/** The prefix of each read of the table in a list of steps and all lists within it. */
function prefixes(steps: readonly Step[], table: string): Step[][] {
  return steps.flatMap((step, index): Step[][] => {
    switch (step.step) {
      case "read":
        return step.table === table
          ? [[...ownConditions(steps.slice(index + 1)), { step: "project", values: [] }]]
          : [];
      case "join":
        return prefixes(step.right, table);
      case "union":
        return step.branches.flatMap((branch) => prefixes(branch, table));
      case "mv-apply":
        return prefixes(step.steps, table);
      default:
        return [];
    }
  });
}

function ownConditions(steps: readonly Step[]): Step[] {
  const own: Step[] = [];
  /** Columns whose values depend on the current time or on other rows. */
  let foreign = new Set<number>();
  for (const step of steps) {
    switch (step.step) {
      case "where": {
        const predicate = conjunction(conjuncts(step.predicate).filter((each) => isOwn(each, foreign)));
        if (predicate) own.push({ step: "where", predicate });
        break;
      }
      case "project": {
        const before = foreign;
        const values = step.values.map((value) => (isOwn(value, before) ? value : nothing(value)));
        foreign = new Set(values.flatMap((value, index) => (value === step.values[index] ? [] : [index])));
        own.push({ step: "project", values });
        break;
      }
      case "mv-expand":
      case "mv-apply":
      case "parse":
      case "parse-kv":
        // They append columns, so the others keep their places.
        if (foreign.size > 0 || !isOwnStep(step)) return own;
        own.push(step);
        break;
      // Neither adds nor removes the last of equal rows.
      case "order":
      case "distinct":
        break;
      default:
        return own;
    }
  }
  return own;
}

/** Stands for a value that no condition reads. */
function nothing({ type }: Expression): Expression {
  return { kind: "literal", type, value: null };
}

/** Whether the row alone decides the value. */
function isOwn(expression: Expression, foreign: ReadonlySet<number>): boolean {
  switch (expression.kind) {
    case "column":
      return !foreign.has(expression.index);
    case "call":
      return !isVolatile(expression.name) && expression.arguments.every((each) => isOwn(each, foreign));
    case "shared":
      return false;
    case "literal":
    default:
      return true;
  }
}

/** Whether nothing within a step depends on the current time or on other rows. A plan is plain JSON, so its text tells. */
export function isOwnStep(step: Step): boolean {
  let isOwnSoFar = true;
  JSON.stringify(step, (_key, value: unknown) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      if ("step" in value && (value.step === "read" || value.step === "join")) isOwnSoFar = false;
      if ("kind" in value && value.kind === "shared") isOwnSoFar = false;
      if ("kind" in value && value.kind === "call" && "name" in value && isVolatile(String(value.name)))
        isOwnSoFar = false;
    }
    return value;
  });
  return isOwnSoFar;
}
