import { odata, type TableClient } from "@azure/data-tables";
import { CALL_TIMEOUT_MS, inTime } from "./calls.ts";
import { isMissingRow, rowsWhere, TABLE_SERVICE } from "./table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type RefusedClient = Pick<TableClient, "listEntities" | "updateEntity">;

/** A row that the receiving end refuses as it is: it waits in the outbox for a person. */
export interface RefusedRow {
  readonly ruleId: string;
  /** Of its own in the table. */
  readonly rowKey: string;
  readonly sink: string;
  readonly incidentId: string;
  readonly revision: string;
  readonly reason: string;
}

/** What the receiving end refused: the poison on the way out, as dead letters are on the way in. */
export function refusedRows(table: RefusedClient, timeoutMs = CALL_TIMEOUT_MS) {
  return {
    /** All of them, of every rule. */
    async *list(): AsyncGenerator<RefusedRow> {
      const filter = odata`RowKey ge 'outbox|' and RowKey lt 'outbox}' and Refused eq true`;
      const select = ["PartitionKey", "RowKey", "RefusedReason"];
      for await (const entity of rowsWhere(table, { filter, select }, timeoutMs)) {
        const rowKey = String(entity["rowKey"]);
        const [, sink = "", incidentId = "", revision = ""] = rowKey.split("|");
        const reason = typeof entity["RefusedReason"] === "string" ? entity["RefusedReason"] : "";
        yield { ruleId: String(entity["partitionKey"]), rowKey, sink, incidentId, revision, reason };
      }
    },

    /** Lets a row be tried again, by the next sweep. */
    async release({ ruleId, rowKey }: RefusedRow): Promise<void> {
      const entity = { partitionKey: ruleId, rowKey, Refused: false };
      try {
        await inTime(TABLE_SERVICE, timeoutMs, (options) =>
          table.updateEntity(entity, "Merge", { etag: "*", ...options }),
        );
      } catch (error) {
        if (!isMissingRow(error)) throw error; // forwarded meanwhile
      }
    },
  };
}

export type RefusedRows = ReturnType<typeof refusedRows>;
