import { boundedText } from "../../core/json/bounded.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { RowFailure } from "../../core/incident/row-failure.ts";
import { SINKS, type SinkName } from "../../core/incident/sinks.ts";
import { outboxKeys } from "../tables/row-keys.ts";
import type { Entity, Row, RowKeys } from "../tables/table-rows.ts";
import { incidentEntity } from "./incident-entity.ts";

const REASON = { characters: 1_000, bytes: 4_000 };

/** A row of the outbox. `Refused`, `RefusedReason` and FAILURE_PROPERTIES hold the outcome of sending it. */
export function outboxEntity(keys: RowKeys, row: IncidentRow): Row {
  return Object.assign(incidentEntity(keys, row), { Refused: false });
}

/** The same for a sink that reads the incident only when it sends it. */
function outboxPointer(keys: RowKeys, row: IncidentRow): Row {
  const { IncidentId = null, RuleId = null, Revision = null, TimeGenerated = null } = row;
  return Object.assign({ ...keys }, { IncidentId, RuleId, Revision, TimeGenerated, Refused: false });
}

/** The outbox rows of a new or changed incident: one for each of these sinks that wants it. */
export function outboxRows(row: IncidentRow, what: "new" | "changed", sinks: readonly SinkName[]): Row[] {
  return SINKS.filter(({ name }) => sinks.includes(name)).flatMap(({ name, takes }) => {
    if (takes === "every revision") return [outboxEntity(outboxKeys(row, name), row)];
    return what === "new" ? [outboxPointer(outboxKeys(row, name), row)] : [];
  });
}

export function refusalProperties(reason: string): object {
  return { Refused: true, RefusedReason: boundedText(reason, REASON).value };
}

/** The failed attempts of an outbox row. A row that never failed lacks these properties, or has "" for the times. */
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

/** Resets a row as if it had never been refused or failed, because a person wants it sent again. */
export const RELEASED = {
  Refused: false,
  FailedAttempts: 0,
  FailedSince: "",
  FailedAt: "",
  RetryAt: "",
  FailedReason: "",
};

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
