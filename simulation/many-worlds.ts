import { Worker } from "node:worker_threads";
import type { Rule } from "../src/core/incident/rule.ts";
import type { Figures } from "./run.ts";

export interface Seeds {
  readonly rules: readonly Rule[];
  /** The first seed. */
  readonly from: number;
  readonly seeds: number;
  /** Runs each world twice: a history that differs breaks a law. */
  readonly twice: boolean;
  /** Leaves out the small worlds, which are five of six. `seeds` counts them all the same. */
  readonly large: boolean;
}

/** What became of the world of a seed. */
export interface Judged {
  readonly seed: number;
  /** One sentence for each law that was broken; empty if all held. */
  readonly broken: readonly string[];
  readonly figures: Figures;
}

/** What a thread is told. `turns` is shared: the number of seeds that were taken, and whether to stop. */
export interface Share extends Seeds {
  readonly turns: Int32Array<SharedArrayBuffer>;
}

export const TAKEN = 0;
export const STOPPED = 1;
/** A world makes much that is soon gone. With little room for it, a tenth of the time goes to clearing it away. */
const LIMITS = { maxYoungGenerationSizeMb: 64 };
/** The last message of a thread. */
export const DONE = "done";

/**
 * Runs the worlds of these seeds, each on the thread that is free next, until one breaks a law.
 *
 * @param onWorld called after each world, in the order in which they end
 * @returns the lowest seed that breaks a law, undefined if none does. Seeds are taken in order, and those under way are
 *   finished, so it does not depend on the number of threads
 * @throws what the simulation itself throws
 */
export async function manyWorlds(
  seeds: Seeds,
  threads: number,
  onWorld: (judged: Judged) => void,
): Promise<Judged | undefined> {
  const share: Share = { ...seeds, turns: new Int32Array(new SharedArrayBuffer(8)) };
  let first: Judged | undefined;
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL("world-thread.ts", import.meta.url), {
      workerData: share,
      resourceLimits: LIMITS,
    });
    const told = (judged: Judged): void => {
      if (judged.broken.length > 0 && (first === undefined || judged.seed < first.seed)) first = judged;
      onWorld(judged);
    };
    const end = Promise.withResolvers<void>();
    worker.on("message", (message: Judged | typeof DONE) => (message === DONE ? end.resolve() : told(message)));
    worker.on("error", end.reject);
    worker.on("exit", () => end.reject(new Error("a thread of the simulation ended before its worlds did")));
    try {
      await end.promise;
    } finally {
      await worker.terminate(); // a timer that the app set outside of virtual time would keep it
    }
  };
  await Promise.all(Array.from({ length: threads }, thread));
  return first;
}
