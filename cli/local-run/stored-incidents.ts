import { rowOfEntity } from "../../src/azure/incidents/incident-entity.ts";
import { INCIDENT_ROWS } from "../../src/azure/tables/row-keys.ts";
import { isMissingTable } from "../../src/azure/tables/table-errors.ts";
import type { TableRows } from "../../src/azure/tables/table-rows.ts";
import { byTime } from "../incidents/summary-text.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";

export interface StoredRow {
  readonly row: IncidentRow;
  /** When the table stored it, by the table's clock; undefined if the table does not say. */
  readonly storedAt: number | undefined;
}

/** Reads the incident table again and again, and returns the incidents that are new. */
export function storedIncidents(table: Pick<TableRows, "list">) {
  const all = new Map<string, StoredRow>();
  return {
    /** Incidents that no earlier call has returned, oldest activity first. */
    async fresh(): Promise<readonly StoredRow[]> {
      const added: StoredRow[] = [];
      try {
        for await (const entity of table.list({ prefix: INCIDENT_ROWS })) {
          const id = String(entity["rowKey"]);
          if (all.has(id)) continue;
          const storedAt = Date.parse(String(entity["timestamp"]));
          const stored = { row: rowOfEntity(entity), storedAt: Number.isNaN(storedAt) ? undefined : storedAt };
          all.set(id, stored);
          added.push(stored);
        }
      } catch (error) {
        if (!isMissingTable(error)) throw error;
      }
      return added.toSorted((a, b) => byTime(a.row, b.row));
    },

    /** All incidents returned so far. */
    all(): readonly StoredRow[] {
      return [...all.values()];
    },
  };
}
