import { setTimeout as sleep } from "node:timers/promises";
import { type Expected, isFailing, type judging } from "./expected.ts";
import type { Passes } from "./log-figures.ts";
import { judgeStored, type Verdict } from "./verdict.ts";
import type { World } from "./world.ts";

export interface Settling {
  readonly expected: () => Expected;
  /** How often the app has swept, checked and reconciled until now. */
  readonly passes: () => Passes;
  readonly judges: ReturnType<typeof judging>;
  readonly look: (waiting: string) => void;
}

const LOOK_EVERY_MS = 500;
/**
 * What is missing is only said to be lost when the app has had every chance to bring it back: so many passes of each
 * timer since anything last moved, and a time beyond its own longest wait (a call that hangs: 20 s; a pause of an
 * endpoint: 10 s; a batch that nobody works on: 30 s) and behind the next attempt at whatever rests.
 */
const ENOUGH: Passes = { sweeps: 12, checks: 12, reconciliations: 8 };
const ENOUGH_MS = 150_000;
/** An app that does not even get to its passes any more, on whatever machine. */
const STANDSTILL_MS = 900_000;

/** Waits until all is as it must be, or nothing moves any more; stops the hosts; and judges what is left then. */
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
    // Not before: on a busy machine, reading all of it again and again would keep it from going on.
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
  /** What failed in the storm waits for its next attempt, longer each time. In milliseconds since 1970. */
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
