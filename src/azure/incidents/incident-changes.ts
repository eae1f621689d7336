import { randomUUID } from "node:crypto";
import { odata, type TableClient, type TableEntity, type TransactionAction } from "@azure/data-tables";
import * as z from "zod/mini";
import { valueText } from "../../core/value-text.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { type HistoryEntry, TRIAGE_FIELDS } from "../../core/triage/triage-change.ts";
import { DependencyError } from "../../errors.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { incidentEntity, outboxEntity } from "./incident-entity.ts";
import { outboxRowKey } from "./incident-outbox.ts";
import { timeRowKey } from "./incident-table.ts";
import { assertWithinTableLimits, isTableKey } from "../tables/table-limits.ts";
import { findRow, hasStatus, rowsWhere, TABLE_SERVICE } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
type Table = Pick<TableClient, "getEntity" | "listEntities" | "submitTransaction">;

/**
 * Changes of incidents by analysts, each with its entry in the history and its row in the outbox, in one transaction.
 *
 *     PartitionKey  RowKey                              holds
 *     <rule id>     history|<id>|<revision, 10 digits>  who changed what
 *
 * @param timeoutMs how long one call may take with its retries
 */
export function incidentChanges(table: Table, timeoutMs = CALL_TIMEOUT_MS) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);

  const find = (partitionKey: string, rowKey: string) => findRow(table, { partitionKey, rowKey }, timeoutMs);

  return {
    /**
     * Stores a changed row in the place of the one that is a revision older.
     *
     * @returns "conflict" where the stored incident is of another revision: somebody else was first. Nothing is
     *   changed then.
     * @throws whatever keeps the table from answering; then it is changed whole or not at all
     */
    async change(row: IncidentRow, entry: HistoryEntry): Promise<"changed" | "conflict"> {
      const [partitionKey, id] = [valueText(row["RuleId"]), valueText(row["IncidentId"])];
      const stored = await find(partitionKey, `incident|${id}`);
      if (stored === undefined || stored["Revision"] !== entry.revision - 1) return "conflict";
      const changeId = randomUUID();
      const historyKey = historyRowKey(id, entry.revision);
      const listed = incidentEntity({ partitionKey, rowKey: timeRowKey(row) }, row, "listed");
      const etag = stored.etag;
      const actions: TransactionAction[] = [
        ["update", incidentEntity({ partitionKey, rowKey: `incident|${id}` }, row), "Replace", { etag }],
        ["upsert", listed, "Replace"],
        ["create", historyEntity({ partitionKey, rowKey: historyKey }, entry, changeId)],
        ["create", outboxEntity({ partitionKey, rowKey: outboxRowKey(row) }, row)],
      ];
      for (const [, entity] of actions) assertWithinTableLimits(entity);
      try {
        const { subResponses } = await call((options) => table.submitTransaction(actions, options));
        const done = subResponses.filter(({ status }) => status >= 200 && status < 300).length;
        if (done !== actions.length)
          throw new DependencyError(TABLE_SERVICE, `a transaction of ${actions.length} rows confirmed ${done}`);
        return "changed";
      } catch (error) {
        if (!hasStatus(error, 412) && !hasStatus(error, 409)) throw error;
        // It may be our own change whose answer was lost: the client sends a transaction again.
        const kept = await find(partitionKey, historyKey);
        return kept?.["ChangeId"] === changeId ? "changed" : "conflict";
      }
    },

    /** The changes of an incident, oldest first. */
    async history(ruleId: string, id: string): Promise<HistoryEntry[]> {
      if (!isTableKey(ruleId) || !isTableKey(id)) return [];
      const [from, before] = [`history|${id}|`, `history|${id}}`];
      const filter = odata`PartitionKey eq ${ruleId} and RowKey ge ${from} and RowKey lt ${before}`;
      const entries: HistoryEntry[] = [];
      for await (const entity of rowsWhere(table, { filter }, timeoutMs)) entries.push(entryOfEntity(entity));
      return entries;
    },
  };
}

function historyRowKey(id: string, revision: number): string {
  return `history|${id}|${String(revision).padStart(10, "0")}`;
}

function historyEntity(
  keys: { readonly partitionKey: string; readonly rowKey: string },
  { revision, time, by, changes, comment }: HistoryEntry,
  changeId: string,
): TableEntity<object> {
  return Object.assign(keys, {
    Revision: revision,
    Time: time,
    ByName: by.name,
    ById: by.id,
    ByKind: by.kind,
    Changes: JSON.stringify(changes),
    Comment: comment,
    ChangeId: changeId,
  });
}

const HISTORY = z.object({
  Revision: z.number(),
  Time: z.string(),
  ByName: z.string(),
  ById: z.string(),
  ByKind: z.enum(["entra", "local"]),
  Changes: z.pipe(
    z.pipe(
      z.string(),
      z.transform((json): unknown => JSON.parse(json)),
    ),
    z.array(z.object({ field: z.enum(TRIAGE_FIELDS), from: z.string(), to: z.string() })),
  ),
  Comment: z.string(),
});

function entryOfEntity(entity: Readonly<Record<string, unknown>>): HistoryEntry {
  const { Revision, Time, ByName, ById, ByKind, Changes, Comment } = HISTORY.parse(entity);
  return {
    revision: Revision,
    time: Time,
    by: { name: ByName, id: ById, kind: ByKind },
    changes: Changes,
    comment: Comment,
  };
}
