import { AggregateLogsUploadError } from "@azure/monitor-ingestion";
import { RestError } from "@azure/storage-blob";
import type { Ingestion } from "../../src/azure/sinks/logs-ingestion.ts";
import type { Request } from "../../src/azure/sinks/webhook.ts";
import type { Reach } from "../process.ts";

/** Rows that arrived, as `<incident id>|<revision>`, with the number of times. */
export type Arrived = Map<string, number>;

/**
 * The two endpoints that incidents are sent to: Logs Ingestion and a webhook. Each accepts what it gets, but answers 400
 * for an incident that is refused, and 500 for one that fails. test/simulation/receivers-contract.test.ts compares them with the SDK's client and the
 * local stand-in, and with `fetch` and an HTTP server.
 *
 * They do not imitate: the check of columns and sizes, gzip, tokens, requests that are split, abort signals, statuses other
 * than 202, 204, 400 and 500. A fault of the webhook breaks its connection; none is an answer of 503.
 */
export function memoryReceivers() {
  const arrived = { "log-analytics": new Map() as Arrived, webhook: new Map() as Arrived };
  /** Ids of incidents that are always answered with 400. */
  const refused = new Set<string>();
  /** Ids of incidents that are answered with 500. */
  const failing = new Set<string>();

  /** @returns the status of an error, or undefined if the rows were taken */
  function arrive(at: Arrived, rows: readonly Row[]): 400 | 500 | undefined {
    if (rows.some(({ IncidentId }) => refused.has(IncidentId))) return 400;
    if (rows.some(({ IncidentId }) => failing.has(IncidentId))) return 500;
    for (const { IncidentId, Revision = 1 } of rows) {
      const key = `${IncidentId}|${Revision}`;
      at.set(key, (at.get(key) ?? 0) + 1);
    }
    return undefined;
  }

  function ingestionFor(process: Reach): Ingestion {
    return {
      async upload(_rule, _stream, logs) {
        const rows = logs as unknown as readonly Row[];
        if (rows.length === 0) return; // without a request
        try {
          await process.call("ingestion", `upload of ${rows.length}`, () => {
            const statusCode = arrive(arrived["log-analytics"], rows);
            if (statusCode !== undefined)
              throw new RestError("a row is not taken", { statusCode, code: ERRORS[statusCode] });
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
        return { status: arrive(arrived.webhook, [row]) ?? 202, body: null };
      });
  }

  return { arrived, refused, failing, ingestionFor, webhookFor };
}

const ERRORS = { 400: "InvalidRecord", 500: "InternalServerError" } as const;

interface Row {
  readonly IncidentId: string;
  readonly Revision?: number;
}
