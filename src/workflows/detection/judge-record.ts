import { isAuditLog, tenantOf, toAuditLogRow } from "../../core/event/audit-log.ts";
import type { Tenants } from "../../core/event/tenants.ts";
import type { DiagnosticRecord, ReadRecord } from "../../core/event/event-body.ts";
import { shapedRecord } from "../../core/event/record-shape.ts";
import { type HubPosition, type Match, toIncident } from "../../core/incident/incident.ts";
import { rowOrdinals } from "../../core/incident/incident-identity.ts";
import { type StoredIncident, toStoredIncident } from "../../core/incident/incident-row.ts";
import { holdsLiteral } from "../../core/scan/literal.ts";
import { EvaluationLimitError } from "../../kql/run/evaluation.ts";
import type { Row } from "../../kql/run/values.ts";
import type { ReadyRule } from "../../core/incident/ready-rule.ts";

export interface JudgeDependencies {
  readonly rules: readonly ReadyRule[];
  /** Entra tenants, in lower case, whose records may make incidents. */
  readonly allowedTenantIds: ReadonlySet<string>;
  /** Without it, tenants have no names. */
  readonly tenantNames?: Tenants | undefined;
  /** See core/entra-lists/unmatched-operations.ts. Without it, operations are not looked at. */
  readonly unmatchedOperation?: ((record: DiagnosticRecord) => string | undefined) | undefined;
  now(): Date;
}

/** A finding and the incident made of it. */
export interface Found {
  readonly match: Match;
  readonly incident: StoredIncident;
}

export type Verdict =
  | { readonly fate: "otherCategory" | "matched"; readonly found: readonly Found[] }
  | {
      readonly fate: "notMatched";
      readonly found: readonly [];
      /** The record's operation, if a rule may have lost it. */
      readonly operation: string | undefined;
    }
  | { readonly fate: "deadLettered"; readonly found: readonly Found[]; readonly reason: string };

/**
 * Decides the fate of a record. Pure and total: a record that our code cannot process becomes a dead letter. A failure
 * would repeat at each delivery and hold up the partition.
 */
export function judge(source: ReadRecord, position: HubPosition, deps: JudgeDependencies): Verdict {
  if (typeof source.record["category"] !== "string") return deadLettered('no "category"');
  if (!isAuditLog(source.record)) return { fate: "otherCategory", found: [] };
  const { record, problem } = shapedRecord(source.record);
  const { found, problems } = runRules({ ...source, record }, position, deps);
  const tenant = tenantOf(record);
  // A record without a tenant is accepted: the list only guards against misrouted records. A forged record can name any
  // tenant.
  if (found.length > 0 && tenant !== "" && !deps.allowedTenantIds.has(tenant))
    return deadLettered("a tenant that ALLOWED_TENANT_IDS does not name");
  // The unreadable part may be what a rule looks for. A record that holds no literal of a rule cannot match.
  if (problem !== undefined && (problem.isCut || mayBeWanted(record, deps.rules))) problems.unshift(problem.reason);
  if (problems.length > 0) return { fate: "deadLettered", found, reason: problems.join("; ") };
  if (found.length > 0) return { fate: "matched", found };
  return { fate: "notMatched", found: [], operation: deps.unmatchedOperation?.(record) };
}

function mayBeWanted(record: DiagnosticRecord, rules: readonly ReadyRule[]): boolean {
  const literals = rules.map((rule) => rule.literals);
  if (literals.includes(undefined)) return true;
  return holdsLiteral(
    record,
    literals.flatMap((each) => each ?? []),
  );
}

/** The operation of a record that the scan has shown to match no rule. */
export function skippedOperation({ record }: ReadRecord, deps: JudgeDependencies): string | undefined {
  return isAuditLog(record) ? deps.unmatchedOperation?.(shapedRecord(record).record) : undefined;
}

function deadLettered(reason: string): Verdict {
  return { fate: "deadLettered", found: [], reason };
}

/** Names a limit that was reached. Leaves out any other message: it may quote the record. */
function problemOf(error: unknown): string {
  if (error instanceof EvaluationLimitError) return error.message;
  return `failed with ${error instanceof Error ? error.name : typeof error}`;
}

/** A finding before an incident is made of it. */
export interface MatchedRow {
  readonly rule: ReadyRule;
  readonly row: Row;
  readonly resultRow: Row;
  readonly ordinal: number;
}

/** The findings of all rules. A rule that fails on the record does not affect the findings of the others. */
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

/** The tenant of a record that names none; unknown if several are allowed. */
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
    const { tenantNames } = deps;
    const match: Match = { rule: rule.rule, source, row, resultRow, ordinal, position, onlyTenant, tenantNames };
    try {
      found.push({ match, incident: toStoredIncident(toIncident(match, deps.now()), "created") });
    } catch (error) {
      allProblems.push(problemWith(rule, error));
    }
  }
  return { found, problems: allProblems };
}
