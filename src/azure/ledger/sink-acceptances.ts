import { SINKS_PARTITION } from "../tables/row-keys.ts";
import type { TableRows } from "../tables/table-rows.ts";

/**
 * When each sink last accepted something, for every instance: whether a failure is the row's fault depends on it.
 * Written once a minute at most, and by any instance, so that the time may be a minute too early.
 */
export function sinkAcceptances(table: TableRows) {
  const keysOf = (sink: string) => ({ partitionKey: SINKS_PARTITION, rowKey: sink });
  return {
    /** In milliseconds since 1970; undefined where nothing was ever accepted. */
    async latest(sink: string): Promise<number | undefined> {
      const time = (await table.get(keysOf(sink)))?.["AcceptedAt"];
      const at = typeof time === "string" ? Date.parse(time) : NaN;
      return Number.isNaN(at) ? undefined : at;
    },

    async note(sink: string, at: number): Promise<void> {
      await table.put({ ...keysOf(sink), AcceptedAt: new Date(at).toISOString() });
    },
  };
}
