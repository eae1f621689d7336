import type { ExpectedChange } from "../pim-settings/expected-changes.ts";
import type { Expression, Plan } from "../../kql/plan.ts";

/** Sentinel's severities, most severe first. */
export const SEVERITIES = ["High", "Medium", "Low", "Informational"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The tactics that Sentinel knows by these names: MITRE's of the enterprise matrix, and two of its matrix for control systems. */
export const TACTICS = [
  "Reconnaissance",
  "ResourceDevelopment",
  "InitialAccess",
  "Execution",
  "Persistence",
  "PrivilegeEscalation",
  "DefenseEvasion",
  "CredentialAccess",
  "Discovery",
  "LateralMovement",
  "Collection",
  "CommandAndControl",
  "Exfiltration",
  "Impact",
  "ImpairProcessControl",
  "InhibitResponseFunction",
] as const;

interface FieldMapping {
  /** Sentinel's identifier, e.g. `AadUserId`. */
  readonly identifier: string;
  /** A column that the query yields. */
  readonly columnName: string;
}

export interface EntityMapping {
  /** Sentinel's entity type, e.g. `Account` or `IP`. */
  readonly entityType: string;
  readonly fieldMappings: readonly FieldMapping[];
}

/**
 * What of an incident is taken from its result row: the rule's `alertDetailsOverride`, or what the overlay puts in its
 * place. A format holds columns as `{{Column}}`.
 */
export interface AlertDetails {
  readonly titleFormat?: string;
  readonly descriptionFormat?: string;
  readonly severityColumn?: string;
  readonly tacticsColumn?: string;
}

/** The sections of a rule's guide.md as Markdown, by their headings. */
export interface Guide {
  readonly huntingHypothesis: string;
  readonly requiredDataSources: string;
  readonly mitreAttackContext: string;
  readonly references: string;
  readonly falsePositiveGuidance: string;
  readonly triage: string;
  readonly response: string;
}

/**
 * A Sentinel analytics rule, checked and compiled: plain JSON, written at build time by `src/sentinel`
 * and read at run time from `rules.json`.
 */
export interface Rule {
  /** Sentinel's rule id, a GUID in lower case. */
  readonly id: string;
  readonly name: string;
  /** One paragraph or more of plain text; the quotes that official files wrap it in are gone. */
  readonly description: string;
  readonly kind: "Scheduled" | "NRT";
  readonly version: string;
  readonly severity: Severity;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  readonly tags: readonly string[];
  readonly entityMappings: readonly EntityMapping[];
  /** Name shown in Sentinel → column that the query yields. */
  readonly customDetails: Readonly<Record<string, string>>;
  readonly alertDetails?: AlertDetails;
  /** The query of rule.yaml; the plan also holds the overlay's variables. */
  readonly query: string;
  readonly plan: Plan;
  /** The overlay's exclusions, over the result's columns: a row for which one of them is true makes no incident. */
  readonly exclusions?: readonly Expression[];
  /** sha256, hex, of rule.yaml as it lies on disk. */
  readonly fileHash: string;
  /** sha256, hex, of the query's tokens without blanks and comments: equal for every layout of one query. */
  readonly queryHash: string;
  readonly guide?: Guide;
  /** Changes that somebody planned, from expected-changes.yaml. */
  readonly expectedChanges?: readonly ExpectedChange[];
  /** Present where the overlay switches the rule off: it is deployed and known, and not run. */
  readonly disabled?: true;
}
