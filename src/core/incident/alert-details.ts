import { valueText } from "../value-text.ts";
import type { Json } from "../../kql/run/values.ts";
import { type Rule, SEVERITIES, type Severity, TACTICS } from "./rule.ts";

/**
 * Sentinel's limits for `alertDetailsOverride`.
 *
 * @see https://learn.microsoft.com/azure/sentinel/customize-alert-details
 * @see https://github.com/Azure/Azure-Sentinel/blob/master/.script/tests/detectionTemplateSchemaValidation/Models/AlertDetailsOverride.cs
 */
export const ALERT_DETAIL_LIMITS = { title: 256, description: 5_000, columns: 3 } as const;

/** The columns that a format names, in order, with repetitions. */
export function columnsOfFormat(format: string): string[] {
  return [...format.matchAll(PLACEHOLDER)].map(([, name]) => (name ?? "").trim());
}

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

export interface AlertText {
  readonly title: string;
  readonly description: string;
  readonly severity: Severity;
  readonly tactics: readonly string[];
}

/**
 * Title, description, severity and tactics of an incident. As in Sentinel, the rule's own value stays if a column is empty
 * or has no valid value.
 */
export function alertTextOf(rule: Omit<Rule, "plan">, result: ReadonlyMap<string, Json>): AlertText {
  const { titleFormat, descriptionFormat, severityColumn, tacticsColumn } = rule.alertDetails ?? {};
  return {
    title: formatted(titleFormat, result, ALERT_DETAIL_LIMITS.title) ?? rule.name,
    description: formatted(descriptionFormat, result, ALERT_DETAIL_LIMITS.description) ?? rule.description,
    severity: severityOf(severityColumn, result) ?? rule.severity,
    tactics: tacticsOf(tacticsColumn, result) ?? rule.tactics,
  };
}

/** Cuts each column before it is inserted: its text may be as long as the record, and each incident has its own. */
function formatted(format: string | undefined, result: ReadonlyMap<string, Json>, length: number): string | undefined {
  if (format === undefined) return undefined;
  const isComplete = columnsOfFormat(format).every((name) => valueText(result.get(name)) !== "");
  if (!isComplete) return undefined;
  return format
    .replaceAll(PLACEHOLDER, (_, name: string) => valueText(result.get(name.trim())).slice(0, length))
    .slice(0, length);
}

function severityOf(column: string | undefined, result: ReadonlyMap<string, Json>): Severity | undefined {
  if (column === undefined) return undefined;
  const written = valueText(result.get(column)).trim().toLowerCase();
  return SEVERITIES.find((severity) => severity.toLowerCase() === written);
}

/** The tactics in a list, in JSON text of a list, or in comma-separated names. */
function tacticsOf(column: string | undefined, result: ReadonlyMap<string, Json>): readonly string[] | undefined {
  if (column === undefined) return undefined;
  const written = valueText(result.get(column)).toLowerCase();
  const named = new Set(written.split(/[[\],"\s]+/));
  const tactics = TACTICS.filter((tactic) => named.has(tactic.toLowerCase()));
  return tactics.length === 0 ? undefined : tactics;
}
