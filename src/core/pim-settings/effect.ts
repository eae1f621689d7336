import { type Changes, type Effect, heavier, type Weight } from "./finding.ts";

export interface OverallEffect {
  readonly effect: Effect;
  /** Weight of the heaviest finding with this effect; at least `medium` if a sentence was not understood. */
  readonly weight: Weight;
  /** Whether the same save also strengthened something, or also weakened it. */
  readonly mixed: boolean;
}

/**
 * The effect of a save as a whole. One weakening makes the save a weakening, no matter what else was strengthened. Next, a
 * sentence that was not understood makes it unknown, since it may be a weakening. An empty text is unknown; a text with
 * only sentences without a change is neutral.
 */
export function overallEffect({ findings, unrecognized, noise }: Changes): OverallEffect {
  const effects = new Set(findings.map(({ effect }) => effect));
  const isUnclear = unrecognized.length > 0 || (findings.length === 0 && noise.length === 0);
  const effect: Effect = effects.has("weakens")
    ? "weakens"
    : isUnclear || effects.has("unknown")
      ? "unknown"
      : effects.has("strengthens")
        ? "strengthens"
        : "neutral";
  const weights = findings.filter((finding) => finding.effect === effect).map(({ weight }) => weight);
  if (effect === "unknown" && isUnclear) weights.push("medium");
  return {
    effect,
    weight: weights.sort(heavier)[0] ?? "info",
    mixed: effects.has("weakens") && effects.has("strengthens"),
  };
}
