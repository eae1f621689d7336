// Rules over several events in a backtest: the findings are those of each scheduled instant, by definition.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { timeOrder } from "../../../cli/backtest/time-order.ts";
import { windowBacktest, type WindowFinding } from "../../../cli/backtest/window-backtest.ts";
import { toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { prepareWindow } from "../../../src/kql/run/evaluate-window.ts";
import { ticksFromUnixMilliseconds } from "../../../src/kql/run/time.ts";
import { compileRule } from "../../../src/sentinel/compile-rule.ts";
import { hasWindow, type WindowRule } from "../../../src/core/incident/rule.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { ruleText, type RuleTextParts } from "../../sentinel/rule-text.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 2, 1);

/** An audit record of a number of hours after the first of March. */
function recordAt(hours: number, id: string, operation = "Add user", tenant = "t-1"): DiagnosticRecord {
  const time = new Date(START + hours * HOUR).toISOString();
  const properties = { id, category: "Tests", activityDateTime: time, initiatedBy: { user: { id: "u-1" } } };
  return { time, category: "AuditLogs", operationName: operation, tenantId: tenant, properties };
}

function windowRule(parts: RuleTextParts): WindowRule {
  const { rule, problems } = compileRule(ruleText(parts), "rule.yaml");
  if (rule === undefined || !hasWindow(rule)) throw new Error(problems.map(({ message }) => message).join("\n"));
  return rule;
}

async function findingsOf(rules: readonly WindowRule[], records: readonly DiagnosticRecord[], buffer?: number) {
  const order = timeOrder(buffer === undefined ? {} : { maxBufferedCharacters: buffer });
  const run = windowBacktest(rules, order);
  for (const [index, record] of records.entries()) {
    const bytes = Buffer.from(JSON.stringify(record));
    run.event(bytes);
    run.add({ record, bytes: () => bytes }, `line ${index + 1}`);
  }
  const found: WindowFinding[] = [];
  const failed: (readonly [instant: bigint, reason: string])[] = [];
  await run.run({
    found: (finding) => found.push(finding),
    failed: (_rule, instant, reason) => failed.push([instant, reason]),
    progress: () => false,
  });
  order.close();
  return { found, failed, counts: run.counts() };
}

const text = ({ tenant, instant, row }: Pick<WindowFinding, "tenant" | "instant" | "row">) =>
  JSON.stringify([tenant, String(instant), row.map(String)]);

const timeOf = ({ time }: DiagnosticRecord): number => Date.parse(valueText(time));

/** Q(T) at every multiple of the frequency between the first and the last record, over the records in (T - period, T]. */
function byDefinition(rule: WindowRule, records: readonly DiagnosticRecord[]): string[] {
  const times = records.map(timeOf);
  const step = rule.window.schedule.frequencySeconds * 1000;
  const evaluate = prepareWindow(rule.window.plan);
  const found: string[] = [];
  const tenants = new Set(records.map(({ tenantId }) => valueText(tenantId)));
  const last = Math.ceil(Math.max(...times) / step) * step;
  for (const tenant of tenants) {
    for (let instant = Math.ceil(Math.min(...times) / step) * step; instant <= last; instant += step) {
      const rows = records
        .filter(({ tenantId }) => tenantId === tenant)
        .filter((record) => timeOf(record) <= instant)
        .filter((record) => timeOf(record) > instant - rule.window.schedule.periodSeconds * 1000)
        .map(toAuditLogRow);
      const ticks = ticksFromUnixMilliseconds(instant);
      const results = evaluate(ticks, () => rows);
      if (results.length <= rule.window.schedule.threshold) continue;
      for (const { row } of results) found.push(text({ tenant, instant: ticks, row }));
    }
  }
  return found;
}

const RULES: Readonly<Record<string, RuleTextParts>> = {
  "a join": {
    query: `AuditLogs | where OperationName == "Add user"
| join kind=inner (AuditLogs | where OperationName == "Delete user") on Id | where TimeGenerated <= TimeGenerated1
| project Id, TimeGenerated, TimeGenerated1`,
    schedule: { frequency: "2h", period: "7h" },
  },
  "a list of those seen before": {
    query: `let known = AuditLogs | where TimeGenerated between (ago(12h) .. ago(3h)) | where OperationName == "Add user" | project Id;
AuditLogs | where TimeGenerated > ago(3h) | where OperationName == "Add user" | where Id !in (known) | project Id, TimeGenerated`,
    schedule: { frequency: "3h", period: "12h" },
  },
  "a threshold on the rows": {
    query: 'AuditLogs | where OperationName == "Add user" | project Id, TimeGenerated',
    schedule: { frequency: "1h", period: "4h", threshold: 2 },
  },
  "a threshold in the query": {
    query: 'AuditLogs | where OperationName == "Add user" | summarize n = count() by Category | where n > 2',
    schedule: { frequency: "1h", period: "4h" },
  },
};

const anyRecord = fc
  .record({
    hours: fc.double({ min: 0, max: 20, noNaN: true }).map((hours) => Math.round(hours * 4) / 4),
    id: fc.constantFrom("1", "2", "3"),
    operation: fc.constantFrom("Add user", "Delete user", "Rename tenant"),
    tenant: fc.constantFrom("t-1", "t-2"),
  })
  .map(({ hours, id, operation, tenant }) => recordAt(hours, id, operation, tenant));

test.each(Object.entries(RULES))("%s: the findings are those of each instant by definition", async (_, parts) => {
  const rule = windowRule(parts);
  const distinct = fc.uniqueArray(anyRecord, {
    minLength: 1,
    maxLength: 14,
    selector: (record) => JSON.stringify(record),
  });
  await fc.assert(
    fc.asyncProperty(distinct, fc.infiniteStream(fc.nat()), fc.nat(600), async (records, numbers, buffer) => {
      // In any order, some of them twice, with any number of temporary files.
      const [...order] = numbers.take(records.length);
      const shuffled = records.toSorted(
        (left, right) => (order[records.indexOf(left)] ?? 0) - (order[records.indexOf(right)] ?? 0),
      );
      const { found } = await findingsOf([rule], [...shuffled, ...shuffled.slice(0, 3)], buffer);
      expect(found.map(text).toSorted()).toEqual(byDefinition(rule, records).toSorted());
    }),
    { numRuns: 50 },
  );
});

describe("a finding", () => {
  const rule = windowRule(RULES["a join"] ?? {});
  const pair = [recordAt(3.5, "1"), recordAt(4.25, "1", "Delete user")];

  test("names its instant and the records that it is made of, in order of time", async () => {
    const { found } = await findingsOf([rule], [...pair.toReversed(), recordAt(5, "2")]);
    expect(found.map(({ instant, records }) => ({ instant, records }))).toEqual([
      {
        instant: ticksFromUnixMilliseconds(START + 6 * HOUR),
        records: [
          { id: "1", time: ticksFromUnixMilliseconds(START + 3.5 * HOUR), where: "line 2" },
          { id: "1", time: ticksFromUnixMilliseconds(START + 4.25 * HOUR), where: "line 1" },
        ].map((each) => expect.objectContaining(each) as unknown),
      },
    ]);
  });

  test("comes again at each later instant of the archive whose window holds its records", async () => {
    const { found } = await findingsOf([rule], [...pair, recordAt(30, "2", "Rename tenant")]);
    const hours = found.map(({ instant }) => Number(instant - ticksFromUnixMilliseconds(START)) / 1e7 / 3600);
    expect(hours).toEqual([6, 8, 10]);
  });

  test("says whether its window begins before the archive", async () => {
    const { found } = await findingsOf(
      [rule],
      [recordAt(0, "0", "Rename tenant"), ...pair, recordAt(30, "0", "Rename tenant")],
    );
    expect(found.map(({ isEarly }) => isEarly)).toEqual([true, false, false]);
  });

  test("needs the records of one tenant; a record without tenant belongs to the only one", async () => {
    const [first, second] = [recordAt(3.5, "1", "Add user", "t-1"), recordAt(4, "1", "Delete user", "t-2")];
    const { tenantId: _, ...nameless } = second;
    expect((await findingsOf([rule], [first, second])).found).toEqual([]);
    const { found } = await findingsOf([rule], [first, nameless]);
    expect(found.map(({ tenant }) => tenant)).toEqual(["t-1"]);
  });
});

test("an instant at which a rule exceeds its limits is named, and the others are evaluated", async () => {
  const rule = windowRule({
    query: "AuditLogs | extend k = 1 | join kind=inner (AuditLogs | extend k = 1) on k | project Id, Id1",
    schedule: { frequency: "1h", period: "1h" },
  });
  const many = Array.from({ length: 101 }, (_, index) => recordAt(0.5, String(index)));
  const { found, failed } = await findingsOf([rule], [...many, recordAt(1.5, "late")]);
  expect(failed).toEqual([
    [ticksFromUnixMilliseconds(START + HOUR), "stopped at the limit of 10000 result rows for one evaluation"],
  ]);
  expect(found.map(({ row }) => row)).toEqual([["late", "late"]]);
});

test("two records under one id are two; one that is sent again is one; one without time is in no window", async () => {
  const rule = windowRule(RULES["a threshold in the query"] ?? {});
  const record = recordAt(3.5, "1");
  const sentAgain = { ...record, time: new Date(START + 3.75 * HOUR).toISOString(), resourceId: "/tenants/t-1/other" };
  const other = {
    ...record,
    operationName: "Add user",
    properties: { ...(record["properties"] as object), result: "failure" },
  };
  const timeless = { ...recordAt(3.5, "9"), time: "yesterday", properties: { id: "9", category: "Tests" } };
  const { found, counts } = await findingsOf([rule], [record, sentAgain, other, timeless, recordAt(3.9, "2")]);
  expect(counts).toEqual({ kept: 4, repeated: 1, withoutTime: 1 });
  expect(found.map(({ row }) => row)).toEqual([["Tests", 3n]]);
});
