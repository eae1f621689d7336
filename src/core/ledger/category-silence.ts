import { LEARNED_AFTER_DAYS, SILENCE_HISTORY_DAYS, SILENCE_MINUTES } from "../timing.ts";
import { type CategorySightings, MINUTE_MS, MINUTES_PER_DAY } from "./category-sightings.ts";

export interface CategorySilence {
  /** When the last record of it reached the hub, to the minute; undefined if none did. In milliseconds since 1970. */
  readonly lastSeenAt: number | undefined;
  readonly silentMinutes: number;
  /** A longer silence needs a person. */
  readonly allowedMinutes: number;
}

/**
 * How long a category has been silent, and how long it may be.
 *
 * @param until time in milliseconds through which pimwatch has read the hub: what it has not read is not silence
 */
export function silenceOf(
  { minutes, expectedSince }: Pick<CategorySightings, "minutes" | "expectedSince">,
  until: number,
): CategorySilence {
  const last = minutes.at(-1);
  const lastSeenAt = last === undefined ? undefined : last * MINUTE_MS;
  const since = lastSeenAt ?? expectedSince ?? until;
  return {
    lastSeenAt,
    silentMinutes: Math.max(0, Math.floor((until - since) / MINUTE_MS)),
    allowedMinutes: allowedMinutes(minutes, until),
  };
}

/**
 * Twice the second longest silence of the last four weeks, within a floor and a ceiling. Not the longest one: otherwise
 * a single outage would teach pimwatch to accept the next. A quiet night or weekend comes more than once.
 *
 * Two weeks of records are needed for that, so that two weekends are among them; until then the ceiling applies.
 */
export function allowedMinutes(minutes: readonly number[], until: number): number {
  const now = Math.floor(until / MINUTE_MS);
  const recent = minutes.filter((minute) => minute > now - SILENCE_HISTORY_DAYS * MINUTES_PER_DAY && minute <= now);
  const [first] = recent;
  if (first === undefined || now - first < LEARNED_AFTER_DAYS * MINUTES_PER_DAY) return SILENCE_MINUTES.ceiling;
  let [longest, second] = [0, 0];
  for (const [index, minute] of recent.entries()) {
    const gap = minute - (recent[index - 1] ?? minute);
    if (gap > longest) [longest, second] = [gap, longest];
    else if (gap > second) second = gap;
  }
  return Math.min(Math.max(2 * second, SILENCE_MINUTES.floor), SILENCE_MINUTES.ceiling);
}
