import { describe, expect, test } from "vitest";
import { ruleSamples } from "../../cli/rules/rule-samples.ts";
import { runRuleTests } from "../../cli/rules/rule-test-run.ts";
import { compileRule, formatProblem } from "../../src/sentinel/compile-rules.ts";
import { ruleText } from "../sentinel/rule-text.ts";

const QUERY = 'AuditLogs\n| where Category =~ "A" and (Result == "success")\n| where OperationName has "role"';

const EVENT = `
samples:
  one:
    category: AuditLogs
    operationName: Add role
    properties: { id: r-1, category: a, result: success, targetResources: [{ id: t-1 }] }
`;

async function reportOf(tests: string, overlay?: string) {
  const files = {
    name: "sample",
    rule: { name: "rules/sample/rule.yaml", text: ruleText({ query: QUERY, severity: "Low" }) },
    tests: { name: "rules/sample/tests.yaml", text: `${EVENT}tests:\n${tests}` },
    ...(overlay !== undefined && { overlay: { name: "rules/sample/overlay.yaml", text: overlay } }),
  };
  const { rule, problems } = compileRule(files.rule.text, files.rule.name, files);
  if (rule === undefined) throw new Error(problems.map(formatProblem).join("\n"));
  const { outcomes, problems: gaps } = await runRuleTests({ rule, files }, ruleSamples());
  return { outcomes, problems: gaps };
}

const failuresOf = async (test_: string): Promise<readonly string[] | undefined> =>
  (await reportOf(`  - ${test_.trim().replaceAll("\n", "\n    ")}`)).outcomes[0]?.failures;

const GOOD = `
  - { name: hit, sample: one, expect: { title: Sample rule, severity: Low, columns: { OperationName: Add role } } }
  - { name: category, sample: one, set: { properties.category: b }, misses: 'Category =~  "A"' }
  - { name: result, sample: one, remove: [properties.result], misses: 2 }
  - { name: operation, sample: one, set: { operationName: Add }, misses: 'OperationName has "role"' }
`;

test("a finding and a near miss for each condition are enough", async () => {
  const { outcomes, problems } = await reportOf(GOOD);
  expect(problems).toEqual([]);
  expect(outcomes).toEqual([
    { name: "hit", where: "rules/sample/tests.yaml:9", failures: [] },
    { name: "category", where: "rules/sample/tests.yaml:10", failures: [] },
    { name: "result", where: "rules/sample/tests.yaml:11", failures: [] },
    { name: "operation", where: "rules/sample/tests.yaml:12", failures: [] },
  ]);
});

test("a condition without a near miss and a rule without a finding are problems", async () => {
  const { problems } = await reportOf(
    `  - { name: category, sample: one, set: { properties.category: b }, misses: 1 }`,
  );
  expect(problems).toEqual([
    "rules/sample/tests.yaml: no test has an event that the rule finds. Add one",
    'rules/sample/tests.yaml: no near miss tests this condition. Add a test with misses: Result == "success"',
    'rules/sample/tests.yaml: no near miss tests this condition. Add a test with misses: OperationName has "role"',
  ]);
});

describe("a test whose event the rule does not find says why", () => {
  test.each([
    {
      because: "each false condition with the values that it compares",
      given: "{ name: n, sample: one, expect: 1, set: { properties.category: b }, remove: [properties.result] }",
      why: [
        '    false: Category =~ "A"',
        '        Category is "b"',
        '    false: Result == "success"',
        '        Result is ""',
      ],
    },
    {
      because: "only the first conditions that no row passes",
      given: "{ name: n, sample: one, expect: 1, set: { operationName: Add } }",
      why: ['    false: OperationName has "role"', '        OperationName is "Add"'],
    },
  ])("$because", async ({ given, why }) => {
    expect(await failuresOf(given)).toEqual(["0 findings instead of 1 finding", ...why]);
  });

  test("the exclusion that removes the row, with its reason", async () => {
    const overlay =
      "exclude:\n  - { when: Result == 'x', because: no }\n  - { when: Category == 'a', because: a test }\n";
    const { outcomes } = await reportOf("  - { name: n, sample: one, expect: 1 }", overlay);
    expect(outcomes[0]?.failures).toEqual([
      "0 findings instead of 1 finding",
      "    excluded by rules/sample/overlay.yaml: Category == 'a' (because: a test)",
    ]);
  });
});

describe("a failing test says what differs from the expectation", () => {
  test.each([
    {
      given: "{ name: n, sample: one, expect: 0 }",
      failures: ["1 finding instead of 0 findings:", '    "Sample rule"'],
    },
    {
      given: "{ name: n, sample: one, expect: { severity: High, columns: { Result: failure, Nothing: 1 } } }",
      failures: [
        "severity",
        '    - expected "High"',
        '    + found    "Low"',
        "columns.Result",
        '    - expected "failure"',
        '    + found    "success"',
        "columns.Nothing: the finding has no such column",
      ],
    },
    {
      given: 'name: n\nsample: one\nexpect: { columns: { TargetResources: [{ id: "t-2", type: User }] } }',
      failures: [
        "columns.TargetResources[0].id",
        '    - expected "t-2"',
        '    + found    "t-1"',
        "columns.TargetResources[0].type",
        '    - expected "User"',
        "    + found    (nothing)",
      ],
    },
    {
      given: "{ name: n, sample: one, set: { properties.category: b, operationName: x }, misses: 1 }",
      failures: ['not a near miss of Category =~ "A": the rule would not find the event without that condition either'],
    },
    {
      given: "{ name: n, sample: one, misses: Categry == 1 }",
      failures: [
        "1 finding instead of 0 findings:",
        '    "Sample rule"',
        'the query has no condition "Categry == 1"; it has:',
        '    1  Category =~ "A"',
        '    2  Result == "success"',
        '    3  OperationName has "role"',
      ],
    },
    {
      given: "{ name: n, sample: one, set: { category: SignInLogs }, expect: 0 }",
      failures: ['the record\'s category is "SignInLogs", so no rule sees it. Use AuditLogs'],
    },
    {
      given: '{ name: n, sample: one, set: { "properties.targetResources[3].id": x }, expect: 1 }',
      failures: ["properties.targetResources[3].id: the list has 1 elements"],
    },
    {
      given: "{ name: n, sample: one, remove: [properties.nothing], expect: 1 }",
      failures: ["properties.nothing: the sample has no such member"],
    },
    {
      given: "{ name: n, sample: on, expect: 1 }",
      failures: ['there is no sample "on" (rules/samples/on.json)'],
    },
    {
      given: "{ name: n, sample: pim-settings-chang, expect: 1 }",
      failures: [
        'there is no sample "pim-settings-chang" (rules/samples/pim-settings-chang.json); did you mean "pim-settings-change"?',
      ],
    },
  ])("$given", async ({ given, failures }) => {
    expect(await failuresOf(given)).toEqual(failures);
  });
});

test("whole numbers keep all their digits, in the event and in the expectation", async () => {
  const files = (number: string, expected: string) => {
    const query = `AuditLogs\n| where AdditionalDetails.n == 9007199254740993\n| extend Long = DurationMs`;
    const event = `{ category: AuditLogs, durationMs: ${number}, properties: { additionalDetails: { n: ${number}, m: [${number}] } } }`;
    return {
      name: "sample",
      rule: { name: "rules/sample/rule.yaml", text: ruleText({ query }) },
      tests: {
        name: "rules/sample/tests.yaml",
        text: `tests:\n  - { name: n, event: ${event}, expect: { columns: { Long: ${expected}, AdditionalDetails: { n: ${expected}, m: [${expected}] } } } }`,
      },
    };
  };
  const failures = async (number: string, expected: string) => {
    const given = files(number, expected);
    const { rule } = compileRule(given.rule.text, given.rule.name);
    return rule && (await runRuleTests({ rule, files: given }, ruleSamples())).outcomes[0]?.failures;
  };
  expect(await failures("9007199254740993", "9007199254740993")).toEqual([]);
  expect(await failures("9007199254740992", "9007199254740993")).toEqual([
    "0 findings instead of 1 finding",
    "    false: AdditionalDetails.n == 9007199254740993",
    "        AdditionalDetails.n is 9007199254740992",
  ]);
  expect(await failures("9007199254740993", "9007199254740992")).toEqual([
    "columns.Long",
    "    - expected 9007199254740992",
    '    + found    "9007199254740993"',
    "columns.AdditionalDetails.n",
    "    - expected 9007199254740992",
    "    + found    9007199254740993",
    "columns.AdditionalDetails.m[0]",
    "    - expected 9007199254740992",
    "    + found    9007199254740993",
  ]);
});

test("title and exclusions of the overlay apply", async () => {
  const overlay = `title: "{{OperationName}}!"\nexclude: ["Result == 'x'", "OperationName == 'Add role!'"]`;
  const { outcomes } = await reportOf(
    `
  - { name: title, sample: one, expect: { title: Add role! } }
  - { name: excluded, sample: one, set: { operationName: Add role! }, expect: 0 }`,
    overlay,
  );
  expect(outcomes.map(({ failures }) => failures)).toEqual([[], []]);
});

test.each([
  { tests: "  - { name: n, expect: 1 }", problem: /tests\.yaml:8:5: error: .*needs a sample, an event or events/ },
  { tests: "  - { name: n, sample: one }", problem: /tests\.yaml:8:5: error: .*needs expect or misses/ },
  { tests: "  - { name: n, sample: one, expct: 1 }", problem: /tests\.yaml:8:5: error: .*"expct"/ },
  { tests: "  - [", problem: /tests\.yaml:8:6: error: not YAML/ },
])("$tests is a problem at its place", async ({ tests, problem }) => {
  const { problems } = await reportOf(tests);
  expect(problems[0]).toMatch(problem);
});
