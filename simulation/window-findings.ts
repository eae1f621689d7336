import { toAuditLogRow } from "../src/core/event/audit-log.ts";
import type { ReadRecord } from "../src/core/event/event-body.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import type { WindowRule } from "../src/core/incident/rule.ts";
import { oncePer } from "../src/core/once-per.ts";
import { valueText } from "../src/core/value-text.ts";
import { instantFrom, instantsOf, ticksOf } from "../src/core/window/instants.ts";
import { inOrderOfTime, keptRecord, type WindowRecord, windowRecord } from "../src/core/window/kept-record.ts";
import { windowIncidents } from "../src/core/window/window-incidents.ts";

/** Some records of a tenant, each once. */
interface OfTenant {
  readonly tenant: string;
  readonly records: readonly WindowRecord[];
}

const readyOnce = oncePer(readyRule);

/**
 * What a rule over several events finds at an instant: its whole query over those of the records that lie in the window. It
 * says nothing of what is kept, owed or stored, so the app is compared with it.
 *
 * @returns the number of result rows, and the ids of the incidents that they are; none below the rule's threshold
 */
export function findingsAt(
  rule: WindowRule,
  instant: bigint,
  { tenant, records }: OfTenant,
): { readonly rows: number; readonly ids: readonly string[] } {
  const { periodSeconds, threshold } = rule.window.schedule;
  const start = instant - ticksOf(periodSeconds);
  const inWindow = inOrderOfTime(records.filter(({ time }) => time > start && time <= instant));
  const results = readyOnce(rule).window?.evaluate(instant, () => inWindow.map(({ row }) => row)) ?? [];
  if (results.length <= threshold) return { rows: 0, ids: [] };
  const found = windowIncidents({ rule, tenant, instant, records: inWindow, results }, new Date(0));
  return { rows: results.length, ids: found.map(({ row }) => valueText(row["IncidentId"])) };
}

/** A record that was sent, as a rule over several events reads it; undefined if no window can hold it. */
export function windowRecordOf(source: ReadRecord, arrivedAt: number): WindowRecord | undefined {
  const row = toAuditLogRow(source.record);
  const kept = keptRecord(NO_WINDOW, { source, row, position: NOWHERE, arrivedAt, periodSeconds: 0 });
  return kept && windowRecord(kept);
}

const NO_WINDOW = { ruleId: "", tenant: "", plan: "" };
const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** The ids of the incidents of each instant whose window holds one of these records: as if nothing were ever late. */
export function allIds(rule: WindowRule, of: OfTenant): string[] {
  const last = inOrderOfTime(of.records).at(-1);
  return last === undefined ? [] : idsThrough(rule, instantsOf(last.time, rule.window.schedule).last, of);
}

/** The ids of the incidents of each scheduled instant from the first record to an end, over all these records at once. */
export function idsThrough(rule: WindowRule, end: bigint, of: OfTenant): string[] {
  const { schedule } = rule.window;
  const [first] = inOrderOfTime(of.records);
  const ids: string[] = [];
  if (first === undefined) return ids;
  for (let instant = instantFrom(first.time, schedule); instant <= end; instant += ticksOf(schedule.frequencySeconds))
    ids.push(...findingsAt(rule, instant, of).ids);
  return ids;
}
