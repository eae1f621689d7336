import { tenantOf } from "../core/audit-log.ts";
import { readEventBody } from "../core/event-body.ts";
import type { ReadyRule } from "../core/ready-rule.ts";
import { judge, type Found } from "../workflows/judge-record.ts";
import type { FileEvent } from "./event-files.ts";

export interface BacktestCounts {
  events: number;
  bytes: number;
  records: number;
  /** Records of other categories. */
  skipped: number;
  matched: number;
  /** Records and stretches of bytes that would be dead letters. */
  unreadable: number;
}

export interface BacktestHandlers {
  found(found: Found, where: string): void;
  /** What would be a dead letter, and why. */
  unreadable(where: string, reason: string): void;
  /** Told after each event where it stood; true ends the run. */
  progress(counts: Readonly<BacktestCounts>, where: string): boolean;
}

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** Runs rules over exported events by the code that the app runs, one event at a time. All tenants are allowed. */
export async function backtest(
  events: AsyncIterable<FileEvent>,
  rules: readonly ReadyRule[],
  handlers: BacktestHandlers,
): Promise<BacktestCounts> {
  const counts: BacktestCounts = { events: 0, bytes: 0, records: 0, skipped: 0, matched: 0, unreadable: 0 };
  for await (const { body, where } of events) {
    const { records, unreadable } = readEventBody(body);
    counts.events += 1;
    counts.bytes += body.length;
    counts.records += records.length;
    counts.unreadable += unreadable.length;
    for (const { reason } of unreadable) handlers.unreadable(where, reason);
    for (const source of records) {
      const allowedTenantIds = new Set([tenantOf(source.record)]);
      const verdict = judge(source, NOWHERE, { rules, allowedTenantIds, now: () => new Date(0) });
      if (verdict.fate === "skipped") counts.skipped += 1;
      if (verdict.fate === "matched") counts.matched += 1;
      if (verdict.fate === "deadLettered") {
        counts.unreadable += 1;
        handlers.unreadable(where, verdict.reason);
      }
      for (const found of verdict.found) handlers.found(found, where);
    }
    if (handlers.progress(counts, where)) break;
  }
  return counts;
}
