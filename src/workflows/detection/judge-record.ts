import { isAuditLog, tenantOf, toAuditLogRow } from "../../core/event/audit-log.ts";
import type { DiagnosticRecord, ReadRecord } from "../../core/event/event-body.ts";
import { type HubPosition, type Match, toIncident } from "../../core/incident/incident.ts";
import { rowOrdinals } from "../../core/incident/incident-identity.ts";
import { type StoredIncident, toStoredIncident } from "../../core/incident/incident-row.ts";
import { EvaluationLimitError } from "../../kql/run/evaluation.ts";
import type { Row } from "../../kql/run/values.ts";
import type { ReadyRule } from "../../core/incident/ready-rule.ts";

export interface JudgeDependencies {
  readonly rules: readonly ReadyRule[];
  /** Entra tenants, in lower case, whose records may make incidents. */
  readonly allowedTenantIds: ReadonlySet<string>;
  now(): Date;
}

/** A result row of a rule and what is stored of it. */
export interface Found {
  readonly match: Match;
  readonly incident: StoredIncident;
}

export type Verdict =
  | { readonly fate: "otherCategory" | "notMatched" | "matched"; readonly found: readonly Found[] }
  | { readonly fate: "deadLettered"; readonly found: readonly Found[]; readonly reason: string };

/**
 * What becomes of a record. Pure and total: a record that our code cannot take is a dead letter, not a
 * failure, which would repeat at each delivery and hold back the partition.
 */
export function judge(source: ReadRecord, position: HubPosition, deps: JudgeDependencies): Verdict {
  if (typeof source.record["category"] !== "string") return deadLettered('no "category"');
  if (!isAuditLog(source.record)) return { fate: "otherCategory", found: [] };
  const { found, problems } = runRules(source, position, deps);
  const tenant = tenantOf(source.record);
  // A record without a tenant is accepted: the list is against records that were misrouted, and one
  // that is forged can name any tenant.
  if (found.length > 0 && tenant !== "" && !deps.allowedTenantIds.has(tenant))
    return deadLettered("a tenant that ALLOWED_TENANT_IDS does not name");
  if (problems.length > 0) return { fate: "deadLettered", found, reason: problems.join("; ") };
  return { fate: found.length > 0 ? "matched" : "notMatched", found };
}

function deadLettered(reason: string): Verdict {
  return { fate: "deadLettered", found: [], reason };
}

/** A limit that was reached is named. Any other message is left out: it may quote the record. */
function problemOf(error: unknown): string {
  if (error instanceof EvaluationLimitError) return error.message;
  return `failed with ${error instanceof Error ? error.name : typeof error}`;
}

/** A rule's result row, before an incident is made of it. */
export interface MatchedRow {
  readonly rule: ReadyRule;
  readonly row: Row;
  readonly resultRow: Row;
  readonly ordinal: number;
}

/** The result rows of all rules. One that fails on a record does not take along what the others find in it. */
export function matchRules(
  record: DiagnosticRecord,
  rules: readonly ReadyRule[],
): { readonly matched: readonly MatchedRow[]; readonly problems: readonly string[] } {
  const matched: MatchedRow[] = [];
  const problems: string[] = [];
  let row: Row | undefined;
  for (const rule of rules) {
    if (rule.mayMatch?.(record) === false) continue;
    row ??= toAuditLogRow(record);
    try {
      matched.push(...matchesOf(rule, row));
    } catch (error) {
      problems.push(problemWith(rule, error));
    }
  }
  return { matched, problems };
}

/** @throws {EvaluationLimitError} */
function matchesOf(rule: ReadyRule, row: Row): MatchedRow[] {
  const resultRows = rule.evaluate(row);
  const isKept = resultRows.map((resultRow) => rule.excludes?.(resultRow) !== true);
  const ordinals = rowOrdinals(resultRows, isKept);
  const all = resultRows.map((resultRow, index): MatchedRow => ({
    rule,
    row,
    resultRow,
    ordinal: ordinals[index] ?? index,
  }));
  return all.filter((_, index) => isKept[index]);
}

function problemWith({ rule: { id, name } }: ReadyRule, error: unknown): string {
  return `rule ${id} ("${name}"): ${problemOf(error)}`;
}

/** The tenant of a record that names none. Where several are allowed it may be any of them. */
function onlyTenantOf(allowed: ReadonlySet<string>): string | undefined {
  const [first, ...others] = allowed;
  return others.length === 0 ? first : undefined;
}

function runRules(source: ReadRecord, position: HubPosition, deps: JudgeDependencies) {
  const { matched, problems } = matchRules(source.record, deps.rules);
  const onlyTenant = onlyTenantOf(deps.allowedTenantIds);
  const found: Found[] = [];
  const allProblems = [...problems];
  for (const { rule, row, resultRow, ordinal } of matched) {
    const match: Match = { rule: rule.rule, source, row, resultRow, ordinal, position, onlyTenant };
    try {
      found.push({ match, incident: toStoredIncident(toIncident(match, deps.now()), "created") });
    } catch (error) {
      allProblems.push(problemWith(rule, error));
    }
  }
  return { found, problems: allProblems };
}
