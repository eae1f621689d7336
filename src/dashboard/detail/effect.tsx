import type { VNode } from "preact";
import { TIER_WORDS } from "../../core/pim-settings/role-tiers.ts";
import type { Series } from "../../workflows/incidents/summarize-incidents.ts";

/** Word and shape of each effect, so that nobody has to tell effects by color alone. */
const EFFECTS: Readonly<Record<Series, { readonly word: string; readonly noun: string; readonly shape: string }>> = {
  weakens: { word: "Weakens", noun: "weakening", shape: "M2 4h12L8 13z" },
  unknown: {
    word: "Unclear",
    noun: "unclear",
    shape: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 2.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z",
  },
  neutral: { word: "Neutral", noun: "neutral", shape: "M2.5 6.6h11v2.8h-11z" },
  strengthens: { word: "Strengthens", noun: "strengthening", shape: "M2 12h12L8 3z" },
  other: { word: "Not assessed", noun: "not assessed", shape: "M5.2 5.2h5.6v5.6H5.2z" },
};

export function seriesOf(effect: string): Series {
  return effect === "weakens" || effect === "unknown" || effect === "neutral" || effect === "strengthens"
    ? effect
    : "other";
}

export function effectWord(effect: Series): string {
  return EFFECTS[effect].word;
}

export function effectNoun(effect: Series): string {
  return EFFECTS[effect].noun;
}

export function EffectIcon({ effect }: { readonly effect: Series }): VNode {
  return (
    <svg class={`effect-icon is-${effect}`} viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d={EFFECTS[effect].shape} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}

interface EffectLabelProps {
  readonly effect: string;
  /** Number of settings that the change weakens; shown if it is more than one. */
  readonly times?: number;
}

export function EffectLabel({ effect, times = 1 }: EffectLabelProps): VNode {
  const series = seriesOf(effect);
  return (
    <span class={`effect is-${series}`}>
      <EffectIcon effect={series} />
      {EFFECTS[series].word}
      {series === "weakens" && times > 1 && (
        <span class="times" title={`${times} settings`}>
          ×{times}
        </span>
      )}
    </span>
  );
}

export function PriorityBadge({ priority }: { readonly priority: string }): VNode {
  const known = /^P[1-4]$/.test(priority) ? priority : "P4";
  return <span class={`priority is-${known.toLowerCase()}`}>{known}</span>;
}

/** Marks the roles of the highest tier. */
export function TierTag(): VNode {
  return (
    <span class="tag tier" title={TIER_WORDS.critical.meaning}>
      {TIER_WORDS.critical.name}
    </span>
  );
}
