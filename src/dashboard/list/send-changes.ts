import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { TriageChange } from "../../core/triage/triage-change.ts";
import { TRIAGE_FIELDS } from "../../core/triage/triage-fields.ts";
import { ApiError, changeIncident, type ReadIncident } from "../api.ts";
import { field } from "../format.ts";

/** An incident that is to be changed, in the state that its analyst has seen. */
export interface Target {
  readonly row: IncidentRow;
  /** That of the state. Somebody else's change since then is not overwritten. */
  readonly etag: string;
}

export type Sent =
  | { readonly kind: "changed" }
  /** It was already as wanted, so nothing was sent. */
  | { readonly kind: "same" }
  /** Somebody else has changed it; `now` is its present state. */
  | { readonly kind: "conflict"; readonly now: ReadIncident }
  | { readonly kind: "failed"; readonly error: ApiError };

/** As many as a browser sends to one host at a time. */
const AT_ONCE = 4;

export function targetOf(row: IncidentRow): Target {
  return { row, etag: `"${field(row, "Revision")}"` };
}

/** Sends the same change for each incident, and tells the outcome of each as soon as it is known. */
export async function sendChanges(
  targets: readonly Target[],
  change: TriageChange,
  onSent: (target: Target, sent: Sent) => void,
): Promise<void> {
  const waiting = [...targets];
  const worker = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
      onSent(target, await send(target, change));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function send({ row, etag }: Target, change: TriageChange): Promise<Sent> {
  if (isSame(row, change)) return { kind: "same" };
  try {
    const { outcome, now } = await changeIncident({ incident: row, etag }, change);
    return outcome === "changed" ? { kind: "changed" } : { kind: "conflict", now };
  } catch (error) {
    const failure = error instanceof ApiError ? error : new ApiError(0, "the answer could not be read");
    return { kind: "failed", error: failure };
  }
}

/** The API refuses a change that changes nothing. */
function isSame(row: IncidentRow, { comment = "", status, owner, classification }: TriageChange): boolean {
  const wanted = { Status: status, Owner: owner, Classification: classification };
  return (
    comment === "" && TRIAGE_FIELDS.every((name) => wanted[name] === undefined || wanted[name] === field(row, name))
  );
}
