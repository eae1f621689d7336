import { SINKS_PARTITION } from "../tables/row-keys.ts";
import type { TableRows } from "../tables/table-rows.ts";

/**
 * When each sink last accepted a row from any instance. Instances need it to decide whether a failure is the row's fault.
 * Each instance writes it once a minute at most, so the time may be a minute too early.
 */
export function sinkAcceptances(table: TableRows) {
  const keysOf = (sink: string) => ({ partitionKey: SINKS_PARTITION, rowKey: sink });
  return {
    /** In milliseconds since 1970; undefined if the sink never accepted a row. */
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
