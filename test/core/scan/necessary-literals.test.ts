import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AUDIT_LOG_COLUMNS } from "../../../src/core/event/audit-log-columns.ts";
import { toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import type { Expression, Plan, Step } from "../../../src/kql/plan.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { literalScan } from "../../../src/core/scan/literal-scan.ts";
import { necessaryLiterals } from "../../../src/core/scan/necessary-literals.ts";
import { planOf } from "../../kql/query.ts";
import { writtenJson } from "./written-json.ts";

const literalsOf = (query: string) => necessaryLiterals(planOf(`AuditLogs | ${query}`))?.map(({ text }) => text);

test.each([
  { query: 'where OperationName =~ "Add member to role"', literals: ["Add member to role"] },
  { query: 'where "Add member to role" == OperationName', literals: ["Add member to role"] },
  { query: 'where OperationName in ("Add member to role", "Add user")', literals: ["Add member to role", "Add user"] },
  {
    query: 'where OperationName in~ (dynamic(["Add member to role", "Add user"]))',
    literals: ["Add member to role", "Add user"],
  },
  {
    query:
      'where LoggedByService == "Core Directory" and Category == "UserManagement" | where OperationName has "Add member"',
    literals: [" member"], // in a JSON text, `Add` may be the end of an escape
  },
  {
    query: 'where OperationName == "Add user" or ActivityDisplayName startswith "Delete user"',
    literals: ["Add user", "Delete user"],
  },
  { query: 'where TargetResources[0].displayName =~ "Privileged group"', literals: ["Privileged group"] },
  {
    query:
      'mv-apply t = TargetResources on (where tostring(t.type) == "ServicePrincipal") | extend x = 1 | where x == 1',
    literals: ["ServicePrincipal"],
  },
  {
    query:
      'parse ResultReason with a ":" b | mv-expand t = TargetResources | where tostring(t.type) == "ServicePrincipal"',
    literals: ["ServicePrincipal"],
  },
  { query: 'where Identity == "Application \\"Élan vital\\""', literals: ["Application "] },
  { query: 'where split(Identity, "@")[1] == "tenant.example"', literals: ["enant.example"] },
  { query: 'summarize count() by OperationName | where OperationName == "Add user"', literals: ["Add user"] },
])("$query needs $literals", ({ query, literals }) => {
  expect(literalsOf(query)).toEqual(literals);
});

test.each([
  ["nothing is compared", "extend a = 1"],
  ["a part of an or is unknown", 'where OperationName == "Add user" or strlen(OperationName) > 3'],
  ["it is too short to be scanned for", 'where Category == "Policy"'],
  ["it is what may not be", 'where OperationName != "Add member to role"'],
  ["it is a list of what may not be", 'where OperationName !in ("Add member to role", "Add user to tenant")'],
  ["it is a list of what may not be, in any case", 'where OperationName !in~ ("Add member to role")'],
  ["it may not stand in the text", 'where OperationName !has "Add member" and Identity !contains "Add member"'],
  ["the text may not begin or end with it", 'where Identity !startswith "Add member" and Identity !endswith "to role"'],
  ["not turns it around", 'where not(OperationName == "Add member to role")'],
  ["the column is made lower case by the app", 'where AADTenantId == "abcdefgh-0000"'],
  ["the column is a constant of the app", 'where SourceSystem == "Azure Active Directory"'],
  ["the value is computed", 'where strcat(OperationName, "") == "Add member to role"'],
  ["the value is JSON within a string", 'where tostring(parse_json(ResultReason).a) == "Add member to role"'],
  ["the value lies to the right", 'where "Add member to role" startswith OperationName'],
  ["numbers are written in many ways", 'where OperationName == "12345678.5"'],
  ["a number too large reads as infinity", 'where Level == "Infinity"'],
  [
    "another column stands where one did",
    'project OperationName = ResultType | extend a = strlen(OperationName) | where OperationName == ""',
  ],
])("where %s, no literal is necessary: %s", (_why, query) => {
  expect(literalsOf(query)).toBeUndefined();
});

test("of a union each branch may match", () => {
  const query =
    'union (AuditLogs | where OperationName == "Add user"), (AuditLogs | where OperationName == "Delete user")';
  expect(necessaryLiterals(planOf(query))?.map(({ text }) => text)).toEqual(["Add user", "Delete user"]);
});

test("a step that makes rows of none takes away what was known", () => {
  const plan = planOf('AuditLogs | where OperationName == "Add member to role"');
  const counted: Step = { step: "summarize", by: [], aggregates: [{ name: "count", type: "long", arguments: [] }] };
  const union = (...branches: Step[][]): Plan => ({ ...plan, steps: [...plan.steps, { step: "union", branches }] });
  expect(necessaryLiterals(union([], [counted]))).toBeUndefined();
  expect(necessaryLiterals(union([], [{ step: "table", rows: [[]] }]))).toBeUndefined();
  expect(necessaryLiterals(union([], []))).toHaveLength(2); // the control
  expect(necessaryLiterals({ ...plan, steps: [...plan.steps, counted] })).toBeUndefined();
  expect(necessaryLiterals({ ...plan, steps: [...plan.steps, { step: "table", rows: [[]] }] })).toBeUndefined();
});

test("a step or function that is not known gives no literal", () => {
  const plan = planOf('AuditLogs | where OperationName == "Add member to role"');
  // @ts-expect-error -- a plan of a later version
  const withStep: Plan = { ...plan, steps: [...plan.steps, { step: "made-up" }] };
  expect(necessaryLiterals(withStep)).toBeUndefined();

  const [where] = plan.steps;
  const predicate: Expression = { kind: "call", type: "bool", name: "made up", arguments: [] };
  expect(necessaryLiterals({ ...plan, steps: where ? [{ step: "where", predicate }] : [] })).toBeUndefined();
});

describe("a record that matches a plan holds one of its literals", () => {
  const LEAVES = [
    'OperationName =~ "Update setting"',
    'OperationName == "Infinity"',
    'OperationName in ("Update setting", "nabcdefgh")',
    'ActivityDisplayName has "nabcdefgh"',
    'Identity contains "u001fabcdefg"',
    'Identity endswith "DADD member"',
    'Identity startswith_cs "Update"',
    'ResultReason has_any ("Update setting", "member of")',
    'tostring(TargetResources[0].displayName) =~ "update SETTING"',
    'TargetResources has "Update setting"',
    'tostring(TargetResources) contains "[{\\"Update setting"',
    'split(Identity, "!")[0] == "Update setting"',
    'trim("!", Identity) =~ "update setting"',
    'Level == "Update setting"',
    'Resource =~ "Update setting"',
    "isnotempty(Identity)",
  ].map((leaf): Expression => {
    const [step] = planOf(`AuditLogs | where ${leaf}`).steps;
    if (step?.step !== "where") throw new Error(leaf);
    return step.predicate;
  });
  const call = (name: string, operands: readonly Expression[]): Expression => ({
    kind: "call",
    type: "bool",
    name,
    arguments: operands,
  });
  const predicate = fc.letrec<{ it: Expression }>((tie) => ({
    it: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom(...LEAVES),
      fc.tuple(fc.constantFrom("and", "or"), tie("it"), tie("it")).map(([name, a, b]) => call(name, [a, b])),
      tie("it").map((inner) => call("not", [inner])),
    ),
  })).it;
  const EXPANSION = planOf("AuditLogs | mv-apply t = TargetResources on (where isnotnull(t))").steps[0];
  const steps = fc.tuple(predicate, predicate, fc.boolean()).map(([first, second, nested]): Step[] => {
    const where = (each: Expression): Step => ({ step: "where", predicate: each });
    if (!nested || EXPANSION?.step !== "mv-apply") return [where(first), where(second)];
    return [
      { ...EXPANSION, steps: [where(first)] },
      { step: "union", branches: [[where(second)], [where(first)]] },
    ];
  });

  const text = fc.constantFrom(
    "Update setting",
    "UPDATE SETTING",
    "!Update setting!x",
    "\nabcdefgh",
    "nabcdefgh",
    "\u001fabcdefg",
    "\uDADD member",
    "DADD member",
    "Add member of",
    "Updáte setting",
    "",
  );
  const number = fc.constant<Json>(Number.POSITIVE_INFINITY); // written as 1e999
  const value: fc.Arbitrary<Json> = fc.oneof(
    { weight: 4, arbitrary: text },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.oneof(
          text,
          text.map((displayName): Json => ({ displayName })),
        ),
        { maxLength: 3 },
      ),
    },
    { weight: 1, arbitrary: text.map((key): Json => ({ [key]: key })) },
    { weight: 1, arbitrary: number },
  );
  const targets = fc.array(
    text.map((displayName): Json => ({ displayName })),
    { maxLength: 2 },
  );
  const record = fc.record({
    operationName: value,
    identity: value,
    Level: value,
    resourceId: text.map((name) => `/providers/${name}`),
    properties: fc.record({
      activityDisplayName: value,
      resultReason: value,
      targetResources: fc.oneof(targets, value),
    }),
  });

  test("whatever both are", () => {
    let matches = 0;
    fc.assert(
      fc.property(
        steps,
        record.chain((each) => fc.tuple(fc.constant(each), writtenJson(each))),
        (all, [each, written]) => {
          const plan: Plan = { version: 1, timeColumn: 2, columns: [...AUDIT_LOG_COLUMNS], steps: all };
          const literals = necessaryLiterals(plan);
          if (literals === undefined) return;
          const body = Buffer.from(Buffer.from(written).toString().replaceAll("null", "1e999").replace("\uFEFF", ""));
          if (prepare(plan)(toAuditLogRow(JSON.parse(body.toString()) as typeof each)).length === 0) return;
          matches += 1;
          expect(literalScan(literals).search(body)).not.toEqual([]);
        },
      ),
      { numRuns: 15_000 },
    );
    expect(matches).toBeGreaterThan(200);
  });
});

describe("a join with a list of constants", () => {
  const joined = (kind: string) =>
    `where OperationName == 'Add user' | join kind=${kind} (datatable(Id: string)['a']) on Id | where Category == 'UserManagement'`;

  test.each(["inner", "innerunique", "leftouter", "leftsemi", "leftanti"])("%s keeps what is necessary", (kind) => {
    expect(literalsOf(joined(kind))).toEqual(["Add user"]);
  });

  test("other kinds can return rows of the right side alone", () => {
    const { steps, ...plan } = planOf(`AuditLogs | ${joined("inner")}`);
    const others = steps.map((step) => (step.step === "join" ? { ...step, kind: "rightouter" as const } : step));
    expect(necessaryLiterals({ ...plan, steps: others.slice(0, -1) })).toBeUndefined();
  });
});

test("a list of more than a thousand texts is not searched for, since the scan for it would hold up each start", () => {
  const listed = (count: number) =>
    literalsOf(`where Id in (${Array.from({ length: count }, (_, index) => `"a long id ${index}"`).join(", ")})`);
  expect(listed(1_000)).toHaveLength(1_000);
  expect(listed(1_001)).toBeUndefined();
});
