import { BATCH_RETRIES } from "../src/core/timing.ts";
import { isMistake } from "../src/errors.ts";
import { detectDelivered } from "../src/invocations/audit-events.ts";
import { runLedgerTimer } from "../src/invocations/ledger-timer.ts";
import type { Log } from "../src/invocations/log.ts";
import { runOutboxTimer } from "../src/invocations/outbox-timer.ts";
import { runReconciliationTimer } from "../src/invocations/reconciliation-timer.ts";
import { runInvocation } from "../src/invocations/run-invocation.ts";
import type { Services } from "../src/wiring.ts";
import type { WorkerProcess } from "./process.ts";
import type { HubEvent, MemoryHub } from "./services/memory-hub.ts";

const TIMERS = {
  "ledger-timer": runLedgerTimer,
  "outbox-timer": runOutboxTimer,
  "reconciliation-timer": runReconciliationTimer,
} as const;
export type TimerName = keyof typeof TIMERS;

/** Which process reads each partition, and until when its claim holds unless it renews it. */
export type Leases = Map<number, { owner: WorkerProcess; until: number }>;

export interface HostDependencies {
  readonly process: WorkerProcess;
  readonly hub: MemoryHub;
  readonly leases: Leases;
  readonly services: () => Promise<Services>;
  readonly log: Log;
  /** Virtual time, in milliseconds since 1970. */
  now(): number;
  note(line: string): void;
  /** An error that no service explains. */
  bug(error: unknown): void;
  /** These events were delivered, and the invocation says that it did what it should. */
  succeeded(events: readonly HubEvent[]): void;
}

const RENEWED_EVERY_MS = 5_000;
const LEASE_MS = 15_000;
const LOOKS_EVERY_MS = 1_000;
const BATCH_EVENTS = 8;
const { minimumInterval, maximumInterval } = BATCH_RETRIES;

/**
 * The Functions host on one machine: it claims partitions, delivers their events in batches, retries a batch for ever, and
 * writes a checkpoint after a batch that succeeded. A process that loses a partition finishes what it is doing, as in Azure.
 *
 * It does not imitate: the worker's own crash on one record, host.json's concurrency, checkpoints that fail, shutdown in an
 * orderly way.
 */
export function functionHost({ process, hub, leases, services, log, now, note, bug, succeeded }: HostDependencies) {
  const owns = (id: number): boolean => process.isAlive() && leases.get(id)?.owner === process;
  const runs = (work: (deps: Services) => Promise<void>): Promise<void> =>
    runInvocation(async () => work(await services()), undefined, process.machine);

  async function deliverAll(id: number): Promise<void> {
    let { createdAt } = hub.state;
    let next = hub.partition(id).checkpoint;
    while (owns(id)) {
      if (hub.state.createdAt !== createdAt) [createdAt, next] = [hub.state.createdAt, 0];
      const batch = hub.heldFrom(id, next, BATCH_EVENTS);
      const last = batch.at(-1);
      if (last === undefined) {
        await process.wait(LOOKS_EVERY_MS);
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
        if (isDone) succeeded(batch);
        if (isDone || !owns(id) || hub.state.createdAt !== createdAt) break;
        const backOff = minimumInterval.seconds * 1_000 * 2 ** retryCount;
        await process.wait(Math.min(backOff, maximumInterval.minutes * 60_000));
      }
      if (!owns(id) || hub.state.createdAt !== createdAt) continue;
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
          leases.set(id, { owner: process, until: now() + LEASE_MS });
          note(`${process.name} claims partition ${id}`);
          void deliverAll(id);
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
      if (isMistake(error)) bug(error);
      return false;
    }
  }

  return {
    process,
    start: (): void => void claimPartitions(),
    async runTimer(name: TimerName): Promise<void> {
      await succeeds(() => runs((deps) => TIMERS[name](deps, log)));
    },
  };
}

export type FunctionHost = ReturnType<typeof functionHost>;
