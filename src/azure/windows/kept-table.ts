import { deflateRawSync, inflateRawSync } from "node:zlib";
import { doEach, throwFirst } from "../../core/do-each.ts";
import type { HubPosition } from "../../core/incident/incident.ts";
import type { Instants } from "../../core/window/instants.ts";
import {
  type DueRow,
  type KeptRecord,
  type WindowName,
  type WindowRecord,
  windowRecord,
} from "../../core/window/kept-record.ts";
import { MACHINE, type Machine } from "../../machine.ts";
import { changeRow } from "../tables/change-row.ts";
import {
  CURSORS_PARTITION,
  cursorKeys,
  DUE_PARTITION,
  dueIdOf,
  dueKeys,
  keptKeys,
  keptPartition,
  keptRowsFrom,
  windowOfKey,
} from "../tables/row-keys.ts";
import { assertWithinTableLimits } from "../tables/table-limits.ts";
import type { Entity, Row, RowKeys, TableRows } from "../tables/table-rows.ts";
import { type RowSet, transactionGroups } from "../tables/transaction-groups.ts";

/** How far a window is evaluated. */
export interface Cursor {
  readonly window: WindowName;
  /** The next scheduled instant that was never evaluated, in ticks of 100 ns since the year 1. */
  readonly next: bigint;
}

/** A record that was to be kept and the table refuses for good. */
export interface RefusedRecord {
  readonly record: KeptRecord;
  readonly reason: string;
}

/** Bytes in one binary property; the service allows 64 KiB. */
const PART = 60_000;
/** Rows that one run removes, so that a long neglected window leaves time to evaluate. */
const REMOVED_AT_MOST = 2_000;

/**
 * The records that rules with windows keep, and how far each window is evaluated. `row-keys.ts` has the layout of the table.
 *
 * A record is kept first; then a due row says what must be evaluated because of it; then its event counts as finished. A due
 * row is removed only after an evaluation whose reads began after the row was read. So whatever is kept is evaluated, however
 * many instances work on it and wherever one of them ends.
 */
export function keptTable(table: TableRows, machine: Pick<Machine, "newId"> = MACHINE) {
  async function keepGroup(group: readonly KeptSet[]): Promise<RefusedRecord[]> {
    const answer = await table.commitItems(group.map(({ entities: [put] }) => [{ put }]));
    if (answer.outcome === "committed") return [];
    if (answer.outcome !== "refused") throw answer.error;
    if (group.length === 1) return group.map(({ record }) => ({ record, reason: answer.reason }));
    const refused: RefusedRecord[] = [];
    for (const one of group) refused.push(...(await keepGroup([one])));
    return refused;
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await table.make();
    },

    /**
     * Keeps records. One that is kept already is written again, which changes nothing.
     *
     * @returns those that the table never takes
     * @throws if some could not be kept, after it has kept the others
     */
    async keep(records: readonly KeptRecord[]): Promise<RefusedRecord[]> {
      const sets = records.map(keptSet);
      const refused = sets.flatMap((set) => ("reason" in set ? [set] : []));
      const once = new Map(sets.flatMap((set) => ("reason" in set ? [] : [[keyOf(set.entities[0]), set] as const])));
      const { errors } = await doEach(transactionGroups(once.values()), async (group) => {
        refused.push(...(await keepGroup(group)));
      });
      throwFirst(errors);
      return refused;
    },

    /** Notes that a window must be evaluated at these instants. */
    async owe(window: WindowName, { first, last }: Instants): Promise<void> {
      await table.put({ ...dueKeys(window, machine.newId()), First: String(first), Last: String(last) });
    },

    /** All evaluation that is owed. */
    async due(): Promise<DueRow[]> {
      const rows: DueRow[] = [];
      for await (const entity of table.list({ partitionKey: DUE_PARTITION })) {
        const rowKey = String(entity["rowKey"]);
        const [window, id] = [windowOfKey(rowKey), dueIdOf(rowKey)];
        const [first, last] = [ticksIn(entity["First"]), ticksIn(entity["Last"])];
        if (window !== undefined && first !== undefined && last !== undefined) rows.push({ window, id, first, last });
      }
      return rows;
    },

    /** Removes due rows, whose instants are evaluated. */
    async settle(rows: readonly DueRow[]): Promise<void> {
      for (const { window, id } of rows) await table.remove(dueKeys(window, id));
    },

    async cursors(): Promise<Cursor[]> {
      const cursors: Cursor[] = [];
      for await (const entity of table.list({ partitionKey: CURSORS_PARTITION })) {
        const window = windowOfKey(String(entity["rowKey"]));
        const next = ticksIn(entity["Next"]);
        if (window !== undefined && next !== undefined) cursors.push({ window, next });
      }
      return cursors;
    },

    /**
     * Begins the cursor of a new window. If several begin it, the first decides, since due rows of the others may lie before
     * what each of them would choose.
     *
     * @returns the next instant of the cursor
     */
    async begin(window: WindowName, next: bigint): Promise<bigint> {
      const keys = cursorKeys(window);
      if ((await table.insert({ ...keys, Next: String(next) })) === "inserted") return next;
      return ticksIn((await table.get(keys))?.["Next"]) ?? next;
    },

    /** Notes that all instants before `next` are evaluated. A cursor never goes back. */
    async advance(window: WindowName, next: bigint): Promise<void> {
      await changeRow(table, cursorKeys(window), (present) => {
        const before = ticksIn(present?.["Next"]);
        return before !== undefined && before >= next ? undefined : { Next: String(next) };
      });
    },

    /** Removes the cursor of a window of which nothing is left. */
    async end(window: WindowName): Promise<void> {
      await table.remove(cursorKeys(window));
    },

    /** The records that a window keeps, later than `after` and up to `through`, in order of time. */
    async read(window: WindowName, { after, through }: { readonly after: bigint; readonly through: bigint }) {
      const records: WindowRecord[] = [];
      const filter = { from: keptRowsFrom(after + 1n), below: keptRowsFrom(through + 1n) };
      for await (const entity of table.list({ partitionKey: keptPartition(window), ...filter })) {
        const record = recordIn(entity);
        if (record !== undefined) records.push(record);
      }
      return records;
    },

    /** Removes the records of a window up to a time, at most REMOVED_AT_MOST of them. */
    async forget(window: WindowName, through: bigint): Promise<number> {
      const partitionKey = keptPartition(window);
      const old: string[] = [];
      const filter = { below: keptRowsFrom(through + 1n), select: ["RowKey"] };
      for await (const { rowKey } of table.list({ partitionKey, ...filter })) {
        old.push(String(rowKey));
        if (old.length === REMOVED_AT_MOST) break;
      }
      for (const rowKey of old) await table.remove({ partitionKey, rowKey });
      return old.length;
    },
  };
}

interface KeptSet extends RowSet {
  readonly record: KeptRecord;
  readonly entities: readonly [Row];
}

function keptSet(record: KeptRecord): KeptSet | RefusedRecord {
  const { window, position } = record;
  const row: Row = {
    ...keptKeys(record),
    PartitionId: position.partitionId ?? "",
    SequenceNumber: BigInt(position.sequenceNumber ?? -1),
    EnqueuedTime: position.enqueuedTime ?? "",
    ...partsOf(deflateRawSync(record.bytes)),
  };
  try {
    return { record, partitionKey: keptPartition(window), entities: [row], bytes: assertWithinTableLimits(row) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { record, reason: error.message };
  }
}

function partsOf(bytes: Uint8Array): Record<string, Uint8Array> {
  const parts: Record<string, Uint8Array> = {};
  for (let start = 0; start < bytes.length; start += PART)
    parts[`Data${start / PART}`] = bytes.subarray(start, start + PART);
  return parts;
}

/** @returns undefined for a row that pimwatch did not write */
function recordIn(entity: Entity): WindowRecord | undefined {
  const parts: Uint8Array[] = [];
  for (let part = entity["Data0"]; part instanceof Uint8Array; part = entity[`Data${parts.length}`]) parts.push(part);
  const [ticks = "", hash = ""] = String(entity["rowKey"]).split("|");
  const time = ticksIn(ticks);
  if (time === undefined || parts.length === 0) return undefined;
  const number = Number(entity["SequenceNumber"]);
  const position: HubPosition = {
    partitionId: String(entity["PartitionId"]) || null,
    sequenceNumber: number < 0 ? null : number,
    enqueuedTime: String(entity["EnqueuedTime"]) || null,
  };
  return windowRecord({ time, hash, bytes: inflateRawSync(Buffer.concat(parts)), position });
}

function ticksIn(value: unknown): bigint | undefined {
  return typeof value === "string" && /^\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

function keyOf({ partitionKey, rowKey }: RowKeys): string {
  return `${partitionKey}/${rowKey}`;
}
