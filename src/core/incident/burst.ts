import { identityKey } from "../identity-key.ts";
import { sha256Hex } from "../json/content-hash.ts";
import type { Incident } from "./incident.ts";

/** Length of a burst's window. A script that rolls out changes takes minutes. */
const WINDOW_MS = 3_600_000;
/** The hour, as in `2026-11-22T23Z`, and part of a hash of the actor. */
export const BURST_ID = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3])Z-[0-9a-f]{16}$/;

/**
 * The burst of an incident: everything one actor did within one hour (UTC, by activity time), found by any rule. "" if the
 * record does not name actor or time.
 *
 * The id depends only on the audit record, not on order, number or partition of deliveries. The price: a burst that crosses
 * the turn of an hour becomes two.
 */
export function burstIdOf({
  activity,
  actor,
  activityDateTime,
}: Pick<Incident, "activity" | "actor" | "activityDateTime">): string {
  const time = Date.parse(activityDateTime);
  const { userId, servicePrincipalId, appId, type, label } = actor;
  const names = [userId, servicePrincipalId, appId, type === "Unknown" ? "" : label];
  const actorId = names.map(identityKey).find((name) => name !== "") ?? "";
  if (actorId === "" || !(time > 0)) return "";
  const hour = new Date(time).toISOString().slice(0, 13);
  return `${hour}Z-${sha256Hex(JSON.stringify([activity.tenantId, actorId, hour])).slice(0, 16)}`;
}

/** Whether a text is the id of a burst. */
export function isBurstId(text: string): boolean {
  return BURST_ID.test(text) && !Number.isNaN(startOf(text));
}

/** The hour of a burst, to which the search for its incidents is limited. */
export function burstWindow(id: string): { readonly from: Date; readonly to: Date } {
  return { from: new Date(startOf(id)), to: new Date(startOf(id) + WINDOW_MS) };
}

function startOf(id: string): number {
  return Date.parse(`${id.slice(0, 13)}:00:00Z`);
}
