import type { DiagnosticRecord } from "../event/event-body.ts";
import { assess, type AssessOptions, isSettingsChange } from "./assess.ts";
import { type Effect, type Finding, heavier } from "./finding.ts";
import type { Priority } from "./priority.ts";
import type { RoleTier } from "./role-tiers.ts";

/** The fields of an incident that come from the assessment. Plain JSON. */
export interface IncidentFields {
  readonly priority: Priority;
  readonly effect: Effect;
  readonly assessment: string;
  /** The role with its scope: `Member of group X`. */
  readonly roleScope: string;
  readonly roleTier: RoleTier;
  readonly changes: readonly Finding[];
  readonly unrecognizedChanges: readonly string[];
  /** These four describe the most important change: the heaviest one with the effect of the whole. */
  readonly setting: string;
  readonly policyRule: string;
  readonly oldValue: string;
  readonly newValue: string;
  readonly expected: boolean;
  /** "" if the change is not expected. */
  readonly expectedTicket: string;
}

/** The fields for a change of PIM role settings; null for a record of any other operation. */
export function incidentFields(record: DiagnosticRecord, options: AssessOptions = {}): IncidentFields | null {
  if (!isSettingsChange(record)) return null;
  const { findings, unrecognized, effect, priority, assessment, scope, expectation } = assess(record, options);
  const main = [...findings].sort((a, b) => rank(a, effect) - rank(b, effect) || heavier(a.weight, b.weight))[0];
  return {
    priority,
    effect,
    assessment,
    roleScope: scope.label,
    roleTier: scope.tier,
    changes: findings,
    unrecognizedChanges: unrecognized,
    setting: main?.settingName ?? "",
    policyRule: main?.setting ?? "",
    oldValue: main?.oldValue ?? "",
    newValue: main?.newValue ?? "",
    expected: expectation.expected,
    expectedTicket: expectation.expected ? expectation.ticket : "",
  };
}

function rank(finding: Finding, effect: Effect): number {
  return finding.effect === effect ? 0 : 1;
}
