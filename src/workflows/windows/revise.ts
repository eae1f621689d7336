import type { StoredIncident } from "../../core/incident/incident-row.ts";
import { ROW_CHANGE_TRIES } from "../../core/timing.ts";
import type { Changed } from "../../core/triage/triage-change.ts";
import { valueText } from "../../core/value-text.ts";
import { withNewEvidence } from "../../core/window/new-evidence.ts";
import { DependencyError } from "../../errors.ts";

export interface ReviseDependencies {
  readonly incidents: { get(ruleId: string, id: string): Promise<StoredIncident | undefined> };
  readonly changes: { change(row: Changed["row"], entry: Changed["entry"]): Promise<"changed" | "conflict"> };
  now(): Date;
}

/**
 * Takes new evidence into an incident that is stored. An analyst's changes stay.
 *
 * @returns false if it has that evidence, or more
 * @throws {DependencyError} when others keep changing the incident
 */
export async function revise(
  { row }: StoredIncident,
  { incidents, changes, now }: ReviseDependencies,
): Promise<boolean> {
  const [ruleId, id] = [valueText(row["RuleId"]), valueText(row["IncidentId"])];
  for (let tries = 0; tries < ROW_CHANGE_TRIES; tries += 1) {
    const stored = await incidents.get(ruleId, id);
    const changed = stored && withNewEvidence(stored.row, row, now());
    if (changed === undefined) return false;
    if ((await changes.change(changed.row, changed.entry)) === "changed") return true;
  }
  throw new DependencyError("Table Storage", `others kept changing the incident ${id}`);
}
