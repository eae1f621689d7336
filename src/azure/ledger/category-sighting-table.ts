import {
  byDay,
  type CategorySightings,
  type ExpectedCategory,
  holdsMinutes,
  MINUTE_MS,
  minutesIn,
  MINUTES_PER_DAY,
  type NewSightings,
  type SeenMinutes,
  withMinutes,
} from "../../core/ledger/category-sightings.ts";
import { SILENCE_HISTORY_DAYS } from "../../core/timing.ts";
import { changeRow } from "../tables/change-row.ts";
import { categoriesPartition, categoryKeys, type HubName } from "../tables/row-keys.ts";
import type { Entity, TableRows } from "../tables/table-rows.ts";

const DAY_MS = MINUTES_PER_DAY * MINUTE_MS;

interface Kept extends ExpectedCategory {
  expectedSince: number | undefined;
  /** In the order of their days. */
  readonly days: Entity[];
}

/**
 * The minutes in which records of each expected log category reached the hub, one row for each day. Several instances
 * add minutes to one row.
 */
export function categorySightingTable(table: TableRows, hub: HubName, expected: readonly ExpectedCategory[]) {
  const partitionKey = categoriesPartition(hub);
  /** By row key: the minutes that this instance knows to be stored. */
  const stored = new Map<string, SeenMinutes>();

  async function addToDay(category: ExpectedCategory, day: number, minutes: readonly number[]): Promise<void> {
    const keys = categoryKeys(hub, category, day);
    if (holdsMinutes(stored.get(keys.rowKey) ?? new Uint8Array(), minutes)) return;
    let seen: SeenMinutes = new Uint8Array();
    await changeRow(table, keys, (row) => {
      const before = seenIn(row);
      seen = withMinutes(before, minutes);
      if (holdsMinutes(before, minutes)) return undefined;
      return { ...columnsOf(category), Day: day, Minutes: Buffer.from(seen).toString("base64") };
    });
    stored.set(keys.rowKey, seen);
  }

  async function readRows() {
    const kept = expected.map(({ tenantId, category }): Kept => ({
      tenantId,
      category,
      expectedSince: undefined,
      days: [],
    }));
    const byName = new Map(kept.map((one) => [`${one.tenantId}|${one.category}`, one]));
    const unexpected: Entity[] = [];
    for await (const row of table.list({ partitionKey })) {
      const one = byName.get(`${String(row["TenantId"])}|${String(row["Category"])}`);
      if (one === undefined) unexpected.push(row);
      else if (typeof row["Since"] === "string") one.expectedSince = Date.parse(row["Since"]);
      else one.days.push(row);
    }
    return { kept, unexpected };
  }

  return {
    /** Adds minutes. A repeated call writes nothing. */
    async add(sightings: readonly NewSightings[]): Promise<void> {
      for (const one of sightings) for (const [day, minutes] of byDay(one.minutes)) await addToDay(one, day, minutes);
    },

    /** What is known of each expected category. */
    async read(): Promise<CategorySightings[]> {
      const { kept } = await readRows();
      return kept.map(sightingsIn);
    },

    /** Reads, notes since when each category is expected, and removes rows that are no longer needed. */
    async check(now: Date): Promise<CategorySightings[]> {
      const { kept, unexpected } = await readRows();
      for (const one of kept.filter(({ expectedSince }) => expectedSince === undefined)) {
        await table.insert({ ...categoryKeys(hub, one, "since"), ...columnsOf(one), Since: now.toISOString() });
        one.expectedSince = now.getTime();
      }
      const oldest = Math.floor(now.getTime() / DAY_MS) - SILENCE_HISTORY_DAYS;
      // The latest day stays, however old: it says when the category was last seen.
      const old = kept.flatMap(({ days }) => days.slice(0, -1).filter((row) => Number(row["Day"]) < oldest));
      for (const row of [...unexpected, ...old]) await table.remove({ partitionKey, rowKey: String(row["rowKey"]) });
      return kept.map(sightingsIn);
    },
  };
}

/** When a record of each category last reached the hub, from any tenant, in milliseconds since 1970. Names are in lower case. */
export async function latestSightings(table: TableRows, hub: HubName): Promise<ReadonlyMap<string, number>> {
  const latest = new Map<string, number>();
  for await (const row of table.list({ partitionKey: categoriesPartition(hub) })) {
    const minute = minutesIn(seenIn(row)).at(-1);
    if (minute === undefined) continue; // since when the category is expected
    const category = String(row["Category"]).toLowerCase();
    const at = Number(row["Day"]) * DAY_MS + minute * MINUTE_MS;
    latest.set(category, Math.max(latest.get(category) ?? 0, at));
  }
  return latest;
}

function columnsOf({ tenantId, category }: ExpectedCategory) {
  return { TenantId: tenantId, Category: category };
}

function seenIn(row: Entity | undefined): SeenMinutes {
  const minutes = row?.["Minutes"];
  return Buffer.from(typeof minutes === "string" ? minutes : "", "base64");
}

function sightingsIn({ days, ...category }: Kept): CategorySightings {
  const minutes = days.flatMap((row) =>
    minutesIn(seenIn(row)).map((minute) => Number(row["Day"]) * MINUTES_PER_DAY + minute),
  );
  return { ...category, minutes };
}
