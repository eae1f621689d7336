import { sha256Hex } from "../json/content-hash.ts";
import type { Incident } from "./incident.ts";

/** Length of a burst's window: a roll-out by a script takes minutes. */
const WINDOW_MS = 3_600_000;
const FORM = /^\d{4}-\d\d-\d\dT\d\dZ-[0-9a-f]{16}$/;

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

/** Whether a text is the id of a burst: the hour, as `2026-11-22T23Z`, and who, as a part of a hash. */
export function isBurstId(text: string): boolean {
  return FORM.test(text) && !Number.isNaN(startOf(text));
}

/** When a burst was, so that its incidents need not be looked for at other times. */
export function burstWindow(id: string): { readonly from: Date; readonly to: Date } {
  return { from: new Date(startOf(id)), to: new Date(startOf(id) + WINDOW_MS) };
}

function startOf(id: string): number {
  return Date.parse(`${id.slice(0, 13)}:00:00Z`);
}
