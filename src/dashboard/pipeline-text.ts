import { SINKS } from "../core/incident/sinks.ts";
import type { ProofOfSilence } from "../core/ledger/proof-of-silence.ts";
import type { CategoryHealth } from "../workflows/health/category-health.ts";
import type { OutboxState } from "../workflows/delivery/outbox-state.ts";
import type { Health } from "./api.ts";
import { ago, count, fullTime, instant, span } from "./format.ts";

/** The whole state in one sentence. */
export function stateSentence({ status, problems }: Health): string {
  const waiting = `${count(problems.length, "thing")} ${problems.length === 1 ? "waits" : "wait"} for a person`;
  if (status === "down") return `Events may not be stored now, and ${waiting}.`;
  if (status === "degraded") return `Events are stored, but ${waiting}.`;
  return "Events are stored, none is missing, and nothing waits for a person.";
}

/** What the figures say. A figure without news is left out. */
export function figureSentences(health: Health, now: number): string[] {
  const { hub, sinks = {}, categories = [], version, scan } = health;
  return [
    ...(hub === undefined ? [] : hubSentences(hub)),
    ...SINKS.flatMap(({ name, title }) => {
      const state = sinks[name];
      return state === undefined ? [] : [sinkSentence(title, state)];
    }),
    ...categories.map((category) => categorySentence(category, now)),
    `This is pimwatch ${version}${scan === undefined ? "" : `; ${scan}`}.`,
  ];
}

function hubSentences({ lastEventAt, silentMinutes, lag, ...hub }: NonNullable<Health["hub"]>): string[] {
  const last =
    lastEventAt === undefined
      ? "No event has ever reached the hub."
      : `The last event reached the hub at ${timeText(lastEventAt)}, ${count(silentMinutes ?? 0, "minute")} ago.`;
  const unread =
    lag === 0
      ? "Every event in the hub has been read."
      : `${count(lag, "event")} in the hub ${lag === 1 ? "has" : "have"} not been read yet; the oldest has waited for ${span(hub.oldestUnfinishedSeconds * 1_000)}.`;
  const checked = `The ledger was checked ${span(hub.checkedSecondsAgo * 1_000)} ago, over ${count(hub.partitions.length, "partition")}.`;
  return [last, unread, checked];
}

function sinkSentence(title: string, { pending, refused, oldestSeconds }: OutboxState): string {
  if (pending === 0) return `Every incident has reached ${title}${refused > 0 ? ", or was refused" : ""}.`;
  return `${count(pending, "row")} ${pending === 1 ? "waits" : "wait"} to be sent to ${title}; the oldest has waited for ${span(oldestSeconds * 1_000)}.`;
}

function categorySentence({ category, tenantId, lastSeenAt, allowedMinutes }: CategoryHealth, now: number): string {
  const what = `${category} of tenant ${tenantId}`;
  const allowed = `A silence of ${span(allowedMinutes * 60_000)} is normal.`;
  const at = instant(lastSeenAt ?? "");
  if (at === undefined) return `No record of ${what} has arrived yet. ${allowed}`;
  return `The last record of ${what} arrived ${ago(at, Math.max(now, at))}. ${allowed}`;
}

/** The events that are missing, by partition and number. */
export function missingSentences({ lost, open }: ProofOfSilence): string[] {
  return [
    ...lost.map(
      ({ partition, first, last, before }) =>
        `Lost: ${numbers(first, last)} of partition ${partition}, which reached the hub before ${timeText(before)}.`,
    ),
    ...open.map(({ partition, first, last }) => `Not stored yet: ${numbers(first, last)} of partition ${partition}.`),
  ];
}

function numbers(first: number, last: number): string {
  return first === last ? `event ${first}` : `events ${first} to ${last}`;
}

function timeText(time: string): string {
  const at = instant(time);
  return at === undefined ? "an unknown time" : fullTime(at);
}
