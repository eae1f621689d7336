import type { ExpectedChange } from "../pim-settings/expected-changes.ts";
import type { Expression, PinnedList, Plan } from "../../kql/plan.ts";

/** Sentinel's severities, most severe first. */
export const SEVERITIES = ["High", "Medium", "Low", "Informational"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The tactics that Sentinel knows, by its names: those of MITRE's enterprise matrix, and two for control systems. */
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
  /** A column of the query's result. */
  readonly columnName: string;
}

export interface EntityMapping {
  /** Sentinel's entity type, e.g. `Account` or `IP`. */
  readonly entityType: string;
  readonly fieldMappings: readonly FieldMapping[];
}

/**
 * The parts of an incident that come from its result row: the rule's `alertDetailsOverride`, or the overlay's replacement. A
 * format contains columns as `{{Column}}`.
 */
export interface AlertDetails {
  readonly titleFormat?: string;
  readonly descriptionFormat?: string;
  readonly severityColumn?: string;
  readonly tacticsColumn?: string;
}

/** The sections of a rule's guide.md, as Markdown, by heading. */
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
 * A checked and compiled Sentinel analytics rule: plain JSON, written by `src/sentinel` at build time and read from
 * `rules.json` at run time.
 */
export interface Rule {
  /** Sentinel's rule id, a GUID in lower case. */
  readonly id: string;
  readonly name: string;
  /** Plain text, without the quotes of official files. */
  readonly description: string;
  readonly kind: "Scheduled" | "NRT";
  readonly version: string;
  readonly severity: Severity;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  readonly tags: readonly string[];
  readonly entityMappings: readonly EntityMapping[];
  /** Name shown in Sentinel → column of the query's result. */
  readonly customDetails: Readonly<Record<string, string>>;
  readonly alertDetails?: AlertDetails;
  /** The query of rule.yaml; the plan also holds the overlay's variables. */
  readonly query: string;
  readonly plan: Plan;
  /** The lists that the query reads with externaldata. The plan holds their rows. */
  readonly lists?: readonly PinnedList[];
  /** The overlay's exclusions over the result's columns. A row that meets one of them makes no incident. */
  readonly exclusions?: readonly Expression[];
  /** sha256, in hex, of rule.yaml on disk. */
  readonly fileHash: string;
  /** sha256, in hex, of the query's tokens without whitespace and comments: the same for every layout of a query. */
  readonly queryHash: string;
  readonly guide?: Guide;
  /** Planned changes from expected-changes.yaml. */
  readonly expectedChanges?: readonly ExpectedChange[];
  /** Present if the overlay switches the rule off: it is deployed, but does not run. */
  readonly disabled?: true;
}
