import { setTimeout as sleep } from "node:timers/promises";
import type { AppVariants } from "./app-variants.ts";
import { director, type Director } from "./director.ts";
import { expectations } from "./expected.ts";
import { CELLS, isRequired, nameOfCell, type Operation } from "./fault-matrix.ts";
import { PAYLOAD_MARK, portion } from "./traffic.ts";
import { judgeStored, type Verdict } from "./verdict.ts";
import { startWorld, type World } from "./world.ts";

export interface RoundOptions {
  /** Decides faults, kills, traffic and the hosts' kinds. */
  readonly seed: string;
  /** The storm lasts until there were so many of both, */
  readonly kills: number;
  readonly faults: number;
  /** and, where every cell is wanted, until each happened that is not in `happened`. */
  readonly everyCell: boolean;
  /** Cells of earlier rounds, by name. */
  readonly happened: ReadonlySet<string>;
  readonly hosts: number;
  readonly partitions: number;
  readonly variants: AppVariants;
  readonly nodePath: string;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly phase: "storm" | "calm";
  readonly kills: number;
  readonly faults: number;
  readonly cells: number;
  readonly events: number;
  /** Events behind the checkpoints, rows in the outbox; in the calm. */
  readonly waiting?: string;
}

export interface RoundResult extends Verdict {
  readonly seed: string;
  readonly kills: Readonly<Record<"worker" | "host", number>>;
  /** By the name of the cell. */
  readonly faults: ReadonlyMap<string, number>;
  readonly events: number;
  /** Incidents that must come of what was sent. */
  readonly expectedIncidents: number;
  readonly failedAttempts: number;
  /** Batches behind which a host went on although they had failed or taken too long. */
  readonly batchesGivenUp: number;
  /** Events that the ledger brought back, as far as the log got to say so. */
  readonly healedEvents: number;
  readonly stormSeconds: number;
  readonly calmSeconds: number;
}

/** More traffic is sent whenever fewer events than this wait: batches stay full and no storm runs dry. */
const BACKLOG = 80;
const LOOK_EVERY_MS = 250;
/** Beyond the app's own longest wait (a call that hangs: 20 s; a pause of an endpoint: 10 s). */
const GIVE_UP_AFTER_MS = 120_000;
const SPARED_SLOT = 0;
export const APP_DIRECTORY = "dist";

/** How often each operation comes by in a run is very different: rare ones fail more often, so that each cell's turn comes. */
const REQUESTS_PER_FAULT: Readonly<Record<Operation, number>> = {
  transaction: 7,
  insert: 6,
  get: 7,
  list: 4,
  update: 2,
  delete: 4,
  "blob put": 3,
  ingest: 2,
  token: 2,
  hub: 200,
};
const REQUESTS_PER_KILL = 40;

/** One storm over one fresh set of services, then calm until everything that was sent is through, then the comparison. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { seed } = options;
  const decides = director({
    seed,
    requestsPerFault: REQUESTS_PER_FAULT,
    requestsPerKill: REQUESTS_PER_KILL,
    sparedSlot: SPARED_SLOT,
    happened: options.happened,
  });
  const kills = { worker: 0, host: 0 };
  const log = logFigures();
  const attempts = { failed: 0, givenUp: 0 };
  const world = await startWorld({
    ...options,
    director: decides,
    sparedSlot: SPARED_SLOT,
    onKilled: (victim) => (kills[victim] += 1),
    onLine: log.read,
    onFailedAttempt(isGivenUp) {
      attempts.failed += 1;
      attempts.givenUp += isGivenUp ? 1 : 0;
    },
  });
  try {
    const sent = traffic(options);
    const progress = (phase: Progress["phase"], waiting?: string) =>
      options.onProgress({
        phase,
        ...(waiting !== undefined && { waiting }),
        kills: kills.worker + kills.host,
        faults: decides.faultCount(),
        cells: decides.faults().size,
        events: sent.events(),
      });
    const beganAt = performance.now();
    while (!isOver(decides, kills.worker + kills.host, options)) {
      if (await isHungry(world, sent)) await sent.next(world);
      progress("storm");
      await sleep(LOOK_EVERY_MS);
    }
    world.becomeCalm();
    const calmAt = performance.now();
    const verdict = await untilThrough(world, sent, (waiting) => progress("calm", waiting));
    return {
      ...verdict,
      problems: [...verdict.problems, ...log.problems()],
      seed,
      kills,
      faults: decides.faults(),
      events: sent.events(),
      expectedIncidents: sent.expected().incidents.size,
      failedAttempts: attempts.failed,
      batchesGivenUp: attempts.givenUp,
      healedEvents: log.healedEvents(),
      stormSeconds: (calmAt - beganAt) / 1_000,
      calmSeconds: (performance.now() - calmAt) / 1_000,
    };
  } finally {
    await world.stop();
  }
}

/** Whether too little is left to do. Events that a host has passed over are behind no checkpoint, and still to do. */
async function isHungry(world: World, sent: ReturnType<typeof traffic>): Promise<boolean> {
  if ((await world.lag()) >= BACKLOG) return false;
  return sent.expected().incidents.size - (await world.stored.incidentCount()) < BACKLOG;
}

/** Over when there was enough of everything. When only cells are wanting, the rest of the storm is over already. */
function isOver(decides: Director, kills: number, options: RoundOptions): boolean {
  if (kills < options.kills || decides.faultCount() < options.faults) return false;
  if (!options.everyCell || missingCells(new Set([...decides.faults().keys(), ...options.happened])).length === 0)
    return true;
  decides.onlyTheRest();
  return false;
}

/** Names of the cells that must happen and are not among those that did. */
export function missingCells(happened: ReadonlySet<string>): string[] {
  return CELLS.filter(isRequired)
    .map(nameOfCell)
    .filter((name) => !happened.has(name));
}

/** What the lines of the hosts' logs tell, and what they must not. */
function logFigures() {
  let leaks = 0;
  let healed = 0;
  let lost = 0;
  return {
    read(line: string): void {
      if (line.includes(PAYLOAD_MARK)) leaks += 1;
      if (line.includes('"event":"ledger checked"')) healed += Number(/"healedEvents":(\d+)/.exec(line)?.[1] ?? 0);
      if (line.includes('"event":"events lost"')) lost += 1;
    },
    healedEvents: () => healed,
    problems: () => [
      ...(leaks > 0 ? [`${leaks} lines of the log hold payload`] : []),
      ...(lost > 0 ? [`the ledger reported ranges as lost ${lost} times`] : []),
    ],
  };
}

/** Portions of traffic, one after the other, and what they must lead to. */
function traffic({ seed, partitions }: RoundOptions) {
  const { add, expected } = expectations(APP_DIRECTORY);
  let portions = 0;
  let events = 0;
  return {
    async next(world: World): Promise<void> {
      const made = portion(seed, portions, partitions);
      portions += 1;
      events += made.deliveries.length;
      add(made);
      await world.send(made.deliveries);
    },
    events: () => events,
    expected,
  };
}

/** Waits until all is as it must be, and then whether it stays so when the hosts have stopped; or until nothing moves. */
async function untilThrough(
  world: World,
  sent: ReturnType<typeof traffic>,
  look: (waiting: string) => void,
): Promise<Verdict> {
  let before = "";
  let movedAt = performance.now();
  while (performance.now() - movedAt < GIVE_UP_AFTER_MS) {
    const [lag, pending] = [await world.lag(), await world.stored.pending()];
    const now = `${lag} events behind, ${pending} rows to forward`;
    look(now);
    if (lag === 0 && pending === 0) {
      const verdict = judgeStored(await world.stored.read(), sent.expected());
      if (verdict.problems.length === 0) break;
    }
    if (now !== before) movedAt = performance.now();
    before = now;
    await sleep(LOOK_EVERY_MS);
  }
  await world.stopHosts();
  return judgeStored(await world.stored.read(), sent.expected());
}
