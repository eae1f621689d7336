import { odata, type TableClient } from "@azure/data-tables";
import type { FinishedRun, LedgerBase, LostRange, PartitionLedger, PartitionStatus } from "../core/partition-ledger.ts";
import { DependencyError } from "../errors.ts";
import { CALL_TIMEOUT_MS, inTime } from "./calls.ts";
import { assertWithinTableLimits } from "./table-limits.ts";
import { type Entity, isExistingRow, isMissingRow, rowsWhere, TABLE_SERVICE } from "./table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type LedgerClient = Pick<
  TableClient,
  "createTable" | "createEntity" | "upsertEntity" | "deleteEntity" | "listEntities"
>;

/** Which hub: two of the same name in different namespaces have nothing in common. */
export interface HubName {
  readonly namespace: string;
  readonly hub: string;
}

/** Rows removed at a time. */
const REMOVED_AT_ONCE = 20;

/**
 * Which events have been finished: their sequence numbers, in runs, by partition. Rows are only ever inserted
 * and, by the timer, replaced by larger ones; nothing is read and written back, so that any number of instances
 * can write at the same time.
 *
 *     PartitionKey                      RowKey                             says
 *     <namespace>|<hub>|<partition>     run|<first>|<last>|<enqueued ms>   these are stored; when the first reached the hub
 *                                       base|<hub created ms>              from where on events are expected
 *                                       lost|<first>|<last>|<created ms>   these left the hub before they were finished
 *                                       attempt|<first>                    how often reading these again was begun
 *     status|<namespace>|<hub>          <partition>                        what the timer found
 *
 * @param timeoutMs how long one call may take with its retries
 */
export function ledgerTable(table: LedgerClient, hub: HubName, timeoutMs = CALL_TIMEOUT_MS) {
  const hubKey = `${keyPart(hub.namespace)}|${keyPart(hub.hub)}`;
  const partitionKeyOf = (partitionId: string): string => `${hubKey}|${keyPart(partitionId)}`;
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);

  async function insert(entity: { partitionKey: string; rowKey: string } & Record<string, unknown>): Promise<void> {
    assertWithinTableLimits(entity);
    try {
      await call((options) => table.createEntity(entity, options));
    } catch (error) {
      if (!isExistingRow(error)) throw error; // what was said before is as good
    }
  }

  async function remove(partitionKey: string, rowKey: string): Promise<void> {
    try {
      await call((options) => table.deleteEntity(partitionKey, rowKey, options));
    } catch (error) {
      if (!isMissingRow(error)) throw error;
    }
  }

  async function removeAll(partitionKey: string, rowKeys: readonly string[]): Promise<void> {
    for (let start = 0; start < rowKeys.length; start += REMOVED_AT_ONCE) {
      const some = rowKeys.slice(start, start + REMOVED_AT_ONCE);
      await Promise.all(some.map((rowKey) => remove(partitionKey, rowKey)));
    }
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await call((options) => table.createTable(options));
    },

    /**
     * Says that events are finished. Doing it twice is harmless.
     *
     * @throws {DependencyError} when it is unknown whether that is kept
     */
    async finished(partitionId: string, run: FinishedRun): Promise<void> {
      try {
        await insert({ partitionKey: partitionKeyOf(partitionId), ...runEntity(run) });
      } catch (error) {
        if (error instanceof DependencyError) throw error;
        const problem = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
        throw new DependencyError("Ledger", problem || "no reason given", { cause: error });
      }
    },

    /** All that is known of a partition. */
    async read(partitionId: string): Promise<PartitionLedger> {
      const ledger = { runs: new Array<FinishedRun>(), lost: new Array<LostRange>(), bases: new Array<LedgerBase>() };
      const filter = odata`PartitionKey eq ${partitionKeyOf(partitionId)}`;
      for await (const entity of rowsWhere(table, { filter }, timeoutMs)) {
        const [kind, ...numbers] = String(entity["rowKey"]).split("|");
        const [first = NaN, last = NaN, third = NaN] = numbers.map(Number);
        if (kind === "run") ledger.runs.push({ first, last, enqueuedAt: third, ...timesOf(entity, third) });
        else if (kind === "lost") ledger.lost.push({ first, last, hubCreatedAt: third });
        else if (kind === "base")
          ledger.bases.push({
            hubCreatedAt: first,
            first: Number(entity["First"]),
            seenAt: time(entity["SeenAt"]) ?? 0,
          });
      }
      return ledger;
    },

    /** Sets from where on events are expected. The first to say so for a hub is right. */
    async begin(partitionId: string, { hubCreatedAt, first, seenAt }: LedgerBase): Promise<void> {
      const rowKey = `base|${digits(hubCreatedAt)}`;
      await insert({ partitionKey: partitionKeyOf(partitionId), rowKey, First: BigInt(first), SeenAt: iso(seenAt) });
    },

    /** Says that events can never be had again. The row stays. */
    async lost(partitionId: string, { first, last, hubCreatedAt }: LostRange): Promise<void> {
      const rowKey = `lost|${digits(first)}|${digits(last)}|${digits(hubCreatedAt)}`;
      await insert({ partitionKey: partitionKeyOf(partitionId), rowKey });
    },

    /** Replaces runs by others that say the same: the new rows are there before the old ones go. */
    async replace(partitionId: string, runs: { written: readonly FinishedRun[]; obsolete: readonly FinishedRun[] }) {
      const partitionKey = partitionKeyOf(partitionId);
      for (const run of runs.written) await insert({ partitionKey, ...runEntity(run) });
      await removeAll(partitionKey, runs.obsolete.map(runRowKey));
    },

    /** Counts that events from `first` on are about to be read again. @returns how often that was begun before and not ended */
    async beginAttempt(partitionId: string, first: number): Promise<number> {
      const partitionKey = partitionKeyOf(partitionId);
      const rowKey = `attempt|${digits(first)}`;
      let before = 0;
      const filter = odata`PartitionKey eq ${partitionKey} and RowKey eq ${rowKey}`;
      for await (const entity of rowsWhere(table, { filter }, timeoutMs)) before = Number(entity["Count"]);
      await call((options) => table.upsertEntity({ partitionKey, rowKey, Count: before + 1 }, "Replace", options));
      return before;
    },

    async endAttempt(partitionId: string, first: number): Promise<void> {
      await remove(partitionKeyOf(partitionId), `attempt|${digits(first)}`);
    },

    async writeStatus({ partitionId, ...status }: PartitionStatus): Promise<void> {
      const entity = {
        partitionKey: `status|${hubKey}`,
        rowKey: keyPart(partitionId),
        CheckedAt: status.checkedAt,
        Lag: BigInt(status.lag),
        GapEvents: BigInt(status.gapEvents),
        LostEvents: BigInt(status.lostEvents),
        OldestUnfinishedAt: status.oldestUnfinishedAt ?? "",
        LastEnqueuedAt: status.lastEnqueuedAt ?? "",
      };
      await call((options) => table.upsertEntity(entity, "Replace", options));
    },

    /** What the timer found out about each partition when it last ran. Empty before its first run. */
    async statuses(): Promise<PartitionStatus[]> {
      const statuses: PartitionStatus[] = [];
      const filter = odata`PartitionKey eq ${`status|${hubKey}`}`;
      for await (const entity of rowsWhere(table, { filter }, timeoutMs)) statuses.push(statusOf(entity));
      return statuses;
    },
  };
}

export type LedgerTable = ReturnType<typeof ledgerTable>;

/** Digits of every number that JavaScript counts with exactly. */
const WIDTH = String(Number.MAX_SAFE_INTEGER).length;

function digits(value: number): string {
  return String(value).padStart(WIDTH, "0");
}

/** Host names, hub names and partition ids are of these characters; a colon comes before a local port. */
function keyPart(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "_");
}

function runRowKey({ first, last, enqueuedAt }: FinishedRun): string {
  return `run|${digits(first)}|${digits(last)}|${digits(enqueuedAt)}`;
}

function runEntity(run: FinishedRun) {
  return { rowKey: runRowKey(run), FinishedAt: iso(run.finishedAt), LatestAt: iso(run.latestAt) };
}

function timesOf(entity: Entity, enqueuedAt: number): { finishedAt: number; latestAt: number } {
  const finishedAt = time(entity["FinishedAt"]) ?? enqueuedAt;
  return { finishedAt, latestAt: time(entity["LatestAt"]) ?? finishedAt };
}

function statusOf(entity: Entity): PartitionStatus {
  const textOf = (name: string): string | undefined => {
    const value = entity[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    partitionId: String(entity["rowKey"]),
    checkedAt: textOf("CheckedAt") ?? "",
    lag: Number(entity["Lag"]),
    gapEvents: Number(entity["GapEvents"]),
    lostEvents: Number(entity["LostEvents"]),
    oldestUnfinishedAt: textOf("OldestUnfinishedAt"),
    lastEnqueuedAt: textOf("LastEnqueuedAt"),
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function time(value: unknown): number | undefined {
  const milliseconds = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
