import { once } from "node:events";
import { connect } from "node:net";
import { earliestEventPosition, latestEventPosition } from "@azure/event-hubs";
import rhea, { type EventContext } from "rhea";
import { expect, onTestFinished, test, vi } from "vitest";
import { startEventHub } from "../../local/event-hub/event-hub.ts";
import {
  bodies,
  consumerOf,
  firstEvents,
  HUB,
  numbered,
  producerOf,
  reading,
  rheaConnection,
  startedHub,
  texts,
} from "./event-hub-clients.ts";

test("delivers the bytes of a body exactly as they were sent", async () => {
  const hub = await startedHub();
  const sent = [
    Buffer.from('{"records":[]}'),
    Buffer.alloc(0),
    Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]),
    Buffer.from("\uFEFFéß"),
    Buffer.alloc(300_000, 7),
  ];

  await producerOf(hub).sendBatch(
    sent.map((body) => ({ body })),
    { partitionId: "1" },
  );

  const events = await firstEvents(consumerOf(hub), "1", earliestEventPosition, sent.length);
  expect(bodies(events)).toEqual(sent);
});

test("keeps JSON, value and sequence bodies, properties and annotations as the client encodes them", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  const consumer = consumerOf(hub);
  const batch = await producer.createBatch({ partitionId: "0" });
  const added = [
    {
      body: { a: [1, "é"] },
      properties: { text: "t", whole: 7, half: 0.5, yes: true, when: new Date(5) },
      contentType: "application/json",
      correlationId: "c",
      messageId: "m",
    },
    { body: "text" },
    { body: { k: true }, bodyType: "value" as const },
    { body: [1, "two"], bodyType: "sequence" as const, messageAnnotations: { "x-own": "kept" } },
  ].map((event) => batch.tryAdd(event));
  await producer.sendBatch(batch);

  const read = reading(consumer, "0", earliestEventPosition, { skipParsingBodyAsJson: false });
  await read.until(({ events }) => events.length === 4);

  expect(added).toEqual([true, true, true, true]);
  expect(read.events.map(({ body }) => body as unknown)).toEqual([{ a: [1, "é"] }, "text", { k: true }, [1, "two"]]);
  expect(read.events[0]).toMatchObject({
    properties: { text: "t", whole: 7, half: 0.5, yes: true, when: 5 },
    contentType: "application/json",
    correlationId: "c",
    messageId: "m",
  });
  expect(read.events[3]?.systemProperties).toEqual({ "x-own": "kept" });
});

test("takes a single message that is not a batch", async () => {
  const hub = await startedHub();
  const connection = rheaConnection(hub);
  const accepted = Promise.withResolvers<void>();
  connection.on("accepted", () => accepted.resolve());
  connection.once("sendable", ({ sender }: EventContext) =>
    sender?.send({ body: rhea.message.data_section(Buffer.from("one")), application_properties: { n: 1 } }),
  );
  connection.open_sender(`${HUB}/Partitions/1`);

  await accepted.promise;

  const events = await firstEvents(consumerOf(hub), "1", earliestEventPosition, 1);
  expect(texts(events)).toEqual(["one"]);
  expect(events[0]?.properties).toEqual({ n: 1 });
});

test("numbers the events of a partition from 0 without gaps, with growing offsets and times", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  for (const event of numbered("event", 1000)) await producer.sendBatch([event], { partitionId: "0" });

  const events = await firstEvents(consumerOf(hub), "0", earliestEventPosition, 1000);

  expect(texts(events)).toEqual(numbered("event", 1000).map(({ body }) => body.toString()));
  expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual(events.map((_, index) => index));
  const offsets = events.map(({ offset }) => Number(offset));
  expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
  const times = events.map(({ enqueuedTimeUtc }) => enqueuedTimeUtc.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(hub.partition(HUB, "0")).toEqual({ lastSequenceNumber: 999, count: 1000 });
});

test("spreads batches over the partitions in turn, and keeps a partition key in one partition, in order", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  for (const event of numbered("any", 4)) await producer.sendBatch([event]);
  expect([hub.partition(HUB, "0").count, hub.partition(HUB, "1").count]).toEqual([2, 2]);

  for (const event of numbered("keyed", 20)) await producer.sendBatch([event], { partitionKey: "tenant é" });

  const partition = hub.partition(HUB, "0").count === 2 ? "1" : "0";
  const events = (await firstEvents(consumerOf(hub), partition, earliestEventPosition, 22)).slice(2);
  expect(texts(events)).toEqual(numbered("keyed", 20).map(({ body }) => body.toString()));
  expect(new Set(events.map(({ partitionKey }) => partitionKey))).toEqual(new Set(["tenant é"]));
});

test("begins at the start position", async () => {
  let clock = 1_000_000;
  const hub = await startedHub({ now: () => (clock += 1000) });
  const producer = producerOf(hub);
  await producer.sendBatch(numbered("event", 10), { partitionId: "0" });
  const consumer = consumerOf(hub);
  const all = await firstEvents(consumer, "0", earliestEventPosition, 10);
  const fourth = all[4];
  if (fourth === undefined) throw new Error("no fifth event");

  const starts = [
    { sequenceNumber: 4 },
    { sequenceNumber: 4, isInclusive: true },
    { offset: fourth.offset },
    { offset: fourth.offset, isInclusive: true },
    { enqueuedOn: fourth.enqueuedTimeUtc },
    { enqueuedOn: fourth.enqueuedTimeUtc.getTime() - 1 },
    { sequenceNumber: -1 },
  ];
  const first: (number | undefined)[] = [];
  for (const start of starts) first.push((await firstEvents(consumer, "0", start, 1))[0]?.sequenceNumber);

  expect(first).toEqual([5, 4, 5, 4, 5, 4, 0]);
});

test("begins after the last event for the latest position", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  await producer.sendBatch(numbered("old", 5), { partitionId: "0" });
  const read = reading(consumerOf(hub), "0", latestEventPosition);
  const arrived = read.until(({ events }) => events.length > 0);
  // Nothing tells when the receiver is attached, so send events until it has one.
  while (read.events.length === 0) await producer.sendBatch([{ body: "new" }], { partitionId: "0" });
  await arrived;

  expect(new Set(texts(read.events))).toEqual(new Set(['"new"']));
  const numbers = read.events.map(({ sequenceNumber }) => sequenceNumber);
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
});

test("returns the properties of the hub and of its partitions", async () => {
  const before = new Date();
  const hub = await startedHub();
  const producer = producerOf(hub);
  const never = await producer.getPartitionProperties("0");
  await producer.sendBatch(numbered("event", 3), { partitionId: "0" });
  const held = await producer.getPartitionProperties("0");
  hub.trim(HUB, "0", 2);
  const trimmed = await producer.getPartitionProperties("0");
  hub.trim(HUB, "0", 99);
  const emptied = await producer.getPartitionProperties("0");

  const { createdOn, ...properties } = await producer.getEventHubProperties();
  expect(properties).toEqual({ name: HUB, partitionIds: ["0", "1"], isGeoDrEnabled: false });
  expect(createdOn.getTime()).toBeGreaterThanOrEqual(before.getTime());
  expect(never).toEqual({
    beginningSequenceNumber: 0,
    eventHubName: HUB,
    lastEnqueuedOffset: "-1",
    lastEnqueuedOnUtc: new Date("0001-01-01T00:00:00Z"),
    lastEnqueuedSequenceNumber: -1,
    partitionId: "0",
    isEmpty: true,
  });
  expect(held).toMatchObject({ beginningSequenceNumber: 0, lastEnqueuedSequenceNumber: 2, isEmpty: false });
  expect(trimmed).toMatchObject({ beginningSequenceNumber: 2, lastEnqueuedSequenceNumber: 2, isEmpty: false });
  expect(emptied).toMatchObject({ beginningSequenceNumber: 2, lastEnqueuedSequenceNumber: 2, isEmpty: true });
});

test("tells receivers the end of the partition, if they ask for it", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 3), { partitionId: "0" });
  const told = Promise.withResolvers<unknown>();
  consumerOf(hub).subscribe(
    "0",
    {
      processEvents: async (events, { lastEnqueuedEventProperties }) => {
        if (events.length > 0) told.resolve(lastEnqueuedEventProperties);
      },
      processError: async (error) => told.reject(error),
    },
    { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true },
  );

  const last = await producerOf(hub).getPartitionProperties("0");
  expect(await told.promise).toEqual({
    sequenceNumber: 2,
    offset: last.lastEnqueuedOffset,
    enqueuedOn: last.lastEnqueuedOnUtc,
    retrievedOn: expect.any(Date),
  });
});

test("refuses an event above 1 MB and takes the next one", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  const batch = await producer.createBatch();

  await expect(producer.sendBatch([{ body: Buffer.alloc(1_048_577) }], { partitionId: "0" })).rejects.toMatchObject({
    code: "MessageTooLargeError",
    message: expect.stringContaining("exceeds the limit (1048576 bytes)"),
  });
  await producer.sendBatch([{ body: Buffer.alloc(1_048_000) }], { partitionId: "0" });

  expect(batch.maxSizeInBytes).toBe(1_048_576);
  expect(batch.tryAdd({ body: Buffer.alloc(1_048_577) })).toBe(false);
  expect(hub.partition(HUB, "0")).toEqual({ lastSequenceNumber: 0, count: 1 });
});

test("refuses unknown hubs, consumer groups and partitions at once", async () => {
  const hub = await startedHub();
  const attempts = [
    async () => producerOf(hub, "nobody").sendBatch(numbered("event", 1)),
    async () => producerOf(hub, "nobody").getEventHubProperties(),
    async () => producerOf(hub).getPartitionProperties("2"),
    async () => producerOf(hub).sendBatch(numbered("event", 1), { partitionId: "2" }),
    async () => firstEvents(consumerOf(hub, "nobody"), "0", earliestEventPosition, 1),
    async () => firstEvents(consumerOf(hub), "2", earliestEventPosition, 1),
  ];

  const codes = await Promise.all(
    attempts.map(async (attempt) =>
      attempt().then(
        () => "went well",
        (error: { code?: string }) => error.code,
      ),
    ),
  );

  expect(codes).toEqual([
    "MessagingEntityNotFoundError",
    "MessagingEntityNotFoundError",
    "ArgumentOutOfRangeError",
    "ArgumentOutOfRangeError",
    "MessagingEntityNotFoundError",
    "ArgumentOutOfRangeError",
  ]);
});

test("keeps as many events as retention allows", async () => {
  const hub = await startedHub({ retention: { maxEvents: 10 } });
  await producerOf(hub).sendBatch(numbered("event", 25), { partitionId: "0" });

  const events = await firstEvents(consumerOf(hub), "0", { sequenceNumber: 3 }, 10);

  expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual([15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
  expect(hub.partition(HUB, "0")).toEqual({ lastSequenceNumber: 24, count: 10 });
});

test("bytes that are not AMQP end their own connection only", async () => {
  const hub = await startedHub();
  const told = vi.spyOn(console, "error").mockReturnValue(undefined);
  onTestFinished(() => told.mockRestore());
  const socket = connect(hub.port, "127.0.0.1");
  const closed = once(socket, "close");
  socket.on("error", () => undefined);
  socket.resume().write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

  await closed;
  await producerOf(hub).sendBatch(numbered("event", 1), { partitionId: "0" });

  expect(hub.partition(HUB, "0").count).toBe(1);
  expect(told.mock.calls).toEqual([
    [expect.stringMatching(/^Event hub stand-in: a connection was ended: .*[Pp]rotocol/)],
  ]);
});

test("names the port that is in use, and the remedy", async () => {
  const hub = await startedHub();

  await expect(startEventHub({ hubs: [], port: hub.port })).rejects.toThrow(
    `Port ${hub.port} on 127.0.0.1 is in use: stop the program that uses it, or give the event hub another port (0 takes a free one).`,
  );
});

test("stores and delivers 50,000 small events within seconds", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  const events = numbered("event", 50_000);
  for (let start = 0; start < events.length; start += 5000) {
    await producer.sendBatch(events.slice(start, start + 5000), { partitionId: "0" });
  }

  const read = reading(consumerOf(hub), "0", earliestEventPosition, { maxBatchSize: 1000 });
  onTestFinished(() => read.stop());
  await read.until((so) => so.events.length >= events.length);

  expect(read.events.map(({ sequenceNumber }) => sequenceNumber)).toEqual(events.map((_, index) => index));
});

test("refuses a signature by another key, as the service does", async () => {
  const hub = await startedHub();
  const wrong = { ...hub, connectionString: hub.connectionString.replace("SAS_KEY_VALUE", "another") };
  await expect(consumerOf(hub).getPartitionIds()).resolves.toEqual(["0", "1"]);
  await expect(consumerOf(wrong).getPartitionIds()).rejects.toMatchObject({
    errors: expect.arrayContaining([expect.objectContaining({ code: "UnauthorizedError" })]),
  });
});
