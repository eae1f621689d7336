import { tenantOf } from "../../src/core/event/audit-log.ts";
import type { ReadRecord } from "../../src/core/event/event-body.ts";
import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { type Candidates, candidateRecords } from "../../src/core/scan/candidate-records.ts";
import type { LiteralScan } from "../../src/core/scan/literal-scan.ts";
import { NO_FIGURES, type RecordFigures, storeProblem } from "../../src/workflows/detection/detect-batch.ts";
import { judge, type Found } from "../../src/workflows/detection/judge-record.ts";
import type { StoreOutcome } from "../../src/core/incident/incident-row.ts";
import type { FileBlock } from "../event-files/event-files.ts";

export interface BacktestCounts extends RecordFigures {
  /** Size of all events, unpacked. */
  readonly bytes: number;
}

type Tally = { -readonly [Figure in keyof BacktestCounts]: number };

export interface BacktestHandlers {
  /** Called with the body of each event, whether the scan skips it or not. */
  event?(body: Uint8Array): void;
  /** Called with each record that holds a literal of a rule. */
  read?(source: ReadRecord, where: string): void;
  /** @returns what the incident table would answer */
  found(found: Found, where: string): StoreOutcome;
  /** Called with each event or record that would become a dead letter. */
  unreadable(where: string, reason: string): void;
  /** Called after each block of events. @returns true to end the run */
  progress(counts: BacktestCounts, file: string): boolean;
}

export interface BacktestOptions {
  readonly rules: readonly ReadyRule[];
  /** Without it, every record of every event is read and counted. */
  readonly scan: LiteralScan | undefined;
}

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** Runs rules over exported events, one event at a time, with the app's own code. All tenants are allowed. */
export async function backtest(
  blocks: AsyncIterable<FileBlock>,
  { rules, scan }: BacktestOptions,
  handlers: BacktestHandlers,
): Promise<BacktestCounts> {
  const tally: Tally = { ...NO_FIGURES, bytes: 0 };
  for await (const { file, events } of blocks) {
    for (const { body, where } of events) {
      tally.events += 1;
      tally.bytes += body.length;
      handlers.event?.(body);
      const candidates = candidateRecords(body, scan);
      if (candidates === undefined) tally.skippedByScan += 1;
      else settle(candidates, where, { rules, handlers, tally });
    }
    if (handlers.progress(tally, file)) break;
  }
  return tally;
}

interface Run {
  readonly rules: readonly ReadyRule[];
  readonly handlers: BacktestHandlers;
  readonly tally: Tally;
}

function settle({ records, unreadable, skipped }: Candidates, where: string, { rules, handlers, tally }: Run): void {
  tally.received += records.length + unreadable.length + skipped;
  tally.recordsSkippedByScan += skipped;
  tally.deadLettered += unreadable.length;
  for (const { reason } of unreadable) handlers.unreadable(where, reason);
  for (const source of records) {
    handlers.read?.(source, where);
    const allowedTenantIds = new Set([tenantOf(source.record)]);
    const verdict = judge(source, NOWHERE, { rules, allowedTenantIds, now: () => new Date(0) });
    const problems = verdict.fate === "deadLettered" ? [verdict.reason] : [];
    for (const found of verdict.found) {
      const problem = storeProblem(found.incident, handlers.found(found, where));
      if (problem !== undefined) problems.push(problem);
    }
    tally[problems.length > 0 ? "deadLettered" : verdict.fate] += 1;
    if (problems.length > 0) handlers.unreadable(where, problems.join("; "));
  }
}
