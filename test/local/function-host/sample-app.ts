// Starts the sample app of the fixtures on its own hub and reads its log.
import { fileURLToPath } from "node:url";
import { EventHubProducerClient } from "@azure/event-hubs";
import { onTestFinished } from "vitest";
import { startEventHub, type EventHubStandIn } from "../../../local/event-hub/event-hub.ts";
import {
  startFunctionHost,
  type FunctionHost,
  type FunctionHostOptions,
} from "../../../local/function-host/function-host.ts";

export const SAMPLE_APP = fileURLToPath(new URL("../fixtures/sample-app", import.meta.url));

/** The line that the sample app logs at the start of each invocation. */
interface SampleRecord {
  readonly record: string;
  readonly bodies: readonly string[];
  readonly invocationId: string;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly partitionContext: { readonly partitionId: string };
  };
  readonly retry?: { readonly count: number; readonly max: number; readonly exception?: string };
  readonly timer?: object;
}

export interface RunningSample {
  readonly host: FunctionHost;
  readonly lines: readonly string[];
  /** The function's input so far, attempt by attempt. */
  readonly records: (functionName: string) => SampleRecord[];
}

/** A hub with a unique name, so that several can share a checkpoint store. */
export async function sampleHub(partitions: number): Promise<{ hub: EventHubStandIn; name: string }> {
  const name = `hub-${crypto.randomUUID()}`;
  const hub = await startEventHub({ hubs: [{ name, partitions, consumerGroups: ["sample", "once"] }] });
  onTestFinished(() => hub.close());
  return { hub, name };
}

export function sampleSettings(hub: { connectionString: string }, name: string, storage: string) {
  return {
    SAMPLE_EVENTS: hub.connectionString,
    SAMPLE_HUB: name,
    SAMPLE_GROUP: "sample",
    SAMPLE_SCHEDULE: "0 0 3 * * *",
    AzureWebJobsStorage: storage,
  };
}

export async function startSample(options: Omit<FunctionHostOptions, "appDirectory">): Promise<RunningSample> {
  const lines: string[] = [];
  const host = await startFunctionHost({
    appDirectory: SAMPLE_APP,
    retryDelayScale: 0.01,
    loadBalancing: { updateIntervalMs: 100, ownershipExpiryMs: 2_000 },
    log: (line) => lines.push(line),
    ...options,
  });
  onTestFinished(() => host.stop());
  return {
    host,
    lines,
    records: (functionName) =>
      lines
        .filter((line) => line.startsWith('information: {"record"'))
        .map((line): SampleRecord => JSON.parse(line.slice("information: ".length)))
        .filter(({ record }) => record === functionName),
  };
}

/** Sends bodies to one partition, in order, in one batch. */
export async function send(
  hub: { connectionString: string },
  name: string,
  bodies: readonly (string | Buffer)[],
  partitionId = "0",
): Promise<void> {
  const producer = new EventHubProducerClient(hub.connectionString, name);
  await producer.sendBatch(
    bodies.map((body) => ({ body: typeof body === "string" ? Buffer.from(body) : body })),
    { partitionId },
  );
  await producer.close();
}
