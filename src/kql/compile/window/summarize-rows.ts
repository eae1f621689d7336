import type { Aggregate, StepOf } from "../../plan.ts";
import { staysTrue } from "./conditions.ts";
import { columnOf, unlessFixed, type Rows } from "./rows.ts";
import {
  emptyValue,
  FIXED,
  GROWING,
  LIST,
  SHRINKING,
  textIn,
  trendOf,
  type Column,
  type Scope,
  type Trend,
} from "./trend.ts";

/** One row for each group. */
export function summarizedRows({ by, aggregates }: StepOf<"summarize">, rows: Rows, scope: Scope): Rows {
  const grouped = unlessFixed(by, rows, scope, "summarize by");
  const values = aggregates.map((aggregate): Column => {
    const text = `${aggregate.name}(${aggregate.arguments.map((each) => textIn(each, scope)).join(", ")})`;
    return {
      text,
      trend: rows.isWithinOne ? withinOne(aggregate, text, scope) : trendOfAggregate(aggregate, text, scope),
    };
  });
  const columns = [...by.map((key) => columnOf(key, scope)), ...values];
  return { ...grouped, columns, times: [], held: [], isOne: by.length === 0 };
}

function withinOne({ arguments: values }: Aggregate, text: string, scope: Scope): Trend {
  const isFixed = values.every((each) => trendOf(each, scope).kind === "fixed");
  return isFixed ? FIXED : { kind: "anything", why: `a later event can change ${text}` };
}

const ORDERED = new Set(["int", "long", "real", "decimal", "datetime", "timespan"]);

function trendOfAggregate({ name, arguments: values }: Aggregate, text: string, scope: Scope): Trend {
  const [value] = values;
  const trends = values.map((each) => trendOf(each, scope));
  const [of = FIXED, second = FIXED] = trends;
  const isOrdered = value !== undefined && ORDERED.has(value.type);
  const anything: Trend = { kind: "anything", why: `a later event can change ${text}` };
  /** Whether a value is counted once it is there, and is not before. */
  const isLasting = of.kind === "fixed" || (of.kind === "optional" && emptyValue(of) === null);
  switch (name) {
    case "count":
      return GROWING;
    case "countif":
      return staysTrue(of) ? GROWING : anything;
    case "dcount":
    case "count_distinct":
      return isLasting ? GROWING : anything;
    case "dcountif":
    case "count_distinctif":
      return of.kind === "fixed" && staysTrue(second) ? GROWING : anything;
    case "max":
      return isOrdered && (isLasting || of.kind === "growing") ? GROWING : anything;
    case "min":
      return isOrdered && (isLasting || of.kind === "shrinking") ? SHRINKING : anything;
    case "sum":
      return value?.kind === "literal" && Number(value.value) >= 0 ? GROWING : anything;
    case "make_set":
    case "make_list":
      // With a limit, an earlier event that comes later can push a value out.
      return values.length === 1 && (isLasting || (name === "make_set" && of.kind === "list")) ? LIST : anything;
    default:
      return anything;
  }
}
