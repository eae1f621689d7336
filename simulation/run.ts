import type { Rule } from "../src/core/incident/rule.ts";
import type { Plan } from "./plan.ts";
import { wronglyHealthy, wronglyUnhealthy } from "./health-verdict.ts";
import { wronglyInLedger } from "./ledger-verdict.ts";
import { brokenInTheEnd, brokenNow, heldUp, notGivenUp, sentAgain } from "./verdict.ts";
import { world, type World } from "./world.ts";

export interface Outcome {
  readonly plan: Plan;
  /** One sentence for each law that was broken; empty if all held. */
  readonly broken: readonly string[];
  /** What happened, a line each, with seconds since the start. */
  readonly history: readonly string[];
  /** sha256 of the history: equal runs have equal digests. */
  readonly digest: string;
  readonly figures: Figures;
}

export interface Figures {
  readonly events: number;
  readonly incidents: number;
  readonly calls: number;
  readonly faults: number;
  readonly crashes: number;
  /** Rows that a sink got more than once. */
  readonly sentAgain: number;
  readonly virtualMinutes: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Longer than any rest or back-off of the app. */
const STEP_MS = 61 * MINUTE;
const MOST_STEPS = 5;
/** How long nothing happens, again and again, in a world that lasts for a day. */
const QUIET_STEP_MS = 29 * MINUTE;
/** AUDIT_EVENTS_RETENTION_HOURS of the simulated app. */
const RETENTION_MS = 24 * 60 * MINUTE;
/** Longer than a batch is retried before it leaves an event to the healer, and than the healer waits for it. */
const ITEMS_FAIL_MINUTES = 45;

/** Runs the world of a plan to its end and judges it. */
export async function run(plan: Plan, rules: readonly Rule[]): Promise<Outcome> {
  const all = world(plan, rules);
  const broken = (await disturbed(all)) ?? (await recovered(all));
  return {
    plan,
    broken,
    history: all.history,
    digest: all.digest(),
    figures: {
      events: all.sent.length,
      incidents: all.sent.reduce((sum, { incidents }) => sum + incidents.length, 0),
      ...all.figures,
      sentAgain: sentAgain(all),
      virtualMinutes: Math.round((all.time.now() - all.start) / MINUTE),
    },
  };
}

/** Runs the world of a plan twice. A history that differs breaks a law, too: what fails could not be repeated. */
export async function runTwice(plan: Plan, rules: readonly Rule[]): Promise<Outcome> {
  const [first, second] = [await run(plan, rules), await run(plan, rules)];
  return { ...first, broken: [...first.broken, ...differenceOf(first.history, second.history)] };
}

/** One sentence if two histories are not the same, line by line. */
export function differenceOf(one: readonly string[], other: readonly string[]): string[] {
  const length = Math.max(one.length, other.length);
  const at = Array.from({ length }, (_, line) => line).find((line) => one[line] !== other[line]);
  if (at === undefined) return [];
  const [here, there] = [one[at] ?? "nothing", other[at] ?? "nothing"];
  return [`two runs of the seed differ in line ${at + 1} of their histories: "${here}" and "${there}"`];
}

/** Lets everything happen, with the timers on each minute. @returns the laws that were broken on the way, if any */
async function disturbed(all: World): Promise<readonly string[] | undefined> {
  while (all.time.now() < all.end) {
    await minute(all);
    const broken = await brokenAtAnyMoment(all);
    if (broken.length > 0) return broken;
  }
  return undefined;
}

async function brokenAtAnyMoment(all: World): Promise<string[]> {
  return [...brokenNow(all), ...(await wronglyInLedger(all)), ...(await wronglyHealthy(all))];
}

/** More than a day with an event now and then, in which the hub drops what is old. @returns the laws that were broken */
async function overADay(all: World): Promise<string[]> {
  const end = all.time.now() + RETENTION_MS + 3 * STEP_MS;
  for (let count = 0; all.time.now() < end; count += 1) {
    all.send(count % all.plan.partitions, "match");
    await minute(all);
    await all.time.runTo(all.time.now() + QUIET_STEP_MS);
    all.dropOlderThan(RETENTION_MS);
    const broken = await brokenAtAnyMoment(all);
    if (broken.length > 0) return broken;
  }
  return notGivenUp(all);
}

async function minute(all: World): Promise<void> {
  const begin = all.time.now();
  void all.runTimer("outbox-timer");
  await all.time.runTo(begin + 30 * SECOND);
  void all.runTimer("ledger-timer");
  void all.runTimer("window-timer");
  if (Math.round((begin - all.start) / MINUTE) % 7 === 5) void all.runTimer("reconciliation-timer");
  await all.time.runTo(begin + MINUTE);
}

/** Mends everything, and waits until all is well. @returns what is still amiss after some hours */
async function recovered(all: World): Promise<readonly string[]> {
  all.mend();
  if (all.hasFailingItems()) {
    for (let minutes = 0; minutes < ITEMS_FAIL_MINUTES; minutes += 1) await minute(all);
    const broken = [...(await brokenAtAnyMoment(all)), ...heldUp(all)];
    if (broken.length > 0) return broken;
    if (!all.plan.isLong) all.mendItems();
  }
  if (all.plan.isLong) {
    const broken = await overADay(all);
    if (broken.length > 0) return broken;
  }
  for (let minutes = 0; minutes < 8; minutes += 1) await minute(all);
  for (let step = 0; ; step += 1) {
    const broken = [...(await brokenAtAnyMoment(all)), ...brokenInTheEnd(all), ...(await wronglyUnhealthy(all))];
    if (broken.length === 0 || step === MOST_STEPS) return broken;
    await all.time.runTo(all.time.now() + STEP_MS);
    for (const name of ["ledger-timer", "outbox-timer", "window-timer", "reconciliation-timer"] as const) {
      void all.runTimer(name);
      await all.time.runTo(all.time.now() + 5 * MINUTE);
    }
    await minute(all);
  }
}
