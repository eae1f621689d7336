import { type TimerName, type TimerRuns, TIMERS } from "../../core/ledger/timer-runs.ts";
import { FIRST_RUN, type HubName, timersPartition } from "../tables/row-keys.ts";
import type { TableRows } from "../tables/table-rows.ts";

/** The latest run of each timer and the first run of any of them, in the ledger's table. */
export function timerTable(table: TableRows, hub: HubName) {
  const partitionKey = timersPartition(hub);
  let hasFirst = false;

  async function keepFirst(EndedAt: string): Promise<void> {
    if (hasFirst) return;
    await table.insert({ partitionKey, rowKey: FIRST_RUN, EndedAt });
    hasFirst = true;
  }

  return {
    /** Notes that a timer's run has ended. */
    async ended(timer: TimerName, at: Date): Promise<void> {
      const EndedAt = at.toISOString();
      await keepFirst(EndedAt);
      await table.put({ partitionKey, rowKey: timer, EndedAt });
    },

    async runs(): Promise<TimerRuns> {
      const times = new Map<string, number>();
      for await (const { rowKey, EndedAt } of table.list({ partitionKey })) {
        const time = Date.parse(String(EndedAt));
        if (!Number.isNaN(time)) times.set(String(rowKey), time);
      }
      const latest = TIMERS.flatMap((timer) => {
        const time = times.get(timer);
        return time === undefined ? [] : [[timer, time] as const];
      });
      return { firstAt: times.get(FIRST_RUN), latestAt: Object.fromEntries(latest) };
    },
  };
}
