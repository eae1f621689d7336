// The built app on the local stack for a test, with its own services, which end with the test.
import { TableClient } from "@azure/data-tables";
import { EventHubProducerClient } from "@azure/event-hubs";
import { ContainerClient } from "@azure/storage-blob";
import { onTestFinished } from "vitest";
import {
  startFunctionHost,
  type FunctionHost,
  type FunctionHostOptions,
} from "../../local/function-host/function-host.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { LOCAL_HUB, startStack, type Stack } from "../../local/stack.ts";
import { deadLetters } from "../../src/azure/dead-letters.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { tcpGate, type TcpGate } from "./tcp-gate.ts";

export const APP_DIRECTORY = "dist";
/** The Node that runs the app: that of the tests, unless PIMWATCH_NODE names another. */
export const NODE_PATH = process.env["PIMWATCH_NODE"] ?? process.execPath;

const PARTITIONS = ["0", "1"];
/** Hosts look for partitions often, but keep theirs on a machine too busy to renew in time. */
export const LOAD_BALANCING = { updateIntervalMs: 100, ownershipExpiryMs: 10_000 };
/** The partitions of a killed host are free this soon. */
export const SHORT_OWNERSHIP = { updateIntervalMs: 100, ownershipExpiryMs: 1_500 };
/** The next 29 February, because tests run their timers by hand. */
const NEVER = "0 0 0 29 2 *";

export interface TestStack {
  readonly stack: Stack;
  /** Summed over all apps on this stack. */
  readonly progress: Progress;
  /** The gate between the app and its table. */
  readonly tableGate: TcpGate;
  readonly settings: Readonly<Record<string, string>>;
  send(bodies: readonly Uint8Array[], partitionId?: string): Promise<void>;
  /** Every row of the incident table by row key, read directly from Azurite. */
  tableRows(): Promise<Map<string, Readonly<Record<string, unknown>>>>;
  /** Deletes rows of the incident table by hand. */
  dropRows(isDropped: (rowKey: string) => boolean): Promise<void>;
  deadLetters(): Promise<readonly { name: string; reason: string; bytes: Buffer }[]>;
}

export async function startTestStack({
  onTableRequest,
}: { onTableRequest?: (chunk: Buffer) => void } = {}): Promise<TestStack> {
  const stack = await startStack({ allowedTenantIds: [TENANT_ID], partitions: PARTITIONS.length });
  onTestFinished(() => stack.stop());
  const tableGate = await tcpGate(Number(new URL(stack.azurite.tableEndpoint).port), onTableRequest);
  onTestFinished(() => tableGate.close());
  const storage = stack.azurite.connectionString;
  const table = TableClient.fromConnectionString(storage, INCIDENTS_TABLE, { allowInsecureConnection: true });
  const container = new ContainerClient(storage, DEAD_LETTERS_CONTAINER);
  const producer = new EventHubProducerClient(stack.eventHub.connectionString, LOCAL_HUB);
  onTestFinished(() => producer.close());
  const gatedTables = stack.azurite.tableEndpoint.replace(/:\d+/, `:${tableGate.port}`);
  return {
    stack,
    tableGate,
    settings: {
      ...stack.settings,
      INCIDENTS_STORAGE: storage.replace(stack.azurite.tableEndpoint, gatedTables),
      OUTBOX_MINIMUM_AGE_SECONDS: "0",
      LEDGER_GRACE_SECONDS: "0",
      OUTBOX_TIMER_SCHEDULE: NEVER,
      LEDGER_TIMER_SCHEDULE: NEVER,
      RECONCILIATION_TIMER_SCHEDULE: NEVER,
      WINDOW_TIMER_SCHEDULE: NEVER,
      BACKUP_TIMER_SCHEDULE: NEVER,
    },
    progress: progressOf(stack),
    async send(bodies, partitionId) {
      await producer.sendBatch(
        bodies.map((body) => ({ body: Buffer.from(body) })),
        partitionId === undefined ? {} : { partitionId },
      );
    },
    async tableRows() {
      const rows = new Map<string, Readonly<Record<string, unknown>>>();
      for await (const row of table.listEntities()) rows.set(String(row.rowKey), row);
      return rows;
    },
    async dropRows(isDropped) {
      for await (const { partitionKey = "", rowKey = "" } of table.listEntities())
        if (isDropped(rowKey)) await table.deleteEntity(partitionKey, rowKey);
    },
    async deadLetters() {
      const letters = [];
      for await (const { name, reason } of deadLetters(container).list()) {
        const bytes = await container.getBlockBlobClient(name).downloadToBuffer();
        letters.push({ name, reason, bytes });
      }
      return letters;
    },
  };
}

interface Progress {
  checkpointed(checkpoint: { readonly partitionId: string; readonly sequenceNumber: number }): void;
  caughtUp(): Promise<void>;
}

/** The progress of the apps on a stack, whichever of them owns which partition. */
function progressOf({ eventHub }: Stack): Progress {
  const last = new Map<string, number>();
  const waiting = new Set<() => void>();
  const isCaughtUp = (): boolean =>
    PARTITIONS.every((id) => (last.get(id) ?? -1) >= eventHub.partition(LOCAL_HUB, id).lastSequenceNumber);
  return {
    checkpointed({ partitionId, sequenceNumber }) {
      last.set(partitionId, sequenceNumber);
      for (const look of waiting) look();
    },
    caughtUp: () =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isCaughtUp()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

export interface RunningApp {
  readonly host: FunctionHost;
  /** Resolves when this app or another on the stack has processed and checkpointed every event in the hub. */
  caughtUp(): Promise<void>;
}

export async function startApp(
  { settings, progress }: TestStack,
  options: Partial<FunctionHostOptions> = {},
): Promise<RunningApp> {
  const host = await startFunctionHost({
    appDirectory: APP_DIRECTORY,
    settings,
    nodePath: NODE_PATH,
    nodeOptions: ["--disallow-code-generation-from-strings"],
    retryDelayScale: 0.05,
    loadBalancing: LOAD_BALANCING,
    ...options,
  });
  onTestFinished(() => host.stop());
  host.events.on("checkpoint", (checkpoint) => progress.checkpointed(checkpoint));
  return { host, caughtUp: () => progress.caughtUp() };
}
