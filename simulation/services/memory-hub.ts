import type { HubClient } from "../../src/azure/audit-hub.ts";
import type { Reach } from "../process.ts";
import type { Timeline } from "../timeline.ts";

/** An event as the hub keeps it. */
export interface HubEvent {
  readonly sequenceNumber: number;
  readonly enqueuedTime: number;
  readonly body: Uint8Array;
}

interface Partition {
  readonly events: HubEvent[];
  /** The number of the next event. */
  next: number;
  /** The number that the trigger reads next: the host's checkpoint. */
  checkpoint: number;
}

export type MemoryHub = ReturnType<typeof memoryHub>;

/**
 * An event hub in memory: partitions with numbered events, the checkpoints of its one reader, and the client that the
 * healer uses.
 *
 * It does not imitate: AMQP, links and credits, offsets, several consumer groups, a partition count that changes.
 */
export function memoryHub(partitionCount: number, timeline: Timeline) {
  const newPartitions = (): Partition[] =>
    Array.from({ length: partitionCount }, () => ({ events: [], next: 0, checkpoint: 0 }));
  const state = { createdAt: timeline.now(), partitions: newPartitions() };
  const ids = state.partitions.map((_, index) => String(index));

  function partition(id: number | string): Partition {
    const found = state.partitions[Number(id)];
    if (found === undefined) throw new Error(`the hub has no partition ${id}`);
    return found;
  }

  function heldFrom(id: number | string, first: number, limit: number): HubEvent[] {
    return partition(id)
      .events.filter(({ sequenceNumber }) => sequenceNumber >= first)
      .slice(0, limit);
  }

  /** The healer's client in a process. */
  function clientFor(process: Reach): HubClient {
    const client = {
      getEventHubProperties: () =>
        process.call("hub", "properties", () => ({ createdOn: new Date(state.createdAt), partitionIds: ids })),
      getPartitionProperties: (id: string) =>
        process.call("hub", `properties of ${id}`, () => {
          const { events, next } = partition(id);
          const last = events.at(-1);
          return {
            isEmpty: events.length === 0,
            // Of a partition that was emptied, Azure gives the last event as the first.
            beginningSequenceNumber: events[0]?.sequenceNumber ?? Math.max(0, next - 1),
            lastEnqueuedSequenceNumber: next - 1,
            lastEnqueuedOnUtc: new Date(last?.enqueuedTime ?? 0),
          };
        }),
      subscribe(id: string, handlers: Handlers, { startPosition, maxBatchSize = 10, ...options }: Options) {
        const subscription = { isOpen: true };
        let next = "sequenceNumber" in startPosition ? startPosition.sequenceNumber : 0;
        const quietMs = (options.maxWaitTimeInSeconds ?? 60) * 1_000;
        const receive = async (): Promise<void> => {
          while (subscription.isOpen) {
            const received = await process.call("hub", `receive from ${id}`, () => heldFrom(id, next, maxBatchSize));
            if (!subscription.isOpen) return;
            if (received.length === 0) await process.wait(quietMs);
            next = (received.at(-1)?.sequenceNumber ?? next - 1) + 1;
            await handlers.processEvents(received.map(asReceived));
          }
        };
        receive().catch((error: unknown) => handlers.processError(error));
        return { close: () => Promise.resolve(void (subscription.isOpen = false)) };
      },
      close: () => Promise.resolve(),
    };
    return client as unknown as HubClient;
  }

  return {
    state,
    partitionCount,
    partition,
    heldFrom,
    clientFor,

    send(id: number, body: Uint8Array): HubEvent {
      const target = partition(id);
      const event = { sequenceNumber: target.next, enqueuedTime: timeline.now(), body };
      target.events.push(event);
      target.next += 1;
      return event;
    },

    /** Drops the oldest events, as retention does. */
    drop(id: number, count: number): HubEvent[] {
      return partition(id).events.splice(0, count);
    },

    /** The hub is deleted and created again. */
    recreate(): void {
      state.createdAt = timeline.now();
      state.partitions = newPartitions();
    },
  };
}

interface Handlers {
  processEvents(received: readonly object[]): Promise<void>;
  processError(error: unknown): Promise<void>;
}

interface Options {
  readonly startPosition: { readonly offset: string } | { readonly sequenceNumber: number };
  readonly maxBatchSize?: number;
  readonly maxWaitTimeInSeconds?: number;
}

function asReceived({ sequenceNumber, enqueuedTime, body }: HubEvent): object {
  return { sequenceNumber, enqueuedTimeUtc: new Date(enqueuedTime), body };
}
