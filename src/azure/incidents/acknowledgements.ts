import { odata, type TableClient } from "@azure/data-tables";
import { valueText } from "../../core/value-text.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { outboxEntity, rowOfEntity } from "./incident-entity.ts";
import { assertWithinTableLimits } from "../tables/table-limits.ts";
import { type Entity, findRow, isExistingRow, rowsWhere, TABLE_SERVICE } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type AccountsClient = Pick<TableClient, "listEntities" | "getEntity" | "createEntity">;

/** A state of an incident that was stored, and is neither waiting to be forwarded nor acknowledged. */
export interface Unaccounted {
  readonly ruleId: string;
  readonly incidentId: string;
  readonly revision: string;
}

export interface Accounts {
  readonly incidents: number;
  readonly waiting: number;
  readonly acknowledged: number;
  readonly unaccounted: readonly Unaccounted[];
}

/**
 * What was stored held against what the sink acknowledged: the incident table's rows `incident|…`, `outbox|…` and
 * `ack|…`. Each incident's latest state is in one of the latter two, or it was lost on the way.
 */
export function acknowledgements(table: AccountsClient, sink: string, timeoutMs = CALL_TIMEOUT_MS) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);

  async function* keysWith(ruleId: string, prefix: string): AsyncGenerator<string> {
    const filter = odata`PartitionKey eq ${ruleId} and RowKey ge ${`${prefix}|`} and RowKey lt ${`${prefix}}`}`;
    for await (const { rowKey } of rowsWhere(table, { filter, select: ["RowKey"] }, timeoutMs))
      yield String(rowKey).slice(prefix.length + 1);
  }

  const find = (ruleId: string, rowKey: string): Promise<Entity | undefined> =>
    findRow(table, { partitionKey: ruleId, rowKey }, timeoutMs);

  return {
    /** The accounts of one rule. */
    async of(ruleId: string): Promise<Accounts> {
      const open = new Map<string, Unaccounted>();
      // In this order: rows go from the outbox to the acknowledgements, in one transaction, and never back.
      const filter = odata`PartitionKey eq ${ruleId} and RowKey ge 'incident|' and RowKey lt 'incident}'`;
      const select = ["RowKey", "Revision"];
      for await (const entity of rowsWhere(table, { filter, select }, timeoutMs)) {
        const incidentId = String(entity["rowKey"]).slice("incident|".length);
        const revision = String(entity["Revision"]);
        open.set(`${incidentId}|${revision}`, { ruleId, incidentId, revision });
      }
      const incidents = open.size;
      for await (const key of keysWith(ruleId, `outbox|${sink}`)) open.delete(key);
      const waiting = incidents - open.size;
      for await (const key of keysWith(ruleId, `ack|${sink}`)) open.delete(key);
      const acknowledged = incidents - waiting - open.size;
      return { incidents, waiting, acknowledged, unaccounted: [...open.values()] };
    },

    /** Puts an incident's latest state into the outbox again, unless it is there or acknowledged by now. */
    async requeue({ ruleId, incidentId }: Unaccounted): Promise<"requeued" | "accounted for"> {
      const entity = await find(ruleId, `incident|${incidentId}`);
      if (entity === undefined) return "accounted for";
      const row: IncidentRow = rowOfEntity(entity);
      const state = `${sink}|${incidentId}|${valueText(row["Revision"])}`;
      if (await find(ruleId, `outbox|${state}`)) return "accounted for";
      if (await find(ruleId, `ack|${state}`)) return "accounted for";
      const waiting = outboxEntity({ partitionKey: ruleId, rowKey: `outbox|${state}` }, row);
      assertWithinTableLimits(waiting);
      try {
        await call((options) => table.createEntity(waiting, options));
      } catch (error) {
        if (!isExistingRow(error)) throw error;
      }
      return "requeued";
    },
  };
}
