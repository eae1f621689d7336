import { setTimeout as sleep } from "node:timers/promises";
import type { SampleRecord } from "../local/samples/audit-record.ts";
import { director, type Director } from "./director.ts";
import { CELLS, nameOfCell, type Operation } from "./fault-matrix.ts";
import { PAYLOAD_MARK, portion } from "./traffic.ts";
import { judgeStored, type Verdict } from "./verdict.ts";
import { startWorld, type World } from "./world.ts";

export interface RoundOptions {
  /** Decides faults, kills, traffic and the hosts' kinds. */
  readonly seed: string;
  /** The storm lasts until there were so many of both, */
  readonly kills: number;
  readonly faults: number;
  /** and, with these, until every cell happened that is not in here. */
  readonly untilCells?: ReadonlySet<string>;
  readonly hosts: number;
  readonly partitions: number;
  readonly appDirectories: readonly string[];
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
  readonly records: number;
  readonly failedAttempts: number;
  readonly stormSeconds: number;
  readonly calmSeconds: number;
}

/** More traffic is sent whenever fewer events than this wait: batches stay full and no storm runs dry. */
const BACKLOG = 80;
const LOOK_EVERY_MS = 250;
/** Beyond the app's own longest wait (a call that hangs: 20 s; a pause of an endpoint: 10 s). */
const GIVE_UP_AFTER_MS = 120_000;
const SPARED_SLOT = 0;

/** How often each operation comes by in a run is very different: rare ones fail more often, so that each cell's turn comes. */
const REQUESTS_PER_FAULT: Readonly<Record<Operation, number>> = {
  transaction: 7,
  insert: 6,
  get: 7,
  list: 2,
  update: 2,
  delete: 4,
  "blob put": 3,
  ingest: 2,
  token: 2,
  hub: 200,
};
const REQUESTS_PER_KILL = 45;

/** One storm over one fresh set of services, then calm until everything that was sent is through, then the comparison. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { seed } = options;
  const decides = director({
    seed,
    requestsPerFault: REQUESTS_PER_FAULT,
    requestsPerKill: REQUESTS_PER_KILL,
    sparedSlot: SPARED_SLOT,
  });
  const kills = { worker: 0, host: 0 };
  let leaks = 0;
  const world = await startWorld({
    ...options,
    director: decides,
    sparedSlot: SPARED_SLOT,
    onKilled: (victim) => (kills[victim] += 1),
    onLine: (line) => (leaks += line.includes(PAYLOAD_MARK) ? 1 : 0),
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
      if ((await world.lag()) < BACKLOG) await sent.next(world);
      progress("storm");
      await sleep(LOOK_EVERY_MS);
    }
    world.becomeCalm();
    const calmAt = performance.now();
    const verdict = await untilThrough(world, sent, (waiting) => progress("calm", waiting));
    const problems = leaks > 0 ? [...verdict.problems, `${leaks} lines of the log hold payload`] : verdict.problems;
    return {
      ...verdict,
      problems,
      seed,
      kills,
      faults: decides.faults(),
      events: sent.events(),
      records: sent.expected().matches.size,
      failedAttempts: world.failedAttempts(),
      stormSeconds: (calmAt - beganAt) / 1_000,
      calmSeconds: (performance.now() - calmAt) / 1_000,
    };
  } finally {
    await world.stop();
  }
}

function isOver(decides: Director, kills: number, { kills: killsWanted, faults, untilCells }: RoundOptions): boolean {
  if (kills < killsWanted || decides.faultCount() < faults) return false;
  const happened = decides.faults();
  return untilCells === undefined || missingCells(new Set([...happened.keys(), ...untilCells])).length === 0;
}

/** Names of the cells that are not among those that happened. */
export function missingCells(happened: ReadonlySet<string>): string[] {
  return CELLS.map(nameOfCell).filter((name) => !happened.has(name));
}

/** Portions of traffic, one after the other, and what they must lead to. */
function traffic({ seed, partitions }: RoundOptions) {
  const matches = new Map<string, SampleRecord>();
  const letters: Uint8Array[] = [];
  let portions = 0;
  let events = 0;
  return {
    async next(world: World): Promise<void> {
      const made = portion(seed, portions, partitions);
      portions += 1;
      events += made.deliveries.length;
      for (const [id, record] of made.matches) matches.set(id, record);
      letters.push(...made.letters);
      await world.send(made.deliveries);
    },
    events: () => events,
    expected: () => ({ matches, letters }),
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
