import { array, assert, constantFrom, integer, oneof, property, string, tuple, type Arbitrary } from "fast-check";
import { expect, test } from "vitest";
import { compileQuery, compileWindowQuery, type CompiledQuery } from "../../../src/kql/compile/compile-query.ts";
import { supportTable } from "../../../src/kql/compile/kql-support.ts";
import { prepareWindow } from "../../../src/kql/run/evaluate-window.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import { EvaluationLimitError } from "../../../src/kql/run/evaluation.ts";
import { auditLogRow, SAMPLE_TIME } from "../query.ts";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";

const FUNCTION_NAMES = supportTable(AUDIT_LOGS)
  .filter(({ kind, name }) => (kind === "function" || kind === "aggregate") && /^\w+$/.test(name))
  .map(({ name }) => name);

const atom = constantFrom(
  "Category",
  "InitiatedBy",
  "TargetResources",
  "TimeGenerated",
  "DurationMs",
  "InitiatedBy.user['id']",
  "TargetResources[0].type",
  "TargetResources[-1]",
  "x",
  "y",
  "Foo",
  "1",
  "2.5",
  "'a@b'",
  '@"\\w+(a)"',
  "1h",
  "true",
  "dynamic([1,'a',null])",
  "dynamic({'a':1})",
  "datetime(2026-01-02)",
  "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
  "decimal(1.5)",
  "typeof(long)",
  "long(null)",
  "*",
  "()",
  "f(1)",
  "(AuditLogs | project Id)",
);

const expression: Arbitrary<string> = oneof(
  { depthSize: "small", withCrossShrink: true },
  atom,
  tuple(constantFrom(...FUNCTION_NAMES, "foo", "series_sum", "rand"), array(atom, { maxLength: 4 })).map(
    ([name, args]) => `${name}(${args.join(", ")})`,
  ),
  tuple(atom, constantFrom("==", "=~", "has", "contains", "+", "-", "/", "%", "<", "and", "or"), atom).map((parts) =>
    parts.join(" "),
  ),
  tuple(atom, constantFrom("in", "!in~", "has_any", "has_all"), atom).map(([a, op, b]) => `${a} ${op} (${b})`),
  tuple(atom, atom, atom).map(([a, b, c]) => `${a} between (${b} .. ${c})`),
);

const operator: Arbitrary<string> = oneof(
  expression.map((value) => `where ${value}`),
  tuple(constantFrom("x", "y", "Category", "InitiatedBy"), expression).map(
    ([name, value]) => `extend ${name} = ${value}`,
  ),
  expression.map((value) => `extend (x, y) = ${value}`),
  tuple(expression, expression).map(([a, b]) => `project ${a}, x = ${b}`),
  constantFrom("project-away x*", "project-keep x, C*", "project-rename y = x", "project-reorder *, x desc"),
  tuple(expression, constantFrom("", " to typeof(long)", " to typeof(decimal)", " limit 2")).map(
    ([value, tail]) => `mv-expand x = ${value}${tail}`,
  ),
  tuple(expression, expression, constantFrom("with_itemindex=y ", "", "id=1 ")).map(
    ([a, b, head]) => `mv-apply ${head}x = ${a} on (where ${b} | summarize make_set(x))`,
  ),
  tuple(expression, constantFrom("simple", "regex", "relaxed")).map(
    ([value, kind]) => `parse kind=${kind} ${value} with * "a" x: long "b" y *`,
  ),
  tuple(expression, expression).map(([a, b]) => `summarize x = ${a} by ${b}`),
  tuple(expression, constantFrom("asc", "desc nulls first", "")).map(([value, order]) => `order by ${value} ${order}`),
  constantFrom(
    "distinct *",
    "count",
    "take 5",
    "take x",
    "top 3 by x",
    "union AuditLogs, (AuditLogs | project x = 1)",
    "join (AuditLogs) on Id",
    "join kind=leftouter (AuditLogs | project x = Id, y = DurationMs) on x",
    "join kind=inner (AuditLogs | count) on $left.Id == $right.Count",
    "join kind=anti T on x, y",
    "where x !in ((AuditLogs | summarize make_set(Id)))",
    "extend y = toscalar(AuditLogs | count)",
    "union isfuzzy=true (AuditLogs | distinct Id), (SigninLogs | take 1)",
    "evaluate bag_unpack(InitiatedBy) : (*, x: long)",
    "evaluate bag_unpack(x, 1, 2) : (x: decimal)",
    "evaluate pivot(Category)",
    "parse-kv Category as (x: string)",
    "invoke f()",
    "scan declare (x: long) with (step s: true => x = 1;)",
    "partition by Category (take 1)",
    "make-series count() on TimeGenerated step 1h",
    "as T",
    "where",
    "|",
  ),
);

const query = tuple(
  constantFrom(
    "AuditLogs",
    "let x = 1; AuditLogs",
    "AuditLogs | extend x = TargetResources, y = 1",
    "AuditLogs | extend x = Category, y = InitiatedBy",
    "let f = (y: long) { y + x }; AuditLogs",
    "union AuditLogs",
    "T",
    "",
  ),
  array(operator, { maxLength: 4 }),
).map(([source, operators]) => [source, ...operators].join("\n| "));

/** Checks that a text is either refused, at a place within it, or runs without throwing: over one event, and over a window. */
function compileAndRun(text: string): void {
  const eventLocal = compileQuery(text, AUDIT_LOGS);
  checkProblems(text, eventLocal);
  const window = compileWindowQuery(text, AUDIT_LOGS);
  checkProblems(text, window);
  const row = auditLogRow();
  withinLimits(() => {
    if (eventLocal.plan)
      for (const found of prepare(eventLocal.plan)(row)) expect(found).toHaveLength(eventLocal.plan.columns.length);
  });
  withinLimits(() => {
    if (window.plan === undefined) return;
    prepare(window.plan.kept)(row);
    const found = prepareWindow(window.plan)(SAMPLE_TIME, () => [row, auditLogRow({ Id: "other" })]);
    for (const each of found) expect(each.row).toHaveLength(window.plan.columns.length);
  });
}

function checkProblems(text: string, { plan, problems }: CompiledQuery<unknown>): void {
  expect(plan === undefined).toBe(problems.length > 0);
  for (const { offset, code, message } of problems) {
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset).toBeLessThanOrEqual(text.length);
    expect(code).toMatch(/^[a-z0-9-]+$/);
    expect(message).not.toBe("");
  }
}

function withinLimits(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EvaluationLimitError)) throw error;
  }
}

test("for any combination of operators and functions, the compiler reports a problem or the query runs", () => {
  assert(property(query, compileAndRun), { numRuns: Number(process.env["FUZZ_RUNS"] ?? 150) });
});

test("a query cut off or garbled anywhere is refused without throwing", () => {
  const whole = `let l = dynamic(["a"]); let f = (s: string) { strcat(s, "x") };
    AuditLogs | where Category in~ (l) | mv-apply T = TargetResources on (where T.type == "Role" | extend n = f(tostring(T.displayName)))
    | parse n with a "l" b: long | summarize make_set(a) by Id, bin(TimeGenerated, 1h) | project-reorder Id desc`;
  const garbled = tuple(integer({ min: 0, max: whole.length }), integer({ min: 0, max: 20 }), string({ maxLength: 5 }));
  assert(
    property(garbled, ([at, cut, put]) => compileAndRun(whole.slice(0, at) + put + whole.slice(at + cut))),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 150) },
  );
});
