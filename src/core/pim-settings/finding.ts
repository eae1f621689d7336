import type { Baseline } from "./baselines.ts";

/** What a change does to the protection of a role. `unknown`: the text does not let one tell. */
export type Effect = "weakens" | "strengthens" | "neutral" | "unknown";

/** How much the setting matters, heaviest first; our own reading of the published baselines. */
const WEIGHTS = ["high", "medium", "low", "info"] as const;
export type Weight = (typeof WEIGHTS)[number];

/** Whether a wording was seen in public, or is what the settings page and Graph's names let us expect. */
export type WordingStatus = "published" | "inferred";

/** One changed setting, as one sentence of the event states it. */
export interface Finding {
  /**
   * Microsoft's id of the policy rule, such as `Approval_EndUser_Assignment`. A part that the sentence
   * leaves open is `*`: `Notification_Approver_*`.
   * @see https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
   */
  readonly setting: string;
  /** The setting in plain words. */
  readonly settingName: string;
  /** `enabled`, `disabled`, a duration in plain words, or what the text says; "" where it does not say. */
  readonly newValue: string;
  /** The events seen so far state the new value only: null unless the text or a modified property names it. */
  readonly oldValue: string | null;
  readonly effect: Effect;
  readonly weight: Weight;
  /** Why it has this effect, one sentence in plain words. */
  readonly reason: string;
  /** What happened, as the beginning of a sentence: `Approval switched off`. */
  readonly summary: string;
  /** Published requirements that the setting bears on. */
  readonly baselines: readonly Baseline[];
  readonly wording: WordingStatus;
  /** Where the wording is documented, or what it is inferred from. */
  readonly source: string;
  /** The sentence, verbatim. */
  readonly text: string;
}

/** What the text of one save says. */
export interface Changes {
  readonly findings: readonly Finding[];
  /** Sentences that no wording of the table matches, verbatim. */
  readonly unrecognized: readonly string[];
  /** Sentences that state no change, verbatim. */
  readonly noise: readonly string[];
}

export function heavier(a: Weight, b: Weight): number {
  return WEIGHTS.indexOf(a) - WEIGHTS.indexOf(b);
}
