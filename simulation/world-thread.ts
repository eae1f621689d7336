// One of the threads of many-worlds.ts: takes the next seed and runs its world, until none is left or a law is broken.
import { parentPort, workerData } from "node:worker_threads";
import { DONE, type Judged, type Share, STOPPED, TAKEN } from "./many-worlds.ts";
import { planOf } from "./plan.ts";
import { run, runTwice } from "./run.ts";

const { rules, from, seeds, twice, large, turns }: Share = workerData;
while (Atomics.load(turns, STOPPED) === 0) {
  const turn = Atomics.add(turns, TAKEN, 1);
  if (turn >= seeds) break;
  const seed = from + turn;
  const plan = planOf(seed);
  if (large && plan.isSmall) continue;
  const { broken, figures } = await (twice ? runTwice : run)(plan, rules);
  if (broken.length > 0) Atomics.store(turns, STOPPED, 1);
  parentPort?.postMessage({ seed, broken, figures } satisfies Judged);
}
parentPort?.postMessage(DONE);
