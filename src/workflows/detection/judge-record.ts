import { isAuditLog, tenantOf, toAuditLogRow } from "../../core/event/audit-log.ts";
import { onlyTenantOf, type Tenants } from "../../core/event/tenants.ts";
import type { DiagnosticRecord, ReadRecord } from "../../core/event/event-body.ts";
import { shapedRecord } from "../../core/event/record-shape.ts";
import { type HubPosition, type Match, toIncident } from "../../core/incident/incident.ts";
import { rowOrdinals } from "../../core/incident/incident-identity.ts";
import { type StoredIncident, toStoredIncident } from "../../core/incident/incident-row.ts";
import { holdsLiteral } from "../../core/scan/literal.ts";
import { EvaluationLimitError } from "../../kql/run/evaluation.ts";
import type { Row } from "../../kql/run/values.ts";
import { hasWindow, type WindowRule } from "../../core/incident/rule.ts";
import type { ReadyRule } from "../../core/incident/ready-rule.ts";
import { planHash } from "../../core/ledger/evaluations.ts";
import { type KeptRecord, keptRecord } from "../../core/window/kept-record.ts";

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

export type Verdict = {
  /** What rules that need several events keep of it. */
  readonly kept: readonly KeptRecord[];
  /** How many of them would keep it, but that it is in no window: see `keptRecord`. */
  readonly inNoWindow: number;
} & (
  | { readonly fate: "otherCategory" | "matched"; readonly found: readonly Found[] }
  | {
      readonly fate: "notMatched";
      readonly found: readonly [];
      /** The record's operation, if a rule may have lost it. */
      readonly operation: string | undefined;
    }
  | { readonly fate: "deadLettered"; readonly found: readonly Found[]; readonly reason: string }
);

const NOTHING_KEPT = { kept: [], inNoWindow: 0 } as const;

/**
 * Decides the fate of a record. Pure and total: a record that our code cannot process becomes a dead letter. A failure
 * would repeat at each delivery and hold up the partition.
 */
export function judge(source: ReadRecord, position: HubPosition, deps: JudgeDependencies): Verdict {
  if (typeof source.record["category"] !== "string") return deadLettered('no "category"');
  if (!isAuditLog(source.record)) return { fate: "otherCategory", found: [], ...NOTHING_KEPT };
  const { record, problem } = shapedRecord(source.record);
  const { found, problems, ...keeping } = runRules({ ...source, record }, position, deps);
  const tenant = tenantOf(record);
  const isWanted = found.length + keeping.kept.length > 0;
  // A record without a tenant is accepted: the list only guards against misrouted records. A forged record can name any
  // tenant.
  if (isWanted && tenant !== "" && !deps.allowedTenantIds.has(tenant))
    return deadLettered("a tenant that ALLOWED_TENANT_IDS does not name");
  // The unreadable part may be what a rule looks for. A record that holds no literal of a rule cannot match.
  if (problem !== undefined && (problem.isCut || mayBeWanted(record, deps.rules))) problems.unshift(problem.reason);
  if (problems.length > 0) return { fate: "deadLettered", found, reason: problems.join("; "), ...keeping };
  if (found.length > 0) return { fate: "matched", found, ...keeping };
  return { fate: "notMatched", found: [], operation: deps.unmatchedOperation?.(record), ...keeping };
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
  return { fate: "deadLettered", found: [], reason, ...NOTHING_KEPT };
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

/** A rule that needs several events and keeps the record for them. */
interface KeepingRule {
  readonly rule: WindowRule;
  readonly row: Row;
}

/** The findings of all rules. A rule that fails on the record does not affect the findings of the others. */
export function matchRules(
  record: DiagnosticRecord,
  rules: readonly ReadyRule[],
): {
  readonly matched: readonly MatchedRow[];
  readonly keeping: readonly KeepingRule[];
  readonly problems: readonly string[];
} {
  const matched: MatchedRow[] = [];
  const keeping: KeepingRule[] = [];
  const problems: string[] = [];
  let row: Row | undefined;
  for (const rule of rules) {
    if (rule.mayMatch?.(record) === false) continue;
    row ??= toAuditLogRow(record);
    try {
      if (!hasWindow(rule.rule)) matched.push(...matchesOf(rule, row));
      else if (keeps(rule, row)) keeping.push({ rule: rule.rule, row });
    } catch (error) {
      problems.push(problemWith(rule, error));
    }
  }
  return { matched, keeping, problems };
}

/** A record on which the conditions cannot be evaluated within the limits is kept: the query may not need them. */
function keeps(rule: ReadyRule, row: Row): boolean {
  try {
    return rule.evaluate(row).length > 0;
  } catch (error) {
    if (error instanceof EvaluationLimitError) return true;
    throw error;
  }
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

function runRules(source: ReadRecord, position: HubPosition, deps: JudgeDependencies) {
  const { matched, keeping, problems } = matchRules(source.record, deps.rules);
  const onlyTenant = onlyTenantOf(deps.allowedTenantIds);
  const kept = keeping.flatMap(({ rule, row }) => {
    const tenant = tenantOf(source.record) || (onlyTenant ?? "");
    const window = { ruleId: rule.id, tenant, plan: planHash(rule) };
    const arrivedAt = Date.parse(position.enqueuedTime ?? "") || deps.now().getTime();
    const { periodSeconds } = rule.window.schedule;
    return keptRecord(window, { source, row, position, arrivedAt, periodSeconds }) ?? [];
  });
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
  return { found, problems: allProblems, kept, inNoWindow: keeping.length - kept.length };
}
