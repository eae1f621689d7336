import { RestError, type TableClient } from "@azure/data-tables";
import { rowOfEntity } from "../../src/azure/incidents/incident-entity.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";

/** The part of the SDK's client that this file uses. */
export type ListedTable = Pick<TableClient, "listEntities">;

export interface StoredRow {
  readonly row: IncidentRow;
  /** When the table stored it, by the table's clock; undefined if the table does not say. */
  readonly storedAt: number | undefined;
}

/** All rules' incidents. The bounds are constants and `}` is the character behind `|`. */
const INCIDENTS = "RowKey ge 'incident|' and RowKey lt 'incident}'";

/** Reads the incident table again and again, and returns the incidents that are new. */
export function storedIncidents(table: ListedTable) {
  const all = new Map<string, StoredRow>();
  return {
    /** Incidents that no earlier call has returned, in the order in which the table stored them. */
    async fresh(): Promise<readonly StoredRow[]> {
      const added: StoredRow[] = [];
      try {
        for await (const entity of table.listEntities({ queryOptions: { filter: INCIDENTS } })) {
          const id = String(entity.rowKey);
          if (all.has(id)) continue;
          const storedAt = Date.parse(String(entity.timestamp));
          const stored = { row: rowOfEntity(entity), storedAt: Number.isNaN(storedAt) ? undefined : storedAt };
          all.set(id, stored);
          added.push(stored);
        }
      } catch (error) {
        // The app creates the table at its first invocation.
        if (!(error instanceof RestError && error.statusCode === 404)) throw error;
      }
      return added.toSorted((a, b) => (a.storedAt ?? 0) - (b.storedAt ?? 0));
    },

    /** All incidents returned so far. */
    all(): readonly StoredRow[] {
      return [...all.values()];
    },
  };
}
