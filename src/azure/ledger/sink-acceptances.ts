import { odata, type TableClient } from "@azure/data-tables";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { rowsWhere, TABLE_SERVICE } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type AcceptancesClient = Pick<TableClient, "listEntities" | "upsertEntity">;

const PARTITION = "sinks";

/**
 * When each sink last accepted something, for every instance: whether a failure is the row's fault depends on it.
 * Written once a minute at most, and by any instance, so that the time may be a minute too early.
 *
 *     PartitionKey  RowKey    says
 *     sinks         <sink>    AcceptedAt
 */
export function sinkAcceptances(table: AcceptancesClient, timeoutMs = CALL_TIMEOUT_MS) {
  return {
    /** In milliseconds since 1970; undefined where nothing was ever accepted. */
    async latest(sink: string): Promise<number | undefined> {
      const filter = odata`PartitionKey eq ${PARTITION} and RowKey eq ${sink}`;
      for await (const { AcceptedAt: time } of rowsWhere(table, { filter }, timeoutMs)) {
        const at = typeof time === "string" ? Date.parse(time) : NaN;
        return Number.isNaN(at) ? undefined : at;
      }
      return undefined;
    },

    async note(sink: string, at: number): Promise<void> {
      const entity = { partitionKey: PARTITION, rowKey: sink, AcceptedAt: new Date(at).toISOString() };
      await inTime(TABLE_SERVICE, timeoutMs, (options) => table.upsertEntity(entity, "Replace", options));
    },
  };
}
