import { describe, expect, test } from "vitest";
import { compileQuery } from "../../../src/kql/compile/compile-query.ts";
import { auditLogRow, resultOf } from "../query.ts";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";

function problemAt(query: string) {
  const { problems } = compileQuery(query, AUDIT_LOGS);
  return problems.map(({ offset, code, message }) => ({ at: query.slice(offset).split(/[\s(;|]/)[0], code, message }));
}

describe("a problem is reported at its cause", () => {
  test.each([
    {
      query: 'let f = (s: string) { AuditLogs | where Category == s | sample 5 }; f("x")',
      problem: { at: "sample", code: "not-event-local" },
    },
    {
      query: 'let f = (s: string) { rand() }; AuditLogs | where f("x") > 1',
      problem: { at: "rand", code: "unsupported-function" },
    },
    { query: "AuditLogs | where Foo == 1", problem: { at: "Foo", code: "unknown-column" } },
    { query: "AuditLogs | where foo(1) == 1", problem: { at: "foo", code: "unknown-function" } },
    { query: "union AuditLogs, SigninLogs", problem: { at: "SigninLogs", code: "unknown-table" } },
    { query: 'AuditLogs | where Category matches regex "("', problem: { at: "Category", code: "invalid-call" } },
    { query: "AuditLogs | where Category matches regex Result", problem: { at: "Category", code: "invalid-call" } },
    {
      query: "AuditLogs | extend x = _GetWatchlist('a')",
      problem: { at: "_GetWatchlist", code: "unsupported-function" },
    },
    { query: "AuditLogs | where DurationMs has 'x'", problem: { at: "has", code: "ks106" } },
  ])("$query", ({ query, problem }) => {
    expect(problemAt(query)).toMatchObject([problem]);
  });

  test.each([
    ["AuditLogs | project-reoder Category, Id | where x", "project-reoder", "project-reorder"],
    ["AuditLogs | mv-expnd TargetResources", "mv-expnd", "mv-expand"],
    ["AuditLogs | wehre true | extend 5", "wehre", "where"],
  ])("a misspelt operator is the only problem reported: %s", (query, at, meant) => {
    const message = `there is no operator "${at}"; did you mean "${meant}"?`;
    expect(problemAt(query)).toEqual([{ at, code: "unknown-operator", message }]);
  });

  test.each([
    'where Category = "x"',
    'where Result == "x" and Category = "x"',
    'where (Category = "x")',
    'where not(Category = "x") | extend a = 1',
    'mv-apply t = TargetResources on (where t.type = "x")',
    'extend a = 1 | where a = "x"',
  ])("a single = in a condition is the only problem reported: %s", (query) => {
    const message = '"=" does not compare; did you mean "==", or "=~" to ignore case?';
    expect(problemAt(`AuditLogs | ${query}`)).toEqual([{ at: "=", code: "syntax", message }]);
  });

  test("a single = elsewhere names a column, and is no problem beside another one", () => {
    expect(problemAt("AuditLogs | extend a = Foo | where Id == a")).toMatchObject([{ at: "Foo" }]);
  });

  test("a query that compares events is refused for that, whatever else the binder reports", () => {
    const query = "AuditLogs | lookup (SigninLogs | project CorrelationId) on CorrelationId";
    expect(problemAt(query).map(({ at, code }) => ({ at, code }))).toEqual([
      { at: "lookup", code: "not-event-local" },
      { at: "SigninLogs", code: "unknown-table" },
    ]);
  });

  test("a call of a function without a result", () => {
    expect(problemAt("let f = (s: string) { }; AuditLogs | extend n = f(Id)")).toMatchObject([
      { at: "f", message: "f(Id) calls a function whose body has no result" },
    ]);
  });

  test("several problems come in the order of the text", () => {
    expect(problemAt("AuditLogs | where Foo == 1 | where Bar == 2").map(({ at }) => at)).toEqual(["Foo", "Bar"]);
  });
});

describe("column_ifexists is decided when the rule is compiled", () => {
  test.each([
    { query: 'AuditLogs | project x = column_ifexists("Category", "none")', result: { x: "RoleManagement" } },
    { query: 'AuditLogs | project x = column_ifexists("Nothing", "none")', result: { x: "none" } },
    { query: 'AuditLogs | project column_ifexists("Nothing", "none")', result: { Nothing: "none" } },
    { query: 'AuditLogs | project x = columnifexists("InitiatedBy", "").user.id', result: { x: "u-1" } },
    { query: 'AuditLogs | extend Category = 5 | project x = columnifexists("Category", "")', result: { x: 5n } },
    {
      query: `AuditLogs | mv-expand TargetResources[0] | extend TargetResources_0 = columnifexists("TargetResources_0", '')
        | where TargetResources_0.type =~ "role" | project x = TargetResources_0.type`,
      result: { x: "Role" },
    },
    {
      query: 'AuditLogs | project x = column_ifexists("Nothing", column_ifexists("Category", "none"))',
      result: { x: "RoleManagement" },
    },
    {
      query:
        'AuditLogs | mv-apply T = TargetResources on (extend y = column_ifexists("T", dynamic(null)).type) | project x = y',
      result: { x: "Role" },
    },
  ])("$query", ({ query, result }) => {
    expect(resultOf(query)).toEqual([result]);
  });
});

describe("columns get the names that Kusto gives them", () => {
  test.each([
    {
      query: "AuditLogs | project tostring(Category), strcat('a', 'b'), 1 + 1",
      names: ["Category", "Column1", "Column2"],
    },
    {
      query: "AuditLogs | project InitiatedBy.user.id, TargetResources[0].type",
      names: ["InitiatedBy_user_id", "TargetResources_0_type"],
    },
    {
      query:
        "AuditLogs | mv-expand TargetResources[0].modifiedProperties | project TargetResources_0_modifiedProperties",
      names: ["TargetResources_0_modifiedProperties"],
    },
    {
      query:
        "AuditLogs | summarize count(), make_set(Result), dcount(Id), arg_max(TimeGenerated, Id) by tolower(Category)",
      names: ["Column1", "count_", "set_Result", "dcount_Id", "TimeGenerated", "Id"],
    },
    {
      query: "AuditLogs | distinct Category, tostring(InitiatedBy.user.id)",
      names: ["Category", "InitiatedBy_user_id"],
    },
    {
      query: "union (AuditLogs | project a = 1), (AuditLogs | project a = 'x', b = 2)",
      names: ["a_long", "a_string", "b"],
    },
  ])("$query", ({ query, names }) => {
    expect(compileQuery(query, AUDIT_LOGS).plan?.columns.map(({ name }) => name)).toEqual(names);
  });
});

test("now() and ago() are relative to the event, so that replay and backtest agree with the stream", () => {
  const recent = "AuditLogs | where ActivityDateTime > ago(1h) and TimeGenerated == now()";
  const time = 639_029_198_450_000_000n;
  const row = (minutes: bigint) =>
    auditLogRow({ TimeGenerated: time, ActivityDateTime: time - minutes * 600_000_000n });
  expect(resultOf(recent, row(59n))).toHaveLength(1);
  expect(resultOf(recent, row(61n))).toHaveLength(0);
});

test.each([
  [
    "AuditLogs | project bin(TimeGenerated, 1h), startofday(TimeGenerated), tostring(TimeGenerated)",
    "TimeGenerated,TimeGenerated1,TimeGenerated2",
  ],
  ["AuditLogs | project tostring(InitiatedBy), InitiatedBy", "InitiatedBy,InitiatedBy1"],
  ["AuditLogs | distinct tostring(InitiatedBy.a), tostring(InitiatedBy.a)", "InitiatedBy_a,InitiatedBy_a1"],
  ["AuditLogs | project Id | extend tostring(Id.a), tostring(Id)", undefined],
  [
    "AuditLogs | project InitiatedBy | extend tostring(InitiatedBy.a), tolower(InitiatedBy.a), strcat(InitiatedBy.a)",
    "InitiatedBy,InitiatedBy_a,Column1,Column2",
  ],
  [
    "AuditLogs | project InitiatedBy | extend tostring(InitiatedBy.a), tostring(InitiatedBy.a)",
    "InitiatedBy,InitiatedBy_a",
  ],
])("columns with the same derived name get the names of Kusto's binder: %s", (query, names) => {
  expect(
    compileQuery(query, AUDIT_LOGS)
      .plan?.columns.map(({ name }) => name)
      .join(","),
  ).toBe(names);
});

test.each(["print Id = 1", "datatable (Id: string) ['a']", "union (print Id = 1), (print Id = 2)"])(
  "a query that reads no event is refused, since its rows would be found with every event: %s",
  (query) => {
    const at = { offset: 0, code: "not-event-local" };
    expect(compileQuery(query, AUDIT_LOGS)).toMatchObject({ problems: [at] });
    expect(compileQuery(query, AUDIT_LOGS, { mayBeConstant: true })).toMatchObject({ problems: [] });
  },
);

test("the hash of a query depends on its tokens, not on whitespace or comments", () => {
  const hashOf = (query: string) => compileQuery(query, AUDIT_LOGS).hash;
  const query = 'AuditLogs | where Result == "x"';
  const same = ['AuditLogs|where Result=="x"', '// why\nAuditLogs\n| where Result // which\n  == "x" // end\n'];
  const others = ['AuditLogs | where Result == "X"', 'AuditLogs | where Result != "x"', "AuditLogs"];
  expect(same.map(hashOf)).toEqual(same.map(() => hashOf(query)));
  expect(new Set([query, ...others].map(hashOf)).size).toBe(4);
});
