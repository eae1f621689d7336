import { expect, test } from "vitest";
import { rowJson } from "../../../cli/backtest/row-json.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import { auditLogRow, planOf } from "../../kql/query.ts";

function shown(query: string): string[] {
  const plan = planOf(query);
  return prepare(plan)(auditLogRow()).map((row) => rowJson(plan.columns, row));
}

test("columns keep the query's order, whatever their names", () => {
  expect(shown('AuditLogs | project b = "x", ["2"] = 2, ["1"] = dynamic([1]), a = bool(null)')).toEqual([
    '{"b":"x","2":2,"1":[1],"a":null}',
  ]);
});

test.each([
  ["datetime(2026-03-04T05:06:10Z)", '"2026-03-04T05:06:10Z"'],
  ["datetime(2026-03-04T05:06:00.1200000Z)", '"2026-03-04T05:06:00.12Z"'],
  ["datetime(2026-03-04T05:06:07.1234567Z)", '"2026-03-04T05:06:07.1234567Z"'],
  ["tostring(datetime(2026-03-04T05:06:10Z))", '"2026-03-04T05:06:10.0000000Z"'],
  ["datetime(null)", "null"],
  ["90m", '"01:30:00"'],
  ["1.0", "1"],
  ["9223372036854775807", '"9223372036854775807"'],
  ["dynamic(9223372036854775807)", "9223372036854775807"],
  ['dynamic({"a": [9007199254740993]})', '{"a":[9007199254740993]}'],
])("%s is shown as Kusto answers it: %s", (expression, json) => {
  expect(shown(`AuditLogs | project x = ${expression}`)).toEqual([`{"x":${json}}`]);
});
