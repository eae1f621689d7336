/** Seconds of a contestant's rounds. */
export interface Timing {
  readonly minimum: number;
  readonly median: number;
}

/**
 * Runs the contestants in turn, round after round, so that what else the machine does meets all of them. The first
 * round warms up and does not count. Ratios are made of the minima: on a machine that others use too, the best round
 * is the one that was disturbed least.
 */
export async function alternate(
  contestants: ReadonlyMap<string, () => unknown>,
  rounds: number,
): Promise<ReadonlyMap<string, Timing>> {
  const seconds = new Map<string, number[]>([...contestants.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of contestants) {
      const start = process.hrtime.bigint();
      await run();
      const taken = Number(process.hrtime.bigint() - start) / 1e9;
      if (round > 0) seconds.get(name)?.push(taken);
    }
  }
  return new Map([...seconds].map(([name, taken]) => [name, timing(taken)]));
}

function timing(seconds: readonly number[]): Timing {
  const sorted = seconds.toSorted((a, b) => a - b);
  return { minimum: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN };
}
