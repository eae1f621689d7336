import type { Expression, SharedTable, SourceTable } from "../../plan.ts";
import { shortened } from "./expression-text.ts";
import { ANY_AGE, withinBoth, type AgeBounds } from "./age-bounds.ts";
import { FIXED, LIST, textIn, trendOf, type Column, type Scope, type Trend } from "./trend.ts";

/** What is known of the rows at a place in a plan. */
export interface Rows {
  readonly columns: readonly Column[];
  /** Of all records that a row is made of. */
  readonly ages: AgeBounds;
  /** Columns that hold the time of the only record of a row. */
  readonly times: readonly number[];
  /** Conditions that are known to hold for each row, as JSON. */
  readonly held: readonly string[];
  /** Whether there is always exactly one row. */
  readonly isOne: boolean;
  /** Whether all rows come of one row, in `mv-apply`. */
  readonly isWithinOne: boolean;
  /** Why a later event can take rows away. */
  readonly reasons: readonly string[];
  /** Negations that only events of the past can make false. */
  readonly excuses: readonly string[];
}

export interface Tables {
  readonly source: SourceTable;
  /** Those of the plan so far. */
  readonly shared: readonly ReadTable[];
}

/** A table that expressions read as a value. */
export interface ReadTable {
  readonly rows: Rows;
  readonly as: SharedTable["as"];
}

export const NO_ROWS: Rows = {
  columns: [],
  ages: ANY_AGE,
  times: [],
  held: [],
  isOne: false,
  isWithinOne: false,
  reasons: [],
  excuses: [],
};

export function scopeOf({ columns }: Rows, { shared }: Tables): Scope {
  return {
    columns,
    shared: (index) => {
      const table = shared[index];
      return table === undefined ? FIXED : valueOf(table);
    },
  };
}

function valueOf({ rows: { columns, reasons, ages, isOne }, as }: ReadTable): Trend {
  const [{ trend, text } = { trend: FIXED, text: "" }] = columns;
  const [why] = reasons;
  if (ages.youngest === Infinity) return FIXED;
  if (why !== undefined) return { kind: "anything", why };
  // The items of an array in a list count as its own.
  if (as === "list" && (trend.kind === "fixed" || trend.kind === "list")) return LIST;
  return as === "scalar" && isOne ? trend : { kind: "anything", why: `a later event can change ${text}` };
}

const MOST_OF_A_COLUMN = 30;

export function columnOf(value: Expression, scope: Scope): Column {
  return { text: shortened(textIn(value, scope), MOST_OF_A_COLUMN), trend: trendOf(value, scope) };
}

export function withReasons(rows: Rows, reasons: readonly string[]): Rows {
  return { ...rows, reasons: [...rows.reasons, ...reasons] };
}

export function changesOf({ trend, text }: Column): string {
  if (trend.kind === "anything") return trend.why;
  return trend.kind === "instant" ? `${text} changes with time` : `a later event can change ${text}`;
}

// oxlint-disable-next-line max-params -- expressions, where they stand, and in what
export function unlessFixed(values: readonly Expression[], rows: Rows, scope: Scope, what: string): Rows {
  const unfixed = values.map((value) => columnOf(value, scope)).filter(({ trend }) => trend.kind !== "fixed");
  return withReasons(
    rows,
    unfixed.map((column) => `${what}: ${changesOf(column)}`),
  );
}

export function isBefore({ ages: past }: Rows, { ages: recent }: Rows): boolean {
  return past.youngest > 0 && past.youngest >= recent.oldest;
}

export function unionOf([first = NO_ROWS, ...others]: readonly Rows[]): Rows {
  return others.reduce<Rows>(
    (left, right) => ({
      ...left,
      columns: left.columns.map((column, index) => eitherOf(column, right.columns[index] ?? column)),
      ages: withinBoth(left.ages, right.ages),
      times: left.times.filter((index) => right.times.includes(index)),
      held: left.held.filter((each) => right.held.includes(each)),
      isOne: false,
      reasons: [...left.reasons, ...right.reasons],
      excuses: [...left.excuses, ...right.excuses],
    }),
    first,
  );
}

function eitherOf(one: Column, other: Column): Column {
  if (one.trend.kind === "fixed") return other;
  if (other.trend.kind === "fixed" || JSON.stringify(one.trend) === JSON.stringify(other.trend)) return one;
  return { text: one.text, trend: { kind: "anything", why: `a later event can change ${one.text} or ${other.text}` } };
}
