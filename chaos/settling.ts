import { setTimeout as sleep } from "node:timers/promises";
import { type Expected, isFailing, type judging } from "./expected.ts";
import type { Passes } from "./log-figures.ts";
import { judgeStored, type Verdict } from "./verdict.ts";
import type { World } from "./world.ts";

export interface Settling {
  readonly expected: () => Expected;
  /** How often the app has swept, checked and reconciled so far. */
  readonly passes: () => Passes;
  readonly judges: ReturnType<typeof judging>;
  readonly look: (waiting: string) => void;
}

const LOOK_EVERY_MS = 500;
/**
 * A missing incident counts as lost only after the app had every chance to recover it: this many runs of each timer
 * since anything last moved, plus a time beyond its longest wait (hanging call: 20 s; paused endpoint: 10 s; abandoned
 * batch: 30 s) and beyond the next attempt of anything that rests.
 */
const ENOUGH: Passes = { sweeps: 12, checks: 12, reconciliations: 8 };
const ENOUGH_MS = 150_000;
/** The app does not even run its timers any more, on any machine. */
const STANDSTILL_MS = 900_000;

/** Waits until the expected state is reached or nothing moves; stops the hosts; and judges what remains. */
export async function untilThrough(world: World, settling: Settling): Promise<Verdict & { redriven: number }> {
  const { expected, passes, judges, look } = settling;
  let redriven = 0;
  let last = { seen: "", at: performance.now(), passes: passes(), retryAt: 0 };
  while (!isEnough(last, passes())) {
    const lag = await world.lag();
    const pending = await world.stored.pending((id) => isFailing(expected(), id));
    const resting = await world.stored.resting();
    const retryAt = Math.max(pending.retryAt, resting.retryAt);
    if (lag === 0) redriven += await world.stored.redriveSuspects(judges);
    const isThrough = lag === 0 && pending.count === 0 && resting.count === 0;
    // Not earlier: reading everything again and again would block a busy machine.
    const wanting = isThrough ? judgeStored(await world.stored.read(), expected()).problems : undefined;
    if (wanting?.length === 0) break;
    const waiting =
      `${lag} events behind, ${pending.count} rows to forward, ` +
      `${resting.count} events resting after ${resting.attempts} attempts`;
    const seen = wanting === undefined ? waiting : `${waiting}, ${wanting.length} things wanting: ${wanting[0]}`;
    look(seen);
    if (seen !== last.seen) last = { seen, at: performance.now(), passes: passes(), retryAt };
    await sleep(LOOK_EVERY_MS);
  }
  await world.stopHosts();
  const verdict = judgeStored(await world.stored.read(), expected());
  const behind = await world.lag();
  const problems = [
    ...verdict.problems,
    ...(behind > 0 ? [`${behind} events are behind the checkpoints at the end`] : []),
  ];
  return { ...verdict, problems, redriven };
}

interface LastMove {
  readonly at: number;
  readonly passes: Passes;
  /** When events that failed in the storm get their next attempt; the waits grow. Milliseconds since 1970. */
  readonly retryAt: number;
}

function isEnough(last: LastMove, now: Passes): boolean {
  const waited = performance.now() - last.at;
  const isRetried = Date.now() - last.retryAt > ENOUGH_MS;
  const { sweeps, checks, reconciliations } = last.passes;
  const isChecked =
    now.sweeps - sweeps >= ENOUGH.sweeps &&
    now.checks - checks >= ENOUGH.checks &&
    now.reconciliations - reconciliations >= ENOUGH.reconciliations;
  return (isChecked && isRetried && waited > ENOUGH_MS) || waited > STANDSTILL_MS;
}
