import type { DiagnosticRecord } from "../event/event-body.ts";
import { tenantOf } from "../event/audit-log.ts";
import { LOOK_AFTER_MINUTES } from "../timing.ts";
import { categoryFinder, MINUTE_MS, type NewSightings } from "./category-sightings.ts";

/** A category of one tenant, as this instance has seen it. */
interface Watched {
  /** Minutes that are not stored yet, counted from 1970. */
  readonly unstored: Set<number>;
  /** The latest minute in which it was seen; -Infinity if it never was. */
  latest: number;
  /** From this time on, skipped events are searched for it. */
  lookFrom: string;
}

interface WatchedCategory {
  readonly category: string;
  /** The name as JSON has it. */
  readonly bytes: Buffer;
  readonly tenants: ReadonlyMap<string, Watched>;
  /** The minute of the latest record, and the tenants that have a record in it. */
  minute: string;
  readonly noted: Set<string>;
}

/** The length of `2026-03-04T12:00`. */
const MINUTE_LENGTH = 16;

/**
 * Watches whether each expected category of each tenant still arrives. Times are those of arrival at the hub, ISO 8601 in
 * UTC, so they compare as text.
 *
 * Two things show it a category: every record that is read for another reason, and one skipped event per partition and
 * minute. If neither has shown a category for half of the shortest silence that can raise an alert, it asks for every
 * skipped event whose bytes hold the category's name, until one of them has a record of it.
 */
export function categoryWatch(tenantIds: ReadonlySet<string>, categories: readonly string[]) {
  const [onlyTenant = ""] = tenantIds.size === 1 ? tenantIds : [];
  const categoryOf = categoryFinder(categories);
  const watched = new Map(
    categories.map((category): [string, WatchedCategory] => [
      category,
      {
        category,
        bytes: Buffer.from(`"${category}"`),
        tenants: new Map([...tenantIds].map((id) => [id, { unstored: new Set(), latest: -Infinity, lookFrom: "" }])),
        minute: "",
        noted: new Set(),
      },
    ]),
  );
  /** The earliest `lookFrom` of all. */
  let lookFrom = "";

  function note(one: Watched, minute: number): void {
    one.unstored.add(minute);
    if (minute <= one.latest) return;
    one.latest = minute;
    one.lookFrom = new Date((minute + LOOK_AFTER_MINUTES) * MINUTE_MS).toISOString();
    const all = [...watched.values()].flatMap(({ tenants }) => [...tenants.values()]);
    lookFrom = all.reduce((earliest, each) => (each.lookFrom < earliest ? each.lookFrom : earliest), one.lookFrom);
  }

  return {
    /** Notes that a record was read. Unexpected categories and tenants are ignored. */
    see(record: DiagnosticRecord, at: string): void {
      const category = watched.get(categoryOf(record) ?? "");
      if (category === undefined) return;
      if (category.minute === "" || !at.startsWith(category.minute)) {
        category.minute = at.slice(0, MINUTE_LENGTH);
        category.noted.clear();
      }
      if (category.noted.size === tenantIds.size) return; // the usual case: nothing is new in this minute
      const tenantId = tenantOf(record) || onlyTenant;
      const one = category.tenants.get(tenantId);
      if (one === undefined || category.noted.has(tenantId)) return;
      category.noted.add(tenantId);
      note(one, Math.floor(Date.parse(at) / MINUTE_MS));
    },

    /** Whether a skipped event must be read because it may hold a record of a category that was not seen for long. */
    mayHold(body: Uint8Array, at: string): boolean {
      if (at < lookFrom) return false; // the usual case: one comparison
      const json = Buffer.from(body.buffer, body.byteOffset, body.length);
      return [...watched.values()].some(({ bytes, tenants }) => {
        const missing = [...tenants].filter(([, one]) => at >= one.lookFrom);
        if (missing.length === 0 || !json.includes(bytes)) return false;
        return onlyTenant !== "" || missing.some(([tenantId]) => json.includes(tenantId));
      });
    },

    /** What was seen since the last call. */
    take(): NewSightings[] {
      const taken: NewSightings[] = [];
      for (const { category, tenants } of watched.values()) {
        for (const [tenantId, { unstored }] of tenants) {
          if (unstored.size > 0) taken.push({ tenantId, category, minutes: [...unstored] });
          unstored.clear();
        }
      }
      return taken;
    },

    /** Keeps for the next `take` what could not be stored. */
    putBack(sightings: readonly NewSightings[]): void {
      for (const { tenantId, category, minutes } of sightings)
        for (const minute of minutes) watched.get(category)?.tenants.get(tenantId)?.unstored.add(minute);
    },
  };
}

export type CategoryWatch = ReturnType<typeof categoryWatch>;
