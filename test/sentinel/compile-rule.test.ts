import type { RuleWindow } from "../../src/core/incident/rule.ts";
import { ruleText } from "./rule-text.ts";
import { planHash } from "../../src/core/ledger/evaluations.ts";
import { describe, expect, test } from "vitest";
import { compileRule, formatProblem } from "../../src/sentinel/compile-rules.ts";

interface Parts {
  readonly query?: string;
  readonly entityMappings?: string;
  readonly trigger?: string;
  readonly period?: string;
  readonly metadata?: string;
}

/** A rule file that compiles, unless overridden. The query begins on line 9. */
function ruleFile({ query, entityMappings, trigger, period, metadata }: Parts = {}): string {
  return `id: AAAAAAAA-0000-4000-8000-000000000001
name: Sample rule
description: |
  'Finds a thing.
    And says so.'
severity: High
kind: Scheduled
query: |
  ${(query ?? "AuditLogs | where Category == 'x'").replaceAll("\n", "\n  ")}
queryFrequency: ${period ?? "1d"}
queryPeriod: P1D
${trigger ?? "triggerOperator: gt\ntriggerThreshold: 0"}
tactics: [Persistence]
relevantTechniques: [T1098]
version: 1.0.0
${entityMappings ?? ""}
${metadata ?? "metadata:\n  source:\n    kind: Community"}
`;
}

function problemsOf(text: string): string[] {
  return compileRule(text, "rule.yaml").problems.map(formatProblem);
}

test("a rule file becomes a rule: lower-case id, description without the quotes of official files", () => {
  const { rule, problems } = compileRule(ruleFile(), "rule.yaml");

  expect(problems).toEqual([]);
  expect(rule).toMatchObject({
    id: "aaaaaaaa-0000-4000-8000-000000000001",
    name: "Sample rule",
    description: "Finds a thing.\nAnd says so.",
    kind: "Scheduled",
    severity: "High",
    tactics: ["Persistence"],
    techniques: ["T1098"],
    version: "1.0.0",
  });
  expect(rule?.fileHash).toMatch(/^[0-9a-f]{64}$/);
});

test("metadata at the top level does not stop a rule", () => {
  const metadata =
    "metadata:\nsource:\n  kind: Community\nauthor:\n  name: Sam\nsupport:\n  tier: Community\ncategories:\n  domains: [Identity]";
  expect(problemsOf(ruleFile({ metadata }))).toEqual([]);
});

test.each([
  { period: "1d", problems: [] },
  { period: "2H", problems: ['rule.yaml:10:17: warning: queryFrequency "2H" is usually written 2h (odd-value)'] },
  {
    period: "1h // often",
    problems: [
      'rule.yaml:10:17: warning: queryFrequency "1h // often" has a comment inside the value; pimwatch reads 1h (odd-value)',
    ],
  },
  {
    period: "often",
    problems: ['rule.yaml:10:17: error: queryFrequency "often" is not a period such as 1d, 1h10m or PT5M (period)'],
  },
  ...["1h10m", "1d 12h", "1w2d3h4m5s", "PT1H10M", "P1DT2H", "P1M"].map((period) => ({ period, problems: [] })),
  ...["1h10", "1h2h", "10m1h", "PT", "h"].map((period) => ({
    period,
    problems: [`rule.yaml:10:17: error: queryFrequency "${period}" is not a period such as 1d, 1h10m or PT5M (period)`],
  })),
])("queryFrequency $period: $problems.length problem(s)", ({ period, problems }) => {
  expect(problemsOf(ruleFile({ period }))).toEqual(problems);
});

test.each([
  { trigger: "triggerOperator: gt\ntriggerThreshold: 0", problems: [] },
  {
    trigger: "triggerOperator: GreaterThan\ntriggerThreshold: 0",
    problems: ["rule.yaml:12:18: warning: triggerOperator GreaterThan is usually written gt (odd-value)"],
  },
  {
    trigger: "triggerOperator: lt\ntriggerThreshold: 0",
    problems: [
      "rule.yaml:12:18: error: triggerOperator lt is not supported; only gt is. Write the count into the query: summarize … | where … (trigger)",
    ],
  },
])("$trigger: $problems.length problem(s)", ({ trigger, problems }) => {
  expect(problemsOf(ruleFile({ trigger }))).toEqual(problems);
});

test("a threshold makes a rule need several events, since it counts the rows of an instant", () => {
  const { rule, problems } = compileRule(
    ruleFile({ trigger: "triggerOperator: gt\ntriggerThreshold: 5" }),
    "rule.yaml",
  );

  expect(problems).toEqual([]);
  expect(rule?.window?.schedule).toMatchObject({ frequencySeconds: 86_400, periodSeconds: 86_400, threshold: 5 });
});

describe("problems in a query have their place in the file", () => {
  test.each([
    {
      query: 'AuditLogs\n| where Categry =~ "x"',
      problem:
        'rule.yaml:10:11: error: there is no column or variable "Categry"; did you mean "Category"? (unknown-column)',
    },
    {
      query: "SigninLogs\n| take 1",
      problem:
        'rule.yaml:9:3: error: there is no table "SigninLogs" on the stream: pimwatch reads only AuditLogs (unknown-table)',
    },
    {
      query: "AuditLogs\n| where tostrin(Category) == ''",
      problem: 'rule.yaml:10:11: error: there is no function "tostrin"; did you mean "tostring"? (unknown-function)',
    },
    {
      query: "AuditLogs\n| where (Category == ''",
      problem: "rule.yaml:10:26: error: Expected: ) (syntax)",
    },
    {
      query: "AuditLogs\n// a comment\n| where Category == ''\n| sample 5",
      problem: "rule.yaml:12:5: error: the operator sample is not supported",
    },
    {
      query: "AuditLogs | where isnotnull(new_guid())",
      problem: "rule.yaml:9:31: error: new_guid is not supported",
    },
  ])("$problem", ({ query, problem }) => {
    const problems = problemsOf(ruleFile({ query }));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(problem)).toBe(true);
    expect(compileRule(ruleFile({ query }), "rule.yaml").rule).toBeUndefined();
  });
});

test("a mapping to a column that the query does not return is a warning, and the identifier is left out", () => {
  const entityMappings = `entityMappings:
  - entityType: Account
    fieldMappings:
      - identifier: FullName
        columnName: identity
      - identifier: AadUserId
        columnName: Id
  - entityType: IP
    fieldMappings:
      - identifier: Address
        columnName: Nothing
customDetails:
  Kind: Category
  Other: Elsewhere`;
  const { rule, problems } = compileRule(ruleFile({ entityMappings }), "rule.yaml");

  expect(problems.map(formatProblem)).toEqual([
    'rule.yaml:21:21: warning: the identifier FullName of Account is left out: the query returns no column "identity"; did you mean "Identity"? (unknown-mapping-column)',
    'rule.yaml:27:21: warning: the identifier Address of IP is left out: the query returns no column "Nothing" (unknown-mapping-column)',
    'rule.yaml:30:10: warning: the custom detail Other is left out: the query returns no column "Elsewhere" (unknown-mapping-column)',
  ]);
  expect(rule?.entityMappings).toEqual([
    { entityType: "Account", fieldMappings: [{ identifier: "AadUserId", columnName: "Id" }] },
  ]);
  expect(rule?.customDetails).toEqual({ Kind: "Category" });
});

test("bad YAML and a wrong shape are problems at their place", () => {
  expect(problemsOf("id: [1\nname: x")[0]).toMatch(/^rule\.yaml:2:1: error: not YAML: /);
  expect(problemsOf(ruleFile().replace("severity: High", "severity: Urgent"))).toEqual([
    'rule.yaml:6:11: error: severity: expected one of "High"|"Medium"|"Low"|"Informational" (rule-shape)',
  ]);
  expect(problemsOf(ruleFile().replace("severity: High", "severity: hihg"))).toEqual([
    'rule.yaml:6:11: error: severity: expected one of "High"|"Medium"|"Low"|"Informational"; did you mean "High"? (rule-shape)',
  ]);
  expect(problemsOf("")).toHaveLength(1);
});

test("the query's hash ignores only whitespace and comments", () => {
  const hash = (query: string) => compileRule(ruleFile({ query }), "rule.yaml").rule?.queryHash;
  const one = hash("AuditLogs | where Category == 'x'");
  expect(hash("AuditLogs // all\n|   where Category=='x'")).toBe(one);
  expect(hash("AuditLogs | where Category == 'X'")).not.toBe(one);
});

describe("a function that pimwatch cannot run", () => {
  const query =
    "AuditLogs\n| extend geo = geo_info_from_ip_address(Identity)\n| extend Country = tostring(geo.country)";
  const reason =
    "geo_info_from_ip_address is not supported: it needs maps or geographic data, which pimwatch does not have (unsupported-function)";

  test("does not stop a rule that does not read its value: the result has no such columns, and a note says so", () => {
    expect(problemsOf(ruleFile({ query }))).toEqual([
      `rule.yaml:10:18: note: the result has no column "geo": ${reason}`,
      `rule.yaml:10:18: note: the result has no column "Country": ${reason}`,
    ]);
    const { rule } = compileRule(ruleFile({ query }), "rule.yaml");
    expect(rule?.plan.columns.map(({ name }) => name)).not.toContain("Country");
  });

  test.each([
    {
      fields:
        "entityMappings:\n  - entityType: Host\n    fieldMappings:\n      - identifier: HostName\n        columnName: Country",
      problem: `rule.yaml:23:21: error: the identifier HostName of Host reads the column "Country", and ${reason}`,
    },
    {
      fields: "customDetails:\n  From: Country",
      problem: `rule.yaml:20:9: error: the custom detail From reads the column "Country", and ${reason}`,
    },
    {
      fields: "alertDetailsOverride:\n  alertDisplayNameFormat: From {{Country}}",
      problem: `rule.yaml:20:27: error: alertDisplayNameFormat reads the column "Country", and ${reason}`,
    },
  ])("stops one whose fields read it: $fields", ({ fields, problem }) => {
    expect(problemsOf(ruleFile({ query, entityMappings: fields }))).toContain(problem);
  });
});

test("a column that bag_unpack makes can be named by a mapping alone", () => {
  const query = "AuditLogs | project InitiatedBy | evaluate bag_unpack(InitiatedBy)";
  const entityMappings =
    "entityMappings:\n  - entityType: Host\n    fieldMappings:\n      - identifier: HostName\n        columnName: app";
  const { rule, problems } = compileRule(ruleFile({ query, entityMappings }), "rule.yaml");
  expect(problems).toEqual([]);
  expect(rule?.plan.columns).toEqual([{ name: "app", type: "dynamic" }]);
});

test("the kept records of a rule over several events are named by what decides its findings, not by words about it", () => {
  const query = "AuditLogs | summarize n = count() by Id | where n > 1";
  const { rule } = compileRule(ruleText({ query, schedule: { frequency: "1h", period: "1d" } }), "r.yaml");
  if (rule?.window === undefined) throw new Error("no window");
  const { window } = rule;
  const withWindow = (other: Partial<RuleWindow>) => planHash({ ...rule, window: { ...window, ...other } });
  expect(withWindow({ keeps: "other words", class: { name: "scheduled", reason: "other words" } })).toBe(
    planHash(rule),
  );
  expect(withWindow({ schedule: { ...window.schedule, periodSeconds: 1 } })).not.toBe(planHash(rule));
});
