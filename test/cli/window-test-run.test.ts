import { describe, expect, test } from "vitest";
import { ruleSamples } from "../../cli/rules/rule-samples.ts";
import { runRuleTests } from "../../cli/rules/rule-test-run.ts";
import { compileRule } from "../../src/sentinel/compile-rules.ts";
import { testsSkeleton } from "../../src/sentinel/rule-skeleton.ts";
import { readTests } from "../../src/sentinel/tests-file.ts";
import { ruleText } from "../sentinel/rule-text.ts";

const SAMPLES = `
samples:
  reset: &reset
    category: AuditLogs
    operationName: Reset password
    tenantId: 11111111-1111-4111-8111-111111111111
    properties: { id: one, category: UserManagement, identity: kim }
  consent:
    category: AuditLogs
    operationName: Consent
    tenantId: 11111111-1111-4111-8111-111111111111
    properties: { id: two, category: UserManagement, identity: kim }
`;

/** Two resets within four hours, as a threshold that gains. */
const TWO_RESETS =
  'AuditLogs | where OperationName == "Reset password" | summarize n = count() by OperationName | where n > 1';
/** A reset that no consent followed. */
const ALONE =
  'AuditLogs | where OperationName == "Reset password" | join kind=leftanti (AuditLogs | where OperationName == "Consent") on Category | project Id, TimeGenerated';

async function reportOf(query: string, tests: string) {
  const files = {
    name: "sample",
    rule: {
      name: "rules/sample/rule.yaml",
      text: ruleText({ query, severity: "Low", schedule: { frequency: "1h", period: "4h" } }),
    },
    tests: { name: "rules/sample/tests.yaml", text: `${SAMPLES}tests:\n${tests}` },
  };
  const { rule } = compileRule(files.rule.text, files.rule.name);
  if (rule === undefined) throw new Error("no rule");
  const { outcomes, problems } = await runRuleTests({ rule, files }, ruleSamples());
  return { failures: outcomes.map(({ failures }) => failures), problems };
}

const RESET_AT_8 = "{ at: 2026-03-02T08:10:00Z, sample: reset";
const RESET_AT_9 = "{ at: 2026-03-02T09:20:00Z, sample: reset, set: { properties.id: later }";

describe("a test of a rule that needs several events", () => {
  test("says which incidents exist when the next event arrives, and in the end", async () => {
    const tests = `
  - name: two resets
    events:
      - ${RESET_AT_8}, expect: 0 }
      - ${RESET_AT_9}, expect: 1 }
      - { at: 2026-03-02T16:00:00Z, sample: consent, expect: 1 }
    expect: { title: Sample rule, severity: Low, columns: { n: 2 } }`;
    expect(await reportOf(TWO_RESETS, tests)).toEqual({ failures: [[]], problems: [] });
  });

  test("fails with the event after which the incidents differ", async () => {
    const tests = `
  - name: two resets
    events:
      - ${RESET_AT_8}, expect: 1 }
      - ${RESET_AT_9} }
    expect: { columns: { n: 3 } }`;
    expect((await reportOf(TWO_RESETS, tests)).failures).toEqual([
      ["after event 1:", "0 findings instead of 1 finding", "columns.n", "    - expected 3", "    + found    2"],
    ]);
  });

  const consentLater = (order: string) => `
  - name: a consent that follows at once
    events:
      - ${RESET_AT_8} }
      - { at: 2026-03-02T08:20:00Z, sample: consent }
    expect: 0
  - name: a consent that arrives after another event
    events:
      - ${RESET_AT_8} }
      - { at: 2026-03-02T09:30:00Z, sample: consent, set: { operationName: Other }, expect: 1 }
      - { at: 2026-03-02T08:20:00Z, sample: consent }
${order}    expect: 1`;

  test("runs with other orders of arrival, too", async () => {
    const { failures } = await reportOf(ALONE, consentLater(""));
    expect(failures).toEqual([
      [],
      [
        "in the order 1, 3, 2: 0 incidents instead of 1 incident, or others. If events cannot arrive in this order, add order: fixed",
      ],
    ]);
    expect((await reportOf(ALONE, consentLater("    order: fixed\n"))).failures).toEqual([[], []]);
  });

  test("can have more events than all orders are tried for", async () => {
    const events = [1, 2, 3, 4, 5].map(
      (n) => `      - { at: 2026-03-02T08:1${n}:00Z, sample: reset, set: { properties.id: r-${n} } }\n`,
    );
    const tests = `  - name: many\n    events:\n${events.join("")}    expect: { columns: { n: 5 } }`;
    expect((await reportOf(TWO_RESETS, tests)).failures).toEqual([[]]);
  });
});

test.each([
  {
    because: "one event",
    tests: "  - { name: n, sample: reset, expect: 0 }",
    failures: [["this rule needs several events: give events"]],
  },
  {
    because: "a record that is no audit record",
    tests: "  - { name: n, events: [{ at: 2026-03-02T08:10:00Z, sample: reset, set: { properties: 1 } }], expect: 0 }",
    failures: [[expect.stringContaining("dead letter")]],
  },
])("a test with $because fails with the reason", async ({ tests, failures }) => {
  expect((await reportOf(TWO_RESETS, tests)).failures).toEqual(failures);
});

test("a rule that one event decides takes one event", async () => {
  const tests = `  - { name: n, events: [${RESET_AT_8} }], expect: 0 }`;
  expect((await reportOf('AuditLogs | where Category == "UserManagement"', tests)).failures).toEqual([
    ["one event decides this rule: give a sample or an event, not events"],
  ]);
});

test.each([
  { test: "{ name: n, expect: 0 }", problem: "needs a sample, an event or events" },
  {
    test: `{ name: n, sample: reset, events: [${RESET_AT_8} }], expect: 0 }`,
    problem: "needs a sample, an event or events",
  },
  { test: `{ name: n, events: [${RESET_AT_8} }], misses: 1 }`, problem: "misses is about one event" },
  { test: "{ name: n, events: [{ at: 2026-03-02, sample: reset }], expect: 0 }", problem: "at" },
  { test: "{ name: n, events: [{ at: 2026-03-02T08:10:00Z }], expect: 0 }", problem: "needs a sample or an event" },
])("tests.yaml is refused: $problem", async ({ test: text, problem }) => {
  expect((await reportOf(TWO_RESETS, `  - ${text}`)).problems).toEqual([expect.stringContaining(problem)]);
});

test("`pimwatch new` writes a test with events for such a rule", async () => {
  const schedule = { frequency: "1h", period: "4h" };
  const { rule } = compileRule(ruleText({ query: TWO_RESETS, schedule }), "r.yaml");
  if (rule === undefined) throw new Error("no rule");
  const { read, problems } = readTests({ name: "tests.yaml", text: testsSkeleton(rule) });
  expect(problems).toEqual([]);
  expect(read?.tests.tests).toEqual([
    expect.objectContaining({ events: [expect.anything(), expect.anything()], expect: expect.anything() as unknown }),
  ]);
});
