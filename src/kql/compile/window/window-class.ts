import type { Expression, SourceTable, WindowClass, WindowPlan } from "../../plan.ts";
import { withoutExcluded } from "./conditions.ts";
import { followedRows } from "./followed-rows.ts";
import { NO_ROWS, type ReadTable, type Tables } from "./rows.ts";

/** Most reasons that are named. */
const MOST_REASONS = 3;

/**
 * The class of a query. It is `scheduled` when in doubt, which is right for every query.
 *
 * @param exclusions conditions over the result's columns; a row that meets one is no finding
 */
export function windowClass(
  plan: WindowPlan,
  source: SourceTable,
  exclusions: readonly Expression[] = [],
): WindowClass {
  const shared: ReadTable[] = [];
  const tables: Tables = { source, shared };
  for (const { steps, as } of plan.shared) shared.push({ rows: followedRows(steps, NO_ROWS, tables), as });
  const rows = followedRows(plan.steps, NO_ROWS, tables);
  const found = exclusions.reduce((left, each) => withoutExcluded(left, each, tables), rows);
  if (found.reasons.length > 0)
    return { name: "scheduled", reason: [...new Set(found.reasons)].slice(0, MOST_REASONS).join("; ") };
  if (found.excuses.length > 0) return { name: "excused", reason: [...new Set(found.excuses)].join("; ") };
  return { name: "gains", reason: "more events only add findings" };
}
