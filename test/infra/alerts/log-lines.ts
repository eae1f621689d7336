import type { BackedUp } from "../../../src/azure/backup/back-up.ts";
import type { StuckEvent } from "../../../src/core/ledger/partition-ledger.ts";
import type { LateTimer } from "../../../src/core/ledger/timer-runs.ts";
import type { LedgerFigures, LostEvents } from "../../../src/workflows/healing/check-ledger.ts";
import type { Handled } from "../../../src/workflows/detection/handle-events.ts";
import type { CategoryHealth } from "../../../src/workflows/health/category-health.ts";
import type { PipelineHealth } from "../../../src/workflows/health/pipeline-health.ts";
import type { Reconciled } from "../../../src/workflows/delivery/reconcile.ts";
import type { BySink } from "../../../src/workflows/delivery/sink.ts";
import type { Swept } from "../../../src/workflows/delivery/sweep-outbox.ts";
import type { WindowRun } from "../../../src/workflows/windows/run-windows.ts";
import type { Row } from "../query-rows.ts";
import { APP, MINUTE, NOW } from "./run-alert.ts";

/*
 * The log lines of the functions, with figures typed as the workflows return them. A figure renamed in the code does
 * not compile here; a figure that a query reads but nobody logs fails a test.
 */

export interface LogLines {
  readonly "batch detected": Handled;
  readonly "gap healed": Handled;
  readonly "outbox swept": BySink<Swept>;
  readonly "ledger checked": LedgerFigures & { failures: number };
  readonly "events lost": LostEvents;
  readonly "event not stored": StuckEvent & { readonly partitionId: string };
  readonly "timer late": LateTimer;
  readonly "windows evaluated": WindowRun["figures"] & { readonly failed: number };
  readonly "window not evaluated": Omit<WindowRun["failed"][number], "instant"> & { readonly instant: string };
  readonly "category silent": Omit<CategoryHealth, "isSilent">;
  readonly reconciled: Reconciled;
  readonly "backed up": BackedUp;
  readonly "pipeline health": Pick<PipelineHealth, "status"> & { readonly problems: readonly string[] };
}

const BATCH: Handled = {
  events: 3,
  skippedByScan: 0,
  received: 3,
  matched: 1,
  notMatched: 2,
  otherCategory: 0,
  recordsSkippedByScan: 0,
  deadLettered: 0,
  stored: 1,
  known: 0,
  otherContent: 0,
  kept: 0,
  inNoWindow: 0,
  guarded: false,
  leftToHealer: 0,
  latency: { "1": 3 },
  unmatchedOperations: {},
  notInLedger: 0,
  sinks: {
    "log-analytics": { forwarded: 1, refused: 0, failed: 0 },
    webhook: { forwarded: 1, refused: 0, failed: 0 },
  },
};

export const SWEPT: Swept = { forwarded: 0, refused: 0, failed: 0, pending: 0, failing: 0, oldestSeconds: 0 };

/** The lines of a healthy pipeline. */
export const LOG_LINES: LogLines = {
  "batch detected": BATCH,
  "gap healed": BATCH,
  "outbox swept": { sinks: { "log-analytics": { ...SWEPT, stopped: "" } } },
  "ledger checked": {
    failures: 0,
    partitions: 4,
    lag: 0,
    gapEvents: 0,
    healedEvents: 0,
    closedNumbers: 0,
    stuckEvents: 0,
    deadLettered: 0,
    lostEvents: 0,
    oldestUnfinishedSeconds: 0,
    headroomUsed: 0,
    alert: false,
    silentSeconds: 20,
  },
  "events lost": { partitionId: "0", first: 100, last: 120 },
  "event not stored": {
    partitionId: "0",
    number: 100,
    attempts: 2,
    since: "2026-03-04T09:14:00.000Z",
    reason: "Table Storage: did not answer within 20 s",
  },
  "timer late": {
    timer: "reconciliation-timer",
    lastRunAt: "2026-03-04T08:07:02.000Z",
    missingSince: "2026-03-04T09:07:00.000Z",
  },
  "windows evaluated": {
    windows: 2,
    instants: 2,
    stored: 1,
    known: 0,
    revised: 0,
    forgotten: 0,
    left: 0,
    failed: 0,
  },
  "window not evaluated": {
    ruleId: "0ed0fe7c-af29-4990-af7f-bb5ccb231198",
    tenant: "aaaaaaaa-1111-4222-8333-444444444444",
    reason: "more than 10,000,000 steps",
    instant: "2026-03-04T09:00:00.000Z",
  },
  "category silent": {
    tenantId: "aaaaaaaa-1111-4222-8333-444444444444",
    category: "AuditLogs",
    lastSeenAt: "2026-03-04T09:14:00.000Z",
    silentMinutes: 130,
    allowedMinutes: 90,
    otherEvents: true,
  },
  reconciled: { incidents: 5, waiting: 0, acknowledged: 5, requeued: 0, relisted: 0, orphaned: 0 },
  "backed up": {
    outcome: "whole",
    export: "2026-03-04T00-10-00Z",
    rows: 20,
    parts: 1,
    bytes: 12_000,
    latestWhole: "2026-03-04T00-10-00Z",
    isOverdue: false,
  },
  "pipeline health": { status: "degraded", problems: ["the ledger table does not answer"] },
};

/** A row of AppTraces: a line logged this many minutes before NOW. */
export function traceOf<Event extends keyof LogLines>(
  event: Event,
  minutesAgo: number,
  other: Partial<LogLines[Event]> = {},
): Row {
  return traceAt(event, NOW - minutesAgo * MINUTE, other);
}

/** A row of AppTraces: a line logged at this time. */
export function traceAt<Event extends keyof LogLines>(
  event: Event,
  time: number,
  other: Partial<LogLines[Event]> = {},
): Row {
  return {
    TimeGenerated: time,
    AppRoleName: APP,
    Message: JSON.stringify({ event, ...LOG_LINES[event], ...other }),
  };
}
