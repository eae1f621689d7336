import type { DiagnosticRecord } from "../event/event-body.ts";
import { isAuditLog } from "../event/audit-log.ts";

/** A log category that a tenant must keep exporting. */
export interface ExpectedCategory {
  /** In lower case. */
  readonly tenantId: string;
  /** As the setting spells it. */
  readonly category: string;
}

/** When records of a category reached the hub. Minutes count from 1970, in UTC. */
export interface NewSightings extends ExpectedCategory {
  readonly minutes: readonly number[];
}

/** All that is kept about a category. The minutes ascend. */
export interface CategorySightings extends NewSightings {
  /** When pimwatch began to expect it, in milliseconds since 1970; undefined before the first check. */
  readonly expectedSince: number | undefined;
}

export const MINUTE_MS = 60_000;
export const MINUTES_PER_DAY = 1_440;

/** Every category of every tenant. */
export function expectedCategories(
  tenantIds: Iterable<string>,
  categories: readonly string[],
): readonly ExpectedCategory[] {
  return [...tenantIds].flatMap((tenantId) => categories.map((category) => ({ tenantId, category })));
}

/** No category has a longer name: https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/logs-index */
const MAX_NAME = 64;

/** Finds the expected category of a record, as the setting spells it. Case does not count. */
export function categoryFinder(categories: readonly string[]): (record: DiagnosticRecord) => string | undefined {
  const bySpelling = new Map(categories.map((name) => [name.toLowerCase(), name]));
  const auditLogs = bySpelling.get("auditlogs");
  return (record) => {
    const category = record["category"];
    if (typeof category !== "string" || category.length > MAX_NAME) return undefined;
    return bySpelling.get(category.toLowerCase()) ?? (isAuditLog(record) ? auditLogs : undefined);
  };
}

/**
 * A day of a category: one bit for each of its minutes. Sets of minutes can be merged in any order and any number of
 * times, so neither a redelivered event nor a second instance changes what they say.
 */
export type SeenMinutes = Uint8Array;

const NO_MINUTES: SeenMinutes = new Uint8Array(MINUTES_PER_DAY / 8);

export function withMinutes(seen: SeenMinutes, minutesOfDay: Iterable<number>): SeenMinutes {
  const all = Uint8Array.from({ length: NO_MINUTES.length }, (_, index) => seen[index] ?? 0);
  for (const minute of minutesOfDay) all[minute >> 3] = (all[minute >> 3] ?? 0) | (1 << (minute & 7));
  return all;
}

export function holdsMinutes(seen: SeenMinutes, minutesOfDay: Iterable<number>): boolean {
  for (const minute of minutesOfDay) if (((seen[minute >> 3] ?? 0) & (1 << (minute & 7))) === 0) return false;
  return true;
}

/** The minutes that were seen, ascending. */
export function minutesIn(seen: SeenMinutes): number[] {
  const minutes: number[] = [];
  for (const [index, byte] of seen.entries())
    for (let bit = 0; byte >> bit !== 0; bit += 1) if ((byte >> bit) & 1) minutes.push(index * 8 + bit);
  return minutes;
}

/** Minutes by their day, both counted from 1970; each minute as one of its day. */
export function byDay(minutes: readonly number[]): Map<number, number[]> {
  const days = new Map<number, number[]>();
  for (const minute of minutes) {
    const day = Math.floor(minute / MINUTES_PER_DAY);
    const known = days.get(day) ?? [];
    known.push(minute - day * MINUTES_PER_DAY);
    days.set(day, known);
  }
  return days;
}
