import { valueText } from "../../core/value-text.ts";
import type { IncidentRow, StoredIncident } from "../../core/incident/incident-row.ts";
import { WEBHOOK_SINK } from "../../core/incident/outbox.ts";
import type { SendOutcome, Sink, SinkOutbox } from "./sink.ts";
import { sinkWatch, type WatchOptions } from "./sink-watch.ts";

export interface WebhookDependencies extends Omit<WatchOptions, "pauseMs"> {
  readonly outbox: SinkOutbox;
  readonly webhook: { post(row: IncidentRow, timeoutMs: number): Promise<SendOutcome> };
  readonly incidents: { get(ruleId: string, id: string): Promise<StoredIncident | undefined> };
  readonly firstBackOffMs: number;
}

/** The webhook gets each new incident in a request of its own; from a sweep, as the incident is by then. */
export function webhookSink({ outbox, webhook, incidents, firstBackOffMs, ...how }: WebhookDependencies): Sink {
  return {
    name: WEBHOOK_SINK,
    title: "the webhook",
    outbox,
    packsOf: (rows) => rows.map((row) => [row]),
    async send([row], timeoutMs) {
      return row === undefined ? { outcome: "gone" } : webhook.post(row, timeoutMs);
    },
    async current(queued) {
      return (await incidents.get(valueText(queued["RuleId"]), valueText(queued["IncidentId"])))?.row;
    },
    watch: sinkWatch(WEBHOOK_SINK, { ...how, pauseMs: 60_000 }),
    limits: {
      // The next batch waits for this one. Whatever is not sent by then is left to the timer.
      invocation: { milliseconds: 3_000, timeoutMs: 5_000 },
      // The timer runs again in a minute.
      sweep: { milliseconds: 45_000, timeoutMs: 5_000 },
    },
    firstBackOffMs,
    pageSize: 100,
    readFrom: new Map(),
  };
}
