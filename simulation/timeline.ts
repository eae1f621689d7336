import type { Chance } from "../local/samples/chance.ts";

/** Something that happens at a time. Of two at one time, chance decides which comes first. */
interface Entry {
  readonly at: number;
  readonly turn: number;
  readonly act: () => void;
}

/**
 * Steps in one turn of the event loop. Between two callbacks of `setImmediate` all promises settle, as between two turns; a
 * turn costs more than a step.
 */
const STEPS_PER_TURN = 50;

export type Timeline = ReturnType<typeof timeline>;

/**
 * Virtual time. Nothing waits for real time: `runTo` jumps from one entry to the next. After each entry, the program runs
 * until it waits again. The times of the entries decide which part runs next, so equal draws give equal runs.
 *
 * @param start milliseconds since 1970
 */
export function timeline(start: number, draw: Chance) {
  let now = start;
  const waiting: Entry[] = []; // a binary heap, the next entry first

  const isBefore = (one: Entry, other: Entry): boolean =>
    one.at < other.at || (one.at === other.at && one.turn < other.turn);

  function swap(one: number, other: number): void {
    const [first, second] = [waiting[one], waiting[other]];
    if (first === undefined || second === undefined) return;
    waiting[one] = second;
    waiting[other] = first;
  }

  function precedes(one: number, other: number): boolean {
    const [first, second] = [waiting[one], waiting[other]];
    return first !== undefined && second !== undefined && isBefore(first, second);
  }

  function push(entry: Entry): void {
    let place = waiting.push(entry) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!precedes(place, parent)) return;
      swap(place, parent);
      place = parent;
    }
  }

  function pop(): Entry | undefined {
    swap(0, waiting.length - 1);
    const next = waiting.pop();
    let place = 0;
    for (;;) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const least = precedes(right, left) ? right : left;
      if (!precedes(least, place)) return next;
      swap(least, place);
      place = least;
    }
  }

  return {
    now: (): number => now,

    /** Acts once after this many milliseconds. @returns a function that prevents it */
    after(milliseconds: number, act: () => void): () => void {
      let isOff = false;
      push({
        at: now + Math.max(0, milliseconds),
        turn: draw.between(0, 2 ** 31),
        act: () => {
          if (!isOff) act();
        },
      });
      return () => void (isOff = true);
    },

    /** Everything until this time happens. */
    runTo(time: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const step = (): void => {
        const next = waiting[0];
        if (next === undefined || next.at > time) return;
        pop();
        now = Math.max(now, next.at);
        next.act();
      };
      const turn = (): void => {
        for (let count = 0; count < STEPS_PER_TURN; count += 1) setImmediate(step);
        setImmediate(() => {
          if ((waiting[0]?.at ?? Infinity) <= time) return turn();
          now = Math.max(now, time);
          resolve();
        });
      };
      turn();
      return promise;
    },
  };
}
