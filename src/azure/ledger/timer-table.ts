import { odata, type TableClient } from "@azure/data-tables";
import { type TimerName, type TimerRuns, TIMERS } from "../../core/ledger/timer-runs.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { type HubName, hubKeyOf } from "./ledger-table.ts";
import { isExistingRow, rowsWhere, TABLE_SERVICE } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type TimerClient = Pick<TableClient, "createEntity" | "upsertEntity" | "listEntities">;

const FIRST = "first";

/**
 * Traces of the timers' runs, in the table of the ledger.
 *
 *     PartitionKey                RowKey       says
 *     timers|<namespace>|<hub>    <function>   when its latest run ended
 *     timers|<namespace>|<hub>    first        when the first run of any of them ended
 *
 * @param timeoutMs how long one call may take with its retries
 */
export function timerTable(table: TimerClient, hub: HubName, timeoutMs = CALL_TIMEOUT_MS) {
  const partitionKey = `timers|${hubKeyOf(hub)}`;
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);
  let hasFirst = false;

  async function keepFirst(EndedAt: string): Promise<void> {
    if (hasFirst) return;
    try {
      await call((options) => table.createEntity({ partitionKey, rowKey: FIRST, EndedAt }, options));
    } catch (error) {
      if (!isExistingRow(error)) throw error;
    }
    hasFirst = true;
  }

  return {
    /** Says that a run of a timer has come to its end. */
    async ended(timer: TimerName, at: Date): Promise<void> {
      const EndedAt = at.toISOString();
      await keepFirst(EndedAt);
      await call((options) => table.upsertEntity({ partitionKey, rowKey: timer, EndedAt }, "Replace", options));
    },

    async runs(): Promise<TimerRuns> {
      const times = new Map<string, number>();
      const filter = odata`PartitionKey eq ${partitionKey}`;
      for await (const { rowKey, EndedAt } of rowsWhere(table, { filter }, timeoutMs)) {
        const time = Date.parse(String(EndedAt));
        if (!Number.isNaN(time)) times.set(String(rowKey), time);
      }
      const latest = TIMERS.flatMap((timer) => {
        const time = times.get(timer);
        return time === undefined ? [] : [[timer, time] as const];
      });
      return { firstAt: times.get(FIRST), latestAt: Object.fromEntries(latest) };
    },
  };
}
