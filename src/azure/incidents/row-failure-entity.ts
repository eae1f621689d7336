import { boundedText } from "../../core/json/bounded.ts";
import type { RowFailure } from "../../core/incident/row-failure.ts";
import type { Entity } from "../tables/table-rows.ts";

const REASON = { characters: 1_000, bytes: 4_000 };

/** What a row of the outbox says of its failed attempts. A row that never failed lacks these, or has "" for the times. */
export const FAILURE_PROPERTIES: readonly string[] = [
  "FailedAttempts",
  "FailedSince",
  "FailedAt",
  "RetryAt",
  "FailedReason",
];

export function failureProperties({ counted, since, failedAt, retryAt, reason }: RowFailure): object {
  return {
    FailedAttempts: counted,
    FailedSince: since === undefined ? "" : iso(since),
    FailedAt: iso(failedAt),
    RetryAt: iso(retryAt),
    FailedReason: boundedText(reason, REASON).value,
  };
}

/** For a row that a person lets be sent again, as one that never failed. */
export const NO_FAILURE = { FailedAttempts: 0, FailedSince: "", FailedAt: "", RetryAt: "", FailedReason: "" };

export function failureOfEntity(entity: Entity): RowFailure | undefined {
  const failedAt = timeOf(entity["FailedAt"]);
  if (failedAt === undefined) return undefined;
  const { FailedAttempts: counted, FailedReason: reason } = entity;
  return {
    counted: typeof counted === "number" ? counted : 0,
    since: timeOf(entity["FailedSince"]),
    failedAt,
    retryAt: timeOf(entity["RetryAt"]) ?? failedAt,
    reason: typeof reason === "string" ? reason : "",
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
