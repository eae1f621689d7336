import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { LOG_ANALYTICS_SINK } from "../../core/incident/outbox.ts";
import { packRows } from "../../core/incident/packs.ts";
import type { SendOutcome, Sink, SinkOutbox } from "./sink.ts";
import { sinkWatch, type WatchOptions } from "./sink-watch.ts";

export interface LogAnalyticsDependencies extends Omit<WatchOptions, "pauseMs"> {
  readonly outbox: SinkOutbox;
  readonly ingestion: { upload(rows: readonly IncidentRow[], timeoutMs: number): Promise<SendOutcome> };
  readonly firstBackOffMs: number;
}

/** Log Analytics takes each state of each incident, in packs. */
export function logAnalyticsSink({ outbox, ingestion, firstBackOffMs, ...how }: LogAnalyticsDependencies): Sink {
  return {
    name: LOG_ANALYTICS_SINK,
    title: "Log Analytics",
    outbox,
    packsOf: (rows) => packRows(rows),
    send: (pack, timeoutMs) => ingestion.upload(pack, timeoutMs),
    watch: sinkWatch(LOG_ANALYTICS_SINK, { ...how, pauseMs: 10_000 }),
    limits: {
      // Time for a pack that fails, and for its parts; a request takes a fraction of a second where all is well.
      invocation: { milliseconds: 10_000, timeoutMs: 5_000 },
      // With the requests under way, well below the timer's deadline of 240 s.
      sweep: { milliseconds: 90_000, timeoutMs: 15_000 },
    },
    firstBackOffMs,
    pageSize: 500,
    readFrom: new Map(),
  };
}
