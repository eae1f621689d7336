import { MessagingError } from "@azure/event-hubs";
import { RestError } from "@azure/storage-blob";
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
  /** When the last event arrived, even if it was dropped since. */
  lastEnqueuedAt: number;
  /** The number that the trigger reads next: the host's checkpoint. */
  checkpoint: number;
}

/** Where a receiver begins that wants everything. */
const BEGINNING = -1;
/** The last enqueued time of a partition that never held an event. */
const NEVER = Date.parse("0001-01-01");

export type MemoryHub = ReturnType<typeof memoryHub>;

/**
 * An event hub in memory: partitions with numbered events, the checkpoints of its one reader, and the client that the
 * healer uses. test/simulation/hub-contract.test.ts compares the client with the SDK's client and the local stand-in.
 *
 * It does not imitate: AMQP, links and credits, offsets, several consumer groups, the limit of five receivers, a partition
 * count that changes, abort signals, a client that is used after it was closed, fields of answers that the app does not
 * read, start positions other than the beginning and an inclusive number. An event that arrives while a receiver waits is
 * delivered when the wait is over; the real client delivers it at once.
 */
export function memoryHub(partitionCount: number, timeline: Timeline) {
  const newPartitions = (): Partition[] =>
    Array.from({ length: partitionCount }, () => ({ events: [], next: 0, lastEnqueuedAt: NEVER, checkpoint: 0 }));
  const waiting: (() => void)[] = [];
  const state = { createdAt: timeline.now(), partitions: newPartitions() };
  const ids = state.partitions.map((_, index) => String(index));

  function wake(): void {
    for (const resolve of waiting.splice(0)) resolve();
  }

  function partition(id: number | string): Partition {
    const found = state.partitions[Number(id)];
    if (found === undefined) throw refusal("ArgumentOutOfRangeError", `the hub has no partition ${id}`);
    return found;
  }

  function heldFrom(id: number | string, first: number, limit: number): HubEvent[] {
    return partition(id)
      .events.filter(({ sequenceNumber }) => sequenceNumber >= first)
      .slice(0, limit);
  }

  /** The events that a receiver gets next. */
  function receivable(id: string, { from, lastSeen, limit }: Receiver): HubEvent[] {
    const known = lastSeen ?? from;
    const last = partition(id).next - 1;
    // This happens to receivers whose hub is created again, too.
    if (known > last)
      throw refusal("ArgumentError", `the supplied sequence number ${known} is invalid: the last is ${last}`);
    return heldFrom(id, lastSeen === undefined ? from : lastSeen + 1, limit);
  }

  /** The healer's client in a process. */
  function clientFor(process: Reach): HubClient {
    const subscriptions = new Set<Subscription>();

    async function call<T>(operation: string, effect: () => T): Promise<T> {
      try {
        return await process.call("hub", operation, effect);
      } catch (error) {
        throw error instanceof RestError ? withoutStatus(error) : error;
      }
    }

    function subscribe(id: string, handlers: Handlers, options: Options): Subscription {
      const { startPosition, maxBatchSize: limit = 10, maxWaitTimeInSeconds = 60 } = options;
      const from = "sequenceNumber" in startPosition ? startPosition.sequenceNumber : BEGINNING;
      const subscription = { isOpen: true, close: () => Promise.resolve(void (subscription.isOpen = false)) };
      let lastSeen: number | undefined;
      const take = () => call(`receive from ${id}`, () => receivable(id, { from, lastSeen, limit }));
      const receive = async (): Promise<void> => {
        while (subscription.isOpen) {
          let received = await take();
          if (received.length === 0 && subscription.isOpen) {
            await process.wait(maxWaitTimeInSeconds * 1_000);
            received = await take();
          }
          if (!subscription.isOpen) return;
          lastSeen = received.at(-1)?.sequenceNumber ?? lastSeen;
          await handlers.processEvents(received.map(asReceived));
        }
      };
      receive().catch((error: unknown) => (subscription.isOpen ? handlers.processError(error) : undefined));
      subscriptions.add(subscription);
      return subscription;
    }

    const client = {
      getEventHubProperties: () =>
        call("properties", () => ({ createdOn: new Date(state.createdAt), partitionIds: ids })),
      getPartitionProperties: (id: string) =>
        call(`properties of ${id}`, () => {
          const { events, next, lastEnqueuedAt } = partition(id);
          return {
            isEmpty: events.length === 0,
            // Of a partition that was emptied, Azure gives the last event as the first.
            beginningSequenceNumber: events[0]?.sequenceNumber ?? Math.max(0, next - 1),
            lastEnqueuedSequenceNumber: next - 1,
            lastEnqueuedOnUtc: new Date(lastEnqueuedAt),
          };
        }),
      subscribe,
      async close(): Promise<void> {
        for (const subscription of subscriptions) await subscription.close();
      },
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
      target.lastEnqueuedAt = event.enqueuedTime;
      wake();
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
      wake();
    },

    /** Ends when the next event is sent to any partition, or the hub is created again. */
    change: (): Promise<void> => new Promise((resolve) => void waiting.push(resolve)),
  };
}

interface Receiver {
  readonly from: number;
  readonly lastSeen: number | undefined;
  readonly limit: number;
}

interface Subscription {
  close(): Promise<void>;
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

/** As the SDK tells of a request that the hub refuses. */
function refusal(code: string, message: string): MessagingError {
  return Object.assign(new MessagingError(message), { code, retryable: false });
}

/** A fault of the simulation as the hub's client reports it: its errors have no status. */
function withoutStatus({ message }: RestError): MessagingError {
  return Object.assign(new MessagingError(message), { code: "ServerBusyError" });
}
