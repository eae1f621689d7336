/** The parts of a rule file that a test can change. */
export interface RuleTextParts {
  readonly id?: string;
  readonly query?: string;
  readonly severity?: string;
  readonly tactics?: string;
  readonly techniques?: string;
  /** Makes the rule a scheduled one. */
  readonly schedule?: { readonly frequency: string; readonly period: string; readonly threshold?: number };
  /** Appended lines. */
  readonly more?: string;
}

/** A rule file that compiles, unless overridden. The query begins on line 7. */
export function ruleText({ id, query, severity, tactics, techniques, schedule, more }: RuleTextParts = {}): string {
  const trigger = `triggerOperator: gt\ntriggerThreshold: ${schedule?.threshold ?? 0}`;
  const scheduled = schedule && `queryFrequency: ${schedule.frequency}\nqueryPeriod: ${schedule.period}\n${trigger}\n`;
  return `id: ${id ?? "aaaaaaaa-0000-4000-8000-000000000001"}
name: Sample rule
description: Finds a thing.
severity: ${severity ?? "High"}
kind: ${schedule ? "Scheduled" : "NRT"}
query: |
  ${(query ?? "AuditLogs | where Category == 'x'").replaceAll("\n", "\n  ")}
tactics: ${tactics ?? "[Persistence, PrivilegeEscalation]"}
relevantTechniques: ${techniques ?? "[T1098]"}
version: 1.0.0
${scheduled ?? ""}${more ?? ""}
`;
}
