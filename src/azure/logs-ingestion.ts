import { isAggregateLogsUploadError, type LogsIngestionClient } from "@azure/monitor-ingestion";
import type { IncidentRow } from "../core/incident-row.ts";
import { DependencyError } from "../errors.ts";
import { callDeadline } from "./calls.ts";

/** The part of the SDK's client that this file uses. */
export type Ingestion = Pick<LogsIngestionClient, "upload">;

export interface Destination {
  /** The data collection rule's immutable id. */
  readonly ruleId: string;
  readonly stream: string;
}

export interface UploadOutcome {
  /** `refused`: the endpoint will refuse these rows again, however often they are sent. */
  readonly outcome: "accepted" | "refused";
  readonly reason?: string;
}

/** 400: the rows do not fit the stream; 413: they are too large. Everything else may be mended elsewhere. */
const REFUSALS = new Set([400, 413]);

/** A request with all of its retries, in milliseconds. */
const UPLOAD_TIMEOUT_MS = 15_000;
/** After a failure nothing is sent for so long: batches must not queue up behind an endpoint that is down. */
const PAUSE_MS = 10_000;

/**
 * Uploads rows of incidents to a custom table through the Logs Ingestion API.
 *
 * @param now milliseconds since 1970
 */
export function logsIngestion(client: Ingestion, { ruleId, stream }: Destination, now: () => number = Date.now) {
  let pausedUntil = 0;
  const unavailable = (problem: string, cause?: unknown): DependencyError => {
    pausedUntil = now() + PAUSE_MS;
    return new DependencyError("Logs Ingestion", problem, { cause });
  };
  return {
    /**
     * Sends one pack in one request.
     *
     * The rows must be less than 1 MB as JSON: the SDK splits larger packs and, when it is aborted,
     * resolves with some of the parts unsent. One request resolves only after a 204.
     *
     * @throws {DependencyError} when it is unknown whether the rows were taken, or they were not and may be later
     */
    async upload(rows: readonly IncidentRow[]): Promise<UploadOutcome> {
      if (now() < pausedUntil) throw new DependencyError("Logs Ingestion", "paused after a failure");
      const abortSignal = callDeadline(UPLOAD_TIMEOUT_MS);
      try {
        await client.upload(ruleId, stream, [...rows], { abortSignal });
      } catch (error) {
        const { status, message } = causeOf(error);
        if (status !== undefined && REFUSALS.has(status)) return { outcome: "refused", reason: `${status} ${message}` };
        const problem = status === undefined ? message : `answered ${status}: ${message}`;
        throw unavailable(problem, error);
      }
      // An upload that is aborted between two requests resolves as if all had been sent.
      if (abortSignal.aborted) throw unavailable("did not answer in time");
      return { outcome: "accepted" };
    },
  };
}

export type LogsIngestion = ReturnType<typeof logsIngestion>;

/** The SDK's own message is the text "undefined": what happened is in the causes. */
function causeOf(error: unknown): { status?: number; message: string } {
  const cause: unknown = isAggregateLogsUploadError(error) ? error.errors[0]?.cause : error;
  if (!(cause instanceof Error)) return { message: String(cause) };
  const status = "statusCode" in cause && typeof cause.statusCode === "number" ? cause.statusCode : undefined;
  return { ...(status !== undefined && { status }), message: cause.message || cause.name };
}
