import { sha256Hex } from "../json/content-hash.ts";
import type { Incident } from "./incident.ts";

/**
 * The group of an incident: what one actor did within one hour of UTC, by the time of the activity, whichever rule found
 * it. "" where the record does not say who or when.
 *
 * It is a function of the audit record alone: the same whichever incident of the burst comes first, however often and on
 * whichever partition each is delivered. The price is that a burst over the turn of an hour is two.
 */
export function burstIdOf({
  activity,
  actor,
  activityDateTime,
}: Pick<Incident, "activity" | "actor" | "activityDateTime">): string {
  const time = Date.parse(activityDateTime);
  const who = actor.userId || actor.servicePrincipalId || actor.appId || (actor.type === "Unknown" ? "" : actor.label);
  if (who === "" || !(time > 0)) return "";
  const hour = new Date(time).toISOString().slice(0, 13);
  return `${hour}Z-${sha256Hex(JSON.stringify([activity.tenantId, who, hour])).slice(0, 16)}`;
}
