import { counted } from "../counted.ts";
import type { IncidentRow } from "../incident/incident-row.ts";
import type { Changed } from "../triage/triage-change.ts";
import { valueText } from "../value-text.ts";

/** The columns that come of the events and the instant that show an incident of several events. All others stay. */
const OF_THE_FINDING = [
  "IncidentTitle",
  "Description",
  "FirstActivityTime",
  "LastActivityTime",
  "EventCount",
  "Evidence",
  "Instant",
  "Entities",
  "ResultColumns",
  "ResultRows",
  "CustomDetails",
  "ContentHash",
] as const;

/**
 * A stored incident with the evidence of another finding of it, one revision higher. An incident that was closed is open
 * again: what closed it was said of fewer events.
 *
 * @returns undefined unless the finding has more events, or as many others at a later instant: an incident never goes back
 */
export function withNewEvidence(stored: IncidentRow, found: IncidentRow, at: Date): Changed | undefined {
  if (!isFurther(found, stored)) return undefined;
  const time = at.toISOString();
  const revision = Number(stored["Revision"] ?? 1) + 1;
  const status = valueText(stored["Status"]);
  const isReopened = status === "Closed";
  const row: IncidentRow = {
    ...stored,
    ...Object.fromEntries(OF_THE_FINDING.map((name) => [name, found[name] ?? null])),
    Truncated: stored["Truncated"] === true || found["Truncated"] === true,
    Revision: revision,
    RowKind: "updated",
    TimeGenerated: time,
    LastModifiedTime: time,
    ModifiedBy: BY_THE_APP.name,
    ...(isReopened && { Status: "Active", Classification: "", ClosedTime: null }),
  };
  const changes = isReopened
    ? [
        { field: "Status", from: "Closed", to: "Active" } as const,
        { field: "Classification", from: valueText(stored["Classification"]), to: "" } as const,
      ]
    : [];
  const comment = `New evidence: ${counted(Number(found["EventCount"]), "event")} instead of ${valueText(stored["EventCount"])}`;
  return { row, entry: { revision, time, by: BY_THE_APP, changes, comment } };
}

const BY_THE_APP = { name: "pimwatch", id: "", kind: "app" } as const;

function isFurther(found: IncidentRow, stored: IncidentRow): boolean {
  if (valueText(found["ContentHash"]) === valueText(stored["ContentHash"])) return false; // the same events
  const more = Number(found["EventCount"]) - Number(stored["EventCount"]);
  if (more !== 0) return more > 0;
  const [later, earlier] = [valueText(found["Instant"]), valueText(stored["Instant"])];
  if (later !== earlier) return later > earlier;
  return valueText(found["ContentHash"]) > valueText(stored["ContentHash"]);
}
