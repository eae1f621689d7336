import { AggregateLogsUploadError } from "@azure/monitor-ingestion";
import { RestError } from "@azure/storage-blob";
import type { Ingestion } from "../../src/azure/sinks/logs-ingestion.ts";
import type { Request } from "../../src/azure/sinks/webhook.ts";
import type { Reach } from "../process.ts";

/** Rows that arrived, as `<incident id>|<revision>`, with the number of times. */
export type Arrived = Map<string, number>;

/**
 * The two endpoints that incidents are sent to: Logs Ingestion and a webhook. Each accepts what it gets, but answers 400
 * for an incident that is refused. test/simulation/receivers-contract.test.ts compares them with the SDK's client and the
 * local stand-in, and with `fetch` and an HTTP server.
 *
 * They do not imitate: the check of columns and sizes, gzip, tokens, requests that are split, abort signals, statuses other
 * than 202, 204 and 400. A fault of the webhook breaks its connection; none is an answer of 503.
 */
export function memoryReceivers() {
  const arrived = { "log-analytics": new Map() as Arrived, webhook: new Map() as Arrived };
  /** Ids of incidents that are always answered with 400. */
  const refused = new Set<string>();

  function arrive(at: Arrived, rows: readonly Row[]): "accepted" | "refused" {
    if (rows.some(({ IncidentId }) => refused.has(IncidentId))) return "refused";
    for (const { IncidentId, Revision = 1 } of rows) {
      const key = `${IncidentId}|${Revision}`;
      at.set(key, (at.get(key) ?? 0) + 1);
    }
    return "accepted";
  }

  function ingestionFor(process: Reach): Ingestion {
    return {
      async upload(_rule, _stream, logs) {
        const rows = logs as unknown as readonly Row[];
        if (rows.length === 0) return; // without a request
        try {
          await process.call("ingestion", `upload of ${rows.length}`, () => {
            if (arrive(arrived["log-analytics"], rows) === "refused")
              throw new RestError("a row is refused", { statusCode: 400, code: "InvalidRecord" });
          });
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          throw new AggregateLogsUploadError([{ cause: error, failedLogs: logs }]);
        }
      },
    };
  }

  function webhookFor(process: Reach): Request {
    return (_url, { headers }) =>
      process.call("webhook", "post", () => {
        const row = { IncidentId: headers["idempotency-key"] ?? "" };
        return { status: arrive(arrived.webhook, [row]) === "refused" ? 400 : 202, body: null };
      });
  }

  return { arrived, refused, ingestionFor, webhookFor };
}

interface Row {
  readonly IncidentId: string;
  readonly Revision?: number;
}
