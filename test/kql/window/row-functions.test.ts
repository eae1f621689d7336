// Functions over neighbouring rows and sequences: what they are refused for, and the evidence of their rows.
import { expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { compileWindowQuery } from "../../../src/kql/compile/compile-query.ts";
import { auditLogRow, SAMPLE_TIME, windowResult } from "../query.ts";

const MINUTE = 600_000_000n;
const rowAt = (minute: number, Id: string, Category = "x") =>
  auditLogRow({ TimeGenerated: SAMPLE_TIME + BigInt(minute) * MINUTE, Id, Category });

const UNORDERED = "prev() depends on the order of the rows: put order by, or serialize, before it";

test.each([
  { query: "AuditLogs | extend p = prev(Id)", at: "prev", message: UNORDERED },
  ...[
    "mv-expand TargetResources",
    "join kind=inner (AuditLogs) on Id",
    "summarize by Id",
    "distinct Id",
    "union AuditLogs",
    "evaluate bag_unpack(InitiatedBy) : (*, user: dynamic)",
  ].map((operator) => ({
    query: `AuditLogs | sort by Id | ${operator} | extend p = prev(Id)`,
    at: "prev",
    message: UNORDERED,
  })),
  {
    query: "AuditLogs | sort by prev(Id)",
    at: "prev",
    message: "prev() can only be called in extend, project, where and serialize",
  },
  {
    query: "AuditLogs | sort by Id | where Id in ((AuditLogs | where prev(Id) == 'x' | project Id))",
    at: "prev",
    message: UNORDERED,
  },
  {
    query: "AuditLogs | sort by Id | extend p = prev(Id, DurationMs)",
    at: "extend",
    message: "prev: the offset must be a constant whole number",
  },
  {
    query: "AuditLogs | sort by Id | extend p = geo_info_from_ip_address(Id) | where isnotempty(prev(p))",
    at: "p))",
    message:
      "geo_info_from_ip_address is not supported: it needs maps or geographic data, which pimwatch does not have",
  },
  {
    query: "AuditLogs | evaluate sequence_detect(DurationMs, 1m, 1m, a = true, b = true, Id)",
    at: "DurationMs",
    message: "DurationMs is long, not a datetime",
  },
  {
    query: "AuditLogs | project Id | where ingestion_time() > ago(1d)",
    at: "ingestion_time",
    message: "ingestion_time() is the event's own time here: call it before that column is changed or left out",
  },
])("$query is refused", ({ query, at, message }) => {
  expect(compileWindowQuery(query, AUDIT_LOGS).problems).toMatchObject([{ offset: query.indexOf(at), message }]);
});

test.each(["where true", "extend a = 1", "project Id", "take 5", "as T", "project-away Category", "serialize"])(
  "the order stays certain after %s",
  (operator) => {
    const query = `AuditLogs | top 9 by Id | ${operator} | extend p = prev(Id)`;
    expect(compileWindowQuery(query, AUDIT_LOGS).problems).toEqual([]);
  },
);

test("the evidence of a row holds the neighbours that it was compared with", () => {
  const rows = [rowAt(0, "a"), rowAt(1, "b"), rowAt(2, "c")];
  const query = "AuditLogs | sort by TimeGenerated asc | where prev(Id) == 'a' or row_number() == 3 | project Id";
  const { results } = windowResult(query, rows);
  expect(results.map(({ row, evidence }) => [row, new Set(evidence)])).toEqual([
    [["b"], new Set([rows[1], rows[0]])],
    [["c"], new Set([rows[2], rows[1]])],
  ]);
});

test("the evidence of a sequence holds its steps, and all rows of their times", () => {
  const rows = [rowAt(0, "1", "a"), rowAt(0, "2", "a"), rowAt(1, "3", "b"), rowAt(2, "4", "other")];
  const query =
    "AuditLogs | evaluate sequence_detect(TimeGenerated, 5m, 5m, a = Category == 'a', b = Category == 'b', Identity)";
  const { results } = windowResult(query, rows);
  expect(results.map(({ evidence }) => new Set(evidence))).toEqual([new Set(rows.slice(0, 3))]);
});
