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
import {
  attemptKey,
  baseKey,
  type HubName,
  ledgerKeyParts,
  ledgerPartition,
  lostKey,
  runKey,
  statusKeys,
  statusPartition,
  stuckKey,
} from "../tables/row-keys.ts";
import type { Entity, Row, TableRows } from "../tables/table-rows.ts";

/** Rows removed at a time. */
const REMOVED_AT_ONCE = 20;
/** Rows that one check removes, so that a long neglected ledger leaves time to heal. The next check goes on. */
const REMOVED_AT_MOST = 5_000;

/**
 * The sequence numbers of finished events, as runs, by partition. Instances only insert rows, and the timer replaces
 * rows by larger ones. No instance reads a row to write it back, so any number of them can write at the same time.
 * `row-keys.ts` has the layout of the table.
 */
export function ledgerTable(table: TableRows, hub: HubName) {
  const partitionOf = (partitionId: string): string => ledgerPartition(hub, partitionId);

  async function removeAll(partitionKey: string, rowKeys: readonly string[]): Promise<void> {
    for (let start = 0; start < rowKeys.length; start += REMOVED_AT_ONCE) {
      const some = rowKeys.slice(start, start + REMOVED_AT_ONCE);
      await Promise.all(some.map((rowKey) => table.remove({ partitionKey, rowKey })));
    }
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await table.make();
    },

    /**
     * Notes that events are finished. A repeated call is harmless.
     *
     * @throws {DependencyError} when it is unknown whether the note is stored
     */
    async finished(partitionId: string, run: FinishedRun): Promise<void> {
      await ledgerWrite(() => table.insert(runEntity(partitionOf(partitionId), run)));
    },

    /** All rows of a partition. */
    async read(partitionId: string): Promise<PartitionLedger> {
      const ledger = emptyLedger();
      for await (const entity of table.list({ partitionKey: partitionOf(partitionId) })) addRow(ledger, entity);
      return ledger;
    },

    /** Sets the first number that is expected. For each hub, the first call decides. */
    async begin(partitionId: string, { hubCreatedAt, first, seenAt }: LedgerBase): Promise<void> {
      const keys = { partitionKey: partitionOf(partitionId), rowKey: baseKey(hubCreatedAt) };
      await table.insert({ ...keys, First: BigInt(first), SeenAt: iso(seenAt) });
    },

    /** Notes that events have left the hub for good. The row stays. */
    async lost(partitionId: string, range: LostRange): Promise<void> {
      await table.insert(lostEntity(partitionOf(partitionId), range));
    },

    /** Replaces rows by fewer with the same meaning. It writes the new rows before it removes the old ones. */
    async replace(partitionId: string, { written, obsolete }: LedgerChanges): Promise<void> {
      const partitionKey = partitionOf(partitionId);
      for (const run of written.runs) await table.insert(runEntity(partitionKey, run));
      for (const range of written.lost) await table.insert(lostEntity(partitionKey, range));
      const rowKeys = [
        ...obsolete.runs.map(runKey),
        ...obsolete.lost.map(lostKey),
        ...obsolete.stuck.map(stuckKey),
        ...obsolete.attempts.map(attemptKey),
      ];
      await removeAll(partitionKey, rowKeys.slice(0, REMOVED_AT_MOST));
    },

    /** Notes the events that could not be stored, with the reason and the number of attempts. */
    async stuck(partitionId: string, range: StuckRange): Promise<void> {
      await table.put({
        partitionKey: partitionOf(partitionId),
        rowKey: stuckKey(range),
        Attempts: range.attempts,
        Since: iso(range.since),
        LastTriedAt: iso(range.lastTriedAt),
        Reason: range.reason,
      });
    },

    /** Counts an attempt to read events from `first` on again. @returns how many earlier attempts began and never ended */
    async beginAttempt(partitionId: string, first: number): Promise<number> {
      const keys = { partitionKey: partitionOf(partitionId), rowKey: attemptKey(first) };
      const before = Number((await table.get(keys))?.["Count"] ?? 0);
      await table.put({ ...keys, Count: before + 1 });
      return before;
    },

    async endAttempt(partitionId: string, first: number): Promise<void> {
      await table.remove({ partitionKey: partitionOf(partitionId), rowKey: attemptKey(first) });
    },

    async writeStatus({ partitionId, ...status }: PartitionStatus): Promise<void> {
      await table.put({
        ...statusKeys(hub, partitionId),
        CheckedAt: status.checkedAt,
        Lag: BigInt(status.lag),
        GapEvents: BigInt(status.gapEvents),
        LostEvents: BigInt(status.lostEvents),
        StuckEvents: BigInt(status.stuckEvents),
        Stuck: JSON.stringify(status.stuck),
        OldestUnfinishedAt: status.oldestUnfinishedAt ?? "",
        LastEnqueuedAt: status.lastEnqueuedAt ?? "",
        Evaluation: JSON.stringify(status.evaluation),
      });
    },

    /** Notes that a partition could not be checked. The result of its latest good check stays. */
    async writeFailure(partitionId: string, { at, reason }: { at: string; reason: string }): Promise<void> {
      await table.put({ ...statusKeys(hub, partitionId), FailedAt: at, Failure: reason }, "Merge");
    },

    /** Removes the results of partitions that the hub no longer has. */
    async forgetStatuses(partitionIds: readonly string[]): Promise<void> {
      const kept = new Set(partitionIds.map((partitionId) => statusKeys(hub, partitionId).rowKey));
      const gone = (await this.statuses()).map(({ partitionId }) => partitionId).filter((id) => !kept.has(id));
      await removeAll(statusPartition(hub), gone);
    },

    /** The timer's latest result for each partition. Empty before its first run. */
    async statuses(): Promise<PartitionStatus[]> {
      const statuses: PartitionStatus[] = [];
      for await (const entity of table.list({ partitionKey: statusPartition(hub) })) statuses.push(statusOf(entity));
      return statuses;
    },
  };
}

export type LedgerTable = ReturnType<typeof ledgerTable>;

/** Does a write of the ledger. @throws {DependencyError} whatever the write fails with */
export async function ledgerWrite(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof DependencyError) throw error;
    const problem = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new DependencyError("Ledger", problem || "no reason given", { cause: error });
  }
}

function runEntity(partitionKey: string, run: FinishedRun): Row {
  const times = { FinishedAt: iso(run.finishedAt), LatestAt: iso(run.latestAt) };
  return { partitionKey, rowKey: runKey(run), ...times };
}

function lostEntity(partitionKey: string, range: LostRange): Row {
  return { partitionKey, rowKey: lostKey(range), LostAt: iso(range.lostAt) };
}

type LedgerRows = { -readonly [Kind in keyof PartitionLedger]: PartitionLedger[Kind][number][] };

function emptyLedger(): LedgerRows {
  return { runs: [], lost: [], stuck: [], bases: [], attempts: [] };
}

/** Adds a row's content. Ignores a row whose key pimwatch did not write. */
function addRow(ledger: LedgerRows, entity: Entity): void {
  const parts = ledgerKeyParts(String(entity["rowKey"]));
  if (parts === undefined) return;
  const { kind, first, last, third } = parts;
  const timeOf = (name: string): number | undefined => time(entity[name]);
  if (kind === "run") {
    const finishedAt = timeOf("FinishedAt") ?? third;
    ledger.runs.push({ first, last, enqueuedAt: third, finishedAt, latestAt: timeOf("LatestAt") ?? finishedAt });
  } else if (kind === "lost") ledger.lost.push({ first, last, hubCreatedAt: third, lostAt: timeOf("LostAt") ?? 0 });
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
  const evaluation = textOf("Evaluation");
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
    evaluation: evaluation === undefined ? undefined : JSON.parse(evaluation),
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
