import { valueText } from "../value-text.ts";
import type { IncidentRow } from "../incident/incident-row.ts";

/** The power of a role, highest first, as the column RoleTier has it. */
export const ROLE_TIERS = ["critical", "controlPlane", "standard"] as const;
export type RoleTier = (typeof ROLE_TIERS)[number];

interface TierWords {
  /** What page, documents and commands call the tier. */
  readonly name: string;
  readonly meaning: string;
}

export const TIER_WORDS: Readonly<Record<RoleTier, TierWords>> = {
  critical: {
    name: "tier 0",
    meaning: "Global Administrator and Privileged Role Administrator: Microsoft asks to be alerted of any change",
  },
  controlPlane: { name: "control plane", meaning: "has, or may have, a path to the whole tenant" },
  standard: { name: "standard", meaning: "any other role" },
};

/** The name of a tier; "" if the row has none. */
export function tierNameOf(row: IncidentRow): string {
  const tier = ROLE_TIERS.find((one) => one === row["RoleTier"]);
  return tier === undefined ? "" : TIER_WORDS[tier].name;
}

/** Whether an incident is about settings of PIM. Only those are assessed, and every assessment names a tier. */
export function isAboutPimSettings(row: IncidentRow): boolean {
  return valueText(row["RoleTier"]) !== "";
}
