import { TableClient } from "@azure/data-tables";
import { BlobCheckpointStore } from "@azure/eventhubs-checkpointstore-blob";
import { ContainerClient } from "@azure/storage-blob";
import { LOCAL_CONSUMER_GROUP, LOCAL_HUB, type Stack } from "../local/stack.ts";
import { deadLetters } from "../src/azure/dead-letters.ts";
import { incidentTable } from "../src/azure/incidents/incident-table.ts";
import { INCIDENT_ROWS, kindOf, outboxRows, STUCK_ROWS } from "../src/azure/tables/row-keys.ts";
import { tableRows } from "../src/azure/tables/table-rows.ts";
import { keptTable } from "../src/azure/windows/kept-table.ts";
import {
  CHECKPOINTS_CONTAINER,
  DEAD_LETTERS_CONTAINER,
  INCIDENTS_TABLE,
  KEPT_TABLE,
  LEDGER_TABLE,
} from "../src/storage-names.ts";
import { QUARANTINED } from "../src/workflows/detection/detect-batch.ts";
import { restMs } from "../src/workflows/healing/heal-work.ts";
import { redrive } from "../src/workflows/detection/redrive.ts";
import type { judging } from "./expected.ts";
import { UNSTORABLE_MARK } from "./faults/failing-store.ts";

export type Row = Readonly<Record<string, unknown>>;

/** What the app left in the services, read directly and not through the fault proxies. */
export interface Stored {
  /** Rows of the incident table by the prefix of their row keys: incident, time, record, outbox, … */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
  readonly letters: readonly { readonly name: string; readonly reason: string; readonly bytes: Buffer }[];
  /** Rows that Log Analytics accepted, once per acceptance. */
  readonly forwarded: readonly Row[];
  /** Ids of incidents that the webhook accepted, once per acceptance. */
  readonly notified: readonly string[];
}

/** Items that the app will retry by itself. */
export interface Waiting {
  readonly count: number;
  /** Total number of attempts so far. */
  readonly attempts: number;
  /** Latest end of a rest, in milliseconds since 1970. */
  readonly retryAt: number;
}

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

export function storedReader({ azurite, eventHub, ingestion }: Stack, webhook: { readonly taken: readonly string[] }) {
  const opened = (name: string) =>
    tableRows(TableClient.fromConnectionString(azurite.connectionString, name, { allowInsecureConnection: true }));
  const [table, ledger, windows] = [opened(INCIDENTS_TABLE), opened(LEDGER_TABLE), opened(KEPT_TABLE)];
  const container = new ContainerClient(azurite.connectionString, DEAD_LETTERS_CONTAINER);
  const checkpointContainer = new ContainerClient(azurite.connectionString, CHECKPOINTS_CONTAINER);
  const checkpoints = new BlobCheckpointStore(checkpointContainer);
  const kept = deadLetters(container);
  const known = new Map<string, Buffer>();

  async function letters(): Promise<Stored["letters"]> {
    const found = [];
    for await (const { name, reason } of kept.list()) {
      const bytes = known.get(name) ?? (await container.getBlockBlobClient(name).downloadToBuffer());
      known.set(name, bytes);
      found.push({ name, reason, bytes });
    }
    return found;
  }

  async function rows(): Promise<Stored["rows"]> {
    const byKind = new Map<string, Row[]>();
    for await (const row of table.list({})) {
      const kind = kindOf(String(row["rowKey"]));
      byKind.set(kind, [...(byKind.get(kind) ?? []), row]);
    }
    return byKind;
  }

  return {
    /** Creates the table and the containers, as Bicep does in Azure, unless the stack has created them. */
    async prepare(): Promise<void> {
      await Promise.all([
        table.make(),
        ledger.make(),
        windows.make(),
        container.createIfNotExists(),
        checkpointContainer.createIfNotExists(),
      ]);
    },

    read: async (): Promise<Stored> => ({
      rows: await rows(),
      letters: await letters(),
      forwarded: ingestion.rows(),
      notified: webhook.taken,
    }),

    /**
     * Redrives quarantined records, as a person would. Random kills sometimes hit several workers at the same record,
     * and no app can tell that from a record that kills workers.
     *
     * @returns the number of such dead letters
     */
    async redriveSuspects(judges: ReturnType<typeof judging>): Promise<number> {
      const deps = {
        ...judges,
        now: () => new Date(),
        incidents: incidentTable(table),
        kept: keptTable(windows),
        deadLetters: kept,
      };
      let redriven = 0;
      for await (const { name, reason } of kept.list()) {
        const bytes = reason === QUARANTINED ? await kept.read(name) : undefined;
        if (bytes === undefined || Buffer.from(bytes).includes(UNSTORABLE_MARK)) continue;
        await redrive({ name, bytes, position: NOWHERE }, deps);
        redriven += 1;
      }
      return redriven;
    },

    async incidentCount(): Promise<number> {
      return (await collected(table.list({ prefix: INCIDENT_ROWS, select: ["RowKey"] }))).length;
    },

    /** Outbox rows still to be sent, without those that no receiver accepts. */
    async pending(isFailing: (incidentId: string) => boolean): Promise<Waiting> {
      const found = await collected(table.list({ prefix: outboxRows(), where: ["Refused eq false"] }));
      return waiting(
        found.filter((row) => !isFailing(String(row["IncidentId"]))),
        (row) => Date.parse(String(row["RetryAt"])) || 0,
      );
    },

    /** Events that could not be stored and that the healer tries again. */
    async resting(): Promise<Waiting> {
      const found = await collected(ledger.list({ prefix: STUCK_ROWS }));
      return waiting(
        found,
        (row) => Date.parse(String(row["LastTriedAt"])) + restMs(Number(row["Attempts"]), Infinity),
      );
    },

    /** Events in the hub behind the checkpoints. */
    async lag(namespace: string, partitions: number): Promise<number> {
      const all = await checkpoints.listCheckpoints(namespace, LOCAL_HUB, LOCAL_CONSUMER_GROUP);
      const reached = new Map(all.map(({ partitionId, sequenceNumber }) => [partitionId, sequenceNumber]));
      let lag = 0;
      for (let id = 0; id < partitions; id += 1) {
        lag += eventHub.partition(LOCAL_HUB, String(id)).lastSequenceNumber - (reached.get(String(id)) ?? -1);
      }
      return lag;
    },
  };
}

async function collected(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

function waiting(rows: readonly Row[], retryAt: (row: Row) => number): Waiting {
  return {
    count: rows.length,
    attempts: rows.reduce((sum, row) => sum + (Number(row["Attempts"]) || 0), 0),
    retryAt: Math.max(0, ...rows.map(retryAt)),
  };
}

export type StoredReader = ReturnType<typeof storedReader>;
