import { expect, test } from "vitest";
import { ledgerFindings } from "../../../cli/doctor/app.ts";
import type { Finding } from "../../../cli/doctor/finding.ts";
import { TENANT } from "../../samples.ts";
import { partitionStatus } from "../../partition-status.ts";

const NOW = Date.UTC(2026, 2, 4, 12);
const MINUTE = 60_000;
const schedules = {
  "outbox-timer": "0 * * * * *",
  "ledger-timer": "30 * * * * *",
  "reconciliation-timer": "0 7 * * * *",
  "window-timer": "0 7 * * * *",
  "backup-timer": "0 23 3 * * *",
};
const iso = (minutesAgo: number): string => new Date(NOW - minutesAgo * MINUTE).toISOString();

/** What doctor says if AuditLogs last arrived so many minutes ago, and another event so many. */
async function findingAt(auditLogsAgo: number | undefined, eventAgo: number): Promise<Finding | undefined> {
  const status = partitionStatus({ checkedAt: iso(0), lastEnqueuedAt: iso(eventAgo) });
  const sightings = {
    tenantId: TENANT,
    category: "AuditLogs",
    expectedSince: NOW - 600 * MINUTE,
    minutes: auditLogsAgo === undefined ? [] : [NOW / MINUTE - auditLogsAgo],
  };
  const findings = await ledgerFindings(
    () =>
      Promise.resolve({
        ledger: { statuses: () => Promise.resolve([status]) },
        timers: { runs: () => Promise.resolve({ firstAt: undefined, latestAt: {} }) },
        sightings: { read: () => Promise.resolve([sightings]) },
      }),
    { retentionHours: 24, schedules, now: NOW },
  );
  return findings.find(({ check }) => check === "log category AuditLogs");
}

const SUBJECT = { check: "log category AuditLogs", settings: ["EXPECTED_LOG_CATEGORIES"] };
const REMEDY =
  "Check that the diagnostic setting in Entra is there, that AuditLogs is ticked in it, and that this hub accepts its " +
  "events. See docs/runbook.md#category-silent";

test("a log category that no longer arrives is named with its silence and what to check", async () => {
  expect(await findingAt(2_880, 1)).toEqual({
    ...SUBJECT,
    status: "warning",
    found: `no AuditLogs for 2880 minutes, although other events arrive (the last arrived at ${iso(2_880)}; 1440 minutes are allowed)`,
    remedy: REMEDY,
  });
});

test("a log category that has not arrived yet is a warning, and one that arrives is ok", async () => {
  expect(await findingAt(undefined, 1)).toEqual({
    ...SUBJECT,
    status: "warning",
    found: `the app has read no record of it from tenant ${TENANT} yet`,
    remedy: REMEDY,
  });
  expect(await findingAt(3, 1)).toEqual({
    ...SUBJECT,
    status: "ok",
    found: `the last of tenant ${TENANT} arrived at ${iso(3)}; it may be silent for 1440 minutes`,
    remedy: "",
  });
});
