import { describe, expect, test } from "vitest";
import { compileRule, formatProblem } from "../../src/sentinel/compile-rules.ts";
import { readyRule } from "../../src/core/incident/ready-rule.ts";
import type { Rule } from "../../src/core/incident/rule.ts";
import { auditLogRow } from "../kql/query.ts";
import { ruleText, type RuleTextParts } from "./rule-text.ts";

const QUERY = `let Allowed = dynamic(["List of expected ids"]);
let Name = "x";
let Age = 1d;
AuditLogs
| where Category !in (Allowed) and OperationName has Name
| extend Actor = tostring(InitiatedBy.user.userPrincipalName)`;

function compiled(overlay: string, parts: RuleTextParts = {}) {
  const text = ruleText({ query: QUERY, ...parts });
  return compileRule(text, "rule.yaml", { overlay: { name: "overlay.yaml", text: overlay } });
}

function ruleOf(overlay: string, parts?: RuleTextParts): Rule {
  const { rule, problems } = compiled(overlay, parts);
  if (rule === undefined) throw new Error(problems.map(formatProblem).join("\n"));
  return rule;
}

const problemsOf = (overlay: string, parts?: RuleTextParts) => compiled(overlay, parts).problems.map(formatProblem);

test("an empty overlay changes nothing", () => {
  expect(ruleOf("# nothing yet")).toEqual(compileRule(ruleText({ query: QUERY }), "rule.yaml").rule);
});

test("severity and title come from the overlay; the rule's file and its hashes stay the same", () => {
  const plain = compileRule(ruleText({ query: QUERY }), "rule.yaml").rule;
  expect(ruleOf('severity: Low\ntitle: "{{OperationName}} by {{Actor}}"')).toEqual({
    ...plain,
    severity: "Low",
    alertDetails: { titleFormat: "{{OperationName}} by {{Actor}}" },
  });
});

test("a rule that is switched off is compiled and marked", () => {
  expect(ruleOf("enabled: false").disabled).toBe(true);
  expect(ruleOf("enabled: true").disabled).toBeUndefined();
});

test("the overlay's triage replaces the guide's, and makes a guide if there is none", () => {
  expect(ruleOf("triage: Ask Sam.").guide).toMatchObject({ triage: "Ask Sam.", response: "" });
});

describe("variables", () => {
  const row = auditLogRow({ Category: "c-1", OperationName: "do y now" });

  test("replace the query's values, while the query's hash stays the same", () => {
    const rule = ruleOf('variables:\n  Allowed: ["c-2"]\n  Name: "y"');
    expect(rule.queryHash).toBe(compileRule(ruleText({ query: QUERY }), "rule.yaml").rule?.queryHash);
    expect(readyRule(rule).evaluate(row)).toHaveLength(1);
    expect(readyRule(ruleOf('variables:\n  Allowed: ["c-1"]\n  Name: "y"')).evaluate(row)).toEqual([]);
    expect(readyRule(ruleOf('variables:\n  Name: "z"')).evaluate(row)).toEqual([]);
  });

  test("keep all digits of whole numbers", () => {
    const query = `let Ids = dynamic([]);\nlet One = 1;\nAuditLogs | where DurationMs in (Ids) and DurationMs == One`;
    const found = (ids: string, one: string) => {
      const { evaluate } = readyRule(ruleOf(`variables:\n  Ids: [${ids}]\n  One: ${one}`, { query }));
      return evaluate(auditLogRow({ DurationMs: 9_007_199_254_740_993n })).length;
    };
    expect(found("9007199254740993, 1", "9007199254740993")).toBe(1);
    expect(found("9007199254740992", "9007199254740993")).toBe(0);
    expect(found("9007199254740993", "9007199254740994")).toBe(0);
  });

  test("can contain quotes, backslashes and line breaks", () => {
    const odd = 'a"b\\c\nd\u2028';
    const rule = ruleOf(`variables:\n  Allowed: ${JSON.stringify([odd])}\n  Name: ${JSON.stringify("y")}`);
    expect(readyRule(rule).evaluate(auditLogRow({ Category: odd, OperationName: "y" }))).toEqual([]);
    expect(readyRule(rule).evaluate(row)).toHaveLength(1);
  });

  test.each([
    {
      overlay: "variables:\n  Alowed: [a]",
      problem:
        'overlay.yaml:2:11: error: the query has no let statement for "Alowed"; did you mean "Allowed"? (variable)',
    },
    {
      overlay: "variables:\n  Allowed: a",
      problem: "overlay.yaml:2:12: error: in the query its type is dynamic; a string does not fit (variable)",
    },
    {
      overlay: "variables:\n  Name: [a]",
      problem: "overlay.yaml:2:9: error: in the query its type is string; a list does not fit (variable)",
    },
  ])("$problem", ({ overlay, problem }) => {
    expect(problemsOf(overlay)).toEqual([problem]);
  });

  test.each([
    "(_GetWatchlist('VIPUsers') | project SearchKey)",
    "(_GetWatchlist('VIPUsers') | distinct ['User Principal Name'])",
    "externaldata(upn: string)[@'https://example.com/vip.csv'] with (format='csv')",
  ])("can list the values that the query would read from outside: %s", (table) => {
    const query = `let VIPUsers = ${table};\nAuditLogs | where tostring(InitiatedBy.user.userPrincipalName) in~ (VIPUsers)`;
    const overlay = (users: string) => `variables:\n  VIPUsers: ${users}`;

    expect(readyRule(ruleOf(overlay("[ALEX@contoso.example]"), { query })).evaluate(row)).toHaveLength(1);
    expect(readyRule(ruleOf(overlay("[sam@contoso.example]"), { query })).evaluate(row)).toEqual([]);
    expect(problemsOf("", { query })[0]).toMatch(/^rule\.yaml:7:\d+: error/);
    const wrong = expect.stringMatching(
      /^overlay\.yaml:2:13: error: .* must be a list, not a string \(variable\)$/,
    ) as string;
    expect(problemsOf(overlay("alex"), { query })).toContainEqual(wrong);
  });

  test("do not change the positions of the query's own problems", () => {
    const query = QUERY.replace("OperationName has", "OperationNam has");
    const [without] = problemsOf("", { query });
    expect(without).toMatch(/^rule\.yaml:11:38: error: there is no column/);
    expect(problemsOf("variables:\n  Allowed: [a, b, c, d, e, f]", { query })).toEqual([without]);
  });
});

describe("exclusions", () => {
  const rule = ruleOf(`exclude:
  - Actor =~ 'sam@contoso.example'
  - when: Result == "failure"
    because: Sam, ticket 4711`);
  const ready = readyRule(rule);
  const excludes = (row: ReturnType<typeof auditLogRow>) =>
    ready.evaluate(row).map((resultRow) => ready.excludes?.(resultRow));

  test("are conditions over the result's columns, with the meaning of KQL", () => {
    const by = (userPrincipalName: string | null, Result = "success") =>
      auditLogRow({ OperationName: "x", Result, InitiatedBy: { user: { userPrincipalName } } });
    expect(excludes(by("SAM@contoso.example"))).toEqual([true]);
    expect(excludes(by("alex@contoso.example"))).toEqual([false]);
    expect(excludes(by(null))).toEqual([false]);
    expect(excludes(by("alex@contoso.example", "failure"))).toEqual([true]);
  });

  test("do not change the plan, so the ordinal of a row and the incident's id stay the same", () => {
    expect(rule.plan).toEqual(ruleOf("").plan);
  });

  test.each([
    {
      overlay: "exclude:\n  - Actr == 'x'",
      problem: 'overlay.yaml:2:5: error: there is no column or variable "Actr"; did you mean "Actor"? (unknown-column)',
    },
    {
      overlay: "exclude:\n  - true) | extend y = (1",
      problem: "overlay.yaml:2:5: error: an exclusion must be one condition over columns of the result (exclusion)",
    },
    { overlay: "exclude:\n  - Actor ==", problem: /^overlay\.yaml:2:\d+: error: .*\(syntax\)$/ },
  ])("$problem", ({ overlay, problem }) => {
    expect(problemsOf(overlay)).toEqual([typeof problem === "string" ? problem : expect.stringMatching(problem)]);
  });
});

test.each([
  {
    overlay: "enabld: false",
    problem: 'overlay.yaml:1:1: error: the file: Unrecognized key: "enabld" (overlay-shape)',
  },
  {
    overlay: "severity: Urgent",
    problem: expect.stringMatching(/^overlay\.yaml:1:11: error: severity: expected one of/),
  },
  {
    overlay: 'title: "by {{Actr}}"',
    problem:
      'overlay.yaml:1:8: warning: title is left out: the query returns no column "Actr"; did you mean "Actor"? (unknown-mapping-column)',
  },
])("$overlay is a problem at its place", ({ overlay, problem }) => {
  expect(problemsOf(overlay)).toEqual([problem]);
});

test("the rule's alertDetailsOverride is used, but the overlay takes precedence", () => {
  const more = `alertDetailsOverride:
  alertDisplayNameFormat: "{{OperationName}} seen"
  alertDescriptionFormat: by {{Actor}}
  alertSeverityColumnName: Level
  alertTacticsColumnName: Nowhere`;
  expect(ruleOf("", { more }).alertDetails).toEqual({
    titleFormat: "{{OperationName}} seen",
    descriptionFormat: "by {{Actor}}",
    severityColumn: "Level",
  });
  expect(ruleOf("severity: Low\ntitle: Ours", { more }).alertDetails).toEqual({
    titleFormat: "Ours",
    descriptionFormat: "by {{Actor}}",
  });
});

test("of a rule over several events, exclusions are over its result, and a refusal has its place in the rule's file", () => {
  const schedule = { frequency: "1h", period: "1d" };
  const query =
    'let Names = dynamic(["x"]); AuditLogs | where OperationName in (Names) | summarize n = count() by Category | where n > 1';
  const overlay = 'variables: { Names: [a much longer name, another] }\nexclude: [Category == "x"]';
  const { rule, problems } = compiled(overlay, { query, schedule });
  expect(problems).toEqual([]);
  expect(rule?.exclusions).toHaveLength(1);
  const everyMinute = compiled(overlay, { query });
  expect(everyMinute.rule).toBeUndefined();
  expect(everyMinute.problems.map(formatProblem)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^rule\\.yaml:\\d+:${3 + query.indexOf("n > 1")}: error: this rule needs several events, and an NRT rule`,
      ),
    ),
  ]);
  const wrong = compiled('exclude: ["Id == 1"]', { query, schedule });
  expect(wrong.rule).toBeUndefined();
  expect(wrong.problems.map(formatProblem)).toContainEqual(
    'overlay.yaml:1:11: error: there is no column or variable "Id" (unknown-column)',
  );
});
