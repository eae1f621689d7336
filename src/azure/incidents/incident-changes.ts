import * as z from "zod/mini";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { HistoryEntry } from "../../core/triage/triage-change.ts";
import { TRIAGE_FIELDS } from "../../core/triage/triage-fields.ts";
import { SINKS_ALWAYS_ON } from "../../core/incident/sinks.ts";
import { MACHINE } from "../../machine.ts";
import { historyKeys, historyRows, identityOf, incidentKeys, listedKeys } from "../tables/row-keys.ts";
import { isTableKey } from "../tables/table-limits.ts";
import type { Entity, Row, RowKeys, TableRows } from "../tables/table-rows.ts";
import { incidentEntity } from "./incident-entity.ts";
import { outboxRows } from "./outbox-entity.ts";

/**
 * Changes that analysts make. One transaction stores a change, its history entry and its outbox rows.
 *
 * @param sinks the sinks that changes are queued for
 */
export function incidentChanges(table: TableRows, sinks = SINKS_ALWAYS_ON, machine = MACHINE) {
  return {
    /**
     * Replaces the row that is one revision older by the changed row.
     *
     * @returns "conflict" if the stored incident has another revision, because somebody else was first. Nothing is
     *   changed then.
     * @throws when the table does not answer; then the change is stored whole or not at all
     */
    async change(row: IncidentRow, entry: HistoryEntry): Promise<"changed" | "conflict"> {
      const { ruleId, id } = identityOf(row);
      const keys = incidentKeys(ruleId, id);
      const stored = await table.get(keys);
      if (stored === undefined || stored["Revision"] !== entry.revision - 1) return "conflict";
      const changeId = machine.newId();
      const history = historyKeys(ruleId, id, entry.revision);
      const answer = await table.commit([
        { replace: incidentEntity(keys, row), etag: stored.etag },
        { put: incidentEntity(listedKeys(row), row, "listed") },
        { insert: historyEntity(history, entry, changeId) },
        ...outboxRows(row, "changed", sinks).map((insert) => ({ insert })),
      ]);
      if (answer.outcome === "committed") return "changed";
      if (answer.outcome !== "conflict") throw answer.error;
      // It may be our own change whose answer was lost: the client sends a transaction again.
      const kept = await table.get(history);
      return kept?.["ChangeId"] === changeId ? "changed" : "conflict";
    },

    /** The changes of an incident, oldest first. */
    async history(ruleId: string, id: string): Promise<HistoryEntry[]> {
      if (!isTableKey(ruleId) || !isTableKey(id)) return [];
      const entries: HistoryEntry[] = [];
      for await (const entity of table.list({ partitionKey: ruleId, prefix: historyRows(id) }))
        entries.push(entryOfEntity(entity));
      return entries;
    },
  };
}

function historyEntity(keys: RowKeys, { revision, time, by, changes, comment }: HistoryEntry, changeId: string): Row {
  return Object.assign(
    { ...keys },
    {
      Revision: revision,
      Time: time,
      ByName: by.name,
      ById: by.id,
      ByKind: by.kind,
      Changes: JSON.stringify(changes),
      Comment: comment,
      ChangeId: changeId,
    },
  );
}

const HISTORY = z.object({
  Revision: z.number(),
  Time: z.string(),
  ByName: z.string(),
  ById: z.string(),
  ByKind: z.enum(["entra", "local", "app"]),
  Changes: z.pipe(
    z.pipe(
      z.string(),
      z.transform((json): unknown => JSON.parse(json)),
    ),
    z.array(z.object({ field: z.enum(TRIAGE_FIELDS), from: z.string(), to: z.string() })),
  ),
  Comment: z.string(),
});

function entryOfEntity(entity: Entity): HistoryEntry {
  const { Revision, Time, ByName, ById, ByKind, Changes, Comment } = HISTORY.parse(entity);
  return {
    revision: Revision,
    time: Time,
    by: { name: ByName, id: ById, kind: ByKind },
    changes: Changes,
    comment: Comment,
  };
}
