import { counted } from "../../src/core/counted.ts";
import { tenantOf } from "../../src/core/event/audit-log.ts";
import type { DiagnosticRecord } from "../../src/core/event/event-body.ts";
import type { StoredIncident } from "../../src/core/incident/incident-row.ts";
import type { WindowRule } from "../../src/core/incident/rule.ts";
import { WINDOW_DELAY_SECONDS } from "../../src/core/timing.ts";
import { valueText } from "../../src/core/value-text.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import type { RuleTest } from "../../src/sentinel/tests-file.ts";
import { windowsInMemory } from "./windows-in-memory.ts";

type Expected = NonNullable<RuleTest["expect"]>;

/** An event of a test of a rule that needs several. */
export interface ArrivingEvent {
  /** Its time, and in the order of the list its arrival, in milliseconds since 1970. */
  readonly at: number;
  readonly record: DiagnosticRecord;
  /** The incidents that exist when the next event arrives. */
  readonly expect?: Expected | undefined;
}

/** With more events, all orders would be too many: then the rotations of the list and of its reverse. */
const MOST_IN_ALL_ORDERS = 4;

export interface WindowTest {
  readonly events: readonly ArrivingEvent[];
  readonly isOrderFixed: boolean;
  readonly expect: Expected;
}

/**
 * Runs a test of a rule that needs several events with the app's own code: each event arrives, and the instants until the next
 * one are evaluated. In other orders an event that the list has earlier arrives late, and the same incidents must be there in the end.
 *
 * @param compare lines that say how incidents differ from what is expected
 */
export async function runWindowTest(
  rule: WindowRule,
  { events, isOrderFixed, expect }: WindowTest,
  compare: (expected: Expected, found: readonly StoredIncident[]) => readonly string[],
): Promise<{ readonly failures: readonly string[]; readonly found: number }> {
  const listed = await incidentsOf(rule, events);
  const failures = events.flatMap((event, index) => {
    const lines = event.expect === undefined ? [] : compare(event.expect, listed[index] ?? []);
    return lines.length === 0 ? [] : [`after event ${index + 1}:`, ...lines];
  });
  const last = listed.at(-1) ?? [];
  failures.push(...compare(expect, last));
  if (failures.length > 0 || isOrderFixed) return { failures, found: last.length };
  for (const order of ordersOf(events.length)) {
    const found =
      (
        await incidentsOf(
          rule,
          order.flatMap((index) => events[index] ?? []),
        )
      ).at(-1) ?? [];
    if (idsOf(found) === idsOf(last)) continue;
    const text = `${counted(found.length, "incident")} instead of ${counted(last.length, "incident")}, or others`;
    const remedy = "If events cannot arrive in this order, add order: fixed";
    return {
      failures: [`in the order ${order.map((index) => index + 1).join(", ")}: ${text}. ${remedy}`],
      found: last.length,
    };
  }
  return { failures, found: last.length };
}

/** The incidents that exist when the next event arrives, for each event. */
async function incidentsOf(rule: WindowRule, events: readonly ArrivingEvent[]): Promise<(readonly StoredIncident[])[]> {
  const windows = windowsInMemory(rule, new Set(events.map(({ record }) => tenantOf(record))));
  const { periodSeconds } = rule.window.schedule;
  const end = Math.max(...events.map(({ at }) => at)) + (periodSeconds + WINDOW_DELAY_SECONDS) * 1_000;
  const found: (readonly StoredIncident[])[] = [];
  for (const [index, { at, record }] of events.entries()) {
    await windows.runUntil(at);
    await windows.deliver(Buffer.from(`{"records":[${jsonText(record)}]}`));
    await windows.runUntil(events[index + 1]?.at ?? end);
    found.push(windows.incidents());
  }
  return found;
}

function idsOf(incidents: readonly StoredIncident[]): string {
  return JSON.stringify(incidents.map(({ row }) => valueText(row["IncidentId"])).toSorted());
}

function ordersOf(count: number): number[][] {
  const listed = Array.from({ length: count }, (_, index) => index);
  if (count <= MOST_IN_ALL_ORDERS) return permutations(listed);
  return [listed, listed.toReversed()].flatMap((order) =>
    order.map((_, index) => [...order.slice(index), ...order.slice(0, index)]),
  );
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
