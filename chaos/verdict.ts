import { createHash } from "node:crypto";
import type { SampleRecord } from "../local/samples/audit-record.ts";
import { textOfRecordEntity } from "../src/azure/incident-entity.ts";
import type { Row, Stored } from "./stored.ts";

/** Everything that was sent so far and must come of it. */
export interface Expected {
  readonly matches: ReadonlyMap<string, SampleRecord>;
  readonly letters: readonly Uint8Array[];
}

export interface Verdict {
  readonly incidents: number;
  /** Records that became no incident. */
  readonly lost: readonly string[];
  /** Records that became more than one. */
  readonly duplicated: readonly string[];
  readonly forwardedDistinct: number;
  /** Rows that arrived once more than needed: at least once is what is promised. */
  readonly rawDuplicates: number;
  /** Rows that the endpoint refused and that wait for a person. */
  readonly refused: number;
  readonly deadLetters: number;
  /** Everything that is not as it must be, a sentence each. */
  readonly problems: readonly string[];
}

/** Compares what is stored with what was sent. */
export function judgeStored(stored: Stored, expected: Expected): Verdict {
  const problems: string[] = [];
  const incidents = stored.rows.get("incident") ?? [];
  const byRecord = Map.groupBy(incidents, (row) => String(row["AuditLogId"]));
  const lost = [...expected.matches.keys()].filter((id) => !byRecord.has(id));
  const duplicated = [...byRecord].filter(([, rows]) => rows.length > 1).map(([id]) => id);
  problems.push(...lost.map((id) => `lost: record ${id} became no incident`));
  problems.push(...duplicated.map((id) => `duplicated: record ${id} became several incidents`));
  for (const id of byRecord.keys()) if (!expected.matches.has(id)) problems.push(`record ${id} must not match`);

  const ids = new Set(incidents.map(idOf));
  checkParts(stored, ids, problems);
  checkRecords(stored, incidents, expected, problems);
  const outbox = stored.rows.get("outbox") ?? [];
  const refused = new Set(outbox.filter((row) => row["Refused"] === true).map(idOf));
  const forwarded = new Set(stored.forwarded.map(idOf));
  for (const id of ids) {
    if (!forwarded.has(id) && !refused.has(id)) problems.push(`incident ${id} was not forwarded`);
  }
  for (const id of forwarded) if (!ids.has(id)) problems.push(`${id} was forwarded and is no incident`);
  const pending = outbox.filter((row) => row["Refused"] !== true).length;
  if (pending > 0) problems.push(`${pending} rows still wait in the outbox`);
  checkLetters(stored, expected, problems);
  return {
    incidents: incidents.length,
    lost,
    duplicated,
    forwardedDistinct: forwarded.size,
    rawDuplicates: stored.forwarded.length - forwarded.size,
    refused: refused.size,
    deadLetters: stored.letters.length,
    problems,
  };
}

function idOf(row: Row): string {
  return String(row["IncidentId"]);
}

/** An incident is stored whole: its own row, its place in the list, its record. */
function checkParts({ rows }: Stored, ids: ReadonlySet<string>, problems: string[]): void {
  for (const kind of ["time", "record"]) {
    const found = (rows.get(kind) ?? []).map(({ rowKey }) => String(rowKey).split("|").at(-1) ?? "");
    const isWhole = found.length === ids.size && found.every((id) => ids.has(id));
    if (!isWhole) problems.push(`${found.length} rows of kind ${kind} for ${ids.size} incidents`);
  }
}

/** The record that is kept says what the record that was sent says. */
function checkRecords({ rows }: Stored, incidents: readonly Row[], expected: Expected, problems: string[]): void {
  const kept = new Map((rows.get("record") ?? []).map((row) => [String(row["rowKey"]).split("|").at(-1), row]));
  for (const incident of incidents) {
    const sent = expected.matches.get(String(incident["AuditLogId"]));
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
  for (const { name, bytes } of letters) {
    kept.add(name);
    if (sha256(bytes) !== name) problems.push(`dead letter ${name} is not byte-exact`);
    else if (!wanted.has(name)) problems.push(`dead letter ${name} was never sent as one`);
  }
  for (const name of wanted) if (!kept.has(name)) problems.push(`dead letter ${name} is not kept`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
