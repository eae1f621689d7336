import type { EventHubConsumerClient, ReceivedEventData, Subscription } from "@azure/event-hubs";
import type { HubPosition } from "../core/incident/incident.ts";
import { deferred } from "../core/deferred.ts";
import type { PartitionState } from "../core/ledger/partition-ledger.ts";
import type { SequenceRange } from "../core/ledger/sequence-ranges.ts";
import { CALL_TIMEOUT_MS, HUB_QUIET_SECONDS } from "../core/timing.ts";
import { DependencyError } from "../errors.ts";
import { MACHINE } from "../machine.ts";
import { inTime } from "./calls.ts";

/** The part of the SDK's client that this file uses. */
export type HubClient = Pick<
  EventHubConsumerClient,
  "getEventHubProperties" | "getPartitionProperties" | "subscribe" | "close"
>;

export interface HubEvent {
  readonly body: Uint8Array;
  readonly position: HubPosition;
}

/** The part of a range that was read. */
export interface ReadRange {
  readonly events: readonly HubEvent[];
  /** The hub holds no number of the range up to this one that is missing from the events. */
  readonly readThrough: number;
}

const SERVICE = "Event hub";
/** The SDK's own value, copied because loading the SDK for it costs too much. */
const BEGINNING = { offset: "-1" };

/**
 * The hub as the healer sees it. The healer reads single ranges of a partition again, in its own consumer group and
 * without checkpoints.
 *
 * @param timeoutMs how long one call may take; reading a range may take twice as long
 */
export function auditHub(client: HubClient, timeoutMs = CALL_TIMEOUT_MS, machine = MACHINE) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>, ms = timeoutMs) =>
    inTime(SERVICE, ms, make, machine);

  return {
    async describe(): Promise<{ createdAt: number; partitionIds: readonly string[] }> {
      const { createdOn, partitionIds } = await call((options) => client.getEventHubProperties(options));
      return { createdAt: createdOn.getTime(), partitionIds };
    },

    async partition(partitionId: string): Promise<Omit<PartitionState, "hubCreatedAt">> {
      const found = await call((options) => client.getPartitionProperties(partitionId, options));
      const last = found.lastEnqueuedSequenceNumber;
      return {
        // Of a partition that retention emptied, Azure gives the last event as the first, although it is gone.
        first: found.isEmpty ? last + 1 : found.beginningSequenceNumber,
        last,
        lastEnqueuedAt: last < 0 ? undefined : found.lastEnqueuedOnUtc.getTime(),
      };
    },

    /**
     * Reads at most `limit` events of a range, from its beginning.
     *
     * @throws {DependencyError} when the hub does not answer or refuses
     */
    async read(partitionId: string, range: SequenceRange, limit: number): Promise<ReadRange> {
      return call(({ abortSignal }) => receive(client, { partitionId, range, limit, abortSignal }), timeoutMs * 2);
    },

    async close(): Promise<void> {
      await call(() => client.close());
    },
  };
}

export type AuditHub = ReturnType<typeof auditHub>;

interface Reading {
  readonly partitionId: string;
  readonly range: SequenceRange;
  readonly limit: number;
  readonly abortSignal: AbortSignal;
}

async function receive(client: HubClient, { partitionId, range, limit, abortSignal }: Reading): Promise<ReadRange> {
  const events: HubEvent[] = [];
  let readThrough = range.first - 1;
  const done = deferred<void>();
  abortSignal.addEventListener("abort", () => done.resolve());
  const take = (event: ReceivedEventData): void => {
    readThrough = Math.min(event.sequenceNumber, range.last);
    if (event.sequenceNumber <= range.last) events.push(toHubEvent(partitionId, event));
    if (event.sequenceNumber >= range.last || events.length >= limit) done.resolve();
  };
  const isDone = (): boolean => readThrough >= range.last || events.length >= limit;
  let subscription: Subscription | undefined;
  try {
    subscription = client.subscribe(
      partitionId,
      {
        processEvents(received) {
          for (const event of received) if (!isDone()) take(event);
          if (received.length === 0) done.resolve(); // no event for HUB_QUIET_SECONDS
          return Promise.resolve();
        },
        processError(error) {
          done.reject(new DependencyError(SERVICE, firstLine(error), { cause: error }));
          return Promise.resolve();
        },
      },
      {
        // A partition that never held an event refuses every number but accepts its beginning.
        startPosition: range.first === 0 ? BEGINNING : { sequenceNumber: range.first, isInclusive: true },
        maxBatchSize: limit,
        maxWaitTimeInSeconds: HUB_QUIET_SECONDS,
        prefetchCount: limit,
        skipParsingBodyAsJson: true,
      },
    );
    await done.promise;
  } finally {
    await subscription?.close();
  }
  return { events, readThrough };
}

function toHubEvent(partitionId: string, event: ReceivedEventData): HubEvent {
  return {
    body: bytesOf(event.body),
    position: {
      partitionId,
      sequenceNumber: event.sequenceNumber,
      enqueuedTime: event.enqueuedTimeUtc.toISOString(),
    },
  };
}

/** Exports are bytes. An AMQP value from another sender has no bytes, so pimwatch keeps its JSON. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : (JSON.stringify(body) ?? ""));
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}
