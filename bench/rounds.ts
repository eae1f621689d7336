/** Seconds of processor time of a contestant's rounds. */
export interface Timing {
  readonly minimum: number;
  readonly median: number;
}

/**
 * Runs the contestants in turn, round after round, so that what else the machine does meets all of them. The first
 * round warms up and does not count. What is measured is this thread's processor time: on a machine that others use
 * too, the time on the clock says more of them. Work that the engine does beside it, such as collecting garbage on
 * other threads, is not in it, which is in favour of those that make garbage.
 */
export async function alternate<Name extends string>(
  contestants: Readonly<Record<Name, () => unknown>>,
  rounds: number,
): Promise<Readonly<Record<Name, Timing>>> {
  const names = Object.keys(contestants) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const start = process.threadCpuUsage();
      await contestants[name]();
      const { user, system } = process.threadCpuUsage(start);
      if (round > 0) seconds[name].push((user + system) / 1e6);
    }
  }
  return Object.fromEntries(names.map((name) => [name, timing(seconds[name])])) as Record<Name, Timing>;
}

function timing(seconds: readonly number[]): Timing {
  const sorted = seconds.toSorted((a, b) => a - b);
  return { minimum: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN };
}
