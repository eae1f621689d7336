import { describe, expect, test } from "vitest";
import { argumentsOf, costlyCalls, runCall } from "../../bench/limits/costly-calls.ts";
import { COSTLY_PLANS, rowOf } from "../../bench/limits/costly-plans.ts";
import { preparePlan } from "../../src/kql/run/evaluate.ts";
import { DEFAULT_LIMITS, EvaluationLimitError, newEvaluation } from "../../src/kql/run/evaluation.ts";
import { FUNCTIONS } from "../../src/kql/run/function-table.ts";
import { DEFAULT_PRICE, lengthOf } from "../../src/kql/run/metering.ts";
import { auditLogRow, planOf, valueOf } from "./query.ts";

const ARGUMENTS = argumentsOf(1_000);

describe("the work of every function is charged for, with any arguments, and it ends or is stopped", () => {
  test.each(Object.keys(FUNCTIONS))("%s", (name) => {
    const passes = FUNCTIONS[name]?.price?.passes !== undefined;
    let ran = 0;
    for (const call of costlyCalls(name, ARGUMENTS, 3)) {
      const outcome = runCall(call, DEFAULT_LIMITS);
      if (outcome === undefined) continue;
      ran += 1;
      const { spent, read, value } = outcome;
      expect(spent.work).toBeLessThan(2 * DEFAULT_LIMITS.work);
      const isPassedOn = passes || call.arguments.some((argument) => argument.value === value);
      if (value === undefined || isPassedOn) continue;
      const least = DEFAULT_PRICE.character * (read + lengthOf(value));
      if (spent.work < least) expect([call, spent.work]).toEqual([call, `at least ${least}`]);
    }
    expect(ran).toBeGreaterThan(0);
  });
});

describe("a rule that would run for minutes, or for ever, on one record is stopped", () => {
  // A hundredth of the limits on a hundredth of the record keeps the test short.
  const limits = { ...DEFAULT_LIMITS, rows: 20_000, work: DEFAULT_LIMITS.work / 100 };

  test.each(COSTLY_PLANS)("$name", ({ query, columns }) => {
    const { evaluate, spent } = preparePlan(planOf(query), { limits });
    expect(() => evaluate(rowOf(columns(7_000)))).toThrow(EvaluationLimitError);
    expect(spent().work).toBeLessThan(2 * limits.work);
  });

  test("the next record is not charged for the work of the one before", () => {
    const { evaluate, spent } = preparePlan(planOf("AuditLogs | mv-expand a = AdditionalDetails | project a"), {
      limits: { ...limits, rows: 10 },
    });
    expect(evaluate(auditLogRow({ AdditionalDetails: [1] }))).toEqual([[1]]);
    const first = spent();
    expect(() => evaluate(auditLogRow({ AdditionalDetails: Array.from({ length: 100 }, () => 1) }))).toThrow(
      EvaluationLimitError,
    );
    expect(evaluate(auditLogRow({ AdditionalDetails: [1] }))).toEqual([[1]]);
    expect(spent()).toEqual(first);
  });
});

describe("a step counts the rows that it makes of all its rows together, and stops before it makes them all", () => {
  const expanded = "AuditLogs | mv-expand a = AdditionalDetails";

  test.each([
    { query: `${expanded} | mv-expand b = AdditionalDetails` },
    { query: `${expanded} | mv-apply b = AdditionalDetails on (project b)` },
    { query: `union (${expanded}), (${expanded}), (${expanded})` },
  ])("$query", ({ query }) => {
    const { evaluate, spent } = preparePlan(planOf(query), { limits: { ...DEFAULT_LIMITS, rows: 10 } });
    const rowOfElements = (count: number) =>
      auditLogRow({ AdditionalDetails: Array.from({ length: count }, (_, index) => index) });
    expect(evaluate(rowOfElements(3)).length).toBe(9);
    expect(() => evaluate(rowOfElements(4))).toThrow("10 rows");
    expect(spent().rows).toBe(12);
  });
});

describe("a call whose work grows faster than its arguments is charged for all of it", () => {
  const workOf = (query: string, columns: Parameters<typeof auditLogRow>[0]) => {
    const { evaluate, spent } = preparePlan(planOf(query));
    evaluate(auditLogRow(columns));
    return spent().work;
  };
  const long = "ab ".repeat(10_000);

  test.each([
    {
      why: "searching a text for many texts",
      query: 'AuditLogs | where Identity has_any ("w1", "w2", "w3", "w4")',
      least: 4,
    },
    { why: "the size of a pattern", query: 'AuditLogs | where Identity matches regex "x[ab]{200}c"', least: 4_000 },
    { why: "the matches of a pattern", query: 'AuditLogs | where countof(Identity, "a", "regex") == 0', least: 300 },
    { why: "the groups of each match", query: 'AuditLogs | where extract_all("(a)(b)( )", Identity) == 0', least: 500 },
    {
      why: "several replacements in a row",
      query: 'AuditLogs | where replace_strings(Identity, dynamic(["1","2","3"]), dynamic(["","",""])) == ""',
      least: 100,
    },
    {
      why: "the parts between the matches, for each look-up, and the matches",
      query: 'AuditLogs | where replace_strings(Identity, dynamic(["a","1","2","3"]), dynamic([])) == ""',
      least: 900,
    },
    {
      why: "the comparisons of a sort",
      query: 'AuditLogs | where array_length(array_sort_asc(split(Identity, " "))) == 0',
      least: 500,
    },
    {
      why: "the rows of an expansion",
      query: 'AuditLogs | mv-expand a = split(Identity, " ") | where tostring(a) == "x"',
      least: 600,
    },
    {
      why: "the values in JSON text",
      query: 'AuditLogs | where array_length(parse_json(strcat("[", Identity, "]"))) == 0',
      least: 90,
    },
    {
      why: "a long constant of the rule, read for each row",
      query: `AuditLogs | mv-expand a = range(1, 20) | where strcat(tostring(a), "${long}") == "x"`,
      least: 1_500,
    },
  ])("$why", ({ query, least }) => {
    expect(workOf(query, { Identity: long }) / long.length).toBeGreaterThan(least);
  });

  test("a call is not charged for values that it only passes on or looks into by key", () => {
    const large = { TargetResources: [{ displayName: "x", other: "y".repeat(500_000) }] };
    const query =
      'AuditLogs | where tostring(iff(Category == "", dynamic(null), TargetResources)[0].displayName) == "x"';
    expect(workOf(query, large)).toBeLessThan(10_000);
  });
});

/** Each case runs longer than the test's time limit if the search is quadratic. */
describe("texts crafted to slow down a search or a parser are processed in one pass", () => {
  const length = 600_000;
  test.each<[string, Parameters<typeof valueOf>[1], ReturnType<typeof valueOf>]>([
    ["tostring(v[0]) has tostring(v[1])", ["ab".repeat(length / 3), `a${"ba".repeat(length / 6)}`], false],
    ["countof(tostring(v[0]), tostring(v[1]))", ["a".repeat(length), "a".repeat(length / 2)], BigInt(length / 2 + 1)],
    ["indexof(tostring(v[0]), tostring(v[1]))", ["ab".repeat(length / 3), `a${"ba".repeat(length / 6)}c`], -1n],
    ['indexof(tostring(v), "", 0, -1, 9000000000000000000)', "abc", -1n],
    [
      "array_length(split(tostring(v[0]), tostring(v[1])))",
      ["ab".repeat(length / 3), `a${"ba".repeat(length / 6)}c`],
      1n,
    ],
    [`array_length(parse_command_line(tostring(v), "windows"))`, `p ${"\\".repeat(length)}`, 2n],
    ["todatetime(tostring(v))", `1/1/2020${" ".repeat(length)}x`, null],
    ["todouble(tostring(v))", `${"1".repeat(length)}x`, null],
    ["parse_xml(tostring(v))", `<!DOCTYPE${" ".repeat(length)}`, null],
    [
      "strlen(translate(tostring(v), tostring(v), tostring(v)))",
      String.fromCodePoint(...Array.from({ length: 60_000 }, (_, index) => 0x20000 + (index % 40_000))),
      60_000n,
    ],
    [
      "array_length(bag_keys(bag_remove_keys(v[0], v[1])))",
      [
        Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`k${index}`, 1])),
        Array.from({ length: 40_000 }, (_, index) => `k${index}`),
      ],
      0n,
    ],
    [
      "has_any_ipv4(tostring(v[0]), v[1])",
      ["198.51.100.7 ".repeat(20_000), Array.from({ length: 20_000 }, () => "192.0.2.1")],
      false,
    ],
  ])("%s", (expression, v, expected) => {
    expect(valueOf(expression, v)).toEqual(expected);
  });
});

describe("values nested deeper than the call stack are processed", () => {
  const deep = JSON.parse(`${'{"a":['.repeat(50_000)}1${"]}".repeat(50_000)}`) as Parameters<typeof valueOf>[1];
  const path = `$${".a".repeat(200_000)}`;
  test.each([
    ["strlen(dynamic_to_json(v))", deep, 400_001n],
    ["strlen(tostring(pack_array(v, v)))", deep, 800_005n],
    ["array_length(set_union(pack_array(v), pack_array(v)))", deep, 1n],
    [`array_length(bag_keys(bag_set_key(v, strcat("$", strrep(".a", 1000), strrep(".a", 1000)), 1)))`, deep, 2n],
    ["array_length(bag_keys(bag_remove_keys(v[0], pack_array(v[1]))))", [deep, path] as typeof deep, 1n],
  ])("%s", (expression, v, expected) => {
    expect(valueOf(expression, v)).toEqual(expected);
  });
});

test("a price that is not a number stops the rule: it must not switch the limit off", () => {
  const evaluation = newEvaluation(DEFAULT_LIMITS);
  evaluation.chargeWork(1); // the control: a price within the limit does not
  expect(() => evaluation.chargeWork(Number.NaN)).toThrow(EvaluationLimitError);
});
