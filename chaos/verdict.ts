import { createHash } from "node:crypto";
import type { SampleRecord } from "../local/samples/audit-record.ts";
import { rowOfEntity, textOfRecordEntity } from "../src/azure/incidents/incident-entity.ts";
import { incidentIdOf, outboxRows } from "../src/azure/tables/row-keys.ts";
import { type Expected, isFailing } from "./expected.ts";
import { REFUSED_MARK } from "./traffic.ts";
import type { Row, Stored } from "./stored.ts";

export interface Verdict {
  readonly incidents: number;
  /** Ids of missing incidents. */
  readonly lost: readonly string[];
  /** A rule and a record with more incidents than they should have. */
  readonly duplicated: readonly string[];
  readonly forwardedDistinct: number;
  /** Rows that arrived more than once, which at-least-once delivery allows. */
  readonly rawDuplicates: number;
  /** Rows that the endpoint refused and that wait for a person. */
  readonly refused: number;
  /** Those refused only by a fault, a 413. There cannot be more of them than such faults. */
  readonly refusedByFault: number;
  /** Incidents that no receiver accepts: they wait to the end, each with the reason. */
  readonly failing: number;
  readonly deadLetters: number;
  /** All violations, one sentence each. */
  readonly problems: readonly string[];
}

/** Compares the stored state with the events sent. */
export function judgeStored(stored: Stored, expected: Expected): Verdict {
  const problems: string[] = [];
  const incidents = stored.rows.get("incident") ?? [];
  const ids = new Set(incidents.map(idOf));
  const wanted = new Set([...expected.incidents.keys(), ...expected.windows]);
  const lost = [...wanted].filter((id) => !ids.has(id));
  const byOrigin = Map.groupBy(
    incidents,
    (row) => `rule ${String(row["RuleId"])}, record ${String(row["AuditLogId"])}`,
  );
  const isTooMany = (rows: readonly Row[]) => rows.length > 1 && !rows.every((row) => wanted.has(idOf(row)));
  const duplicated = [...byOrigin].filter(([, rows]) => isTooMany(rows)).map(([origin]) => origin);
  problems.push(...lost.map((id) => `lost: incident ${id} is not stored`));
  problems.push(...duplicated.map((origin) => `duplicated: ${origin} became several incidents`));
  for (const id of ids) if (!wanted.has(id)) problems.push(`incident ${id} was not expected`);

  checkParts(stored, ids, problems);
  checkRecords(stored, incidents, expected, problems);
  const outbox = stored.rows.get("outbox") ?? [];
  const refused = new Set(outbox.filter((row) => isOf("log-analytics", row) && row["Refused"] === true).map(idOf));
  const forwarded = new Set(stored.forwarded.map(idOf));
  const notified = new Set(stored.notified);
  const failing = [...ids].filter((id) => isFailing(expected, id));
  const isTaken = (id: string) => !isFailing(expected, id);
  for (const id of [...ids].filter(isTaken)) {
    if (!forwarded.has(id) && !refused.has(id)) problems.push(`incident ${id} was not forwarded`);
    if (!notified.has(id)) problems.push(`incident ${id} was not sent to the webhook`);
  }
  for (const row of incidents) {
    if (mustBeRefused(row) && !refused.has(idOf(row))) problems.push(`incident ${idOf(row)} is not marked as refused`);
  }
  for (const id of forwarded) if (!ids.has(id)) problems.push(`${id} was forwarded but is not an incident`);
  for (const id of notified) if (!ids.has(id)) problems.push(`${id} was sent to the webhook but is not an incident`);
  const pending = outbox.filter((row) => row["Refused"] !== true && isTaken(idOf(row))).length;
  if (pending > 0) problems.push(`${pending} rows still wait in the outbox`);
  checkFailing(outbox, failing, problems);
  const mustArrive = incidents.filter((row) => isTaken(idOf(row)) && !refused.has(idOf(row)));
  checkForwarded(stored, { incidents, mustArrive }, problems);
  checkLetters(stored, expected, problems);
  return {
    incidents: incidents.length,
    lost,
    duplicated,
    forwardedDistinct: forwarded.size,
    rawDuplicates: stored.forwarded.length - forwarded.size,
    refused: refused.size,
    failing: failing.length,
    refusedByFault: incidents.filter((row) => refused.has(idOf(row)) && !mustBeRefused(row)).length,
    deadLetters: stored.letters.length,
    problems,
  };
}

function idOf(row: Row): string {
  return String(row["IncidentId"]);
}

function isOf(sink: string, { rowKey }: Row): boolean {
  return String(rowKey).startsWith(outboxRows(sink));
}

/**
 * An incident that a receiver fails for waits with the reason, neither accepted nor refused. Only a 413 fault of the
 * ingestion endpoint refuses it; their number is checked separately.
 */
function checkFailing(outbox: readonly Row[], failing: readonly string[], problems: string[]): void {
  for (const sink of ["log-analytics", "webhook"]) {
    const rows = outbox.filter((row) => isOf(sink, row));
    const isRight = (row: Row) => (row["Refused"] === true ? sink === "log-analytics" : Boolean(row["FailedReason"]));
    const ids = new Set(rows.filter(isRight).map(idOf));
    for (const id of failing) if (!ids.has(id)) problems.push(`incident ${id} does not wait for ${sink} with a reason`);
  }
}

function mustBeRefused(row: Row): boolean {
  return String(row["AuditLogId"]).endsWith(REFUSED_MARK);
}

/** An incident is stored completely: its own row, its place in the list, its record. */
function checkParts({ rows }: Stored, ids: ReadonlySet<string>, problems: string[]): void {
  for (const kind of ["time", "record"]) {
    const found = (rows.get(kind) ?? []).map(({ rowKey }) => incidentIdOf(String(rowKey)));
    const isWhole = found.length === ids.size && found.every((id) => ids.has(id));
    if (!isWhole) problems.push(`${found.length} rows of kind ${kind} for ${ids.size} incidents`);
  }
}

/** Everything that arrived in an incident's last revision equals the stored incident, however often it came. */
function checkForwarded(
  { forwarded }: Stored,
  { incidents, mustArrive }: { readonly incidents: readonly Row[]; readonly mustArrive: readonly Row[] },
  problems: string[],
): void {
  const revisionOf = (row: Row): number => Number(row["Revision"] ?? 1);
  const stored = new Map(incidents.map((row) => [idOf(row), { json: JSON.stringify(rowOfEntity(row)), row }]));
  const [changed, ahead] = [new Set<string>(), new Set<string>()];
  for (const row of forwarded) {
    const one = stored.get(idOf(row));
    if (one === undefined) continue;
    if (revisionOf(row) > revisionOf(one.row)) ahead.add(idOf(row));
    if (revisionOf(row) === revisionOf(one.row) && JSON.stringify(row) !== one.json) changed.add(idOf(row));
  }
  const revisions = new Set(forwarded.map((row) => `${idOf(row)} ${revisionOf(row)}`));
  const arrived = new Set(forwarded.map(idOf));
  for (const id of changed) problems.push(`incident ${id} was forwarded with other content`);
  for (const id of ahead) problems.push(`incident ${id} was forwarded in a revision that is not stored`);
  for (const row of mustArrive)
    if (arrived.has(idOf(row)) && !revisions.has(`${idOf(row)} ${revisionOf(row)}`))
      problems.push(`incident ${idOf(row)} was not forwarded in its last revision`);
}

/** The stored record equals the record that was sent. */
function checkRecords({ rows }: Stored, incidents: readonly Row[], expected: Expected, problems: string[]): void {
  const kept = new Map((rows.get("record") ?? []).map((row) => [incidentIdOf(String(row["rowKey"])), row]));
  for (const incident of incidents) {
    const sent = expected.incidents.get(idOf(incident));
    const text = textOfRecordEntity(kept.get(idOf(incident)) ?? {});
    if (sent !== undefined && !isSameJson(text, sent)) problems.push(`incident ${idOf(incident)} keeps another record`);
  }
}

function isSameJson(text: string, sent: SampleRecord): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(sent);
  } catch {
    return false;
  }
}

function checkLetters({ letters }: Stored, expected: Expected, problems: string[]): void {
  const wanted = new Set(expected.letters.map(sha256));
  const kept = new Set<string>();
  for (const { name, reason, bytes } of letters) {
    kept.add(name);
    if (sha256(bytes) !== name) problems.push(`dead letter ${name} is not byte-exact`);
    else if (!wanted.has(name)) problems.push(`dead letter ${name} was never sent as one; its reason is "${reason}"`);
  }
  for (const name of wanted) if (!kept.has(name)) problems.push(`dead letter ${name} is not kept`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
