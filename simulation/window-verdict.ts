import { readyRule } from "../src/core/incident/ready-rule.ts";
import { hasWindow, type WindowRule } from "../src/core/incident/rule.ts";
import { oncePer } from "../src/core/once-per.ts";
import { valueText } from "../src/core/value-text.ts";
import { instantFrom, instantsOf, ticksOf } from "../src/core/window/instants.ts";
import { inOrderOfTime } from "../src/core/window/kept-record.ts";
import { windowIncidents } from "../src/core/window/window-incidents.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import type { SentEvent, World } from "./world.ts";

/** The ids of the incidents that rules over several events find in these events, at any scheduled instant. */
export function windowIds(events: readonly SentEvent[], { rules }: Pick<World, "rules">): Set<string> {
  return new Set(rules.filter(hasWindow).flatMap((rule) => idsOf(rule, events)));
}

const readyOnce = oncePer(readyRule);

/** Evaluates the whole query over all records at each instant, as Sentinel would if nothing were ever late. */
function idsOf(rule: WindowRule, events: readonly SentEvent[]): string[] {
  const { schedule } = rule.window;
  const byHash = new Map(events.flatMap(({ records }) => records.map((record) => [record.hash, record])));
  const records = inOrderOfTime(byHash.values());
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) return [];
  const ids: string[] = [];
  const end = instantsOf(last.time, schedule).last;
  for (let instant = instantFrom(first.time, schedule); instant <= end; instant += ticksOf(schedule.frequencySeconds)) {
    const start = instant - ticksOf(schedule.periodSeconds);
    const inWindow = records.filter(({ time }) => time > start && time <= instant);
    const results = readyOnce(rule).window?.evaluate(instant, () => inWindow.map(({ row }) => row)) ?? [];
    if (results.length <= schedule.threshold) continue;
    const found = { rule, tenant: TENANT_ID, instant, records: inWindow, results };
    for (const { row } of windowIncidents(found, new Date(0))) ids.push(valueText(row["IncidentId"]));
  }
  return ids;
}
