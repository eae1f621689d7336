import { setTimeout as sleep } from "node:timers/promises";
import {
  earliestEventPosition,
  EventHubConsumerClient,
  parseEventHubConnectionString,
  type CheckpointStore,
  type PartitionContext,
  type ReceivedEventData,
  type Subscription,
  type SubscriptionEventHandlers,
} from "@azure/event-hubs";
import { BlobCheckpointStore } from "@azure/eventhubs-checkpointstore-blob";
import { ContainerClient } from "@azure/storage-blob";
import { SettingsError } from "../../src/errors.ts";
import { CHECKPOINTS_CONTAINER } from "../../src/storage-names.ts";
import { connectionString, readOrExplain, resolvePlaceholders, type Settings } from "./binding-settings.ts";
import { batchData, batchMetadata, singleData, singleMetadata, type SequenceNumberForm } from "./event-hub-batch.ts";
import type { ClientRetryOptions, HostJson, LoadBalancing } from "./host-json.ts";
import type { Binding, TypedData } from "./worker-messages.ts";

const RECEIVE_WAIT_SECONDS = 60;
/** Wait for the client to close. If its connection breaks while it closes, it never reports that it closed. */
const CLOSE_MS = 5_000;

/** The source of an Event Hub trigger, with all settings resolved. */
export interface EventHubSource {
  readonly connectionString: string;
  readonly eventHubName: string;
  readonly consumerGroup: string;
  readonly storageConnectionString: string;
  readonly cardinality: "one" | "many";
  readonly dataType: "binary" | "string";
}

export interface Checkpoint {
  readonly functionName: string;
  readonly partitionId: string;
  readonly sequenceNumber: number;
  readonly offset: string;
}

/** Input of one invocation; the host runs it with the function's retry policy. */
interface TriggerInput {
  readonly data: TypedData;
  readonly metadata: Record<string, TypedData>;
}

/** "failed": no retries are left. "stopped": given up in a wait between two attempts. */
export type RunEnd = "succeeded" | "failed" | "stopped";

/** The part of the SDK's client that the trigger uses; a test has to provide it. */
export interface Consumer {
  readonly identifier: string;
  subscribe(handlers: SubscriptionEventHandlers, options: object): Subscription;
  close(): Promise<void>;
}

export interface EventHubTriggerOptions {
  readonly functionName: string;
  readonly source: EventHubSource;
  readonly eventHubs: Pick<HostJson["eventHubs"], "maxEventBatchSize" | "prefetchCount" | "batchCheckpointFrequency">;
  readonly sequenceNumbers: SequenceNumberForm;
  readonly checkpointAfterFailure: boolean;
  readonly run: (input: TriggerInput, signal: AbortSignal) => Promise<RunEnd>;
  readonly onCheckpoint: (checkpoint: Checkpoint) => void;
  /** How long stopping waits for the client to close. */
  readonly closeMs?: number;
  readonly log: (line: string) => void;
}

export interface EventHubTrigger {
  /** Lets invocations in flight end without a checkpoint, then releases the partitions. */
  stop(): Promise<void>;
}

/** @throws {SettingsError} naming every missing setting and every option that this host does not support */
export function eventHubSource(functionName: string, binding: Binding, settings: Settings): EventHubSource {
  const problems: string[] = [];
  const where = (property: string) => `${functionName}: ${property}`;
  const text = (property: string, fallback?: string) =>
    readOrExplain(problems, () => {
      const value = binding[property] ?? fallback;
      if (typeof value !== "string" || value === "") throw new SettingsError([`${where(property)} is not given`]);
      return resolvePlaceholders(value, settings, where(property));
    });
  const connection = (name: unknown, use: string) =>
    readOrExplain(problems, () => connectionString(name, settings, use));

  const hubConnection = connection(binding["connection"], where("connection"));
  const entityPath = hubConnection && parseEventHubConnectionString(hubConnection).eventHubName;
  const eventHubName = entityPath ?? text("eventHubName"); // like the real host, prefer the connection string
  const consumerGroup = text("consumerGroup", "$Default");
  const storageConnectionString = connection("AzureWebJobsStorage", where("checkpoints"));
  const dataType = binding["dataType"];
  if (dataType !== "binary" && dataType !== "string") {
    problems.push(
      `${where("dataType")} is ${String(dataType)}: without "binary" or "string" the real host parses each event as ` +
        "JSON and fails the whole batch on the first that is not JSON; this host does not do that",
    );
  }
  if (!hubConnection || !eventHubName || !consumerGroup || !storageConnectionString || problems.length > 0) {
    throw new SettingsError(problems);
  }
  return {
    connectionString: hubConnection,
    eventHubName,
    consumerGroup,
    storageConnectionString,
    cardinality: binding["cardinality"] === "many" ? "many" : "one",
    dataType: dataType === "string" ? "string" : "binary",
  };
}

/** Opens Microsoft's own consumer with Microsoft's own checkpoint store. */
export async function openConsumer(
  source: EventHubSource,
  loadBalancing: LoadBalancing,
  retryOptions: ClientRetryOptions,
): Promise<{ consumer: Consumer; checkpoints: CheckpointStore }> {
  const container = new ContainerClient(source.storageConnectionString, CHECKPOINTS_CONTAINER);
  await container.createIfNotExists();
  const checkpoints: CheckpointStore = new BlobCheckpointStore(container);
  const consumer = new EventHubConsumerClient(
    source.consumerGroup,
    source.connectionString,
    source.eventHubName,
    checkpoints,
    {
      retryOptions,
      loadBalancingOptions: {
        strategy: "greedy",
        updateIntervalInMs: loadBalancing.updateIntervalMs,
        partitionOwnershipExpirationIntervalInMs: loadBalancing.ownershipExpiryMs,
      },
    },
  );
  return { consumer, checkpoints };
}

/**
 * Makes the client release a partition that another host has taken. A client that loses it in the middle of a batch
 * would otherwise reconnect for the next batch and disconnect the new owner. The partition would stand still until the
 * ownership expires.
 */
function ownershipLost(): Error {
  const code = "ReceiverDisconnectedError"; // the client takes this code to mean that another host owns the partition
  return Object.assign(new Error("another host has taken the partition"), { name: code, code, retryable: false });
}

/**
 * Runs a function for each batch of events, one batch at a time per partition.
 *
 * The checkpoint is written when the invocation has ended: succeeded, or failed with no retries left, since the real
 * host "intentionally" continues after a failure. It is not written while the host stops, nor for a partition that
 * another host owns by then; those events are delivered again.
 *
 * @see https://github.com/Azure/azure-sdk-for-net EventHubListener.PartitionProcessor
 */
export function startEventHubTrigger(
  options: EventHubTriggerOptions,
  {
    consumer,
    checkpoints,
  }: { readonly consumer: Consumer; readonly checkpoints: Pick<CheckpointStore, "listOwnership"> },
): EventHubTrigger {
  const { functionName, source, eventHubs } = options;
  const stopping = new AbortController();
  const closed = Promise.withResolvers<void>();
  const inFlight = new Set<Promise<void>>();
  /** For each partition we own; aborted when we lose it. */
  const ours = new Map<string, AbortController>();
  const batchesSinceCheckpoint = new Map<string, number>();

  async function processBatch(events: readonly ReceivedEventData[], partition: PartitionContext): Promise<void> {
    const last = events.at(-1);
    const owned = ours.get(partition.partitionId);
    if (last === undefined || owned === undefined) return;
    const signal = AbortSignal.any([stopping.signal, owned.signal]);
    const end = await runBatch(events, partition, signal);
    if (end === "stopped" || signal.aborted) return;
    if (!(await isStillOwner(partition))) throw ownershipLost();
    if (end === "failed" && !options.checkpointAfterFailure) return;
    const batches = (batchesSinceCheckpoint.get(partition.partitionId) ?? 0) + 1;
    batchesSinceCheckpoint.set(partition.partitionId, batches % eventHubs.batchCheckpointFrequency);
    if (batches < eventHubs.batchCheckpointFrequency || signal.aborted) return;
    await partition.updateCheckpoint(last);
    const { sequenceNumber, offset } = last;
    options.onCheckpoint({ functionName, partitionId: partition.partitionId, sequenceNumber, offset });
  }

  async function runBatch(
    events: readonly ReceivedEventData[],
    partition: PartitionContext,
    signal: AbortSignal,
  ): Promise<RunEnd> {
    if (source.cardinality === "many") {
      const metadata = batchMetadata(events, partition, options.sequenceNumbers);
      return options.run({ data: batchData(events, source.dataType), metadata }, signal);
    }
    let end: RunEnd = "succeeded";
    for (const event of events) {
      if (signal.aborted) return "stopped";
      const input = { data: singleData(event, source.dataType), metadata: singleMetadata(event, partition) };
      const one = await options.run(input, signal);
      if (one === "stopped") return "stopped";
      if (one === "failed") end = "failed";
    }
    return end;
  }

  /**
   * The client notices a lost partition only at its next receive; until then, our checkpoint could move back the new
   * owner's.
   */
  async function isStillOwner(partition: PartitionContext): Promise<boolean> {
    const owners = await checkpoints.listOwnership(
      partition.fullyQualifiedNamespace,
      partition.eventHubName,
      partition.consumerGroup,
    );
    return owners.find(({ partitionId }) => partitionId === partition.partitionId)?.ownerId === consumer.identifier;
  }

  const subscription = consumer.subscribe(
    {
      async processEvents(events, partition) {
        if (stopping.signal.aborted) return closed.promise; // received too late to be processed
        const batch = processBatch(events, partition);
        const settled = batch.catch(() => undefined);
        inFlight.add(settled);
        try {
          await batch;
        } finally {
          inFlight.delete(settled);
        }
        return undefined;
      },
      async processError(error, { partitionId }) {
        if (stopping.signal.aborted) return;
        const where = partitionId === "" ? source.eventHubName : `${source.eventHubName}/${partitionId}`;
        options.log(`warning: ${functionName}: event hub ${where}: ${error.name}: ${error.message}`);
      },
      async processInitialize({ partitionId }) {
        ours.set(partitionId, new AbortController());
        batchesSinceCheckpoint.delete(partitionId);
      },
      async processClose(_reason, { partitionId }) {
        ours.get(partitionId)?.abort();
      },
    },
    {
      startPosition: earliestEventPosition,
      maxBatchSize: eventHubs.maxEventBatchSize,
      maxWaitTimeInSeconds: RECEIVE_WAIT_SECONDS,
      prefetchCount: eventHubs.prefetchCount,
      skipParsingBodyAsJson: true,
    },
  );

  return {
    async stop() {
      stopping.abort();
      await Promise.all(inFlight);
      closed.resolve();
      const timer = new AbortController();
      await Promise.race([
        subscription.close().then(() => consumer.close()),
        sleep(options.closeMs ?? CLOSE_MS, undefined, timer).catch(() => undefined),
      ]);
      timer.abort();
    },
  };
}
