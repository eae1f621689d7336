import type { Baseline } from "./baselines.ts";

/** The effect of a change on the protection of a role, most worrying first. `unknown`: the text does not say enough. */
export const EFFECTS = ["weakens", "unknown", "neutral", "strengthens"] as const;
export type Effect = (typeof EFFECTS)[number];

/** The importance of a setting, heaviest first: our own reading of the published baselines. */
const WEIGHTS = ["high", "medium", "low", "info"] as const;
export type Weight = (typeof WEIGHTS)[number];

/** Whether a wording was seen in public, or is inferred from the settings page and Graph's names. */
export type WordingStatus = "published" | "inferred";

/** One changed setting, from one sentence of the event. */
export interface Finding {
  /**
   * Microsoft's id of the policy rule, such as `Approval_EndUser_Assignment`. A part that the sentence leaves open is `*`, as
   * in `Notification_Approver_*`.
   * @see https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
   */
  readonly setting: string;
  /** The setting in plain words. */
  readonly settingName: string;
  /** `enabled`, `disabled`, a duration in plain words, or the value in the text; "" if there is none. */
  readonly newValue: string;
  /** Null unless the text or a modified property names it. The events seen so far state only the new value. */
  readonly oldValue: string | null;
  readonly effect: Effect;
  readonly weight: Weight;
  /** Why it has this effect, as one sentence in plain words. */
  readonly reason: string;
  /** What happened, as the beginning of a sentence: `Approval switched off`. */
  readonly summary: string;
  /** Published requirements for the setting. */
  readonly baselines: readonly Baseline[];
  readonly wording: WordingStatus;
  /** Where the wording is documented, or its basis if it is inferred. */
  readonly source: string;
  /** The sentence, verbatim. */
  readonly text: string;
}

/** The content of the text of one save. */
export interface Changes {
  readonly findings: readonly Finding[];
  /** Sentences that match no wording of the table, verbatim. */
  readonly unrecognized: readonly string[];
  /** Sentences that state no change, verbatim. */
  readonly noise: readonly string[];
}

export function heavier(a: Weight, b: Weight): number {
  return WEIGHTS.indexOf(a) - WEIGHTS.indexOf(b);
}
