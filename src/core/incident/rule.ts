import type { ExpectedChange } from "../pim-settings/expected-changes.ts";
import type { Expression, PinnedList, Plan, WindowClass, WindowPlan } from "../../kql/plan.ts";
import type { Column } from "../../kql/run/values.ts";

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

/** When Sentinel runs a rule, and over what. */
export interface Schedule {
  /** `queryFrequency`: from one instant to the next. */
  readonly frequencySeconds: number;
  /** `queryPeriod`: the length of the window that ends at an instant. */
  readonly periodSeconds: number;
  /** The rule fires at an instant with more result rows than this. */
  readonly threshold: number;
  /** `every 1d over the last 14d` */
  readonly text: string;
}

/** How a rule that needs several events finds something. */
export interface RuleWindow {
  /** The query over the records of one tenant in the window. */
  readonly plan: WindowPlan;
  readonly schedule: Schedule;
  readonly class: WindowClass;
  /** Which records are kept for it, in words. `Rule.plan` decides. */
  readonly keeps: string;
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
  /** The query over one record. With a window: yields a row for each record that the window must keep. */
  readonly plan: Plan;
  /** Present if the rule needs several events. */
  readonly window?: RuleWindow;
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

/** A rule that needs several events. */
export type WindowRule = Rule & { readonly window: RuleWindow };

export function hasWindow(rule: Rule): rule is WindowRule {
  return rule.window !== undefined;
}

/** The columns of the result of the rule's query. */
export function resultColumns({ plan, window }: Pick<Rule, "plan" | "window">): readonly Column[] {
  return window?.plan.columns ?? plan.columns;
}
