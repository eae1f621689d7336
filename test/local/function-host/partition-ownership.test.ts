import {
  CloseReason,
  type PartitionContext,
  type ReceivedEventData,
  type SubscriptionEventHandlers,
} from "@azure/event-hubs";
import { expect, test } from "vitest";
import {
  startEventHubTrigger,
  type Checkpoint,
  type EventHubTriggerOptions,
  type RunEnd,
} from "../../../local/function-host/event-hub-trigger.ts";

const US = "this host";

/** A trigger whose consumer is played by the test: it hands over batches and decides who owns the partition. */
function trigger({
  cardinality = "many",
  close = () => Promise.resolve(),
  ...options
}: Partial<EventHubTriggerOptions> & {
  readonly cardinality?: "one" | "many";
  /** Handlers of the client's subscription. */
  readonly close?: () => Promise<void>;
} = {}) {
  const checkpoints: Checkpoint[] = [];
  const written: number[] = [];
  const subscribed = Promise.withResolvers<SubscriptionEventHandlers>();
  let owner = US;
  const started = startEventHubTrigger(
    {
      functionName: "f",
      source: {
        connectionString: "",
        eventHubName: "hub",
        consumerGroup: "group",
        storageConnectionString: "",
        cardinality,
        dataType: "binary",
      },
      eventHubs: { maxEventBatchSize: 10, prefetchCount: 10, batchCheckpointFrequency: 1 },
      sequenceNumbers: "number",
      checkpointAfterFailure: true,
      run: () => Promise.resolve("succeeded"),
      onCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
      log: () => undefined,
      ...options,
    },
    {
      consumer: {
        identifier: US,
        subscribe(handlers) {
          subscribed.resolve(handlers);
          return { isRunning: true, close };
        },
        close: () => Promise.resolve(),
      },
      checkpoints: {
        listOwnership: (fullyQualifiedNamespace, eventHubName, consumerGroup) =>
          Promise.resolve([{ fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId: "0", ownerId: owner }]),
      },
    },
  );
  const partition: PartitionContext = {
    fullyQualifiedNamespace: "127.0.0.1",
    eventHubName: "hub",
    consumerGroup: "group",
    partitionId: "0",
    updateCheckpoint: (event) => Promise.resolve(void written.push(event.sequenceNumber)),
  };
  return {
    checkpoints,
    written,
    partition,
    handlers: subscribed.promise,
    stop: () => started.stop(),
    giveAway: () => {
      owner = "another host";
    },
  };
}

function batch(...sequenceNumbers: number[]): ReceivedEventData[] {
  return sequenceNumbers.map((sequenceNumber) => ({
    body: Buffer.from(String(sequenceNumber)),
    sequenceNumber,
    offset: String(sequenceNumber * 100),
    enqueuedTimeUtc: new Date("2026-01-02T03:04:05Z"),
    partitionKey: null,
    getRawAmqpMessage: () => ({ bodyType: "data", body: undefined }),
  }));
}

test("the checkpoint is at the batch's last event", async () => {
  const { handlers, partition, written, checkpoints } = trigger();
  const { processInitialize, processEvents } = await handlers;
  await processInitialize?.(partition);

  await processEvents(batch(5, 6, 7), partition);

  expect(written).toEqual([7]);
  expect(checkpoints).toEqual([{ functionName: "f", partitionId: "0", sequenceNumber: 7, offset: "700" }]);
});

test.each<RunEnd>(["succeeded", "failed"])(
  "a partition taken by another host gets no checkpoint from a batch that %s, and is released",
  async (end) => {
    const { handlers, partition, written, giveAway } = trigger({
      run: () => {
        giveAway();
        return Promise.resolve(end);
      },
    });
    const { processInitialize, processEvents } = await handlers;
    await processInitialize?.(partition);

    // This is the only error after which the client does not attach to the partition again.
    await expect(processEvents(batch(1), partition)).rejects.toMatchObject({
      code: "ReceiverDisconnectedError",
      retryable: false,
    });

    expect(written).toEqual([]);
  },
);

test("losing the partition ends the retries of its batch and writes no checkpoint", async () => {
  const running = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<RunEnd>();
  const { handlers, partition, written } = trigger({
    run: (_input, signal) => {
      running.resolve(signal);
      return end.promise;
    },
  });
  const { processInitialize, processEvents, processClose } = await handlers;
  await processInitialize?.(partition);
  const processed = processEvents(batch(1), partition);
  const signal = await running.promise;

  await processClose?.(CloseReason.OwnershipLost, partition);
  expect(signal.aborted).toBe(true);
  end.resolve("succeeded");
  await processed;

  expect(written).toEqual([]);
});

test("a batch that ends while the host stops writes no checkpoint, and stopping waits for it", async () => {
  const running = Promise.withResolvers<void>();
  const end = Promise.withResolvers<RunEnd>();
  const { handlers, partition, written, stop } = trigger({
    run: () => {
      running.resolve();
      return end.promise;
    },
  });
  const { processInitialize, processEvents } = await handlers;
  await processInitialize?.(partition);
  const order: string[] = [];
  const processed = processEvents(batch(1), partition).then(() => order.push("processed"));
  await running.promise;
  const stopped = stop().then(() => order.push("stopped"));

  end.resolve("succeeded");
  await Promise.all([processed, stopped]);

  expect(order).toEqual(["processed", "stopped"]);
  expect(written).toEqual([]);
});

test("a client that never reports its closing does not keep the host from stopping", async () => {
  const { stop } = trigger({ close: () => new Promise(() => undefined), closeMs: 1 });

  await expect(stop()).resolves.toBeUndefined();
});

test("with a checkpoint every second batch, the batches in between get none", async () => {
  const eventHubs = { maxEventBatchSize: 10, prefetchCount: 10, batchCheckpointFrequency: 2 };
  const { handlers, partition, written } = trigger({ eventHubs });
  const { processInitialize, processEvents } = await handlers;
  await processInitialize?.(partition);

  for (const number of [1, 2, 3, 4, 5]) await processEvents(batch(number), partition);

  expect(written).toEqual([2, 4]);
});

test("with cardinality one, each event is an invocation and a failure does not hold up the next", async () => {
  const seen: unknown[] = [];
  const { handlers, partition, written } = trigger({
    cardinality: "one",
    run: ({ data, metadata }) => {
      seen.push([data, metadata["SequenceNumber"]]);
      return Promise.resolve(seen.length === 1 ? "failed" : "succeeded");
    },
  });
  const { processInitialize, processEvents } = await handlers;
  await processInitialize?.(partition);

  await processEvents(batch(1, 2), partition);

  expect(seen).toEqual([
    [{ bytes: Buffer.from("1") }, { json: "1" }],
    [{ bytes: Buffer.from("2") }, { json: "2" }],
  ]);
  expect(written).toEqual([2]);
});

test("without events there is no invocation", async () => {
  const { handlers, partition, written } = trigger({ run: () => Promise.reject(new Error("must not run")) });
  const { processInitialize, processEvents } = await handlers;
  await processInitialize?.(partition);

  await processEvents([], partition);

  expect(written).toEqual([]);
});
