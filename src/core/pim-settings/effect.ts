import { type Changes, type Effect, heavier, type Weight } from "./finding.ts";

export interface OverallEffect {
  readonly effect: Effect;
  /** Of the heaviest finding that has this effect; `medium` where something was not understood. */
  readonly weight: Weight;
  /** Whether the same save also strengthened something, or also weakened it. */
  readonly mixed: boolean;
}

/**
 * The effect of a save as a whole. One weakening makes it one, however much else was strengthened; then what is
 * not understood counts, since it may be a weakening. A text that says nothing is unknown; one that holds
 * sentences without a change only is neutral.
 */
export function overallEffect({ findings, unrecognized, noise }: Changes): OverallEffect {
  const effects = new Set(findings.map(({ effect }) => effect));
  const untold = unrecognized.length > 0 || (findings.length === 0 && noise.length === 0);
  const effect: Effect = effects.has("weakens")
    ? "weakens"
    : untold || effects.has("unknown")
      ? "unknown"
      : effects.has("strengthens")
        ? "strengthens"
        : "neutral";
  const weights = findings.filter((finding) => finding.effect === effect).map(({ weight }) => weight);
  if (effect === "unknown" && untold) weights.push("medium");
  return {
    effect,
    weight: weights.sort(heavier)[0] ?? "info",
    mixed: effects.has("weakens") && effects.has("strengthens"),
  };
}
