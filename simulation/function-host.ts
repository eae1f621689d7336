import { BATCH_RETRIES } from "../src/core/timing.ts";
import { isMistake } from "../src/errors.ts";
import { detectDelivered } from "../src/invocations/audit-events.ts";
import { runLedgerTimer } from "../src/invocations/ledger-timer.ts";
import type { Log } from "../src/invocations/log.ts";
import { runOutboxTimer } from "../src/invocations/outbox-timer.ts";
import { runReconciliationTimer } from "../src/invocations/reconciliation-timer.ts";
import { runWindowTimer } from "../src/invocations/window-timer.ts";
import { runInvocation } from "../src/invocations/run-invocation.ts";
import type { Services } from "../src/wiring.ts";
import type { WorkerProcess } from "./process.ts";
import type { HubEvent, MemoryHub } from "./services/memory-hub.ts";

const TIMERS = {
  "ledger-timer": runLedgerTimer,
  "outbox-timer": runOutboxTimer,
  "reconciliation-timer": runReconciliationTimer,
  "window-timer": runWindowTimer,
} as const;
export type TimerName = keyof typeof TIMERS;

/** A host's claim of a partition, which holds until this time unless it is renewed. */
interface Lease {
  readonly owner: WorkerProcess;
  until: number;
}

/** Which host reads each partition. */
export type Leases = Map<number, Lease>;

/** The process in which the app runs. */
export interface Worker {
  readonly process: WorkerProcess;
  readonly services: () => Promise<Services>;
}

export interface HostDependencies {
  /** The host's own process. */
  readonly process: WorkerProcess;
  startWorker(): Worker;
  /** The host gives up: it dies, and starts anew. */
  restart(): void;
  readonly hub: MemoryHub;
  readonly leases: Leases;
  readonly log: Log;
  /** Virtual time, in milliseconds since 1970. */
  now(): number;
  note(line: string): void;
  workerDied(): void;
  /** An error that no service explains. */
  bug(error: unknown): void;
  /** These events were delivered, and the invocation says that it did what it should. */
  succeeded(events: readonly HubEvent[]): void;
}

const RENEWED_EVERY_MS = 5_000;
const LEASE_MS = 15_000;
const LONGEST_ARRIVAL_MS = 1_000;
/** With two incidents in each event, more rows than one transaction of the table takes. */
const BATCH_EVENTS = 16;
const WORKER_BACK_MS = 4_000;
/** `functionTimeout` of host.json. */
const FUNCTION_TIMEOUT_MS = 300_000;
const MOST_WORKER_DEATHS = 3;
const { minimumInterval, maximumInterval } = BATCH_RETRIES;

/**
 * The Functions host on one machine: it claims partitions, delivers their events in batches, retries a batch for ever, and
 * writes a checkpoint after a batch that succeeded. A host that loses a partition finishes what it is doing, as in Azure.
 * If its worker dies, it starts another one and tries the batch again; at the third death it restarts itself. It kills a
 * worker whose invocation takes longer than functionTimeout.
 *
 * It does not imitate: host.json's concurrency, checkpoints that fail, shutdown in an orderly way.
 */
export function functionHost(dependencies: HostDependencies) {
  const { process, hub, leases, log, now, note, startWorker, restart } = dependencies;
  let worker: Promise<Worker>;
  let deaths = 0;

  /** @throws when the app does, or when its worker dies */
  async function runs(work: (services: Services) => Promise<void>): Promise<void> {
    const { process: itself, services } = await worker;
    const invocation = runInvocation(async () => work(await services()), undefined, itself.machine);
    const death = itself.death.then(() => {
      throw new WorkerDeath();
    });
    let isOver = false;
    process.machine.after(FUNCTION_TIMEOUT_MS, () => {
      if (isOver) return;
      dependencies.bug(new Error("an invocation ran into functionTimeout"));
      loseWorker(itself);
    });
    try {
      await Promise.race([invocation, death]);
    } finally {
      isOver = true;
    }
  }

  function loseWorker(itself: WorkerProcess): void {
    if (!itself.isAlive()) return;
    note(`${itself.name} dies`);
    itself.die();
    dependencies.workerDied();
    deaths += 1;
    if (deaths === MOST_WORKER_DEATHS) restart();
    else worker = process.wait(WORKER_BACK_MS).then(startWorker);
  }

  async function deliverAll(id: number, lease: Lease): Promise<void> {
    const isOwned = (): boolean => process.isAlive() && leases.get(id) === lease;
    let { createdAt } = hub.state;
    let next = hub.partition(id).checkpoint;
    while (isOwned()) {
      if (hub.state.createdAt !== createdAt) [createdAt, next] = [hub.state.createdAt, 0];
      const batch = hub.heldFrom(id, next, BATCH_EVENTS);
      const last = batch.at(-1);
      if (last === undefined) {
        await hub.change();
        await process.wait(process.machine.random() * LONGEST_ARRIVAL_MS);
        continue;
      }
      const delivered = {
        bodies: batch.map(({ body }) => body),
        metadata: {
          partitionContext: { partitionId: String(id) },
          sequenceNumberArray: batch.map(({ sequenceNumber }) => sequenceNumber),
          enqueuedTimeUtcArray: batch.map(({ enqueuedTime }) => new Date(enqueuedTime).toISOString()),
        },
      };
      for (let retryCount = 0; ; retryCount += 1) {
        note(`${process.name} delivers ${id}/${batch[0]?.sequenceNumber}-${last.sequenceNumber} try ${retryCount + 1}`);
        const isDone = await succeeds(() => runs((deps) => detectDelivered({ ...delivered, retryCount }, deps, log)));
        if (isDone) dependencies.succeeded(batch);
        if (isDone || !isOwned() || hub.state.createdAt !== createdAt) break;
        const backOff = minimumInterval.seconds * 1_000 * 2 ** retryCount;
        await process.wait(Math.min(backOff, maximumInterval.minutes * 60_000));
      }
      if (!isOwned() || hub.state.createdAt !== createdAt) continue;
      next = last.sequenceNumber + 1;
      hub.partition(id).checkpoint = next;
    }
  }

  async function claimPartitions(): Promise<void> {
    while (process.isAlive()) {
      for (let id = 0; id < hub.partitionCount; id += 1) {
        const lease = leases.get(id);
        if (lease?.owner === process) lease.until = now() + LEASE_MS;
        else if (lease === undefined || lease.until < now() || isTooMuch(lease.owner)) {
          const claimed = { owner: process, until: now() + LEASE_MS };
          leases.set(id, claimed);
          note(`${process.name} claims partition ${id}`);
          void deliverAll(id, claimed);
        }
      }
      await process.wait(RENEWED_EVERY_MS);
    }
  }

  /** Whether another process has at least two partitions more than this one, so that this one takes one of them. */
  function isTooMuch(owner: WorkerProcess): boolean {
    const count = (who: WorkerProcess): number => [...leases.values()].filter((lease) => lease.owner === who).length;
    return count(owner) >= count(process) + 2;
  }

  async function succeeds(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      note(`${process.name} fails: ${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)}`);
      if (!(error instanceof WorkerDeath) && isMistake(error)) dependencies.bug(error);
      return false;
    }
  }

  return {
    process,
    start(): void {
      worker = Promise.resolve(startWorker());
      void claimPartitions();
    },

    /** The worker dies of what it does. */
    loseWorker,

    /** Host and worker die. */
    async die(): Promise<void> {
      process.die();
      (await worker).process.die();
    },

    runTimer: (name: TimerName): Promise<boolean> => succeeds(() => runs((services) => TIMERS[name](services, log))),
    /** Answers a request of a person. */
    answer: (request: (services: Services) => Promise<void>): Promise<boolean> => succeeds(() => runs(request)),
  };
}

class WorkerDeath extends Error {
  override readonly message = "the worker died";
}

export type FunctionHost = ReturnType<typeof functionHost>;
