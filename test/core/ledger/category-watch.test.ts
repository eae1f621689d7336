import { expect, test } from "vitest";
import { categoryWatch } from "../../../src/core/ledger/category-watch.ts";
import { bytes, TENANT } from "../../samples.ts";

const OTHER = "bbbbbbbb-1111-4222-8333-444444444444";
const noon = (minutes: number, seconds = 0): string =>
  new Date(Date.UTC(2026, 2, 4, 12, minutes, seconds)).toISOString();
const minuteOf = (time: string): number => Date.parse(time.slice(0, 16) + "Z") / 60_000;
const audit = { category: "AuditLogs", tenantId: TENANT };
const one = () => categoryWatch(new Set([TENANT]), ["AuditLogs"]);
const AUDIT_BODY = bytes(`{"records":[{"category":"AuditLogs","tenantId":"${TENANT}"}]}`);
const SIGN_IN_BODY = bytes('{"records":[{"category":"SignInLogs","appDisplayName":"About \\"AuditLogs\\""}]}');

test("a record is noted once per minute of its arrival", () => {
  const watch = one();
  for (const time of [noon(0), noon(0, 59), noon(1), noon(1, 30), noon(0, 10)]) watch.see(audit, time);
  expect(watch.take()).toEqual([{ ...audit, minutes: [minuteOf(noon(0)), minuteOf(noon(1))] }]);
  expect(watch.take()).toEqual([]);
});

test("what could not be stored is taken again", () => {
  const watch = one();
  watch.see(audit, noon(0));
  watch.putBack(watch.take());
  watch.see(audit, noon(1));
  expect(watch.take()).toEqual([{ ...audit, minutes: [minuteOf(noon(0)), minuteOf(noon(1))] }]);
});

test.each([
  { why: "another category", record: { category: "SignInLogs", tenantId: TENANT }, noted: 0 },
  { why: "another tenant", record: { category: "AuditLogs", tenantId: OTHER }, noted: 0 },
  { why: "no category", record: { tenantId: TENANT }, noted: 0 },
  { why: "a category that is no text", record: { category: 5, tenantId: TENANT }, noted: 0 },
  { why: "another case", record: { category: "auditlogs", tenantId: TENANT }, noted: 1 },
  { why: "the name of 2018", record: { category: "Audit", tenantId: TENANT }, noted: 1 },
  { why: "no tenant, where only one is expected", record: { category: "AuditLogs" }, noted: 1 },
  { why: "a tenant in the resource", record: { category: "AuditLogs", resourceId: `/tenants/${TENANT}/x` }, noted: 1 },
])("$why: $noted noted", ({ record, noted }) => {
  const watch = one();
  watch.see(record, noon(0));
  expect(watch.take()).toHaveLength(noted);
});

test("each tenant and category is noted separately, in one minute", () => {
  const watch = categoryWatch(new Set([TENANT, OTHER]), ["AuditLogs", "SignInLogs"]);
  const records = [TENANT, OTHER, TENANT].flatMap((tenantId) =>
    ["AuditLogs", "SignInLogs"].map((category) => ({ category, tenantId })),
  );
  for (const record of [...records, { category: "AuditLogs" }]) watch.see(record, noon(0));
  const minutes = [minuteOf(noon(0))];
  expect(watch.take()).toEqual([
    { tenantId: TENANT, category: "AuditLogs", minutes },
    { tenantId: OTHER, category: "AuditLogs", minutes },
    { tenantId: TENANT, category: "SignInLogs", minutes },
    { tenantId: OTHER, category: "SignInLogs", minutes },
  ]);
});

test("a skipped event with the category's name is wanted once the category was not seen for half an hour", () => {
  const watch = one();
  expect(watch.mayHold(AUDIT_BODY, noon(0))).toBe(true); // never seen
  expect(watch.mayHold(SIGN_IN_BODY, noon(0))).toBe(false);
  watch.see(audit, noon(0, 20));
  expect([0, 29, 30].map((minute) => watch.mayHold(AUDIT_BODY, noon(minute)))).toEqual([false, false, true]);
  watch.see(audit, noon(45));
  expect([46, 75].map((minute) => watch.mayHold(AUDIT_BODY, noon(minute)))).toEqual([false, true]);
});

test("older events do not end or begin the search", () => {
  const watch = one();
  watch.see(audit, noon(40));
  watch.see(audit, noon(0));
  expect(watch.mayHold(AUDIT_BODY, noon(35))).toBe(false);
  expect(watch.mayHold(AUDIT_BODY, noon(69))).toBe(false);
});

test("of several tenants, only events of one that is missing are wanted", () => {
  const watch = categoryWatch(new Set([TENANT, OTHER]), ["AuditLogs"]);
  watch.see(audit, noon(0));
  expect(watch.mayHold(AUDIT_BODY, noon(1))).toBe(false);
  expect(watch.mayHold(bytes(`{"category":"AuditLogs","tenantId":"${OTHER}"}`), noon(1))).toBe(true);
});
