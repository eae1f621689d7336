import { odata, type TableClient } from "@azure/data-tables";
import type {
  FinishedRun,
  LedgerBase,
  LedgerChanges,
  LostRange,
  PartitionLedger,
  PartitionStatus,
  StuckRange,
} from "../../core/ledger/partition-ledger.ts";
import { DependencyError } from "../../errors.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { assertWithinTableLimits } from "../tables/table-limits.ts";
import { type Entity, isExistingRow, removeRow, rowsWhere, TABLE_SERVICE } from "../tables/table-rows.ts";

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
/** Rows removed by one check, so that a ledger that was not checked for long leaves time to heal. The next goes on. */
const REMOVED_AT_MOST = 5_000;

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
 *                                       stuck|<first>|<last>|<created ms>  these could not be stored: why, how often, since when
 *     status|<namespace>|<hub>          <partition>                        what the timer found
 *
 * @param timeoutMs how long one call may take with its retries
 */
export function ledgerTable(table: LedgerClient, hub: HubName, timeoutMs = CALL_TIMEOUT_MS) {
  const hubKey = hubKeyOf(hub);
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

  const remove = (partitionKey: string, rowKey: string): Promise<void> =>
    removeRow(table, { partitionKey, rowKey }, timeoutMs);

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
      const ledger = emptyLedger();
      const filter = odata`PartitionKey eq ${partitionKeyOf(partitionId)}`;
      for await (const entity of rowsWhere(table, { filter }, timeoutMs)) addRow(ledger, entity);
      return ledger;
    },

    /** Sets from where on events are expected. The first to say so for a hub is right. */
    async begin(partitionId: string, { hubCreatedAt, first, seenAt }: LedgerBase): Promise<void> {
      const rowKey = `base|${digits(hubCreatedAt)}`;
      await insert({ partitionKey: partitionKeyOf(partitionId), rowKey, First: BigInt(first), SeenAt: iso(seenAt) });
    },

    /** Says that events can never be had again. The row stays. */
    async lost(partitionId: string, range: LostRange): Promise<void> {
      await insert({ partitionKey: partitionKeyOf(partitionId), rowKey: rangeRowKey("lost", range) });
    },

    /** Replaces rows by fewer that say the same: the new rows are there before the old ones go. */
    async replace(partitionId: string, { written, obsolete }: LedgerChanges): Promise<void> {
      const partitionKey = partitionKeyOf(partitionId);
      for (const run of written.runs) await insert({ partitionKey, ...runEntity(run) });
      for (const range of written.lost) await insert({ partitionKey, rowKey: rangeRowKey("lost", range) });
      const rowKeys = [
        ...obsolete.runs.map(runRowKey),
        ...obsolete.lost.map((range) => rangeRowKey("lost", range)),
        ...obsolete.stuck.map((range) => rangeRowKey("stuck", range)),
        ...obsolete.attempts.map(attemptRowKey),
      ];
      await removeAll(partitionKey, rowKeys.slice(0, REMOVED_AT_MOST));
    },

    /** Keeps what could not be stored, with why and how often. */
    async stuck(partitionId: string, range: StuckRange): Promise<void> {
      const entity = {
        partitionKey: partitionKeyOf(partitionId),
        rowKey: rangeRowKey("stuck", range),
        Attempts: range.attempts,
        Since: iso(range.since),
        LastTriedAt: iso(range.lastTriedAt),
        Reason: range.reason,
      };
      assertWithinTableLimits(entity);
      await call((options) => table.upsertEntity(entity, "Replace", options));
    },

    /** Counts that events from `first` on are about to be read again. @returns how often that was begun before and not ended */
    async beginAttempt(partitionId: string, first: number): Promise<number> {
      const partitionKey = partitionKeyOf(partitionId);
      const rowKey = attemptRowKey(first);
      let before = 0;
      const filter = odata`PartitionKey eq ${partitionKey} and RowKey eq ${rowKey}`;
      for await (const entity of rowsWhere(table, { filter }, timeoutMs)) before = Number(entity["Count"]);
      await call((options) => table.upsertEntity({ partitionKey, rowKey, Count: before + 1 }, "Replace", options));
      return before;
    },

    async endAttempt(partitionId: string, first: number): Promise<void> {
      await remove(partitionKeyOf(partitionId), attemptRowKey(first));
    },

    async writeStatus({ partitionId, ...status }: PartitionStatus): Promise<void> {
      const entity = {
        partitionKey: `status|${hubKey}`,
        rowKey: keyPart(partitionId),
        CheckedAt: status.checkedAt,
        Lag: BigInt(status.lag),
        GapEvents: BigInt(status.gapEvents),
        LostEvents: BigInt(status.lostEvents),
        StuckEvents: BigInt(status.stuckEvents),
        Stuck: JSON.stringify(status.stuck),
        OldestUnfinishedAt: status.oldestUnfinishedAt ?? "",
        LastEnqueuedAt: status.lastEnqueuedAt ?? "",
      };
      await call((options) => table.upsertEntity(entity, "Replace", options));
    },

    /** Says that a partition could not be checked. What was found out about it before stays. */
    async writeFailure(partitionId: string, { at, reason }: { at: string; reason: string }): Promise<void> {
      const entity = { partitionKey: `status|${hubKey}`, rowKey: keyPart(partitionId), FailedAt: at, Failure: reason };
      await call((options) => table.upsertEntity(entity, "Merge", options));
    },

    /** Forgets what was found out about partitions that the hub does not have any more. */
    async forgetStatuses(partitionIds: readonly string[]): Promise<void> {
      const kept = new Set(partitionIds.map(keyPart));
      const gone = (await this.statuses()).filter(({ partitionId }) => !kept.has(partitionId));
      await removeAll(
        `status|${hubKey}`,
        gone.map(({ partitionId }) => partitionId),
      );
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

export function hubKeyOf({ namespace, hub }: HubName): string {
  return `${keyPart(namespace)}|${keyPart(hub)}`;
}

/** Host names, hub names and partition ids are of these characters; a colon comes before a local port. */
function keyPart(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "_");
}

function runRowKey({ first, last, enqueuedAt }: FinishedRun): string {
  return `run|${digits(first)}|${digits(last)}|${digits(enqueuedAt)}`;
}

function rangeRowKey(kind: "lost" | "stuck", { first, last, hubCreatedAt }: LostRange): string {
  return `${kind}|${digits(first)}|${digits(last)}|${digits(hubCreatedAt)}`;
}

function attemptRowKey(first: number): string {
  return `attempt|${digits(first)}`;
}

function runEntity(run: FinishedRun) {
  return { rowKey: runRowKey(run), FinishedAt: iso(run.finishedAt), LatestAt: iso(run.latestAt) };
}

type LedgerRows = { -readonly [Kind in keyof PartitionLedger]: PartitionLedger[Kind][number][] };

function emptyLedger(): LedgerRows {
  return { runs: [], lost: [], stuck: [], bases: [], attempts: [] };
}

/** Adds what a row says. A row whose key is not of ours is left alone. */
function addRow(ledger: LedgerRows, entity: Entity): void {
  const [kind, ...numbers] = String(entity["rowKey"]).split("|");
  const [first, last = 0, third = 0] = numbers.map(Number);
  if (first === undefined || ![first, last, third].every(Number.isSafeInteger)) return;
  const timeOf = (name: string): number | undefined => time(entity[name]);
  if (kind === "run") {
    const finishedAt = timeOf("FinishedAt") ?? third;
    ledger.runs.push({ first, last, enqueuedAt: third, finishedAt, latestAt: timeOf("LatestAt") ?? finishedAt });
  } else if (kind === "lost") ledger.lost.push({ first, last, hubCreatedAt: third });
  else if (kind === "attempt") ledger.attempts.push(first);
  else if (kind === "base")
    ledger.bases.push({ hubCreatedAt: first, first: Number(entity["First"]), seenAt: timeOf("SeenAt") ?? 0 });
  else if (kind === "stuck")
    ledger.stuck.push({
      first,
      last,
      hubCreatedAt: third,
      attempts: Number(entity["Attempts"]),
      since: timeOf("Since") ?? 0,
      lastTriedAt: timeOf("LastTriedAt") ?? 0,
      reason: String(entity["Reason"]),
    });
}

function statusOf(entity: Entity): PartitionStatus {
  const textOf = (name: string): string | undefined => {
    const value = entity[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [failedAt, reason] = [textOf("FailedAt"), textOf("Failure")];
  return {
    partitionId: String(entity["rowKey"]),
    checkedAt: textOf("CheckedAt") ?? "",
    lag: Number(entity["Lag"] ?? 0),
    gapEvents: Number(entity["GapEvents"] ?? 0),
    stuckEvents: Number(entity["StuckEvents"] ?? 0),
    stuck: JSON.parse(textOf("Stuck") ?? "[]"),
    lostEvents: Number(entity["LostEvents"] ?? 0),
    oldestUnfinishedAt: textOf("OldestUnfinishedAt"),
    lastEnqueuedAt: textOf("LastEnqueuedAt"),
    failure: failedAt === undefined ? undefined : { at: failedAt, reason: reason ?? "" },
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function time(value: unknown): number | undefined {
  const milliseconds = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
