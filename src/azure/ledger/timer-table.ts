import { type TimerName, type TimerRuns, TIMERS } from "../../core/ledger/timer-runs.ts";
import { FIRST_RUN, type HubName, timersPartition } from "../tables/row-keys.ts";
import type { TableRows } from "../tables/table-rows.ts";

/** Traces of the timers' runs, in the table of the ledger: of the latest run of each, and of the first run of any. */
export function timerTable(table: TableRows, hub: HubName) {
  const partitionKey = timersPartition(hub);
  let hasFirst = false;

  async function keepFirst(EndedAt: string): Promise<void> {
    if (hasFirst) return;
    await table.insert({ partitionKey, rowKey: FIRST_RUN, EndedAt });
    hasFirst = true;
  }

  return {
    /** Says that a run of a timer has come to its end. */
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
