/** Seconds that a contestant took for all data. */
export interface Timing {
  readonly minimum: number;
  readonly median: number;
}

/** Rounds until everything is compiled. */
const WARM_UP = 4;

/** Processes a part of the data. */
export type Contestant<Part> = (part: Part) => unknown;

/**
 * Runs the contestants in turn over all parts of the data, round after round, so that other load on the machine hits
 * all of them. The first rounds warm up and do not count.
 *
 * Each part is timed alone, and the best (or median) times of the parts are summed. On a shared machine, a part shorter
 * than a time slice sometimes runs undisturbed; a whole round never does.
 */
export async function alternate<Part>(
  contestants: ReadonlyMap<string, Contestant<Part>>,
  parts: readonly Part[],
  rounds: number,
): Promise<ReadonlyMap<string, Timing>> {
  const seconds = new Map([...contestants.keys()].map((name) => [name, parts.map((): number[] => [])]));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [name, run] of rotated([...contestants], round + WARM_UP)) {
      const taken = seconds.get(name) ?? [];
      for (const [index, part] of parts.entries()) {
        const start = process.hrtime.bigint();
        const done = run(part);
        if (done instanceof Promise) await done;
        const nanoseconds = Number(process.hrtime.bigint() - start);
        if (round >= 0) taken[index]?.push(nanoseconds / 1e9);
      }
    }
  }
  return new Map([...seconds].map(([name, taken]) => [name, summed(taken)]));
}

/** Each round begins with another contestant, because each leaves traces in the processor's caches. */
function rotated<T>(all: readonly T[], by: number): readonly T[] {
  const start = by % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

function summed(parts: readonly (readonly number[])[]): Timing {
  let [minimum, median] = [0, 0];
  for (const part of parts) {
    const sorted = part.toSorted((a, b) => a - b);
    minimum += sorted[0] ?? Number.NaN;
    median += sorted[sorted.length >> 1] ?? Number.NaN;
  }
  return { minimum, median };
}

/** Bodies in parts of about equal size. */
export function partsOf(bodies: readonly Uint8Array[], bytes = 250_000): readonly (readonly Uint8Array[])[] {
  const parts: Uint8Array[][] = [];
  let size = bytes;
  for (const body of bodies) {
    if (size >= bytes) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(body);
    size += body.length;
  }
  return parts;
}
