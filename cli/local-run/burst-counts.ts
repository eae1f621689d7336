import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { textOf } from "../incidents/incident-text.ts";

/** Counts the incidents of each burst as they come. */
export function burstCounts() {
  const counts = new Map<string, number>();
  return {
    /** @returns how many of its burst there are now, this one among them */
    add(row: IncidentRow): number {
      const id = textOf(row, "BurstId");
      if (id === "") return 1;
      const count = (counts.get(id) ?? 0) + 1;
      counts.set(id, count);
      return count;
    },
  };
}
