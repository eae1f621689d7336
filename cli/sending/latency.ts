/** When an incident reached each place on its way, in milliseconds since 1970; undefined if it did not, or nobody saw it. */
export interface Passage {
  readonly enqueued: number | undefined;
  readonly stored: number | undefined;
  readonly forwarded: number | undefined;
}

export interface Spread {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** The times from hub to table and from table to Log Analytics, over all incidents for which both ends are known. */
export function latencies(passages: readonly Passage[]): {
  enqueuedToStored: Spread | undefined;
  storedToForwarded: Spread | undefined;
} {
  const stretch = (from: keyof Passage, to: keyof Passage): Spread | undefined =>
    spread(
      passages.flatMap((passage) => {
        const [start, end] = [passage[from], passage[to]];
        return start === undefined || end === undefined ? [] : [end - start];
      }),
    );
  return { enqueuedToStored: stretch("enqueued", "stored"), storedToForwarded: stretch("stored", "forwarded") };
}

/** By nearest rank, so that each figure was measured. */
export function spread(milliseconds: readonly number[]): Spread | undefined {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? undefined : { count: sorted.length, medianMs: rank(0.5), p95Ms: rank(0.95) };
}

export function spreadText(spread_: Spread | undefined): string {
  return spread_ === undefined
    ? "(not measured)"
    : `median ${duration(spread_.medianMs)}, p95 ${duration(spread_.p95Ms)}`;
}

function duration(milliseconds: number): string {
  return Math.abs(milliseconds) < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
