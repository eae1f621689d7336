/*
 * The event hub stand-in, driven by Microsoft's .NET client, which the Functions host uses. It is stricter than the
 * JavaScript client about the order of frames.
 */
import { EventHubProducerClient } from "@azure/event-hubs";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { startEventHub, type EventHubStandIn } from "../../local/event-hub/event-hub.ts";
import { buildClient, runClient } from "./dotnet-client.ts";

const HUB = "audit";

beforeAll(buildClient);

async function startedHub(): Promise<EventHubStandIn> {
  const hub = await startEventHub({ hubs: [{ name: HUB, partitions: 2, consumerGroups: ["healer"] }] });
  onTestFinished(() => hub.close());
  return hub;
}

/** Sends the bodies "FROM", "FROM + 1" and so on to a partition. */
async function send(hub: EventHubStandIn, partitionId: string, { from = 0, count }: { from?: number; count: number }) {
  const producer = new EventHubProducerClient(hub.connectionString, HUB);
  const bodies = Array.from({ length: count }, (_, index) => ({ body: Buffer.from(String(from + index)) }));
  await producer.sendBatch(bodies, { partitionId });
  await producer.close();
}

test("a producer reads the properties of the hub and of a partition", async () => {
  const hub = await startedHub();

  expect(await runClient({ scenario: "properties", hub, hubName: HUB })).toEqual({
    Name: HUB,
    PartitionIds: ["0", "1"],
    Id: "1",
    IsEmpty: true,
    BeginningSequenceNumber: 0,
    LastEnqueuedSequenceNumber: -1,
    LastEnqueuedOffsetString: "-1",
    Created: true,
  });
});

test("single events, keyed ones and batches arrive", async () => {
  const hub = await startedHub();

  expect(await runClient({ scenario: "send", hub, hubName: HUB })).toEqual({
    Count: 100,
    MaximumSizeInBytes: 1_048_576,
  });
  expect(hub.partition(HUB, "0").count + hub.partition(HUB, "1").count).toBe(103);
  expect(hub.partition(HUB, "1").count).toBeGreaterThanOrEqual(100);
});

test("an event that is too large is refused", async () => {
  const hub = await startedHub();

  expect(await runClient({ scenario: "too-large", hub, hubName: HUB })).toEqual({
    fits: false,
    error: "MessageSizeExceeded",
  });
  expect(hub.partition(HUB, "0").count + hub.partition(HUB, "1").count).toBe(0);
});

test("a buffered producer sends everything queued", async () => {
  const hub = await startedHub();

  expect(await runClient({ scenario: "buffered", hub, hubName: HUB, count: 3_000 })).toEqual({
    succeeded: 3_000,
    failed: 0,
    TotalBufferedEventCount: 0,
  });
  expect(hub.partition(HUB, "0").count + hub.partition(HUB, "1").count).toBe(3_000);
});

test("a consumer begins at every kind of position", async () => {
  const hub = await startedHub();
  await send(hub, "0", { count: 10 });

  const whenReady = () => send(hub, "0", { from: 10, count: 1 });
  expect(await runClient({ scenario: "positions", hub, hubName: HUB, whenReady })).toEqual({
    earliest: "0",
    offset: "6",
    "offset, inclusive": "5",
    number: "6",
    "number, inclusive": "5",
    "time before all": "0",
    latest: "10",
  });
});

test("without retries, 500 links open at a position and get the event there", async () => {
  const hub = await startedHub();
  await send(hub, "0", { count: 10 });

  expect(await runClient({ scenario: "opens", hub, hubName: HUB, count: 500 })).toEqual({ read: 500, failures: [] });
});

test("a refusal is an error with the client's own reason", async () => {
  const hub = await startedHub();
  await send(hub, "0", { count: 10 });

  expect(await runClient({ scenario: "refusals", hub, hubName: HUB })).toEqual({
    "no such hub": "ResourceNotFound",
    "no such group": "ResourceNotFound",
    "no such partition": "ArgumentOutOfRangeException",
    "lower owner level": "ConsumerDisconnected",
    "no owner level": "ConsumerDisconnected",
    "beyond the end": "ArgumentException",
    "properties of no such partition": "ArgumentOutOfRangeException",
  });
});

test("a sixth reader of a partition in one consumer group is refused until one of the five leaves", async () => {
  const hub = await startedHub();
  await send(hub, "0", { count: 10 });

  expect(await runClient({ scenario: "readers", hub, hubName: HUB })).toEqual([
    null,
    null,
    null,
    null,
    null,
    "QuotaExceeded",
    null,
  ]);
});

test("a reader continues after every connection broke", async () => {
  const hub = await startedHub();
  await send(hub, "0", { count: 5 });

  const whenReady = async () => {
    await hub.drop();
    await send(hub, "0", { from: 5, count: 5 });
  };
  expect(await runClient({ scenario: "reconnect", hub, hubName: HUB, whenReady })).toEqual(
    Array.from({ length: 10 }, (_, index) => String(index)),
  );
});

test("a processor continues after its checkpoints", async () => {
  const hub = await startedHub();
  await send(hub, "0", { count: 1_000 });
  await send(hub, "1", { count: 1_000 });

  const whenReady = () => send(hub, "1", { from: 1_000, count: 1 });
  expect(await runClient({ scenario: "processor", hub, hubName: HUB, count: 2_000, whenReady })).toEqual({
    first: 2_000,
    again: ["1/1000"],
  });
});

test("a processor takes over the partitions of one that stopped", async () => {
  const hub = await startedHub();
  const whenReady = async () => {
    await send(hub, "0", { count: 500 });
    await send(hub, "1", { count: 500 });
  };

  expect(await runClient({ scenario: "takeover", hub, hubName: HUB, count: 1_000, whenReady })).toEqual({
    distinct: 1_000,
    errors: [],
  });
});
