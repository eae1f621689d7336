/** Upper bounds in seconds: what is usual, what a retry takes, what an outage takes. */
const BOUNDS = [1, 2, 5, 15, 60, 300, 3600] as const;

/**
 * How many of these took how long: counts by upper bound in seconds, `{ "1": 40, "5": 2, "over": 1 }`.
 *
 * Bounds that nothing fell under are left out. Each is counted once, so that sums over many records can be made.
 *
 * @param since - ISO 8601 times with a zone; one that is missing or no time is not counted
 */
export function latencyHistogram(since: Iterable<string | null>, until: Date): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const time of since) {
    const seconds = (until.getTime() - Date.parse(time ?? "")) / 1000;
    if (Number.isNaN(seconds)) continue;
    const bound = BOUNDS.find((limit) => seconds <= limit) ?? "over";
    counts[bound] = (counts[bound] ?? 0) + 1;
  }
  return counts;
}
