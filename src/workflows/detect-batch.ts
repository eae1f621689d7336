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

/** received = matched + notMatched + skipped + deadLettered, whatever the data. */
export interface BatchFigures {
  readonly events: number;
  /** Records, and one for each stretch of bytes that is none. */
  readonly received: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Records of other categories in the same hub. */
  readonly skipped: number;
  readonly deadLettered: number;
  /** Incidents that were stored, and those that were there already. */
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
      if (verdict.fate === "deadLettered") {
        await deps.deadLetters.add({ bytes: source.bytes(), reason: verdict.reason, position });
      } else if (verdict.fate === "matched") {
        for (const incident of verdict.incidents) {
          const outcome = await deps.incidents.add(incident);
          figures[outcome === "added" ? "stored" : "known"] += 1;
          if (outcome === "added") added.push(incident);
        }
      }
    }
  }
  return { figures: { events: events.length, ...figures }, added };
}

type Verdict =
  | { readonly fate: "skipped" | "notMatched" }
  | { readonly fate: "matched"; readonly incidents: readonly StoredIncident[] }
  | { readonly fate: "deadLettered"; readonly reason: string };

/** What becomes of a record. Pure and total: a record that our code cannot take is a dead letter, not a failure. */
function judge(source: ReadRecord, position: HubPosition, deps: DetectDependencies): Verdict {
  if (typeof source.record["category"] !== "string") return { fate: "deadLettered", reason: 'no "category"' };
  if (!isAuditLog(source.record)) return { fate: "skipped" };
  try {
    const incidents = incidentsOf(source, position, deps);
    if (incidents.length === 0) return { fate: "notMatched" };
    const tenant = tenantOf(source.record);
    // A record without a tenant is accepted: the list is against records that were misrouted, and one
    // that is forged can name any tenant.
    if (tenant !== "" && !deps.allowedTenantIds.has(tenant))
      return { fate: "deadLettered", reason: "a tenant that ALLOWED_TENANT_IDS does not name" };
    return { fate: "matched", incidents };
  } catch (error) {
    // Retrying would fail the same way for ever, and hold back the partition.
    const name = error instanceof Error ? error.name : typeof error;
    return { fate: "deadLettered", reason: `evaluation failed: ${name}` };
  }
}

function incidentsOf(source: ReadRecord, position: HubPosition, deps: DetectDependencies): StoredIncident[] {
  const row = toAuditLogRow(source.record);
  return deps.rules.flatMap(({ rule, evaluate }) =>
    evaluate(row).map((resultRow, ordinal) =>
      toStoredIncident(toIncident({ rule, source, row, resultRow, ordinal, position }, deps.now()), "created"),
    ),
  );
}
