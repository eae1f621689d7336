import { describe, expect, test } from "vitest";
import { compileQuery, compileWindowQuery } from "../../src/kql/compile/compile-query.ts";
import { supportTable } from "../../src/kql/compile/kql-support.ts";
import { AUDIT_LOGS } from "../../src/core/event/audit-log-columns.ts";

const OPERATOR_SAMPLES: Readonly<Record<string, string>> = {
  where: "AuditLogs | where true",
  extend: "AuditLogs | extend a = 1",
  project: "AuditLogs | project Category",
  "project-away": "AuditLogs | project-away Category",
  "project-keep": "AuditLogs | project-keep Category",
  "project-rename": "AuditLogs | project-rename C = Category",
  "project-reorder": "AuditLogs | project-reorder Category",
  "mv-expand": "AuditLogs | mv-expand TargetResources",
  "mv-apply": "AuditLogs | mv-apply T = TargetResources on (where true)",
  parse: 'AuditLogs | parse Category with a "x" b',
  "parse-where": 'AuditLogs | parse-where Category with a "x" b',
  "parse-kv": "AuditLogs | parse-kv Category as (a: string)",
  union: "union AuditLogs, AuditLogs",
  summarize: "AuditLogs | summarize count() by Category",
  distinct: "AuditLogs | distinct Category",
  "order by": "AuditLogs | order by Category",
  "sort by": "AuditLogs | sort by Category",
  top: "AuditLogs | mv-apply T = TargetResources on (top 1 by tostring(T))",
  take: "AuditLogs | mv-apply T = TargetResources on (take 1)",
  limit: "AuditLogs | mv-apply T = TargetResources on (limit 1)",
  count: "AuditLogs | mv-apply T = TargetResources on (count)",
  "evaluate bag_unpack": "AuditLogs | evaluate bag_unpack(InitiatedBy) : (*, user: dynamic)",
  "evaluate pivot": "AuditLogs | mv-apply T = TargetResources on (evaluate pivot(Category) | where isnotnull(a))",
  "evaluate sequence_detect": `AuditLogs | mv-apply T = TargetResources on (
    evaluate sequence_detect(TimeGenerated, 1m, 1h, a = Category == 'a', b = Category == 'b', Identity))`,
  serialize: "AuditLogs | serialize",
  as: "AuditLogs | as X",
  datatable: "let l = datatable(a: string)['x']; AuditLogs | where Category in (l)",
  externaldata: 'AuditLogs | where Category in ((externaldata(a: string)["https://lists.example/a"]))',
  print: "let l = print a = 'x'; AuditLogs | where Category in (l)",
  materialize: "let T = materialize(AuditLogs); T",
  let: "let x = 1; AuditLogs | where DurationMs == x",
};

/** Operators that compare events. */
const WINDOW_SAMPLES: Readonly<Record<string, string>> = {
  join: "AuditLogs | join kind=inner (AuditLogs) on CorrelationId",
};

const REFUSED_SAMPLES: Readonly<Record<string, string>> = {
  lookup: "AuditLogs | lookup (AuditLogs) on CorrelationId",
  sample: "AuditLogs | sample 5",
  "sample-distinct": "AuditLogs | sample-distinct 5 of Category",
  "top-hitters": "AuditLogs | top-hitters 2 of Category",
  "top-nested": "AuditLogs | top-nested 2 of Category by count()",
  "make-series": "AuditLogs | make-series count() default = 0 on TimeGenerated step 1h",
  reduce: "AuditLogs | reduce by Category",
  getschema: "AuditLogs | getschema",
  search: 'AuditLogs | search "x"',
  render: "AuditLogs | render table",
  consume: "AuditLogs | consume",
  fork: "AuditLogs | fork (count) (take 1)",
};

const findList = () => ({ name: "list", bytes: Buffer.from("x"), modified: new Date(0) });

describe("everything that the table lists as supported compiles", () => {
  const operators = supportTable(AUDIT_LOGS).filter(
    ({ kind, supported }) => supported && (kind === "operator" || kind === "statement"),
  );

  test.each(operators.map(({ name }) => name))("%s", (name) => {
    const overWindow = WINDOW_SAMPLES[name];
    const compiled = overWindow
      ? compileWindowQuery(overWindow, AUDIT_LOGS)
      : compileQuery(OPERATOR_SAMPLES[name] ?? name, AUDIT_LOGS, { findList });
    expect(compiled).toMatchObject({ problems: [] });
  });
});

describe("everything that the table lists as refused is refused at its place, with its reason", () => {
  test.each(Object.entries(REFUSED_SAMPLES))("%s", (name, query) => {
    const reason = supportTable(AUDIT_LOGS).find((line) => line.name === name && !line.supported)?.note;
    const [problem] = compileQuery(query, AUDIT_LOGS).problems;
    expect(problem).toMatchObject({ offset: query.indexOf("|") + 2 });
    expect(problem?.message).toBe(`the operator ${name} is not supported: ${reason}`);
  });

  test.each([
    {
      query: "AuditLogs | evaluate autocluster()",
      code: "not-event-local",
      reason: "compares events with one another",
    },
    { query: "AuditLogs | evaluate python(typeof(*), 'x')", code: "unsupported-operator", reason: "another language" },
  ])("$query", ({ query, code, reason }) => {
    const message = expect.stringMatching(`^the plugin \\w+ is not supported: .*${reason}`) as string;
    expect(compileQuery(query, AUDIT_LOGS).problems).toEqual([
      { offset: query.indexOf("evaluate") + 9, code, message },
    ]);
  });

  test.each([
    ["series_stats(dynamic([1]))", "time series"],
    ["geo_point_to_s2cell(1.0, 1.0)", "geographic"],
    ["current_cluster_endpoint()", "the cluster"],
    ["row_number()", "depends on other events"],
    ["hash_many('a', 'b')", "does not say how it combines hashes"],
    ["gamma(2.0)", "pimwatch does not implement it"],
  ])("%s", (expression, reason) => {
    const query = `AuditLogs | serialize | where isnotnull(${expression})`;
    const message = expect.stringMatching(`^\\w+ is not supported: .*${reason}`) as string;
    expect(compileQuery(query, AUDIT_LOGS).problems).toEqual([{ offset: 40, code: "unsupported-function", message }]);
  });

  test.each([
    { plugin: "pivot(Category) : (Id: string, a: string)", at: "a:", reason: 'the column "a" is long, not string' },
    { plugin: "pivot(Category, count() + 1)", at: "count", reason: "count() + 1 is not an aggregate" },
  ])("$plugin is refused", ({ plugin, at, reason }) => {
    const query = `AuditLogs | mv-apply T = TargetResources on (evaluate ${plugin})`;
    const message = expect.stringContaining(reason) as string;
    expect(compileQuery(query, AUDIT_LOGS).problems).toMatchObject([{ offset: query.indexOf(at), message }]);
  });

  test.each([
    { call: "bag_unpack(Category)", at: "Category", reason: "only dynamic values can be unpacked" },
    { call: "bag_unpack(InitiatedBy, '', Category)", at: "Category", reason: "must be a constant of type string" },
    { call: "bag_unpack(InitiatedBy, '', 'none')", at: "'none'", reason: "columnsConflict is one of error" },
    { call: "bag_unpack(InitiatedBy, '', 'error', dynamic([]), 5)", at: "5", reason: "one to four arguments" },
    { call: "bag_unpack()", at: "bag_unpack", reason: "one to four arguments" },
  ])("bag_unpack refuses $call", ({ call, at, reason }) => {
    const query = `AuditLogs | evaluate ${call} : (*, user: dynamic)`;
    const message = expect.stringContaining(reason) as string;
    expect(compileQuery(query, AUDIT_LOGS).problems).toMatchObject([{ offset: query.indexOf(at), message }]);
  });
});

describe("on the stream, a rule must be decided by one event alone", () => {
  const overSeveral = [
    { query: "AuditLogs | summarize c = count() by Category | where c > 5", at: "c > 5" },
    { query: "AuditLogs | summarize c = count() by Category | extend d = c * 2 | where d > 5", at: "d > 5" },
    {
      query: "AuditLogs | summarize s = make_set(Result) by Category | mv-apply x = s on (where x == 'a')",
      at: "x == 'a'",
    },
    { query: "AuditLogs | summarize s = max(Result) by Category | parse-where s with 'a' b", at: "s with" },
    { query: "AuditLogs | where TimeGenerated < ago(1d)", at: "TimeGenerated <" },
    { query: "AuditLogs | where TimeGenerated between (ago(14d) .. ago(1d))", at: "TimeGenerated between" },
    {
      query: "let start = ago(14d); AuditLogs | extend T = TimeGenerated | where T > start and T < start + 13d",
      at: "T > start",
    },
    { query: "AuditLogs | where TimeGenerated < startofday(now())", at: "TimeGenerated <" },
    { query: "AuditLogs | summarize count()", at: "summarize" },
    { query: "AuditLogs | count", at: "count" },
    { query: "AuditLogs | top 1 by TimeGenerated", at: "top" },
    { query: "AuditLogs | take 1", at: "take" },
    { query: "let k = AuditLogs | project Id; AuditLogs | where Id in (k)", at: "k)" },
    { query: "let n = toscalar(AuditLogs | count); AuditLogs | where DurationMs > n", at: "count" },
    { query: "let n = toscalar(AuditLogs | project Id); AuditLogs | where Id != n", at: "toscalar" },
    { query: "AuditLogs | join (AuditLogs | project Id) on Id", at: "join" },
    { query: "union AuditLogs, (print x = 1)", at: "union" },
    {
      query: "AuditLogs | evaluate sequence_detect(TimeGenerated, 1m, 1h, a = Id == 'a', b = Id == 'b', Identity)",
      at: "evaluate",
    },
    { query: "AuditLogs | where ingestion_time() < ago(1d)", at: "ingestion_time" },
  ];
  const never = [
    { query: "AuditLogs | mv-apply x = TargetResources on (union AuditLogs)", at: "union" },
    { query: "print x = 1", at: "print" },
  ];

  test.each([...overSeveral, ...never])("$query", ({ query, at }) => {
    expect(compileQuery(query, AUDIT_LOGS).problems).toMatchObject([
      { code: "not-event-local", offset: query.lastIndexOf(at) },
    ]);
  });

  test.each(overSeveral)("$query runs over a window", ({ query }) => {
    expect(compileWindowQuery(query, AUDIT_LOGS)).toMatchObject({ problems: [] });
  });

  test.each(never)("$query runs nowhere", ({ query, at }) => {
    expect(compileWindowQuery(query, AUDIT_LOGS).problems).toMatchObject([{ offset: query.lastIndexOf(at) }]);
  });

  test.each([
    "AuditLogs | summarize c = count() by Category | project Category, c",
    "AuditLogs | summarize c = count() by Category | where Category == 'x'",
    "AuditLogs | summarize by bin(TimeGenerated, 1h), Category | where Category == 'x'",
    "AuditLogs | mv-apply x = TargetResources on (summarize c = count()) | where c > 1",
    "AuditLogs | where TimeGenerated > ago(1d) | order by TimeGenerated desc",
    "AuditLogs | where TimeGenerated between (ago(14d) .. now())",
    "AuditLogs | where TimeGenerated >= startofday(now())",
    "AuditLogs | where ingestion_time() > ago(1h)",
    "AuditLogs | mv-apply x = TargetResources on (serialize n = row_number() | where n == 1)",
    "AuditLogs | where hourofday(TimeGenerated) < 6",
    "AuditLogs | where ActivityDateTime < ago(1h)",
  ])("%s is", (query) => {
    expect(compileQuery(query, AUDIT_LOGS)).toMatchObject({ problems: [] });
  });
});
