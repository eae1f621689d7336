import { expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { compileWindowQuery } from "../../../src/kql/compile/compile-query.ts";
import { keptInWords } from "../../../src/kql/compile/window/kept-in-words.ts";

test.each([
  { query: "AuditLogs | summarize n = count() by Id", words: "every record" },
  {
    query: 'AuditLogs | where Category == "a" and (Id == "1" or Id == "2") | where TimeGenerated > ago(1h) | count',
    words: 'Category == "a" and (Id == "1" or Id == "2")',
  },
  {
    query: 'AuditLogs | where Category == "a" | join kind=inner (AuditLogs | where Id in ("1", "2")) on Id',
    words: 'Category == "a", or Id in ("1", "2")',
  },
  {
    query: 'AuditLogs | where Category == "a" | join kind=inner (AuditLogs | where Category == "a") on Id',
    words: 'Category == "a"',
  },
  {
    query: "AuditLogs | mv-expand t = TargetResources | where tostring(t.type) == 'User' | count",
    words: 'tostring(TargetResources[*].type) == "User"',
  },
  {
    query:
      "AuditLogs | where DurationMs between (1 .. 2) and Id in ('1', '2', '3', '4') and not(isempty(Identity)) | count",
    words: 'DurationMs between (1 .. 2) and Id in ("1", "2", "3", …) and not(isempty(Identity))',
  },
])("$query keeps $words", ({ query, words }) => {
  const { plan } = compileWindowQuery(query, AUDIT_LOGS);
  if (plan === undefined) throw new Error(query);
  expect(keptInWords(plan.kept, AUDIT_LOGS)).toBe(words);
});
