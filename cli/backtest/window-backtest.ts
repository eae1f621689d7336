import { setImmediate } from "node:timers/promises";
import { AUDIT_LOGS, AUDIT_LOG_COLUMNS } from "../../src/core/event/audit-log-columns.ts";
import { isAuditLog, propertiesOf, tenantOf, toAuditLogRow } from "../../src/core/event/audit-log.ts";
import type { ReadRecord } from "../../src/core/event/event-body.ts";
import { shapedRecord } from "../../src/core/event/record-shape.ts";
import { parseTimestamp } from "../../src/core/event/timestamp.ts";
import { recordHash } from "../../src/core/incident/incident-identity.ts";
import { valueText } from "../../src/core/value-text.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { prepareWindow } from "../../src/kql/run/evaluate-window.ts";
import { EvaluationLimitError } from "../../src/kql/run/evaluation.ts";
import { parseExactJson } from "../../src/kql/run/exact-json.ts";
import { ticksFromUnixMilliseconds } from "../../src/kql/run/time.ts";
import type { Row } from "../../src/kql/run/values.ts";
import type { WindowRule } from "../../src/core/incident/rule.ts";
import { timeOrder, type TimeOrder } from "./time-order.ts";
import { instantFrom, ticksOf } from "../../src/core/window/instants.ts";

/** A record that a finding is made of. */
interface FoundRecord {
  /** `properties.id`; "" if the record has none. */
  readonly id: string;
  readonly time: bigint;
  readonly where: string;
}

/** A result row of a rule at a scheduled instant. */
export interface WindowFinding {
  readonly rule: WindowRule;
  readonly tenant: string;
  readonly instant: bigint;
  readonly row: Row;
  /** In order of time. */
  readonly records: readonly FoundRecord[];
  /** Whether it is made of more records than these. */
  readonly isCut: boolean;
  /** Whether the window begins before the archive: history is missing that might excuse the finding, or add to it. */
  readonly isEarly: boolean;
}

export interface WindowHandlers {
  found(finding: WindowFinding): void;
  /** Called for each instant that could not be evaluated. */
  failed(rule: WindowRule, instant: bigint, reason: string): void;
  /** Called before each instant. @returns true to end the run */
  progress(instant: bigint): boolean;
}

/** Figures of the records that were read for rules over several events. */
export interface WindowCounts {
  /** Records without a readable time, which are in no window. */
  readonly withoutTime: number;
  /** Records that a rule's query can depend on. */
  readonly kept: number;
  /** Those of them that a window held already: the same record, sent again. */
  readonly repeated: number;
}

/**
 * Runs rules over several events as Sentinel would: at each scheduled instant, over the records of one tenant in the rule's
 * period before it. `add` takes the records in any order; `run` then evaluates in the order of time. Memory holds the
 * records of the windows that a rule can depend on.
 */
export function windowBacktest(rules: readonly WindowRule[], order: TimeOrder = timeOrder()) {
  const keeps = rules.map(({ plan }) => prepare(plan));
  const tenants = new Set<string>();
  const counts = { withoutTime: 0, kept: 0, repeated: 0 };
  let range: Range | undefined;
  return {
    counts: (): WindowCounts => counts,
    /** Notes from when to when the archive goes. The times of events that the scan skips count, too. */
    event(body: Uint8Array): void {
      const characters = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
      for (const [, text = ""] of characters.matchAll(TIME_OF_RECORD)) {
        const time = parseTimestamp(text);
        if (time !== null) range = extended(range, time);
      }
    },
    add(source: ReadRecord, where: string): void {
      if (!isAuditLog(source.record)) return;
      const { record } = shapedRecord(source.record);
      const row = toAuditLogRow(record);
      const time = row[TIME_COLUMN];
      if (typeof time !== "bigint") {
        counts.withoutTime += 1;
        return;
      }
      range = extended(range, time);
      const tenant = tenantOf(record);
      if (tenant !== "") tenants.add(tenant);
      const keptBy = keeps.flatMap((keep, index) => (canDependOn(keep, row) ? [index] : []));
      if (keptBy.length === 0) return;
      counts.kept += 1;
      const id = valueText(propertiesOf(record)["id"]);
      const hash = recordHash({ ...source, record });
      order.add({ time, text: jsonText({ keptBy, tenant, hash, id, where, record }) });
    },
    async run(handlers: WindowHandlers): Promise<void> {
      if (range === undefined) return;
      const { first, last } = range;
      const [only, ...others] = tenants;
      const onlyTenant = others.length === 0 ? only : undefined;
      const runs = rules.map((rule) => ruleRun(rule, { first, counts, handlers }));
      for await (const { time, text } of order.inOrder()) {
        const { keptBy, tenant, record } = readKept(time, text);
        for (const index of keptBy) {
          const isEnded = await runs[index]?.add(tenant || (onlyTenant ?? ""), record);
          if (isEnded === true) return;
        }
      }
      for (const run of runs) if (await run.finish(last)) return;
    },
  };
}

const TIME_COLUMN = AUDIT_LOG_COLUMNS.findIndex(({ name }) => name === AUDIT_LOGS.timeColumn);

/** A record's time, in a body that is not parsed. */
const TIME_OF_RECORD = /"time"\s*:\s*"([^"\\]{10,40})"/g;

/** The times of the first and the last record. */
interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

function extended({ first, last }: Range = { first: FOREVER, last: 0n }, time: bigint): Range {
  return { first: time < first ? time : first, last: time > last ? time : last };
}

const FOREVER = ticksFromUnixMilliseconds(Date.UTC(9999, 0));

/** A record on which the conditions cannot be evaluated within the limits is kept: the query may not need them. */
function canDependOn(keep: (row: Row) => readonly Row[], row: Row): boolean {
  try {
    return keep(row).length > 0;
  } catch (error) {
    if (error instanceof EvaluationLimitError) return true;
    throw error;
  }
}

interface KeptRecord extends FoundRecord {
  readonly hash: string;
  readonly row: Row;
}

function readKept(time: bigint, text: string) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `add` wrote it
  const { keptBy, tenant, hash, id, where, record } = parseExactJson(text) as {
    readonly keptBy: readonly number[];
    readonly tenant: string;
    readonly hash: string;
    readonly id: string;
    readonly where: string;
    readonly record: ReadRecord["record"];
  };
  return { keptBy, tenant, record: { hash, id, where, time, row: toAuditLogRow(record) } satisfies KeptRecord };
}

interface RunContext {
  /** The time of the first record of the archive. */
  readonly first: bigint;
  readonly counts: { repeated: number };
  readonly handlers: WindowHandlers;
}

/** The windows of a rule, one for each tenant, and the next instant of each. */
function ruleRun(rule: WindowRule, { first, counts, handlers }: RunContext) {
  const { schedule } = rule.window;
  const evaluate = prepareWindow(rule.window.plan, { exclusions: rule.exclusions ?? [] });
  const windows = new Map<string, ReturnType<typeof emptyWindow>>();
  const step = ticksOf(schedule.frequencySeconds);
  let evaluated = 0;

  /** Evaluates the instants before a time. @returns whether the run is to end */
  const runBefore = async (tenant: string, window: ReturnType<typeof emptyWindow>, time: bigint): Promise<boolean> => {
    for (; window.next < time; window.next += step) {
      // Lets Ctrl-C through.
      if ((evaluated += 1) % 50 === 0) await setImmediate();
      if (handlers.progress(window.next)) return true;
      evaluateAt(tenant, window);
    }
    return false;
  };

  const evaluateAt = (tenant: string, { next: instant, records }: ReturnType<typeof emptyWindow>): void => {
    const start = instant - ticksOf(schedule.periodSeconds);
    records.dropUntil(start);
    const isEarly = start < first;
    try {
      const results = evaluate(instant, () => records.rows());
      if (results.length <= schedule.threshold) return;
      for (const { row, evidence, isCut } of results)
        handlers.found({ rule, tenant, instant, row, records: records.of(evidence), isCut, isEarly });
    } catch (error) {
      if (!(error instanceof EvaluationLimitError)) throw error;
      handlers.failed(rule, instant, error.message);
    }
  };

  return {
    /** Records must come in the order of time. */
    async add(tenant: string, record: KeptRecord): Promise<boolean> {
      const window = windows.get(tenant) ?? emptyWindow(instantFrom(first, schedule));
      windows.set(tenant, window);
      if (await runBefore(tenant, window, record.time)) return true;
      if (!window.records.add(record)) counts.repeated += 1;
      return false;
    },
    /** Evaluates the remaining instants: the last one is the first at or after the archive's last record. */
    async finish(last: bigint): Promise<boolean> {
      for (const [tenant, window] of windows)
        if (await runBefore(tenant, window, instantFrom(last, schedule) + 1n)) return true;
      return false;
    },
  };
}

function emptyWindow(next: bigint) {
  return { next, records: recordsInWindow() };
}

/** The records of one window, in the order of time, each once however often it was sent. */
function recordsInWindow() {
  let records: KeptRecord[] = [];
  const hashes = new Set<string>();
  return {
    /** @returns false if the window holds the record already */
    add(record: KeptRecord): boolean {
      if (hashes.has(record.hash)) return false;
      hashes.add(record.hash);
      records.push(record);
      return true;
    },
    /** Drops the records at and before a time: the window begins after it. */
    dropUntil(start: bigint): void {
      const kept = records.findIndex(({ time }) => time > start);
      const dropped = records.slice(0, kept < 0 ? records.length : kept);
      if (dropped.length === 0) return;
      for (const { hash } of dropped) hashes.delete(hash);
      records = records.slice(dropped.length);
    },
    rows: (): readonly Row[] => records.map(({ row }) => row),
    /** Constant rows of the query are no records. */
    of(evidence: readonly Row[]): FoundRecord[] {
      const wanted = new Set(evidence);
      return records.filter(({ row }) => wanted.has(row));
    },
  };
}
