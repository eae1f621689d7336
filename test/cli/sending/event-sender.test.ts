import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from "@azure/event-hubs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEventHub, type EventHubStandIn } from "../../../local/event-hub/event-hub.ts";
import { sendEvents } from "../../../cli/sending/event-sender.ts";
import { DependencyError, UsageError } from "../../../src/errors.ts";

let hub: EventHubStandIn;
beforeAll(async () => {
  hub = await startEventHub({
    hubs: ["whole", "large", "stopped"].map((name) => ({ name, partitions: 1, consumerGroups: [] })),
  });
});
afterAll(() => hub.close());

const event = (body: Uint8Array | string, where = "test") => ({ body: Buffer.from(body), where });

test("every event arrives unchanged and in order, however many batches that takes", async () => {
  const bodies = Array.from({ length: 40 }, (_, index) =>
    Uint8Array.from({ length: 60_000 }, (_byte, at) => (at * 31 + index) % 256),
  );
  const progress: number[] = [];

  const sent = await sending("whole", (producer) =>
    sendEvents(
      producer,
      bodies.map((body) => event(body)),
      { onProgress: ({ events }) => void progress.push(events) },
    ),
  );

  expect(sent).toEqual({ events: 40, bytes: 2_400_000 });
  expect(progress.length).toBeGreaterThan(1);
  expect(progress.at(-1)).toBe(40);
  expect(await received("whole", 40)).toEqual(bodies.map((body) => Buffer.from(body)));
});

test("an event that is too large for the hub is named; those before it were sent", async () => {
  const events = [event("{}", "a.ndjson:1"), event(Buffer.alloc(1_100_000), "a.ndjson:2"), event("{}", "a.ndjson:3")];

  const outcome = sending("large", (producer) => sendEvents(producer, events));

  await expect(outcome).rejects.toThrow(UsageError);
  await expect(outcome).rejects.toThrow(
    /^a\.ndjson:2: this event has 1100000 bytes, and the hub accepts at most 1048576 bytes .* 1 earlier event sent\./,
  );
  expect(await received("large", 1)).toEqual([Buffer.from("{}")]);
});

test("sending ends at the next event after a stop request", async () => {
  const stopping = new AbortController();
  const events = (function* () {
    yield event("1");
    stopping.abort();
    yield event("2");
  })();

  expect(await sending("stopped", (producer) => sendEvents(producer, events, { stopping: stopping.signal }))).toEqual({
    events: 1,
    bytes: 1,
  });
});

test("a hub that cannot be reached gives an error of one line", async () => {
  const outcome = sending("nowhere", (producer) => sendEvents(producer, [event("{}")]));

  await expect(outcome).rejects.toThrow(DependencyError);
  await expect(outcome).rejects.toThrow(/^Event hub: .*nowhere.*$/);
});

async function sending<T>(name: string, send: (producer: EventHubProducerClient) => Promise<T>): Promise<T> {
  const producer = new EventHubProducerClient(hub.connectionString, name, { retryOptions: { maxRetries: 0 } });
  try {
    return await send(producer);
  } finally {
    await producer.close();
  }
}

async function received(name: string, count: number): Promise<Buffer[]> {
  const consumer = new EventHubConsumerClient("$Default", hub.connectionString, name);
  const bodies: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const subscription = consumer.subscribe(
    {
      async processEvents(events) {
        for (const { body } of events) if (Buffer.isBuffer(body)) bodies.push(body);
        if (bodies.length >= count) resolve();
      },
      async processError(error) {
        reject(error);
      },
    },
    { startPosition: earliestEventPosition, skipParsingBodyAsJson: true },
  );
  await promise;
  await subscription.close();
  await consumer.close();
  return bodies;
}
