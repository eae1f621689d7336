import { isAggregateLogsUploadError, type LogsIngestionClient } from "@azure/monitor-ingestion";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { SendOutcome } from "../../core/incident/sinks.ts";
import { DependencyError } from "../../errors.ts";
import { MACHINE } from "../../machine.ts";
import { CALL_TIMEOUT_MS } from "../../core/timing.ts";
import { inTime } from "../calls.ts";

/** The part of the SDK's client that this file uses. */
export type Ingestion = Pick<LogsIngestionClient, "upload">;

export interface Destination {
  /** The data collection rule's immutable id. */
  readonly ruleId: string;
  readonly stream: string;
}

const SERVICE = "Logs Ingestion";

/** What a person must do about an answer. */
const REMEDIES: Readonly<Record<number, string>> = {
  401: "the identity's token is not accepted: check AZURE_CLIENT_ID, AZURE_CLOUD and the tenant",
  403: 'the identity needs the role "Monitoring Metrics Publisher" on the data collection rule; a new assignment takes up to 30 minutes',
  404: "check LOGS_INGESTION_ENDPOINT, LOGS_INGESTION_RULE_ID and LOGS_INGESTION_STREAM",
};

/** Uploads rows of incidents to a custom table through the Logs Ingestion API. */
export function logsIngestion(client: Ingestion, { ruleId, stream }: Destination, machine = MACHINE) {
  return {
    /**
     * Sends one pack in one request: see `Send`.
     *
     * The rows must be less than 1 MB as JSON: the SDK splits larger packs, and an abort between the parts makes it
     * resolve with some parts unsent. One request resolves only after a 204.
     *
     * @param timeoutMs of the request with all of its retries
     */
    async send(rows: readonly IncidentRow[], timeoutMs = CALL_TIMEOUT_MS): Promise<SendOutcome> {
      const upload = async (options: { abortSignal: AbortSignal }): Promise<SendOutcome> => {
        try {
          await client.upload(ruleId, stream, [...rows], options);
          return { outcome: "accepted" };
        } catch (error) {
          const { isRefusal, message } = failureOf(error);
          if (isRefusal) return { outcome: "refused", reason: message };
          throw new DependencyError(SERVICE, message, { cause: error });
        }
      };
      return inTime(SERVICE, timeoutMs, upload, machine);
    },
  };
}

/**
 * The service's error. The SDK's own message is the text "undefined"; the causes hold the error, and a single request
 * has one cause.
 *
 * The service refuses rows with a 413, or with a 400 and a reason. Other errors have a status, too: the token endpoint
 * answers 400 if the identity is not assigned to the app.
 */
function failureOf(error: unknown): { isRefusal: boolean; message: string } {
  const cause: unknown = isAggregateLogsUploadError(error) ? error.errors[0]?.cause : error;
  if (!(cause instanceof Error)) return { isRefusal: false, message: String(cause) };
  const status = "statusCode" in cause ? cause.statusCode : undefined;
  if (cause.name !== "RestError" || typeof status !== "number")
    return { isRefusal: false, message: cause.message || cause.name };
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return {
    isRefusal: status === 413 || (status === 400 && code !== ""),
    message: [`answered ${status}`, code, cause.message, REMEDIES[status]].filter(Boolean).join(": "),
  };
}
