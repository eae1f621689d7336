import {
  earliestEventPosition,
  EventHubConsumerClient,
  type Checkpoint,
  type CheckpointStore,
  type PartitionOwnership,
} from "@azure/event-hubs";
import type { Receiver, Sender } from "rhea";
import { expect, onTestFinished, test } from "vitest";
import {
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

test("each consumer group sees every event", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 50), { partitionId: "0" });

  const [main, healer] = await Promise.all([
    firstEvents(consumerOf(hub), "0", earliestEventPosition, 50),
    firstEvents(consumerOf(hub, "healer"), "0", earliestEventPosition, 50),
  ]);

  expect(texts(healer)).toEqual(texts(main));
});

test("a receiver with a higher or equal epoch takes the partition from the earlier one", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 3), { partitionId: "0" });
  const owned = async (ownerLevel: number) => {
    const read = reading(consumerOf(hub), "0", earliestEventPosition, { ownerLevel });
    await read.until(({ events, errors }) => events.length === 3 || errors.length > 0);
    return read;
  };

  const first = await owned(1);
  const same = await owned(1);
  await first.until(({ errors }) => errors.length > 0);
  await first.stop();
  const higher = await owned(2);
  await same.until(({ errors }) => errors.length > 0);
  await same.stop();

  expect([first.errors[0], same.errors[0], higher.errors[0]].map((error) => error?.code)).toEqual([
    "ReceiverDisconnectedError",
    "ReceiverDisconnectedError",
    undefined,
  ]);
  expect(texts(higher.events)).toEqual(["event 0", "event 1", "event 2"]);
});

test("an owner excludes receivers with a lower epoch or none, in its consumer group only", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 3), { partitionId: "0" });
  const owner = reading(consumerOf(hub), "0", earliestEventPosition, { ownerLevel: 5 });
  await owner.until(({ events }) => events.length === 3);

  const lower = reading(consumerOf(hub), "0", earliestEventPosition, { ownerLevel: 4 });
  const none = reading(consumerOf(hub), "0", earliestEventPosition);
  await Promise.all([lower, none].map(async (read) => read.until(({ errors }) => errors.length > 0)));
  const otherGroup = await firstEvents(consumerOf(hub, "healer"), "0", earliestEventPosition, 3);
  await owner.stop();
  const afterwards = await firstEvents(consumerOf(hub), "0", earliestEventPosition, 3);

  expect([lower, none].map(({ errors }) => errors[0]?.code)).toEqual([
    "ReceiverDisconnectedError",
    "ReceiverDisconnectedError",
  ]);
  expect(lower.errors[0]?.message).toContain("with a higher epoch '5' already exists");
  expect(none.errors[0]?.message).toContain("non-epoch receiver is not allowed");
  expect(owner.errors).toEqual([]);
  expect([otherGroup.length, afterwards.length]).toEqual([3, 3]);
});

test("an owner disconnects receivers without an epoch", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 3), { partitionId: "0" });
  const plain = reading(consumerOf(hub), "0", earliestEventPosition);
  await plain.until(({ events }) => events.length === 3);

  const owner = reading(consumerOf(hub), "0", earliestEventPosition, { ownerLevel: 1 });
  await owner.until(({ events }) => events.length === 3);
  await plain.until(({ errors }) => errors.length > 0);

  expect(plain.errors[0]?.code).toBe("ReceiverDisconnectedError");
});

test("a sixth receiver without an epoch is refused", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 1), { partitionId: "0" });
  for (let count = 0; count < 5; count += 1) {
    await reading(consumerOf(hub), "0", earliestEventPosition).until(({ events }) => events.length === 1);
  }

  await expect(firstEvents(consumerOf(hub), "0", earliestEventPosition, 1)).rejects.toThrow(
    "Exceeded the maximum number of allowed receivers per partition in a consumer group which is 5",
  );
});

test("clients continue after broken connections: no event is lost", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  const read = reading(consumerOf(hub), "0", earliestEventPosition, { maxBatchSize: 7 });

  for (let round = 1; round <= 4; round += 1) {
    await producer.sendBatch(numbered(`round ${round}`, 100), { partitionId: "0" });
    await read.until(({ events }) => events.length > (round - 1) * 100 + 40);
    await hub.drop();
  }
  await read.until(({ events }) => events.some(({ sequenceNumber }) => sequenceNumber === 399));

  const numbers = [...new Set(read.events.map(({ sequenceNumber }) => sequenceNumber))].sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 400 }, (_, index) => index));
  expect(hub.partition(HUB, "0").count).toBe(400);
});

test("a recreated hub counts from 0 and refuses positions of the old one", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  await producer.sendBatch(numbered("old", 10), { partitionId: "0" });
  const read = reading(consumerOf(hub), "0", earliestEventPosition);
  await read.until(({ events }) => events.length === 10);

  hub.recreate(HUB);
  // The client returns with the number of the last event it saw.
  await read.until(({ errors }) => errors.some(({ code }) => code === "ArgumentError"));
  await read.stop();
  await producer.sendBatch(numbered("new", 3), { partitionId: "0" });

  expect(read.errors.find(({ code }) => code === "ArgumentError")?.message).toBe(
    "The supplied sequence number '9' is invalid. The last sequence number in the system is '-1'",
  );
  const events = await firstEvents(consumerOf(hub), "0", earliestEventPosition, 3);
  expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 2]);
  expect(texts(events)).toEqual(["new 0", "new 1", "new 2"]);
});

test("a receiver at a position that retention dropped begins at the oldest event left", async () => {
  const hub = await startedHub();
  await producerOf(hub).sendBatch(numbered("event", 10), { partitionId: "0" });
  hub.trim(HUB, "0", 6);

  const events = await firstEvents(consumerOf(hub), "0", { sequenceNumber: 2 }, 4);

  expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual([6, 7, 8, 9]);
});

test("subscribing to a whole hub reads every partition, without a checkpoint store", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  for (const event of numbered("event", 20)) await producer.sendBatch([event]);

  const { bodies } = await readHub(consumerOf(hub), 20);

  expect(bodies.sort()).toEqual(
    numbered("event", 20)
      .map(({ body }) => body.toString())
      .sort(),
  );
});

test("with a checkpoint store the next subscriber continues where the last one stopped", async () => {
  const hub = await startedHub();
  const producer = producerOf(hub);
  const store = checkpointStore();
  const consumer = () => {
    const client = new EventHubConsumerClient("$Default", hub.connectionString, HUB, store, {
      loadBalancingOptions: { strategy: "greedy", updateIntervalInMs: 20 },
    });
    onTestFinished(() => client.close());
    return client;
  };
  for (const event of numbered("first", 10)) await producer.sendBatch([event]);
  await readHub(consumer(), 10);
  for (const event of numbered("second", 10)) await producer.sendBatch([event]);

  const { bodies } = await readHub(consumer(), 10);

  expect(bodies.sort()).toEqual(
    numbered("second", 10)
      .map(({ body }) => body.toString())
      .sort(),
  );
});

test("a receiver without credit does not hold up another one on the same session", async () => {
  const hub = await startedHub();
  const connection = rheaConnection(hub);
  const opened = async (link: Receiver | Sender, event: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    link.once(event, () => resolve());
    return promise;
  };
  const receive = (partition: string) =>
    connection.open_receiver({
      source: { address: `${HUB}/ConsumerGroups/$Default/Partitions/${partition}` },
      credit_window: 0,
    });
  const [scarce, ample] = [receive("0"), receive("1")];
  const [toScarce, toAmple] = ["0", "1"].map((id) => connection.open_sender(`${HUB}/Partitions/${id}`));
  if (toScarce === undefined || toAmple === undefined) throw new Error("no senders");
  await Promise.all([
    opened(scarce, "receiver_open"),
    opened(ample, "receiver_open"),
    opened(toScarce, "sendable"),
    opened(toAmple, "sendable"),
  ]);
  const arrived = Promise.withResolvers<void>();
  let scarceCount = 0;
  scarce.on("message", () => (scarceCount += 1));
  ample.on("message", () => arrived.resolve());

  scarce.add_credit(1);
  ample.add_credit(1);
  // Written in one go, so that the hub gets several events before it can write any.
  for (let count = 0; count < 3; count += 1) toScarce.send({ body: "x" });
  toAmple.send({ body: "x" });
  await arrived.promise;

  expect(scarceCount).toBe(1);
});

/** Reads all partitions, with a checkpoint per event, until `count` events arrived. */
async function readHub(consumer: EventHubConsumerClient, count: number): Promise<{ bodies: string[] }> {
  const bodies: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const subscription = consumer.subscribe(
    {
      async processEvents(events, context) {
        bodies.push(...texts(events));
        const last = events.at(-1);
        if (last !== undefined) await context.updateCheckpoint(last);
        if (bodies.length >= count) resolve();
      },
      async processError(error) {
        reject(error);
      },
    },
    { startPosition: earliestEventPosition, maxBatchSize: 100, skipParsingBodyAsJson: true },
  );
  await promise;
  await subscription.close();
  return { bodies };
}

/** The minimum that load balancing needs, in memory. */
function checkpointStore(): CheckpointStore {
  const checkpoints = new Map<string, Checkpoint>();
  const ownerships = new Map<string, PartitionOwnership>();
  let tag = 0;
  return {
    listOwnership: async () => [...ownerships.values()],
    async claimOwnership(claims) {
      const claimed = claims
        .filter(({ partitionId, etag }) => ownerships.get(partitionId)?.etag === etag)
        .map((claim) => ({ ...claim, etag: String((tag += 1)), lastModifiedTimeInMs: Date.now() }));
      for (const ownership of claimed) ownerships.set(ownership.partitionId, ownership);
      return claimed;
    },
    updateCheckpoint: async (checkpoint) => void checkpoints.set(checkpoint.partitionId, checkpoint),
    listCheckpoints: async () => [...checkpoints.values()],
  };
}
