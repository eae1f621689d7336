import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileQuery } from "../../src/kql/compile/compile-query.ts";
import { toAuditLogRow } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { wholeJson } from "../../src/kql/run/exact-json.ts";
import type { Plan } from "../../src/kql/plan.ts";
import type { Row, Value } from "../../src/kql/run/values.ts";
import { bytes } from "../samples.ts";
import { INT64 } from "./exact-values.ts";
import { objectOf, planOf } from "./query.ts";
import { AUDIT_LOGS } from "../../src/core/event/audit-log-columns.ts";

/** The row of a record that contains the long as a number, inside an array and as text. */
function rowOf(long: bigint): Row {
  const details = `[{"key":"n","value":${long}},{"key":"list","value":[1,${long}]}]`;
  const record = `{"category":"AuditLogs","durationMs":${long},"properties":{"id":${long},"resultReason":"${long}","additionalDetails":${details}}}`;
  const [read] = readEventBody(bytes(`{"records":[${record}]}`)).records;
  return toAuditLogRow(read?.record ?? {});
}

/** The first result row of a plan that was written as JSON and read back, as in the build. */
function firstRow(plan: Plan, row: Row): Record<string, Value> {
  const [result] = prepare(JSON.parse(JSON.stringify(plan)) as Plan)(row);
  return objectOf(plan, result ?? []);
}

const READ = planOf(`AuditLogs
  | extend n = AdditionalDetails[0].value, list = AdditionalDetails[1].value, wanted = tolong(ResultReason)
  | project whole = tolong(n), text = tostring(n), json = tostring(list), id = Id, duration = DurationMs,
      isSame = n == wanted, isSameText = n == ResultReason, isIn = n in (wanted), isListed = wanted in (list), has = list has ResultReason,
      isNext = n == wanted + 1, isLast = n == wanted - 1, isInNeighbours = n in (wanted + 1, wanted - 1), isOther = n != wanted,
      less = n < wanted, more = n > wanted, distance = n - wanted, sum = n + 1, zero = n - n, parsed = parse_json(tostring(list))[1]`);

test("every int64 in a record is read, printed and compared with all its digits", () => {
  fc.assert(
    fc.property(INT64, (long) => {
      expect(firstRow(READ, rowOf(long))).toEqual({
        whole: long,
        text: String(long),
        json: `[1,${long}]`,
        id: String(long),
        duration: long,
        isSame: true,
        isSameText: true,
        isIn: true,
        isListed: true,
        has: true,
        isNext: false,
        isLast: false,
        isInNeighbours: false,
        isOther: false,
        less: false,
        more: false,
        distance: 0n,
        sum: BigInt.asIntN(64, long + 1n),
        zero: 0,
        parsed: wholeJson(long),
      });
    }),
  );
});

const EXPANDED = planOf(`AuditLogs
  | mv-expand n = AdditionalDetails[1].value to typeof(long)
  | summarize found = make_set(n), greatest = max(n), lines = count() by Id`);

test("every int64 keeps all its digits in mv-expand and summarize", () => {
  fc.assert(
    fc.property(INT64, (long) => {
      expect(firstRow(EXPANDED, rowOf(long))).toEqual({
        Id: String(long),
        found: long === 1n ? [1] : [1, wholeJson(long)],
        greatest: long > 1n ? long : 1n,
        lines: 2n,
      });
    }),
  );
});

describe("a long in a rule keeps its digits when the plan is written as JSON", () => {
  const [long, neighbour] = [9_007_199_254_740_993n, 9_007_199_254_740_992n];

  test.each([
    "tolong(AdditionalDetails[0].value) == 9007199254740993",
    "AdditionalDetails[0].value == 9007199254740993",
    "AdditionalDetails[0].value == long(9007199254740993)",
    "AdditionalDetails[0].value == dynamic(9007199254740993)",
    "AdditionalDetails[0].value in (9007199254740993)",
    "AdditionalDetails[0].value in (dynamic([9007199254740993]))",
    'AdditionalDetails[0].value == dynamic({"a": [9007199254740993]}).a[0]',
    "AdditionalDetails[0].value between (9007199254740993 .. 9007199254740993)",
    "set_has_element(dynamic([9007199254740993]), AdditionalDetails[0].value)",
    "tostring(AdditionalDetails[0].value) == tostring(9007199254740993)",
    "AdditionalDetails[1].value == dynamic([1, 9007199254740993])",
    "DurationMs == 9007199254740993",
  ])("%s", (condition) => {
    const plan = planOf(`AuditLogs | where ${condition} | project Id`);
    expect(firstRow(plan, rowOf(long))).toEqual({ Id: String(long) });
    expect(prepare(plan)(rowOf(neighbour))).toEqual([]);
  });

  test("in a let statement, in a table of the query, and in a set that does not contain it", () => {
    const query = `let ids = dynamic([9007199254740993]);
      let more = datatable(id: dynamic)[9007199254740993];
      AuditLogs | where AdditionalDetails[0].value in (ids) and AdditionalDetails[0].value in (more) | project Id`;
    expect(firstRow(planOf(query), rowOf(long))).toEqual({ Id: String(long) });
    expect(prepare(planOf(query.replace("in (ids)", "!in (ids)")))(rowOf(long))).toEqual([]);
    expect(
      prepare(planOf(query.replace("in (ids)", "!in (ids)").replace(" and", " or")))(rowOf(neighbour)),
    ).toHaveLength(1);
  });

  test.each(["9223372036854775808", "long(-9223372036854775809)", "0x10000000000000000"])(
    "%s is refused",
    (literal) => {
      expect(compileQuery(`AuditLogs | where DurationMs == ${literal}`, AUDIT_LOGS).problems).toMatchObject([
        { code: "literal", message: expect.stringContaining("is not a long that pimwatch can read") },
      ]);
    },
  );
});
