import { compileQuery } from "../../src/kql/compile/compile-query.ts";
import { toText } from "../../src/kql/run/conversion.ts";
import { wholeJson } from "../../src/kql/run/exact-json.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import type { Json, ScalarType, Value } from "../../src/kql/run/values.ts";
import { auditLogRow, windowResult } from "./query.ts";
import { AUDIT_LOGS } from "../../src/core/event/audit-log-columns.ts";

/** Cases of one origin: a page of Kusto's documentation prints them, or we derive them from its text. */
export interface CaseGroup {
  /** Below https://learn.microsoft.com/kusto/query/ */
  readonly page: string;
  readonly origin: "printed" | "derived";
  readonly cases: readonly Case[];
}

/** An expression and its value, or a query and its rows. */
export type Case =
  readonly [expression: string, value: Json] | { readonly query: string; readonly rows: readonly (readonly Json[])[] };

export function printed(page: string, ...cases: Case[]): CaseGroup {
  return { page, origin: "printed", cases };
}

export function derived(page: string, ...cases: Case[]): CaseGroup {
  return { page, origin: "derived", cases };
}

/** The rows of a query as Kusto shows them: longs as numbers with all digits, times as text. */
export function shownRows(query: string): Json[][] {
  const { plan } = compileQuery(query, AUDIT_LOGS, { mayBeConstant: true });
  const { columns, rows } = plan
    ? { columns: plan.columns, rows: prepare(plan)(auditLogRow()) }
    : windowResult(query, [auditLogRow()]);
  return rows.map((row) => row.map((value, index) => shown(value, columns[index]?.type ?? "dynamic")));
}

function shown(value: Value, type: ScalarType): Json {
  if (type === "dynamic") return value;
  if (typeof value === "bigint") return type === "long" ? wholeJson(value) : toText(value, type);
  return typeof value === "number" && !Number.isFinite(value) ? toText(value, type) : value;
}
