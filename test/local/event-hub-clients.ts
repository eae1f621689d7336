import { EventHubConsumerClient, EventHubProducerClient, type EventPosition } from "@azure/event-hubs";
import type { ReceivedEventData, SubscribeOptions } from "@azure/event-hubs";
import rhea, { type Connection } from "rhea";
import { onTestFinished } from "vitest";
import { startEventHub, type EventHubOptions, type EventHubStandIn } from "../../local/event-hub/event-hub.ts";

/** Some tests inject faults: retry at once, not after the client's 30 seconds. */
const retryOptions = { retryDelayInMs: 5, maxRetryDelayInMs: 5, maxRetries: 20 };

export const HUB = "audit";

/** A hub `audit` with two partitions and the consumer groups `$Default` and `healer`, closed after the test. */
export async function startedHub(options: Partial<EventHubOptions> = {}): Promise<EventHubStandIn> {
  const hub = await startEventHub({ hubs: [{ name: HUB, partitions: 2, consumerGroups: ["healer"] }], ...options });
  onTestFinished(() => hub.close());
  return hub;
}

export function producerOf(hub: EventHubStandIn, name = HUB): EventHubProducerClient {
  const producer = new EventHubProducerClient(hub.connectionString, name, { retryOptions });
  onTestFinished(() => producer.close());
  return producer;
}

export function consumerOf(hub: EventHubStandIn, group = "$Default", name = HUB): EventHubConsumerClient {
  const consumer = new EventHubConsumerClient(group, hub.connectionString, name, { retryOptions });
  onTestFinished(() => consumer.close());
  return consumer;
}

/** A plain AMQP client, for requests that the Azure client cannot make. */
export function rheaConnection(hub: EventHubStandIn): Connection {
  const connection = rhea
    .create_container()
    .connect({ host: "127.0.0.1", port: hub.port, username: "any", reconnect: false });
  onTestFinished(async () => {
    const closed = Promise.withResolvers<void>();
    connection.once("connection_close", () => closed.resolve());
    connection.close();
    await closed.promise;
  });
  return connection;
}

type ReadingError = Error & { readonly code?: string | undefined };

export interface Reading {
  readonly events: readonly ReceivedEventData[];
  readonly errors: readonly ReadingError[];
  /** Resolves as soon as the condition holds; it is checked after every delivery and error. */
  until(condition: (reading: Reading) => boolean): Promise<Reading>;
  stop(): Promise<void>;
}

/** Reads one partition and keeps the events. Bodies stay bytes. */
export function reading(
  consumer: EventHubConsumerClient,
  partition: string,
  startPosition: EventPosition,
  options: SubscribeOptions = {},
): Reading {
  const events: ReceivedEventData[] = [];
  const errors: ReadingError[] = [];
  let waiting: (() => void)[] = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const subscription = consumer.subscribe(
    partition,
    {
      async processEvents(received) {
        events.push(...received);
        wake();
      },
      async processError(error) {
        // After attempts with different errors the client reports all of them in one error.
        errors.push(...(error instanceof AggregateError ? error.errors : [error]));
        wake();
      },
    },
    // The client notices a broken connection only after a batch; the wait bounds this.
    { startPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 0.2, skipParsingBodyAsJson: true, ...options },
  );
  const self: Reading = {
    events,
    errors,
    async until(condition) {
      while (!condition(self)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        await promise;
      }
      return self;
    },
    stop: () => subscription.close(),
  };
  return self;
}

/** The first `count` events from a position on. */
export async function firstEvents(
  consumer: EventHubConsumerClient,
  partition: string,
  startPosition: EventPosition,
  count: number,
): Promise<readonly ReceivedEventData[]> {
  const read = reading(consumer, partition, startPosition);
  await read.until(({ events, errors }) => events.length >= count || errors.length > 0);
  await read.stop();
  if (read.errors[0] !== undefined) throw read.errors[0];
  return read.events;
}

export function bodies(events: readonly ReceivedEventData[]): Buffer[] {
  return events.map(({ body }) => Buffer.from(body));
}

export function texts(events: readonly ReceivedEventData[]): string[] {
  return bodies(events).map((body) => body.toString("utf8"));
}

/** Buffers with `NAME 0`, `NAME 1` and so on. */
export function numbered(name: string, count: number): { body: Buffer }[] {
  return Array.from({ length: count }, (_, index) => ({ body: Buffer.from(`${name} ${index}`) }));
}
