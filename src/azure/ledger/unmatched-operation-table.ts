import { OPERATION_FORGOTTEN_MS, OPERATION_NOTED_EVERY_MS } from "../../core/timing.ts";
import { OPERATIONS_PARTITION, operationKeys } from "../tables/row-keys.ts";
import type { RowKeys, TableRows } from "../tables/table-rows.ts";

/** Keeps this many names. A sender to the hub could make up any number. */
export const MOST_OPERATIONS = 50;

/** Operations that no rule matched in any instance: the health page may ask any of them. */
export function unmatchedOperationTable(table: TableRows) {
  /** When this instance last wrote each name, in milliseconds since 1970. */
  let known = new Map<string, number>();
  let readAt = -Infinity;

  async function readAll(now: number): Promise<void> {
    readAt = now;
    const found = new Map<string, number>();
    for await (const row of table.list({ partitionKey: OPERATIONS_PARTITION })) {
      const seenAt = Date.parse(String(row["LastSeenAt"])) || 0;
      if (now - seenAt > OPERATION_FORGOTTEN_MS) await table.remove(keysOf(String(row["rowKey"])));
      else found.set(String(row["Operation"]), seenAt);
    }
    known = found;
  }

  return {
    /** Notes names that are new or were not noted for an hour. Once enough are kept, it adds no new ones. */
    async note(names: readonly string[], at: Date): Promise<void> {
      const now = at.getTime();
      // The clock may have been set back.
      const isDue = (name: string) => Math.abs(now - (known.get(name) ?? -Infinity)) >= OPERATION_NOTED_EVERY_MS;
      if (!names.some(isDue)) return;
      if (Math.abs(now - readAt) >= OPERATION_NOTED_EVERY_MS) await readAll(now);
      for (const name of names.filter(isDue)) {
        if (!known.has(name) && known.size >= MOST_OPERATIONS) continue;
        await table.put({ ...operationKeys(name), Operation: name, LastSeenAt: at.toISOString() });
        known.set(name, now);
      }
    },

    /** The latest first. A time may be an hour too early, because not every record updates it. */
    async seen(): Promise<{ readonly operation: string; readonly lastSeenAt: string }[]> {
      const seen = [];
      for await (const row of table.list({ partitionKey: OPERATIONS_PARTITION }))
        seen.push({ operation: String(row["Operation"]), lastSeenAt: String(row["LastSeenAt"]) });
      return seen.toSorted((a, b) => (a.lastSeenAt > b.lastSeenAt ? -1 : 1)).slice(0, MOST_OPERATIONS);
    },
  };
}

function keysOf(rowKey: string): RowKeys {
  return { partitionKey: OPERATIONS_PARTITION, rowKey };
}
