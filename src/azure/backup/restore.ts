import { throwFirst } from "../../core/do-each.ts";
import { DependencyError } from "../../errors.ts";
import type { incidentLists } from "../incidents/incident-lists.ts";
import {
  acknowledgementOf,
  EXPORT_RANGES,
  INCIDENT_KINDS,
  INCIDENT_ROWS,
  incidentIdOf,
  kindOf,
  RESTORE_ORDER,
  revisionOf,
} from "../tables/row-keys.ts";
import { sideBySide } from "../tables/side-by-side.ts";
import { isMissingTable } from "../tables/table-errors.ts";
import { assertWithinTableLimits } from "../tables/table-limits.ts";
import { TABLE_SERVICE, type TableRows } from "../tables/table-rows.ts";
import { type RowSet, transactionGroups } from "../tables/transaction-groups.ts";
import type { Backups } from "./backups.ts";
import { differences, type ExactRow, exactRows, keysOf, writableRow } from "./exact-rows.ts";
import type { Manifest, Part } from "./manifest.ts";

export interface RestoreDependencies {
  readonly table: Pick<TableRows, "make" | "list" | "get" | "exactPage" | "commit">;
  readonly backups: Pick<Backups, "readPart">;
  readonly lists: Pick<ReturnType<typeof incidentLists>, "check" | "relist">;
}

export interface RestoreOptions {
  /** Write nothing. */
  readonly isDryRun: boolean;
  /** Ends the restore between two parts. */
  readonly stopping: AbortSignal;
  readonly onProgress: (stage: "verified" | "restored", rows: number) => void;
  readonly onKept: (row: KeptRow) => void;
}

/** A row that the table has in another form. It stays as it is. */
export interface KeptRow {
  readonly ruleId: string;
  readonly rowKey: string;
  readonly differsIn: readonly string[];
  /** Of incidents. */
  readonly revision: { readonly backup: unknown; readonly table: unknown } | undefined;
}

export interface Restored {
  /** Rows that were missing; in a dry run, that are. */
  readonly added: number;
  /** Rows that the table has as the backup has them. */
  readonly same: number;
  readonly kept: number;
  /**
   * Rows of a later state than the incident's: those that were written during the export, and those of an incident that
   * the table has in an earlier state. Also outbox rows that were acknowledged since.
   */
  readonly leftOut: number;
  /** Incidents that lists did not show correctly, and now do. */
  readonly relisted: number;
  readonly isStopped: boolean;
}

/** Transactions and the reads before them that run at a time. */
const SIDE_BY_SIDE = 4;
/** How often a group is read and written again after somebody else wrote one of its rows. */
const ROUNDS = 3;

/**
 * Adds the rows of an export to a table that lacks them. A row that the table has stays as it is, and is reported if it
 * differs: it may be newer. So a restore can be stopped, and repeated as often as one likes.
 *
 * @throws {DependencyError} before it writes anything, when a part is missing or is not what the manifest says
 */
export async function restore(
  { parts }: Manifest,
  { table, backups, lists }: RestoreDependencies,
  { isDryRun, stopping, onProgress, onKept }: RestoreOptions,
): Promise<Restored> {
  const figures = { added: 0, same: 0, kept: 0, leftOut: 0, relisted: 0 };
  let done = 0;

  async function eachPart(some: readonly Part[], work: (rows: ExactRow[]) => Promise<void> | void): Promise<void> {
    done = 0;
    for (const part of some) {
      if (stopping.aborted) return;
      await work(rowsOf(await backups.readPart(part)));
    }
  }

  const index = exportIndex();
  await eachPart(parts, (rows) => {
    for (const row of rows) index.add(row);
    onProgress("verified", (done += rows.length));
  });
  const stored = await storedRevisions(index.ruleIds(), table, isDryRun);

  const restoreOrder = RESTORE_ORDER.flatMap((name) =>
    parts.filter(({ range }) => EXPORT_RANGES[range]?.name === name),
  );
  await eachPart(restoreOrder, async (rows) => {
    const wanted = rows.filter((row) => index.isOfStateIn(row, stored));
    figures.leftOut += rows.length - wanted.length;
    const { failures } = await sideBySide(groupsOf(wanted), SIDE_BY_SIDE, async (group) => {
      const counted = await restoreGroup(group);
      figures.added += counted.added;
      figures.same += counted.same;
      figures.kept += counted.kept.length;
      figures.leftOut += counted.acknowledged;
      for (const row of counted.kept) onKept(row);
    });
    throwFirst(failures);
    onProgress("restored", (done += rows.length));
  });

  if (!isDryRun && !stopping.aborted)
    for (const ruleId of index.ruleIds())
      for (const unlisted of (await lists.check(ruleId)).unlisted)
        if ((await lists.relist(unlisted)) === "relisted") figures.relisted += 1;
  return { ...figures, isStopped: stopping.aborted };

  async function restoreGroup(group: readonly ExactRow[]) {
    let conflict: unknown;
    for (let round = 0; round < ROUNDS; round += 1) {
      const found = await existingRows(group, table);
      const missing = group.filter(({ RowKey }) => !found.has(RowKey));
      const wanted = await withoutAcknowledged(missing, table);
      const answer =
        isDryRun || wanted.length === 0
          ? undefined
          : await table.commit(wanted.map((row) => ({ insert: writableRow(row) })));
      if (answer === undefined || answer.outcome === "committed") {
        const kept = group.flatMap((row) => keptRow(row, found.get(row.RowKey)) ?? []);
        const same = group.length - missing.length - kept.length;
        return { added: wanted.length, same, kept, acknowledged: missing.length - wanted.length };
      }
      if (answer.outcome !== "conflict") throw answer.error;
      conflict = answer.error;
    }
    throw new DependencyError(TABLE_SERVICE, "others keep writing the rows that are to be restored", {
      cause: conflict,
    });
  }
}

function rowsOf(lines: readonly string[]): ExactRow[] {
  return lines.map((line): ExactRow => JSON.parse(line));
}

/** The incidents of an export and its acknowledged outbox rows: what decides whether another row belongs to their state. */
function exportIndex() {
  const revisions = new Map<string, Map<string, number>>();
  const queued = new Set<string>();
  const acknowledged = new Set<string>();

  return {
    /** Rows must come in the order of the export, the outbox before the acknowledgements. */
    add(row: ExactRow): void {
      const { PartitionKey, RowKey, Revision } = row;
      const kind = kindOf(RowKey);
      const ofRule = revisions.get(PartitionKey) ?? new Map<string, number>();
      revisions.set(PartitionKey, ofRule);
      if (kind === "incident") ofRule.set(incidentIdOf(RowKey), Number(Revision));
      if (kind === "outbox") queued.add(addressOf(keysAddress(row)));
      if (kind === "ack" && queued.has(addressOf(row))) acknowledged.add(addressOf(row));
    },

    ruleIds(): string[] {
      return [...revisions.keys()];
    },

    /** Whether a row belongs to its incident's state in the export or, if that is earlier, in the table. */
    isOfStateIn(row: ExactRow, stored: ReadonlyMap<string, number>): boolean {
      const { PartitionKey, RowKey, Revision } = row;
      const kind = kindOf(RowKey);
      if (!INCIDENT_KINDS.includes(kind)) return true;
      const id = incidentIdOf(RowKey);
      const exported = revisions.get(PartitionKey)?.get(id);
      if (exported === undefined) return false;
      if (kind === "incident") return true;
      if (kind === "outbox" && acknowledged.has(addressOf(keysAddress(row)))) return false;
      const state = Math.min(exported, stored.get(`${PartitionKey}/${id}`) ?? Infinity);
      const revision = kind === "time" ? Number(Revision) : revisionOf(RowKey);
      return revision === undefined || !(revision > state);
    },
  };
}

/** A table key cannot contain a slash. */
function addressOf({ PartitionKey, RowKey }: Pick<ExactRow, "PartitionKey" | "RowKey">): string {
  return `${PartitionKey}/${RowKey}`;
}

/** The keys of the acknowledgement that would take the place of an outbox row. */
function keysAddress(row: ExactRow): Pick<ExactRow, "PartitionKey" | "RowKey"> {
  const { partitionKey, rowKey } = acknowledgementOf(keysOf(row));
  return { PartitionKey: partitionKey, RowKey: rowKey };
}

/** The revisions of the incidents that the table has. Makes the table if there is none. */
async function storedRevisions(
  ruleIds: readonly string[],
  table: RestoreDependencies["table"],
  isDryRun: boolean,
): Promise<Map<string, number>> {
  const revisions = new Map<string, number>();
  try {
    for (const partitionKey of ruleIds) {
      const query = { partitionKey, prefix: INCIDENT_ROWS, select: ["RowKey", "Revision"] };
      for await (const { rowKey, Revision } of table.list(query))
        revisions.set(`${partitionKey}/${incidentIdOf(String(rowKey))}`, Number(Revision));
    }
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    if (!isDryRun) await table.make();
  }
  return revisions;
}

function groupsOf(rows: readonly ExactRow[]): ExactRow[][] {
  const sets = rows.map((row): RowSet & { readonly row: ExactRow } => {
    const entity = writableRow(row);
    return { partitionKey: row.PartitionKey, entities: [entity], bytes: assertWithinTableLimits(entity), row };
  });
  return transactionGroups(sets).map((group) => group.map(({ row }) => row));
}

/** The rows of the table between the first and the last key of a group, by key. A group has the order of the keys. */
async function existingRows(
  group: readonly ExactRow[],
  table: RestoreDependencies["table"],
): Promise<Map<string, ExactRow>> {
  const found = new Map<string, ExactRow>();
  const [first, last] = [group[0], group.at(-1)];
  if (first === undefined || last === undefined) return found;
  const wanted = new Set(group.map(({ RowKey }) => RowKey));
  let token: string | undefined;
  try {
    do {
      const range = { partitionKey: first.PartitionKey, from: first.RowKey, through: last.RowKey };
      const page = await table.exactPage(range, token);
      for (const row of exactRows(page.json)) if (wanted.has(row.RowKey)) found.set(row.RowKey, row);
      token = page.token;
    } while (token !== undefined);
  } catch (error) {
    if (!isMissingTable(error)) throw error; // a dry run does not make the table
  }
  return found;
}

/** Leaves out outbox rows that the table has an acknowledgement of: their sink accepted them after the export. */
async function withoutAcknowledged(
  rows: readonly ExactRow[],
  table: RestoreDependencies["table"],
): Promise<readonly ExactRow[]> {
  const wanted: ExactRow[] = [];
  for (const row of rows) {
    const isQueued = kindOf(row.RowKey) === "outbox";
    if (!isQueued || !(await hasRow(acknowledgementOf(keysOf(row)), table))) wanted.push(row);
  }
  return wanted;
}

async function hasRow(keys: ReturnType<typeof keysOf>, table: RestoreDependencies["table"]): Promise<boolean> {
  try {
    return (await table.get(keys)) !== undefined;
  } catch (error) {
    if (isMissingTable(error)) return false;
    throw error;
  }
}

/** Undefined if the table has no such row, or has the same. */
function keptRow(row: ExactRow, found: ExactRow | undefined): KeptRow | undefined {
  if (found === undefined) return undefined;
  const differsIn = differences(row, found);
  if (differsIn.length === 0) return undefined;
  const isIncident = kindOf(row.RowKey) === "incident";
  const revision = isIncident ? { backup: row["Revision"], table: found["Revision"] } : undefined;
  return { ruleId: row.PartitionKey, rowKey: row.RowKey, differsIn, revision };
}
