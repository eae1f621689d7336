import { expect, test } from "vitest";
import type { PartitionStatus } from "../../../src/core/ledger/partition-ledger.ts";
import { categoryHealth, categoryProblems } from "../../../src/workflows/health/category-health.ts";
import { TENANT } from "../../samples.ts";
import { partitionStatus } from "../../partition-status.ts";

const OTHER = "bbbbbbbb-1111-4222-8333-444444444444";
const NOW = Date.UTC(2026, 2, 30, 3);
const MINUTE = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const ago = (minutes: number): string => new Date(NOW - minutes * MINUTE).toISOString();

const partition = (more: Partial<PartitionStatus> = {}): PartitionStatus =>
  partitionStatus({ checkedAt: ago(0), lastEnqueuedAt: ago(1), ...more });

/** AuditLogs with records in these minutes before now, of a deployment this many days old. */
const seen = (minutesAgo: readonly number[], deployedDaysAgo = 30, tenantId = TENANT) => ({
  tenantId,
  category: "AuditLogs",
  expectedSince: NOW - deployedDaysAgo * DAY * MINUTE,
  minutes: minutesAgo.map((minutes) => NOW / MINUTE - minutes).toSorted((a, b) => a - b),
});

/** Four weeks of records every ten minutes from 7 to 21 o'clock, up to so many minutes ago. It is 3 o'clock now. */
const workingDays = (until: number) =>
  Array.from({ length: 28 * 24 * 6 }, (_, index) => index * 10).filter((minutes) => {
    const hour = Math.floor((NOW / MINUTE - minutes) / 60) % 24;
    return minutes >= until && hour >= 7 && hour < 21;
  });

test.each([
  { why: "two days of sign-ins alone", minutesAgo: [2 * DAY], silent: true },
  { why: "the first hour after the installation", minutesAgo: [], deployedDaysAgo: 1 / 24, silent: false },
  { why: "no record within a day of the installation", minutesAgo: [], deployedDaysAgo: 1.01, silent: true },
  { why: "a night as quiet as the others", minutesAgo: workingDays(0), silent: false },
  { why: "a day without records after a month of working days", minutesAgo: workingDays(DAY), silent: true },
  { why: "a backlog that is read now", minutesAgo: [2 * DAY], unreadSince: ago(2 * DAY - 10), silent: false },
  {
    why: "an event that cannot be stored",
    minutesAgo: [2 * DAY],
    unreadSince: ago(2 * DAY - 10),
    stuck: 1,
    silent: true,
  },
])("$why: silent $silent", ({ minutesAgo, deployedDaysAgo, unreadSince, stuck = 0, silent }) => {
  const status = partition({ oldestUnfinishedAt: unreadSince, stuckEvents: stuck });
  const [found] = categoryHealth([seen(minutesAgo, deployedDaysAgo)], [status], NOW);
  expect(found?.isSilent).toBe(silent);
});

test("the problem says whether other events arrive, when the last record came and what to check", () => {
  const problemsIf = (lastEnqueuedAt: string, minutesAgo: readonly number[]) =>
    categoryProblems(categoryHealth([seen(minutesAgo, 2)], [partition({ lastEnqueuedAt })], NOW));
  const next =
    "Check that the diagnostic setting in Entra is there, that AuditLogs is ticked in it, and that this hub accepts its events.";
  expect(problemsIf(ago(59), [1_500])).toEqual([
    {
      what: `no AuditLogs for 1500 minutes, although other events arrive (the last arrived at ${ago(1_500)}; 1440 minutes are allowed)`,
      next,
    },
  ]);
  expect(problemsIf(ago(60), [])).toEqual([
    {
      what: "no AuditLogs for 2880 minutes, and no other event either (none has arrived yet; 1440 minutes are allowed)",
      next,
    },
  ]);
  expect(problemsIf(ago(1), [5])).toEqual([]);
});

test("of several tenants, the problem names the silent one", () => {
  const both = [seen([5]), seen([2 * DAY], 30, OTHER)];
  const [problem, ...others] = categoryProblems(categoryHealth(both, [partition()], NOW));
  expect(problem?.what).toContain(`no AuditLogs of tenant ${OTHER} for 2880 minutes`);
  expect(others).toEqual([]);
});

test("before the first check of the hub nothing is silent that was not expected before", () => {
  expect(categoryHealth([{ ...seen([]), expectedSince: undefined }], [], NOW)).toMatchObject([
    { lastSeenAt: undefined, silentMinutes: 0, isSilent: false, otherEvents: false },
  ]);
});
