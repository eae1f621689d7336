import { isAuditLog, tenantOf, toAuditLogRow } from "../core/audit-log.ts";
import { readEventBody, type ReadRecord } from "../core/event-body.ts";
import { type HubPosition, toIncident } from "../core/incident.ts";
import { type StoredIncident, toStoredIncident } from "../core/incident-row.ts";
import type { Row } from "../core/kql/values.ts";
import type { Rule } from "../core/rule.ts";

/** An event as the hub delivers it. */
export interface HubEvent {
  readonly body: Uint8Array;
  readonly position: HubPosition;
}

/** A rule that is ready to run: its plan made into functions once. */
export interface ReadyRule {
  readonly rule: Rule;
  /** The rows that the rule's query yields for one AuditLogs row. */
  readonly evaluate: (row: Row) => readonly Row[];
}

export interface DetectDependencies {
  readonly rules: readonly ReadyRule[];
  /** Entra tenants, in lower case, whose records may make incidents. */
  readonly allowedTenantIds: ReadonlySet<string>;
  readonly incidents: { add(incident: StoredIncident): Promise<"added" | "known"> };
  readonly deadLetters: {
    add(letter: { bytes: Uint8Array; reason: string; position: HubPosition }): Promise<void>;
  };
  now(): Date;
}

/** received = matched + notMatched + skipped + deadLettered, whatever the data: each record has one fate. */
export interface BatchFigures {
  readonly events: number;
  /** Records, and one for each stretch of bytes that is none. */
  readonly received: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Records of other categories in the same hub. */
  readonly skipped: number;
  /** Also a record on which a rule failed, though other rules may have found incidents in it. */
  readonly deadLettered: number;
  /** Incidents that were stored, and those that were there already. A record can give several. */
  readonly stored: number;
  readonly known: number;
}

export interface BatchOutcome {
  readonly figures: BatchFigures;
  readonly added: readonly StoredIncident[];
}

/**
 * Runs every rule over a batch of events and stores what they find.
 *
 * Safe to run twice, and at the same time, on the same events. Bad data is kept as dead letters and never
 * fails the batch; a dependency that does not answer rejects, so that the host delivers the batch again.
 */
export async function detectBatch(events: readonly HubEvent[], deps: DetectDependencies): Promise<BatchOutcome> {
  const figures = { received: 0, matched: 0, notMatched: 0, skipped: 0, deadLettered: 0, stored: 0, known: 0 };
  const added: StoredIncident[] = [];
  for (const { body, position } of events) {
    const { records, unreadable } = readEventBody(body);
    figures.received += records.length + unreadable.length;
    for (const { bytes, reason } of unreadable) {
      await deps.deadLetters.add({ bytes, reason, position });
      figures.deadLettered += 1;
    }
    for (const source of records) {
      const verdict = judge(source, position, deps);
      figures[verdict.fate] += 1;
      for (const incident of verdict.incidents) {
        const outcome = await deps.incidents.add(incident);
        figures[outcome === "added" ? "stored" : "known"] += 1;
        if (outcome === "added") added.push(incident);
      }
      if (verdict.fate === "deadLettered")
        await deps.deadLetters.add({ bytes: source.bytes(), reason: verdict.reason, position });
    }
  }
  return { figures: { events: events.length, ...figures }, added };
}

type Verdict =
  | { readonly fate: "skipped" | "notMatched" | "matched"; readonly incidents: readonly StoredIncident[] }
  | { readonly fate: "deadLettered"; readonly incidents: readonly StoredIncident[]; readonly reason: string };

/**
 * What becomes of a record. Pure and total: a record that our code cannot take is a dead letter, not a
 * failure, which would repeat at each delivery and hold back the partition.
 */
function judge(source: ReadRecord, position: HubPosition, deps: DetectDependencies): Verdict {
  if (typeof source.record["category"] !== "string") return deadLettered('no "category"');
  if (!isAuditLog(source.record)) return { fate: "skipped", incidents: [] };
  const { incidents, problems } = runRules(source, position, deps);
  const tenant = tenantOf(source.record);
  // A record without a tenant is accepted: the list is against records that were misrouted, and one
  // that is forged can name any tenant.
  if (incidents.length > 0 && tenant !== "" && !deps.allowedTenantIds.has(tenant))
    return deadLettered("a tenant that ALLOWED_TENANT_IDS does not name");
  if (problems.length > 0) return { fate: "deadLettered", incidents, reason: problems.join("; ") };
  return { fate: incidents.length > 0 ? "matched" : "notMatched", incidents };
}

function deadLettered(reason: string): Verdict {
  return { fate: "deadLettered", incidents: [], reason };
}

/** A rule that fails on a record does not take along what the others find in it. */
function runRules(source: ReadRecord, position: HubPosition, deps: DetectDependencies) {
  const row = toAuditLogRow(source.record);
  const incidents: StoredIncident[] = [];
  const problems: string[] = [];
  for (const { rule, evaluate } of deps.rules) {
    try {
      for (const [ordinal, resultRow] of evaluate(row).entries()) {
        const incident = toIncident({ rule, source, row, resultRow, ordinal, position }, deps.now());
        incidents.push(toStoredIncident(incident, "created"));
      }
    } catch (error) {
      // Not the message: it may quote the record.
      const name = error instanceof Error ? error.name : typeof error;
      problems.push(`rule ${rule.id} failed: ${name}`);
    }
  }
  return { incidents, problems };
}
