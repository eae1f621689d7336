import { AUDIT_LOGS, AUDIT_LOG_COLUMNS } from "../../src/core/event/audit-log-columns.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { prepareWindow } from "../../src/kql/run/evaluate-window.ts";
import type { Plan, WindowPlan } from "../../src/kql/plan.ts";
import type { Row, Value } from "../../src/kql/run/values.ts";
import { compileQuery, compileWindowQuery } from "../../src/kql/compile/compile-query.ts";

/** 2026-01-02T03:04:05Z */
export const SAMPLE_TIME = 639_029_198_450_000_000n;

type ColumnName = (typeof AUDIT_LOG_COLUMNS)[number]["name"];

/** An AuditLogs row of a PIM settings change, unless overridden. */
export function auditLogRow(overrides: Partial<Record<ColumnName, Value>> = {}): Row {
  const values: Partial<Record<ColumnName, Value>> = {
    TimeGenerated: SAMPLE_TIME,
    Category: "RoleManagement",
    OperationName: "Update role setting in PIM",
    InitiatedBy: { user: { id: "u-1", userPrincipalName: "alex@contoso.example", ipAddress: "192.0.2.7" } },
    AdditionalDetails: [{ key: "User-Agent", value: "browser" }],
    TargetResources: [{ type: "Role", displayName: "Global Administrator", modifiedProperties: [] }],
    DurationMs: 0n,
    ...overrides,
  };
  return AUDIT_LOG_COLUMNS.map(({ name, type }) => values[name] ?? (type === "string" ? "" : null));
}

/** The plan of a query that must compile. */
export function planOf(query: string): Plan {
  const { plan, problems } = compileQuery(query, AUDIT_LOGS);
  if (plan === undefined) throw new Error(`${query}\n${problems.map(({ message }) => message).join("\n")}`);
  return plan;
}

/** The result of a query on one row, as objects. */
export function resultOf(query: string, row: Row = auditLogRow()): Record<string, Value>[] {
  const plan = planOf(query);
  return prepare(plan)(row).map((result) => objectOf(plan, result));
}

export function objectOf({ columns }: Plan, result: Row): Record<string, Value> {
  return Object.fromEntries(columns.map(({ name }, index) => [name, result[index] ?? null]));
}

/** The result of a query over a window of rows, one day after the sample row's time unless told otherwise. */
export function windowResult(query: string, rows: readonly Row[], now = SAMPLE_TIME + 864_000_000_000n) {
  const { plan, evaluate } = windowQuery(query);
  const results = evaluate(now, () => rows);
  return { plan, columns: plan.columns, rows: results.map(({ row }) => row), results };
}

/** Compiles a query once, however often a property runs it. */
const windowQuery = oncePerText((query) => {
  const { plan, problems } = compileWindowQuery(query, AUDIT_LOGS, { mayBeConstant: true });
  if (plan === undefined) throw new Error(`${query}\n${problems.map(({ message }) => message).join("\n")}`);
  // The plan must survive being written as JSON.
  const written = JSON.parse(JSON.stringify(plan)) as WindowPlan;
  return { plan, evaluate: prepareWindow(written) };
});

function oncePerText<Result>(compute: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const result = known.get(text) ?? compute(text);
    known.set(text, result);
    return result;
  };
}

/** The value of a scalar expression; `v` is a dynamic value that is unknown at build time. */
export function valueOf(expression: string, v: Value = null): Value {
  const row = auditLogRow({ AdditionalDetails: v });
  return (
    resultOf(`AuditLogs | extend v = AdditionalDetails | project result = ${expression}`, row)[0]?.["result"] ?? null
  );
}
