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
  /** Decides faults, kills, traffic and the kinds of hosts. */
  readonly seed: string;
  /** The storm lasts until there were this many of both */
  readonly kills: number;
  readonly faults: number;
  /** and, if every cell is wanted, until each one outside `happened` was reached. */
  readonly everyCell: boolean;
  /** Names of cells that earlier rounds reached. */
  readonly happened: ReadonlySet<string>;
  readonly hosts: number;
  readonly partitions: number;
  readonly variants: AppVariants;
  readonly nodePath: string;
  readonly onProgress: (progress: Progress) => void;
  /** Aborted: the storm ends now, and the results so far are judged. */
  readonly enough: AbortSignal;
}

interface Progress {
  readonly phase: "forwarding" | "storm" | "lies" | "calm";
  readonly kills: number;
  readonly faults: number;
  readonly cells: number;
  readonly events: number;
  /** Events behind the checkpoints and rows in the outbox, during the calm. */
  readonly waiting?: string;
}

export interface RoundResult extends Verdict {
  readonly forwarding: Forwarding;
  readonly seed: string;
  readonly kills: Readonly<Record<"worker" | "host", number>>;
  /** How often a host restarted itself because its worker died too often. */
  readonly restarts: number;
  /** Requests that the table refused, or failed, because of a certain incident. */
  readonly store: { readonly refusals: number; readonly failures: number };
  /** By cell name. */
  readonly faults: ReadonlyMap<string, number>;
  readonly events: number;
  /** Incidents expected from the events sent. */
  readonly expectedIncidents: number;
  /** Those of them that need several events. */
  readonly expectedOfWindows: number;
  readonly failedAttempts: number;
  /** Batches after which a host continued although they failed or took too long. */
  readonly batchesGivenUp: number;
  /** Records quarantined because workers were killed at them several times, then redriven. */
  readonly redriven: number;
  /** Events that the ledger recovered, according to the surviving log lines. */
  readonly healedEvents: number;
  /** Stored rows that reconciliation found neither waiting nor acknowledged. */
  readonly requeuedRows: number;
  /** Wanted cells that were not reached, one sentence each with the reason. */
  readonly unreachable: readonly string[];
  readonly stormSeconds: number;
  readonly calmSeconds: number;
}

/** Sends more traffic whenever fewer events than this wait, so batches stay full and a storm never runs dry. */
const BACKLOG = 80;
const LOOK_EVERY_MS = 250;
/**
 * Gives up a cell after this many requests of any kind since a new cell was last reached. While cells are missing,
 * every other matching request becomes one of them.
 */
const REQUESTS_WITHOUT_NEW_CELL = 4_000;
/** After the storm: until all lies were told, or this many requests passed. */
const REQUESTS_FOR_LIES = 8_000;
/** No request from any host for this long, which is far beyond a start on a busy machine. */
const STANDSTILL_MS = 300_000;
const SPARED_SLOT = 0;
/** The times of the records that need others: all their instants are over when they arrive, and none of them is of long ago. */
const REVIEWS_BEFORE_MS = 12 * 3_600_000;

/** Operations differ widely in frequency: rare ones fail more often, so that each cell gets its turn. */
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
/** Derived from the above. Many faults per kill make kills rarer, so that both end at the same time. */
const REQUESTS_PER_ANY_FAULT = 3;

/** One storm over fresh services, then calm until everything sent is processed, then the comparison. */
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
      judges: judging(options.variants.appDirectory),
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
      expectedIncidents: sent.expected().incidents.size + sent.expected().windows.size,
      expectedOfWindows: sent.expected().windows.size,
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

/** Whether too little is left to do. Events that a host skipped are behind no checkpoint, so they are still to do. */
async function isHungry(world: World, sent: ReturnType<typeof traffic>): Promise<boolean> {
  if ((await world.lag()) >= BACKLOG) return false;
  const { incidents, windows } = sent.expected();
  return incidents.size + windows.size - (await world.stored.incidentCount()) < BACKLOG;
}

function wronglyRefused(rows: number, decides: Director): string[] {
  const cells = CELLS.filter(({ operation, kind }) => operation === "ingest" && kind === "413");
  const answers = cells.reduce((sum, cell) => sum + (decides.faults().get(nameOfCell(cell)) ?? 0), 0);
  return rows > answers ? [`${rows} rows are marked as refused after ${answers} answers that refused them`] : [];
}

/** Ends when there was enough of everything. If only cells are missing, the rest of the storm has already ended. */
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

/** Whether no host has sent anything for too long. */
function standstillOf(decides: Director): () => boolean {
  let seen = { requests: -1, at: performance.now() };
  return () => {
    const requests = decides.requestCount();
    if (requests !== seen.requests) seen = { requests, at: performance.now() };
    return performance.now() - seen.at > STANDSTILL_MS;
  };
}

/** Names of required cells that were not reached. */
function missingCells(happened: ReadonlySet<string>): Cell[] {
  return CELLS.filter((cell) => isRequired(cell) && !happened.has(nameOfCell(cell)));
}

/** Sends portions of traffic in turn and collects their expected results. */
function traffic({ seed, partitions, variants }: RoundOptions) {
  const { add, expected } = expectations(variants.appDirectory);
  const reviewsFrom = Date.now() - REVIEWS_BEFORE_MS;
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
      await send(portion(seed, portions, { partitions, reviewsFrom }), world);
      portions += 1;
    },
    events: () => events,
    expected,
  };
}
