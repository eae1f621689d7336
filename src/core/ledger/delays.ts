/** Numbers of delays by their upper bound in seconds, such as `{ "1": 40, "5": 2, "over": 1 }`. Bounds without a delay are left out. */
export type Delays = Readonly<Record<string, number>>;

/** Upper bounds in seconds: usual delays of pimwatch, delays of Entra's export, delays of an outage. */
export const DELAY_BOUNDS = [
  1, 2, 3, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
] as const;
const OVER = "over";

/** The bound of a delay. A delay below zero, from clocks that differ, counts as the shortest. */
function delayBound(seconds: number): string {
  return String(DELAY_BOUNDS.find((bound) => seconds <= bound) ?? OVER);
}

/** Each delay counts under one bound, so histograms can be added up. A time that is no number is not counted. */
export function delaysOf(pairs: Iterable<readonly [from: number, until: number]>): Delays {
  const counts: Record<string, number> = {};
  for (const [from, until] of pairs) {
    const seconds = (until - from) / 1_000;
    if (Number.isNaN(seconds)) continue;
    const bound = delayBound(seconds);
    counts[bound] = (counts[bound] ?? 0) + 1;
  }
  return counts;
}

export function sumOfDelays(one: Delays, other: Delays): Delays {
  const sum: Record<string, number> = { ...one };
  for (const [bound, count] of Object.entries(other)) sum[bound] = (sum[bound] ?? 0) + count;
  return sum;
}

/** What is known of many delays. Seconds are upper bounds; null if the delay is longer than every bound. */
export interface DelayFigures {
  readonly count: number;
  readonly medianSeconds: number | null;
  readonly p95Seconds: number | null;
}

/** Undefined without any delay. */
export function delayFigures(delays: Delays): DelayFigures | undefined {
  const count = Object.values(delays).reduce((sum, one) => sum + one, 0);
  if (count === 0) return undefined;
  return { count, medianSeconds: atShare(delays, count * 0.5), p95Seconds: atShare(delays, count * 0.95) };
}

/** For a person. */
export function delayText(figures: DelayFigures | undefined): string {
  if (figures === undefined) return "unknown: nothing was noted within a day";
  const within = (seconds: number | null) => (seconds === null ? "more than a day" : `within ${seconds} s`);
  return `median ${within(figures.medianSeconds)}, 95 % ${within(figures.p95Seconds)}`;
}

/** The smallest bound that at least `wanted` delays do not exceed. */
function atShare(delays: Delays, wanted: number): number | null {
  let seen = 0;
  for (const bound of DELAY_BOUNDS) {
    seen += delays[bound] ?? 0;
    if (seen >= wanted) return bound;
  }
  return null;
}
