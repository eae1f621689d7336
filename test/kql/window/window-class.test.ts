import fc from "fast-check";
import { expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { compileWindowQuery, type CompiledWindow } from "../../../src/kql/compile/compile-query.ts";
import { windowClass } from "../../../src/kql/compile/window/window-class.ts";
import { prepareWindow, type EvaluateWindow } from "../../../src/kql/run/evaluate-window.ts";
import type { Row } from "../../../src/kql/run/values.ts";
import { anyWindowRow, NOW } from "./window-rows.ts";

const HOUR = 36_000_000_000n;
const TIME = AUDIT_LOGS.columns.findIndex(({ name }) => name === AUDIT_LOGS.timeColumn);

function planOf(query: string): CompiledWindow {
  const { plan, problems } = compileWindowQuery(query, AUDIT_LOGS);
  if (plan === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  return plan;
}

function classOf(query: string) {
  return windowClass(planOf(query), AUDIT_LOGS);
}

const OTHER = 'AuditLogs | where Category == "right" | project Id, Identity, TimeGenerated, DurationMs';
const COUNTED = 'AuditLogs | where Category == "right" | summarize n = count(), newest = max(TimeGenerated) by Id';

const GAINS: Readonly<Record<string, string>> = {
  "an inner join": `AuditLogs | join kind=inner (${OTHER}) on Id | where TimeGenerated < TimeGenerated1`,
  "a semi join": `AuditLogs | join kind=leftsemi (${OTHER}) on Id`,
  "the other semi join": `AuditLogs | where Category == "left" | join kind=rightsemi (${OTHER}) on Id`,
  "an outer join that nothing tests": `AuditLogs | join kind=leftouter (${OTHER}) on Id`,
  "an optional column that must be there": `AuditLogs | join kind=leftouter (${OTHER}) on Id | where isnotempty(TimeGenerated1)`,
  "an optional text that must be there": `AuditLogs | join kind=leftouter (${OTHER}) on Id | where Identity1 == "kim"`,
  "a comparison with an optional time": `AuditLogs | join kind=leftouter (${OTHER}) on Id | where TimeGenerated <= TimeGenerated1`,
  "a negated condition that an empty value fails": `AuditLogs | join kind=rightouter (${OTHER}) on Id | where not(isempty(Identity))`,
  "two partners": `AuditLogs | join kind=leftouter (${OTHER}) on Id | join kind=leftouter (${OTHER}) on Identity | where TimeGenerated1 < TimeGenerated2`,
  "innerunique with conditions on the left side alone": `AuditLogs | join (${OTHER}) on Id | where OperationName == "a"`,
  "a count above": "AuditLogs | summarize n = count() by Id | where n > 1",
  "a count within a condition":
    'AuditLogs | summarize n = count() by Id, OperationName | where n >= 2 or OperationName == "a"',
  "a negated count": "AuditLogs | summarize n = count() by Id | where not(n <= 1)",
  "a count of a partner": `AuditLogs | join kind=leftouter (${COUNTED}) on Id | where n > 1`,
  "distinct values":
    "AuditLogs | summarize n = dcount(Identity), some = countif(DurationMs > 0) by Id | where n > 1 and some > 1",
  "the latest time above": "AuditLogs | summarize newest = max(TimeGenerated) by Id | where newest > ago(3h)",
  "the earliest time below": "AuditLogs | summarize oldest = min(TimeGenerated) by Id | where oldest < ago(3h)",
  "a span above":
    "AuditLogs | summarize oldest = min(TimeGenerated), newest = max(TimeGenerated) by Id | where newest - oldest > 5h",
  "a set that has a value":
    'AuditLogs | summarize all = make_set(OperationName) by Id | where set_has_element(all, "a") and array_length(all) > 1',
  "the elements of a set":
    'AuditLogs | summarize all = make_set(OperationName) by Id | mv-expand all | where all == "a"',
  "a set of the elements of sets":
    "AuditLogs | summarize s = make_set(OperationName) by Id, Identity | summarize s = make_set(s) by Id | where array_length(s) > 1",
  "a list of known values": `AuditLogs | where Id in (${OTHER})`,
  "a set of known values": `AuditLogs | where Id in ((AuditLogs | where Category == "right" | summarize make_set(Id)))`,
  "a constant list": 'AuditLogs | where Id !in (datatable(x: string) ["1", "2"]) | distinct Id',
  "a count of all": 'AuditLogs | where toscalar(AuditLogs | where Category == "right" | summarize count()) > 2',
  distinct: "AuditLogs | distinct Id, OperationName",
  "a union": "union (AuditLogs | where TimeGenerated > ago(1h)), (AuditLogs | where DurationMs == 1)",
  "the age of an event": "AuditLogs | extend age = now() - TimeGenerated | where age between (1h .. 20h)",
  "rows within one record":
    "AuditLogs | mv-apply e = pack_array(Id, Identity) on (top 1 by tostring(e) | summarize n = count()) | summarize m = count() by Id, n",
};

const EXCUSED: Readonly<Record<string, string>> = {
  "a list of those known before":
    "AuditLogs | where TimeGenerated > ago(24h) | where Id !in ((AuditLogs | where TimeGenerated between (ago(48h) .. ago(24h)) | project Id))",
  "a negated list":
    "AuditLogs | where TimeGenerated >= ago(24h) | where not(Id in~ ((AuditLogs | where TimeGenerated <= ago(24h) | project Id)))",
  leftanti:
    "AuditLogs | where TimeGenerated between (ago(24h) .. now()) | join kind=leftanti (AuditLogs | where ago(24h) >= TimeGenerated) on Id",
  rightanti:
    "AuditLogs | where TimeGenerated < now() - 24h | join kind=rightanti (AuditLogs | where TimeGenerated > ago(12h)) on Id",
  "known before more than once":
    "AuditLogs | where TimeGenerated > ago(24h) | where Id !in ((AuditLogs | where TimeGenerated < ago(24h) | summarize n = count() by Id | where n > 1 | project Id)) | summarize k = count() by Id | where k > 1",
};

/** With a part of the reason. */
const SCHEDULED: Readonly<Record<string, readonly [query: string, reason: string]>> = {
  "an optional column that must be empty": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | where isempty(TimeGenerated1)`,
    "isempty(TimeGenerated) false",
  ],
  "an optional column that must differ": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | where Identity1 != "kim"`,
    'Identity != "kim" false',
  ],
  "two sides that may both be empty": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | where OperationName == Identity1`,
    "OperationName == Identity",
  ],
  "two partners that may both be empty": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | join kind=leftouter (${OTHER}) on Identity | where Identity1 == Identity2`,
    "Identity == Identity",
  ],
  "two partners that must differ": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | join kind=leftouter (${OTHER}) on DurationMs | where Identity1 != Identity2`,
    "Identity != Identity",
  ],
  "a group by an optional column": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | summarize count() by Identity1`,
    "summarize by: a later event can change Identity",
  ],
  fullouter: [`AuditLogs | where Category == "left" | join kind=fullouter (${OTHER}) on Id`, "fullouter"],
  "innerunique with a condition on both sides": [
    `AuditLogs | where Category == "left" | join (${OTHER}) on Id | where TimeGenerated > TimeGenerated1`,
    "innerunique",
  ],
  "a count below": ["AuditLogs | summarize n = count() by Id | where n < 3", "count() < 3 false"],
  "a count that is exact": ["AuditLogs | summarize n = count() by Id | where n == 2", "count() == 2"],
  "a count of a partner below": [
    `AuditLogs | join kind=leftouter (${COUNTED}) on Id | where not(n > 1)`,
    "not(count() > 1)",
  ],
  "the latest time below": [
    "AuditLogs | summarize newest = max(TimeGenerated) by Id | where newest < ago(3h)",
    "max(TimeGenerated)",
  ],
  "the latest time below another": [
    `AuditLogs | summarize t = max(TimeGenerated) by Id | join kind=inner (${COUNTED}) on Id | where newest < t`,
    "max(TimeGenerated) < max(TimeGenerated)",
  ],
  "a span below": [
    "AuditLogs | summarize oldest = min(TimeGenerated), newest = max(TimeGenerated) by Id | where newest - oldest < 5h",
    "false",
  ],
  arg_max: [
    'AuditLogs | summarize arg_max(TimeGenerated, *) by Id | where OperationName == "a"',
    "arg_max(TimeGenerated, OperationName)",
  ],
  take_any: ['AuditLogs | summarize o = take_any(OperationName) by Id | where o == "a"', "take_any(OperationName)"],
  "an average": ["AuditLogs | summarize a = avg(DurationMs) by Id | where a > 0.5", "avg(DurationMs)"],
  "a set with a limit": [
    'AuditLogs | summarize s = make_set(OperationName, 1) by Id | where set_has_element(s, "a")',
    "make_set(OperationName, 1)",
  ],
  "a set that lacks a value": [
    'AuditLogs | summarize s = make_set(OperationName) by Id | where not(set_has_element(s, "a"))',
    "set_has_element",
  ],
  prev: [
    "AuditLogs | order by TimeGenerated asc, Id asc | extend p = prev(OperationName) | where p == 'a' | distinct Id",
    "prev()",
  ],
  top: ["AuditLogs | top 2 by TimeGenerated", "take and top"],
  take: ["AuditLogs | take 3 | distinct Id", "take and top"],
  "a list that is still growing": [`AuditLogs | where Id !in (${OTHER})`, "!in"],
  "a list whose window overlaps": [
    "AuditLogs | where TimeGenerated > ago(24h) | where Id !in ((AuditLogs | where TimeGenerated < ago(23h) | project Id))",
    "!in",
  ],
  "a list before no window": [
    "AuditLogs | where Id !in ((AuditLogs | where TimeGenerated < ago(24h) | project Id))",
    "!in",
  ],
  "a list of which one part has no end": [
    `AuditLogs | where TimeGenerated > ago(24h) | where Id !in ((union (AuditLogs | where TimeGenerated < ago(24h)), (AuditLogs | where Category == "right") | project Id))`,
    "!in",
  ],
  "leftanti over the same window": [`AuditLogs | join kind=leftanti (${OTHER}) on Id`, "leftanti"],
  "rightanti over the same window": [
    `AuditLogs | where Category == "left" | join kind=rightanti (${OTHER}) on Id`,
    "rightanti",
  ],
  "any row of a table": ["AuditLogs | where Id == toscalar(AuditLogs | project Id)", "Id"],
};

/** As above, but no finding is taken back, or only with other events than those of this test. */
const SCHEDULED_IN_DOUBT: typeof SCHEDULED = {
  sequence_detect: [
    "AuditLogs | evaluate sequence_detect(TimeGenerated, 30h, 40h, one = OperationName == 'a', two = OperationName == 'b', Id) | distinct Id",
    "sequence_detect",
  ],
  "a join by an optional column": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | join kind=inner (AuditLogs) on $left.Identity1 == $right.Identity`,
    "join on: a later event can change Identity",
  ],
  "a distinct count of an optional text": [
    `AuditLogs | join kind=leftouter (${OTHER}) on Id | summarize n = dcount(Identity1) by Id | where n > 1`,
    "dcount(Identity)",
  ],
  "a sum of what may be negative": ["AuditLogs | summarize a = sum(DurationMs) by Id | where a > 1", "sum(DurationMs)"],
  set_difference: [
    'AuditLogs | summarize s = make_set(OperationName) by Id | where array_length(set_difference(s, dynamic(["a"]))) > 0',
    "set_difference",
  ],
  "the start of the day": ["AuditLogs | where TimeGenerated < startofday(now()) | distinct Id", "startofday(now())"],
  "a group by the instant": [
    "AuditLogs | extend age = now() - TimeGenerated | summarize count() by age",
    "changes with time",
  ],
};

/** The identities of what a query finds at an instant, as texts. */
function findings(evaluate: EvaluateWindow, rows: readonly Row[], now: bigint): string[] {
  const inWindow = rows.filter((row) => timeOf(row) <= now && timeOf(row) > now - 48n * HOUR);
  return evaluate(now, () => inWindow)
    .filter(({ latest }) => latest !== undefined)
    .map(({ identity: { rows: records, keys } }) => JSON.stringify([records.map(textOf).toSorted(), keys]));
}

function textOf(row: Row): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

function timeOf(row: Row): bigint {
  const time = row[TIME];
  return typeof time === "bigint" ? time : 0n;
}

const anyRows = fc.uniqueArray(fc.record({ row: anyWindowRow, isLater: fc.boolean() }), {
  minLength: 1,
  maxLength: 10,
  selector: ({ row }) => textOf(row),
});

/** @throws if more events, or more events of the last day, take a finding back at some instant */
function expectToKeepFindings(plan: CompiledWindow, added: "any" | "recent", runs = 200): void {
  const evaluate = prepareWindow(plan);
  fc.assert(
    fc.property(anyRows, fc.constantFrom(0n, 1n, 5n, 24n), (rows, hours) => {
      const now = NOW - hours * HOUR;
      const isThere = ({ row, isLater }: (typeof rows)[number]) =>
        !isLater || (added === "recent" && timeOf(row) <= now - 24n * HOUR);
      const inOrder = rows.toSorted((one, other) => Number(timeOf(one.row) - timeOf(other.row)));
      const before = findings(
        evaluate,
        inOrder.filter(isThere).map(({ row }) => row),
        now,
      );
      const after = findings(
        evaluate,
        inOrder.map(({ row }) => row),
        now,
      );
      // A threshold counts rows.
      expect(after.length).toBeGreaterThanOrEqual(before.length);
      expect(after).toEqual(expect.arrayContaining(before));
    }),
    { numRuns: runs },
  );
}

test.each(Object.entries(GAINS))("%s: more events only add findings", (_, query) => {
  expect(classOf(query)).toEqual({ name: "gains", reason: "more events only add findings" });
  expectToKeepFindings(planOf(query), "any");
});

test.each(Object.entries(EXCUSED))("%s: more events only add findings, if they are recent", (_, query) => {
  expect(classOf(query)).toMatchObject({
    name: "excused",
    reason: expect.stringContaining("what was before") as string,
  });
  expectToKeepFindings(planOf(query), "recent");
  expect(() => expectToKeepFindings(planOf(query), "any", 2_000)).toThrow();
});

test.each(Object.entries({ ...SCHEDULED, ...SCHEDULED_IN_DOUBT }))(
  "%s: scheduled, with the expression that makes it so",
  (_, [query, reason]) => {
    expect(classOf(query)).toEqual({ name: "scheduled", reason: expect.stringContaining(reason) as string });
  },
);

test.each(Object.entries(SCHEDULED))("%s: an event can take a finding back", (_, [query]) => {
  expect(() => expectToKeepFindings(planOf(query), "any", 3_000)).toThrow();
});

/** Steps, in the order in which they follow one another. Some of each are in a query; their columns need not be there. */
const STEPS: readonly (readonly string[])[] = [
  [
    'where Category == "left"',
    "where TimeGenerated > ago(24h)",
    "where TimeGenerated < ago(5h)",
    'union (AuditLogs | where Category == "other")',
  ],
  [
    `join kind=inner (${OTHER}) on Id`,
    `join kind=leftouter (${OTHER}) on Id`,
    `join kind=leftouter (${OTHER}) on Identity`,
    `join kind=rightouter (${OTHER}) on Id`,
    `join kind=innerunique (${OTHER}) on Id`,
    `join kind=leftouter (${COUNTED}) on Id`,
  ],
  [
    "where TimeGenerated <= TimeGenerated1",
    'where Identity1 != "kim"',
    "where Identity == Identity1",
    'where isnotnull(DurationMs1) or Id == "1"',
    "where coalesce(DurationMs1, 0) < 1",
    'where iff(isnull(TimeGenerated1), "x", Identity1) == "kim"',
    'where Id in ((AuditLogs | where Category == "right" | summarize make_set(Id)))',
    "where TimeGenerated > ago(24h) | where Id !in ((AuditLogs | where TimeGenerated < ago(24h) | project Id))",
    "where isempty(n) or n > 1",
    "where newest > ago(3h)",
    `join kind=leftsemi (${OTHER}) on Identity`,
    "where TimeGenerated > ago(24h) | join kind=leftanti (AuditLogs | where TimeGenerated <= ago(24h)) on Id",
    `join kind=leftanti (${OTHER}) on Id`,
  ],
  [
    "summarize n = count(), newest = max(TimeGenerated), all = make_set(Identity) by Id",
    "summarize n = dcount(Identity), TimeGenerated = min(TimeGenerated), all = make_list(DurationMs) by Id",
    "summarize n = countif(DurationMs > 0), all = make_set(Id) by Identity, Id",
    "summarize n = dcount(Identity1), newest = max(TimeGenerated1) by Id",
    "summarize n = countif(isnotempty(TimeGenerated1)) by Id, Identity",
    "summarize n = count() by Identity1",
    "summarize n = min(n) by Id",
    "distinct Id, Identity",
    "top 2 by Id",
  ],
  [
    "where n > 1",
    "where not(n < 2)",
    "where n < 3",
    "mv-expand all",
    "where array_length(all) > 1",
    'where set_has_element(all, "kim")',
    'where "2" in (all)',
    "where n > toscalar(AuditLogs | where Category == 'other' | count)",
    `join kind=leftouter (${COUNTED}) on Id`,
  ],
  [
    'where all == "kim"',
    "summarize n = max(n), all = make_set(all) by Id",
    "summarize all = make_set(all) by Id",
    "summarize n = min(n) by Id",
    "summarize n = count() by Id",
    "where n1 > n",
  ],
  ["where n > 1", "where array_length(all) > 1", "where n == 2"],
];

const anyQuery = fc
  .tuple(...STEPS.map((steps) => fc.oneof(fc.constant([]), fc.subarray([...steps], { minLength: 1, maxLength: 2 }))))
  .map((chosen) => ["AuditLogs", ...chosen.flat()].join(" | "));

test("whatever a query is made of, its class is right", { timeout: 300_000 }, () => {
  const counts = { gains: 0, excused: 0, scheduled: 0 };
  fc.assert(
    fc.property(anyQuery, (query) => {
      const { plan } = compileWindowQuery(query, AUDIT_LOGS);
      if (plan === undefined) return;
      const { name } = windowClass(plan, AUDIT_LOGS);
      counts[name] += 1;
      if (name !== "scheduled") expectToKeepFindings(plan, name === "gains" ? "any" : "recent", 60);
    }),
    { numRuns: 500 },
  );
  expect(Math.min(counts.gains, counts.scheduled)).toBeGreaterThan(10);
});
