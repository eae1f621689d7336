import type { HubPosition } from "../incident/incident.ts";

/** The length of `2026-03-04T12:00`. */
const MINUTE_LENGTH = 16;

/**
 * Chooses one event per partition and minute, of those that the scan skips, to be read all the same.
 *
 * The minute is that of the event's arrival at the hub. An older event than the last chosen one is never chosen:
 * otherwise a gap that is read again beside new events would have all its events read.
 *
 * This runs for every skipped event, so it compares the times as text and parses none. They are ISO 8601 in UTC.
 */
export function skippedSample(): (position: HubPosition, arrivedAt: string) => boolean {
  /** By partition, a text behind all times of the last chosen minute, and before those of the next. */
  const ends = new Map<string, string>();
  return ({ partitionId }, arrivedAt) => {
    const partition = partitionId ?? "";
    if (arrivedAt < (ends.get(partition) ?? "")) return false;
    ends.set(partition, `${arrivedAt.slice(0, MINUTE_LENGTH)}~`);
    return true;
  };
}
