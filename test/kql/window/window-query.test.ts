// Queries over the rows of a window: what is kept for them, what they compute, and what is still refused.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { compileQuery, compileWindowQuery } from "../../../src/kql/compile/compile-query.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import { auditLogRow, windowResult } from "../query.ts";
import { anyWindowRow, NOW } from "./window-rows.ts";

const HOUR = 36_000_000_000n;

/** Queries of every form that official rules have. */
const QUERIES = {
  "a list of those seen before": `let known = (AuditLogs | where TimeGenerated between (ago(2d) .. ago(1d)) | where Category == "left" | summarize by OperationName);
    AuditLogs | where TimeGenerated > ago(1d) | where Category == "left" | where OperationName !in (known) | project Id`,
  "a join of two kinds of event": `AuditLogs | where Category == "left" | extend Age = now() - TimeGenerated | where Age < 1d
    | join kind=inner (AuditLogs | where Category == "right" | project-rename Later = TimeGenerated) on OperationName
    | where TimeGenerated < Later | project Id, Id1`,
  "an outer join": `AuditLogs | where Category == "left" and (Id == "1" or TimeGenerated > ago(1h)) | join kind=leftouter (AuditLogs | where Category == "right") on Id | project Id, Category1`,
  "a threshold": `AuditLogs | where Category == "left" | summarize n = count(), ids = make_set(Id) by OperationName | where n > 1 | project OperationName, n`,
  "the latest row": `AuditLogs | where Category != "other" | summarize arg_max(TimeGenerated, Id) by Category | where Id != "1"`,
  "a scalar": `let n = toscalar(AuditLogs | where Category == "right" | count); AuditLogs | where Category == "left" and DurationMs < n | project Id`,
  "a scalar in a column": `AuditLogs | extend n = toscalar(AuditLogs | where Category == "right" | count), late = TimeGenerated > ago(1d) | where Category == "left" | where n > 1 and late | project Id, n`,
  "a list of words": `let words = AuditLogs | where Category == "right" | distinct OperationName; AuditLogs | where Category == "left" | where OperationName has_any (words) | project Id`,
  "a view that is read twice": `let all = materialize(AuditLogs | where Category in ("left", "right")); all | where Category == "left"
    | join kind=leftanti (all | where Category == "right" | distinct Identity) on Identity | project Id`,
  "a union": `union withsource=T (AuditLogs | where Category == "left" | project Id), (AuditLogs | where Category == "right" | summarize n = count() by Id) | where isnull(n) or n > 1`,
  "a function of a table's name": `let f = (tableName: string, category: string) { table(tableName) | where Category == category | top 3 by TimeGenerated | project Id };
    union f("AuditLogs", "left"), f("AuditLogs", "right")`,
  "a subquery": `let known = AuditLogs | where Category == "right" | distinct Identity; AuditLogs | where Category == "left"
    | mv-apply Target = TargetResources on (where tostring(Target.type) == "Role" | where Identity in (known)) | project Id`,
  "the day before": `AuditLogs | where TimeGenerated < ago(1d) | where Category == "left" | project Id`,
  "an age": `AuditLogs | extend Age = now() - TimeGenerated | where Age > 1d | where Category == "left" | project Id`,
  "a computed bound": `let start = ago(1d); AuditLogs | where TimeGenerated < start and Category == "left" | project Id`,
  "a sequence": `AuditLogs | where Category in ("left", "right") and TimeGenerated > ago(2d)
    | evaluate sequence_detect(TimeGenerated, 1d, 1d, a = (Category == "left"), b = (Category == "right"), OperationName)`,
  "numbered rows": `AuditLogs | where Category == "left" | sort by TimeGenerated asc, Id asc, OperationName asc, Identity asc
    | extend n = row_number(1, Id != prev(Id)), later = next(Id) | where n > 1 or later == "1" | project Id, n, later`,
  "no row": `AuditLogs | where Category == "none" | count`,
};

test.each(Object.entries(QUERIES))("%s: the rows that are not kept change nothing", (_, query) => {
  const kept = prepare(windowResult(query, []).plan.kept);
  let dropped = 0;
  fc.assert(
    fc.property(fc.array(anyWindowRow, { maxLength: 20 }), (rows) => {
      const keptRows = rows.filter((row) => kept(row).length > 0);
      dropped += rows.length - keptRows.length;
      expect(windowResult(query, keptRows, NOW).rows).toEqual(windowResult(query, rows, NOW).rows);
    }),
    { numRuns: 40 },
  );
  expect(dropped).toBeGreaterThan(0);
});

describe("what is kept", () => {
  const isKept = (query: string, columns: Parameters<typeof auditLogRow>[0]) =>
    prepare(windowResult(query, []).plan.kept)(auditLogRow(columns)).length > 0;

  test.each([
    { query: "AuditLogs | where TimeGenerated > ago(1h) | count", other: true },
    { query: 'AuditLogs | where Category == "left" and TimeGenerated > ago(1h) | count', other: false },
    { query: 'AuditLogs | where Category == "left" or TimeGenerated > ago(1h) | count', other: true },
    { query: 'AuditLogs | extend c = Category | where c == "left" | count', other: false },
    { query: 'AuditLogs | summarize n = count() by Category | where Category == "left"', other: true },
    { query: 'AuditLogs | where Id in ((AuditLogs | where Category == "left" | project Id)) | count', other: true },
    {
      query: 'AuditLogs | where Category == "left" | join (AuditLogs | where Category == "right") on Id',
      other: false,
    },
  ])("$query", ({ query, other }) => {
    expect(isKept(query, { Category: "left" })).toBe(true);
    expect(isKept(query, { Category: "other" })).toBe(other);
  });
});

test("now() and ago() are relative to the instant", () => {
  const rows = [30n, 1n].map((hours) => auditLogRow({ Id: `${hours} h`, TimeGenerated: NOW - hours * HOUR }));
  const query = "AuditLogs | where TimeGenerated > ago(1d) | project Id, now() == datetime(2026-01-02T03:04:05Z)";
  expect(windowResult(query, rows, NOW).rows).toEqual([["1 h", true]]);
});

test("the values of an evaluation are not those of the one before", () => {
  const query =
    "let ids = AuditLogs | where Category == 'left' | project Id; AuditLogs | where Id !in (ids) | project Id";
  const [left, other] = [auditLogRow({ Category: "left", Id: "1" }), auditLogRow({ Category: "other", Id: "1" })];
  expect(windowResult(query, [left, other]).rows).toEqual([]);
  expect(windowResult(query, [other]).rows).toEqual([["1"]]);
});

describe("refused", () => {
  test.each([
    {
      query: "AuditLogs | lookup AuditLogs on Id",
      at: "lookup",
      message: /lookup is not supported: it compares events/,
    },
    {
      query: "let f = (t: string) { table(t) | count }; f('SigninLogs')",
      at: "table(t)",
      message: /no table "SigninLogs"/,
    },
    { query: "print 1", at: "print", message: /rows of its own .* found again at every instant/ },
  ])("$query", ({ query, at, message }) => {
    const { plan, problems } = compileWindowQuery(query, AUDIT_LOGS);
    expect(plan).toBeUndefined();
    expect(problems).toEqual([expect.objectContaining({ message: expect.stringMatching(message) as string })]);
    expect(query.slice(problems[0]?.offset).startsWith(at)).toBe(true);
  });
});

test("a query that one event decides has no read: its plan stays as it was", () => {
  const { plan } = compileQuery('AuditLogs | where Category == "left" | project Id', AUDIT_LOGS);
  expect(plan?.steps.map(({ step }) => step)).toEqual(["where", "project"]);
});
