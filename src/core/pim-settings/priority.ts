import type { Actor } from "../event/audit-activity.ts";
import type { Effect, Weight } from "./finding.ts";
import { type RoleTier, TIER_WORDS } from "./role-tiers.ts";

/** P1 is the most urgent. */
export const PRIORITIES = ["P1", "P2", "P3", "P4"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The effect of a save; for a weakening with the weight of the heaviest weakened setting. */
type EffectGrade = "weakens, high" | "weakens, medium" | "weakens, low" | Exclude<Effect, "weakens">;

type Cell = "known" | "unknownActor" | "failed";

const TIERS: readonly (readonly [RoleTier, string])[] = [
  ["critical", `${TIER_WORDS.critical.name}: Global Administrator, Privileged Role Administrator`],
  ["controlPlane", `${TIER_WORDS.controlPlane.name} role, any group, unnamed role`],
  ["standard", `${TIER_WORDS.standard.name} role: any other`],
];

/**
 * The priority of an incident: tier of the role × effect × actor and result. Known: the event names the user or application.
 * A failed attempt weakens nothing, but shows an intent.
 */
const TABLE: Readonly<Record<RoleTier, Readonly<Record<EffectGrade, Readonly<Record<Cell, Priority>>>>>> = {
  critical: {
    "weakens, high": { known: "P1", unknownActor: "P1", failed: "P2" },
    "weakens, medium": { known: "P1", unknownActor: "P1", failed: "P2" },
    "weakens, low": { known: "P2", unknownActor: "P1", failed: "P3" },
    unknown: { known: "P2", unknownActor: "P1", failed: "P2" },
    neutral: { known: "P3", unknownActor: "P2", failed: "P3" },
    strengthens: { known: "P3", unknownActor: "P2", failed: "P3" },
  },
  controlPlane: {
    "weakens, high": { known: "P1", unknownActor: "P1", failed: "P3" },
    "weakens, medium": { known: "P2", unknownActor: "P1", failed: "P3" },
    "weakens, low": { known: "P3", unknownActor: "P2", failed: "P4" },
    unknown: { known: "P2", unknownActor: "P2", failed: "P3" },
    neutral: { known: "P4", unknownActor: "P3", failed: "P4" },
    strengthens: { known: "P4", unknownActor: "P3", failed: "P4" },
  },
  standard: {
    "weakens, high": { known: "P2", unknownActor: "P2", failed: "P4" },
    "weakens, medium": { known: "P3", unknownActor: "P2", failed: "P4" },
    "weakens, low": { known: "P4", unknownActor: "P3", failed: "P4" },
    unknown: { known: "P3", unknownActor: "P3", failed: "P4" },
    neutral: { known: "P4", unknownActor: "P4", failed: "P4" },
    strengthens: { known: "P4", unknownActor: "P4", failed: "P4" },
  },
};

export interface PriorityFactors {
  readonly effect: Effect;
  /** Weight of the heaviest weakening; ignored for other effects. */
  readonly weight: Weight;
  readonly tier: RoleTier;
  readonly actorType: Actor["type"];
  readonly failed: boolean;
  readonly expected: boolean;
}

/**
 * The priority of a change. An expected change is one step less urgent, except for Global Administrator and Privileged Role
 * Administrator: Microsoft recommends an alert on any change to those two.
 */
export function priorityOf(factors: PriorityFactors): Priority {
  const cell: Cell = factors.failed ? "failed" : factors.actorType === "Unknown" ? "unknownActor" : "known";
  const priority = TABLE[factors.tier][gradeOf(factors.effect, factors.weight)][cell];
  const lowered = factors.expected && factors.tier !== "critical";
  return lowered ? (PRIORITIES[PRIORITIES.indexOf(priority) + 1] ?? "P4") : priority;
}

function gradeOf(effect: Effect, weight: Weight): EffectGrade {
  if (effect !== "weakens") return effect;
  return weight === "high" || weight === "medium" ? `weakens, ${weight}` : "weakens, low";
}

/** Whether a result means that nothing was changed, unlike `success`, `0`, "" and `timeout`. */
export function isFailure(result: string): boolean {
  return /fail|error|denied/i.test(result);
}

/** The table as Markdown, for the documentation. */
export function priorityTable(): string {
  const rows = TIERS.flatMap(([tier, name]) =>
    Object.entries(TABLE[tier]).map(
      ([grade, cell]) => `| ${name} | ${grade} | ${cell.known} | ${cell.unknownActor} | ${cell.failed} |`,
    ),
  );
  return [
    "| role | effect | by a named user or application | by an unknown actor | failed |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
