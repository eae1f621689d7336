export interface Lanes<T> {
  /** How many things are worked on at a time. */
  readonly lanes: number;
  /** Asked before more begins; what has begun is finished all the same. */
  goesOn(): boolean;
  /** May add to the queue, and must not reject. */
  work(next: T): Promise<void>;
}

/** Works on a queue until it is empty or nothing more is to begin. What takes long holds up its own lane only. */
export async function inLanes<T>(queue: T[], { lanes, goesOn, work }: Lanes<T>): Promise<void> {
  const running = new Set<Promise<void>>();
  do {
    for (const next of queue.splice(0, goesOn() ? lanes - running.size : 0)) {
      const run = work(next).finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size > 0) await Promise.race(running);
  } while (running.size > 0 || (queue.length > 0 && goesOn()));
}
