import type { HubPosition } from "../incident/incident.ts";

const MINUTE_MS = 60_000;

/**
 * Chooses one event per partition and minute, of those that the scan skips, to be read all the same.
 *
 * The minute is that of the event's arrival at the hub, or of `now` if the event has no time. An older event than the last
 * chosen one is never chosen: otherwise a gap that is read again beside new events would have all its events read.
 */
export function skippedSample(): (position: HubPosition, now: () => Date) => boolean {
  const latest = new Map<string, number>();
  return ({ partitionId, enqueuedTime }, now) => {
    const partition = partitionId ?? "";
    const enqueuedAt = Date.parse(enqueuedTime ?? "");
    const minute = Math.floor((Number.isNaN(enqueuedAt) ? now().getTime() : enqueuedAt) / MINUTE_MS);
    if (minute <= (latest.get(partition) ?? -Infinity)) return false;
    latest.set(partition, minute);
    return true;
  };
}
