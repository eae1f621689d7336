import { array, assert, constantFrom, jsonValue, letrec, oneof, property, type Arbitrary } from "fast-check";
import { describe, expect, test } from "vitest";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { DEFAULT_LIMITS, EvaluationLimitError } from "../../src/kql/run/evaluation.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { auditLogRow, planOf, resultOf, valueOf } from "./query.ts";

/** Any JSON that a dynamic column can hold. */
const json: Arbitrary<Json> = jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)));

const QUERIES = [
  `AuditLogs | where Category =~ "RoleManagement" | extend name = tostring(InitiatedBy.user.userPrincipalName)
    | extend suffix = tostring(split(name, "@")[1]), final = TargetResources[-1].displayName, key = InitiatedBy[name]
    | project-reorder suffix, TimeGenerated`,
  `AuditLogs | where not(InitiatedBy.a == TargetResources.b) or AdditionalDetails[0].key == "x"
    | project parse_json(tostring(InitiatedBy)).user.id, tostring(TargetResources)`,
  `union (AuditLogs | mv-expand with_itemindex=i T = TargetResources, AdditionalDetails | extend k = tostring(T.type)),
      (AuditLogs | mv-expand kind=array T = InitiatedBy | extend k = tostring(T))
    | where isnotempty(k) or array_length(TargetResources) > 0 or InitiatedBy has_any ("a", "b")
    | summarize c = count(), s = make_set(T), latest = arg_max(TimeGenerated, *) by k, Category | order by k asc`,
  `AuditLogs | mv-apply with_itemindex=i T = TargetResources on (
      where T.type !in~ ("x") | extend p = trim('"', tostring(T.value)), q = extract("([a-z]+)", 1, tostring(T))
      | summarize b = make_bag(bag_pack(p, T)), l = make_list(q, 5), n = count(), m = max(i) | top 1 by n)
    | parse kind=regex tostring(InitiatedBy) with * "a" found ":" * | parse tostring(b) with * "{" inner "}" rest
    | extend z = bag_merge(b, InitiatedBy), y = set_union(l, TargetResources), x = parse_json(inner).a, w = l[-1]
    | distinct found, inner, rest, tostring(z), tostring(y), tostring(x), n`,
];

describe.each(QUERIES)("%s", (query) => {
  const plan = planOf(query);

  test("the plan is JSON: writing and reading it changes nothing", () => {
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  test("no JSON in the dynamic columns makes it throw", () => {
    const evaluate = prepare(plan);
    assert(
      property(json, json, json, (initiatedBy, targets, details) => {
        const row = auditLogRow({
          InitiatedBy: initiatedBy,
          TargetResources: targets,
          AdditionalDetails: details,
        });
        for (const result of evaluate(row)) expect(result).toHaveLength(plan.columns.length);
      }),
    );
  });
});

test("results do not depend on the order of keys", () => {
  const user = { id: "u", userPrincipalName: "a@b.example", ipAddress: "192.0.2.1" };
  const reversed = Object.fromEntries(Object.entries(user).toReversed());
  const query =
    "AuditLogs | project InitiatedBy.user.id, tostring(InitiatedBy.user.userPrincipalName), InitiatedBy.user";
  expect(resultOf(query, auditLogRow({ InitiatedBy: { user } }))).toEqual(
    resultOf(query, auditLogRow({ InitiatedBy: { user: reversed } })),
  );
});

test("a list in the query and the same list in the event give the same answers, however they are nested", () => {
  const { list } = letrec<{ list: Json }>((tie) => ({
    list: array(oneof({ maxDepth: 3 }, constantFrom<Json>("a", "B", 1, null), tie("list")), { maxLength: 4 }),
  }));
  const operators = constantFrom("in", "!in", "in~", "!in~", "has_any", "has_all");
  assert(
    property(list, operators, constantFrom("'a'", "'b'", "'a b'"), (values, operator, text) => {
      const constant = valueOf(`${text} ${operator} (dynamic(${JSON.stringify(values)}))`);
      expect(valueOf(`${text} ${operator} (v)`, values)).toBe(constant);
    }),
  );
});

test("members of prototypes are not members", () => {
  expect(valueOf("tostring(v.constructor.name)", { a: 1 })).toBe("");
  expect(valueOf('tostring(v["__proto__"])', { a: 1 })).toBe("");
  expect(valueOf('tostring(v["length"])', [1])).toBe("");
});

test("values nested deeper than the call stack are handled", () => {
  const deep: Json = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
  expect(valueOf("tostring(v)", deep)).toBe(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
});

describe("a rule that exceeds its limits on one record is stopped with an error of its own", () => {
  const doubled = (name: string) => Array.from({ length: 40 }, () => `| extend a = ${name}`).join(" ");
  const elements = Array.from({ length: 1000 }, (_, index) => index);

  test.each([
    {
      why: "text that doubles",
      query: `AuditLogs | extend a = Category ${doubled("strcat(a, a)")}`,
      limit: "units of work",
    },
    {
      why: "arrays that double without growing in memory",
      query: `AuditLogs | extend a = pack_array(Category) ${doubled("pack_array(a, a)")} | extend t = tostring(a)`,
      limit: "units of work",
    },
    {
      why: "replacing every character with a long text",
      query: `AuditLogs | extend a = strrep("x", 1000) | extend a = replace_string(a, "x", strrep(a, 1000))`,
      limit: "units of work",
    },
    {
      why: "rows times rows times rows",
      query:
        "AuditLogs | mv-expand a = AdditionalDetails | mv-expand b = AdditionalDetails | mv-expand c = AdditionalDetails",
      limit: "rows",
    },
  ])("$why", ({ query, limit }) => {
    const evaluate = prepare(planOf(query));
    expect(() => evaluate(auditLogRow({ AdditionalDetails: elements }))).toThrow(EvaluationLimitError);
    expect(() => evaluate(auditLogRow({ AdditionalDetails: elements }))).toThrow(limit);
  });

  test("the next record is not affected", () => {
    const evaluate = prepare(planOf("AuditLogs | mv-expand a = AdditionalDetails | project a"), {
      ...DEFAULT_LIMITS,
      rows: 10,
    });
    expect(() => evaluate(auditLogRow({ AdditionalDetails: elements }))).toThrow(EvaluationLimitError);
    expect(evaluate(auditLogRow({ AdditionalDetails: [1] }))).toEqual([[1]]);
  });
});
