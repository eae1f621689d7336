import { hasWindow, type WindowRule } from "../src/core/incident/rule.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { allIds } from "./window-findings.ts";
import type { SentEvent, World } from "./world.ts";

/** The ids of the incidents that rules over several events find in these events, at any scheduled instant. */
export function windowIds(events: readonly SentEvent[], { rules }: Pick<World, "rules">): Set<string> {
  return new Set(rules.filter(hasWindow).flatMap((rule) => idsOf(rule, events)));
}

/** As Sentinel would find them if nothing were ever late. */
function idsOf(rule: WindowRule, events: readonly SentEvent[]): string[] {
  const byHash = new Map(events.flatMap(({ records }) => records.map((record) => [record.hash, record])));
  return allIds(rule, { tenant: TENANT_ID, records: [...byHash.values()] });
}
