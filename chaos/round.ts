import { setTimeout as sleep } from "node:timers/promises";
import type { AppVariants } from "./app-variants.ts";
import { director, type Director } from "./director.ts";
import { expectations, judging } from "./expected.ts";
import { type Forwarding, measureForwarding } from "./forwarding.ts";
import { type Cell, CELLS, isRequired, nameOfCell, type Operation } from "./faults/fault-matrix.ts";
import { logFigures } from "./log-figures.ts";
import { untilThrough } from "./settling.ts";
import { type Portion, portion } from "./traffic.ts";
import type { Verdict } from "./verdict.ts";
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
  /** Aborted: the storm ends now, and what happened so far is judged. */
  readonly enough: AbortSignal;
}

interface Progress {
  readonly phase: "forwarding" | "storm" | "lies" | "calm";
  readonly kills: number;
  readonly faults: number;
  readonly cells: number;
  readonly events: number;
  /** Events behind the checkpoints, rows in the outbox; in the calm. */
  readonly waiting?: string;
}

export interface RoundResult extends Verdict {
  readonly forwarding: Forwarding;
  readonly seed: string;
  readonly kills: Readonly<Record<"worker" | "host", number>>;
  /** How often a host restarted itself since its worker had died too often. */
  readonly restarts: number;
  /** Requests that the table refused, or failed for, since they held a certain incident. */
  readonly store: { readonly refusals: number; readonly failures: number };
  /** By the name of the cell. */
  readonly faults: ReadonlyMap<string, number>;
  readonly events: number;
  /** Incidents that must come of what was sent. */
  readonly expectedIncidents: number;
  readonly failedAttempts: number;
  /** Batches behind which a host went on although they had failed or taken too long. */
  readonly batchesGivenUp: number;
  /** Records put aside because workers were killed at them several times, and redriven. */
  readonly redriven: number;
  /** Events that the ledger brought back, as far as the log got to say so. */
  readonly healedEvents: number;
  /** Stored rows that reconciliation found neither waiting nor acknowledged. */
  readonly requeuedRows: number;
  /** Cells that were wanted and did not happen, with the reason, a sentence each. */
  readonly unreachable: readonly string[];
  readonly stormSeconds: number;
  readonly calmSeconds: number;
}

/** More traffic is sent whenever fewer events than this wait: batches stay full and no storm runs dry. */
const BACKLOG = 80;
const LOOK_EVERY_MS = 250;
/**
 * A cell is given up after so many requests, of whatever kind, since a cell last happened for the first time. While
 * cells are wanting, every other request that could be one of them is.
 */
const REQUESTS_WITHOUT_NEW_CELL = 4_000;
/** After the storm all lies are told, or until so many requests have come by. */
const REQUESTS_FOR_LIES = 8_000;
/** Nothing at all has come from any host for so long: far beyond what a start takes on a busy machine. */
const STANDSTILL_MS = 300_000;
const SPARED_SLOT = 0;
export const APP_DIRECTORY = "dist";

/** How often each operation comes by in a run is very different: rare ones fail more often, so that each cell's turn comes. */
const REQUESTS_PER_FAULT: Readonly<Record<Operation, number>> = {
  transaction: 6,
  insert: 5,
  list: 4,
  update: 2,
  delete: 4,
  "blob put": 3,
  ingest: 2,
  token: 2,
  hub: 200,
};
const REQUESTS_PER_KILL = 22;
/** As it comes out of the above. Where many faults are wanted for each kill, kills are rarer, so that both are done at the same time. */
const REQUESTS_PER_ANY_FAULT = 3;

/** One storm over one fresh set of services, then calm until everything that was sent is through, then the comparison. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { seed } = options;
  const decides = director({
    seed,
    requestsPerFault: REQUESTS_PER_FAULT,
    requestsPerKill: requestsPerKill(options),
    sparedSlot: SPARED_SLOT,
    happened: options.happened,
  });
  const kills = { worker: 0, host: 0 };
  const log = logFigures();
  let restarts = 0;
  const attempts = { failed: 0, givenUp: 0 };
  const world = await startWorld({
    ...options,
    director: decides,
    sparedSlot: SPARED_SLOT,
    onKilled: (victim) => (kills[victim] += 1),
    onRestarted: () => (restarts += 1),
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
    const forwarding = await measureForwarding({
      ...options,
      takenAt: world.takenAt,
      async send(made) {
        await sent.send(made, world);
        progress("forwarding");
      },
    });
    world.becomeStormy();
    const beganAt = performance.now();
    const standstill = standstillOf(decides);
    const blow = async (phase: Progress["phase"], isDone: () => boolean) => {
      while (!isDone() && !standstill()) {
        if (await isHungry(world, sent)) await sent.next(world);
        progress(phase);
        await sleep(LOOK_EVERY_MS);
      }
    };
    await blow("storm", () => isOver(decides, kills.worker + kills.host, options));
    decides.onlyLies();
    const enough = decides.requestCount() + REQUESTS_FOR_LIES;
    await blow("lies", () => decides.hasToldAllLies() || decides.requestCount() >= enough);
    const isStanding = standstill();
    world.becomeCalm();
    const calmAt = performance.now();
    const verdict = await untilThrough(world, {
      expected: sent.expected,
      passes: log.passes,
      judges: judging(APP_DIRECTORY),
      look: (waiting) => progress("calm", waiting),
    });
    return {
      ...verdict,
      forwarding,
      problems: [
        ...verdict.problems,
        ...forwarding.problems,
        ...log.problems(),
        ...wronglyRefused(verdict.refusedByFault, decides),
        ...(isStanding ? [`no host has sent a request for ${STANDSTILL_MS / 1_000} s`] : []),
      ],
      unreachable: unreachable(decides, options),
      seed,
      kills,
      restarts,
      store: world.store,
      faults: decides.faults(),
      events: sent.events(),
      expectedIncidents: sent.expected().incidents.size,
      failedAttempts: attempts.failed,
      batchesGivenUp: attempts.givenUp,
      healedEvents: log.healedEvents(),
      requeuedRows: log.requeuedRows(),
      stormSeconds: (calmAt - beganAt) / 1_000,
      calmSeconds: (performance.now() - calmAt) / 1_000,
    };
  } finally {
    await world.stop();
  }
}

function requestsPerKill({ kills, faults }: RoundOptions): number {
  return Math.max(REQUESTS_PER_KILL, Math.round((REQUESTS_PER_ANY_FAULT * faults) / Math.max(1, kills)));
}

/** Whether too little is left to do. Events that a host has passed over are behind no checkpoint, and still to do. */
async function isHungry(world: World, sent: ReturnType<typeof traffic>): Promise<boolean> {
  if ((await world.lag()) >= BACKLOG) return false;
  return sent.expected().incidents.size - (await world.stored.incidentCount()) < BACKLOG;
}

function wronglyRefused(rows: number, decides: Director): string[] {
  const cells = CELLS.filter(({ operation, kind }) => operation === "ingest" && kind === "413");
  const answers = cells.reduce((sum, cell) => sum + (decides.faults().get(nameOfCell(cell)) ?? 0), 0);
  return rows > answers ? [`${rows} rows are marked as refused after ${answers} answers that refused them`] : [];
}

/** Over when there was enough of everything. When only cells are wanting, the rest of the storm is over already. */
function isOver(decides: Director, kills: number, options: RoundOptions): boolean {
  if (options.enough.aborted) return true;
  if (kills < options.kills || decides.faultCount() < options.faults) return false;
  if (wanting(decides, options).length === 0) return true;
  decides.onlyTheRest();
  return decides.requestsSinceNewCell() > REQUESTS_WITHOUT_NEW_CELL;
}

function wanting(decides: Director, { everyCell, happened, enough }: RoundOptions): Cell[] {
  return everyCell && !enough.aborted ? missingCells(new Set([...decides.faults().keys(), ...happened])) : [];
}

function unreachable(decides: Director, options: RoundOptions): string[] {
  return wanting(decides, options).map((cell) => {
    const requests = decides.requestsSinceNewCell(cell.operation);
    const why = `${requests} of the last ${decides.requestsSinceNewCell()} requests were of that operation`;
    return `${nameOfCell(cell)}: ${why}`;
  });
}

/** Whether nothing has come from any host for too long. */
function standstillOf(decides: Director): () => boolean {
  let seen = { requests: -1, at: performance.now() };
  return () => {
    const requests = decides.requestCount();
    if (requests !== seen.requests) seen = { requests, at: performance.now() };
    return performance.now() - seen.at > STANDSTILL_MS;
  };
}

/** The cells that must happen and are not among those that did, by name. */
function missingCells(happened: ReadonlySet<string>): Cell[] {
  return CELLS.filter((cell) => isRequired(cell) && !happened.has(nameOfCell(cell)));
}

/** Portions of traffic, one after the other, and what they must lead to. */
function traffic({ seed, partitions }: RoundOptions) {
  const { add, expected } = expectations(APP_DIRECTORY);
  let portions = 0;
  let events = 0;
  async function send(made: Portion, world: World): Promise<void> {
    events += made.deliveries.length;
    add(made);
    await world.send(made.deliveries);
  }
  return {
    send,
    async next(world: World): Promise<void> {
      await send(portion(seed, portions, partitions), world);
      portions += 1;
    },
    events: () => events,
    expected,
  };
}
