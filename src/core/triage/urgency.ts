import type { IncidentRow } from "../incident/incident-row.ts";

/** More settings than any policy has. */
const MOST_WEAKENED = 999;

/**
 * The order of incidents within a priority, as text that sorts: tier 0 before all others, then those that weaken more
 * settings. Incidents of equal urgency are listed newest first.
 */
export function urgencyOf(row: IncidentRow): string {
  const weakened = Math.min(Math.max(Number(row["WeakenedSettings"]) || 0, 0), MOST_WEAKENED);
  return `${isTierZero(row) ? 0 : 1}${String(MOST_WEAKENED - weakened).padStart(3, "0")}`;
}

/** Whether it is about one of the two roles for which Microsoft asks for an alert on every change. */
export function isTierZero(row: IncidentRow): boolean {
  return row["RoleTier"] === "critical";
}
