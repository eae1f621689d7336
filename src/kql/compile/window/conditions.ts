import type { Expression } from "../../plan.ts";
import { ageBounds, within } from "./age-bounds.ts";
import { changesOf, columnOf, isBefore, scopeOf, withReasons, type Rows, type Tables } from "./rows.ts";
import { emptyValue, FIXED, textIn, trendOf, type Trend } from "./trend.ts";

/** With a condition: each row that meets it must go on to meet it. */
export function withCondition(rows: Rows, condition: Expression, tables: Tables): Rows {
  const scope = scopeOf(rows, tables);
  const text = textIn(condition, scope);
  const kept: Rows = { ...rows, isOne: false, ages: within(rows.ages, ageBounds(condition, rows.times)) };
  if (rows.held.includes(JSON.stringify(condition))) return kept;
  const trend = trendOf(condition, scope);
  if (rows.isWithinOne) return trend.kind === "fixed" ? kept : withReasons(kept, [changesOf({ trend, text })]);
  if (staysTrue(trend)) return kept;
  const excused = trendOf(condition, {
    ...scope,
    shared: (index) => pastOf(tables.shared[index]?.rows, rows, scope.shared(index)),
  });
  if (staysTrue(excused)) return { ...kept, excuses: [...kept.excuses, `${text} asks only for what was before`] };
  return withReasons(kept, [trend.kind === "anything" ? trend.why : `a later event can make ${text} false`]);
}

export function staysTrue(trend: Trend): boolean {
  if (trend.kind === "optional") return emptyValue(trend) !== true;
  return trend.kind === "fixed" || trend.kind === "instant" || trend.kind === "staysTrue";
}

/** A table whose window ends where that of the rows begins does not change with an event that rows are made of. */
function pastOf(table: Rows | undefined, rows: Rows, trend: Trend): Trend {
  return table !== undefined && isBefore(table, rows) ? FIXED : trend;
}

/** A row that meets an exclusion goes. So one that does not meet it must never meet it. */
export function withoutExcluded(rows: Rows, exclusion: Expression, tables: Tables): Rows {
  const scope = scopeOf(rows, tables);
  const { trend, text } = columnOf(exclusion, scope);
  if (trend.kind === "fixed" || trend.kind === "instant") return rows;
  if (trend.kind === "optional" && emptyValue(trend) === true) return rows;
  return withReasons(rows, [`a later event can make the exclusion ${text} true`]);
}
