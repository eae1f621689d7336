import { odata, type TableClient } from "@azure/data-tables";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { FAILURE_PROPERTIES, failureOfEntity, NO_FAILURE } from "./row-failure-entity.ts";
import { type Entity, isMissingRow, rowsWhere, TABLE_SERVICE } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type UntakenClient = Pick<TableClient, "listEntities" | "updateEntity">;

/** A row of the outbox that the receiving end does not take. */
export interface UntakenRow {
  /** A refused row waits for a person, a failing one is sent again. */
  readonly state: "refused" | "failing";
  readonly ruleId: string;
  /** Of its own in the table. */
  readonly rowKey: string;
  readonly sink: string;
  readonly incidentId: string;
  readonly revision: string;
  readonly reason: string;
  /** Attempts of a failing row that failed while others were taken, and when it is sent again. */
  readonly attempts: number;
  readonly retryAt: string | undefined;
}

/** What the receiving end does not take: the poison on the way out, as dead letters are on the way in. */
export function untakenRows(table: UntakenClient, timeoutMs = CALL_TIMEOUT_MS) {
  return {
    /** All of them, of every rule. */
    async *list(): AsyncGenerator<UntakenRow> {
      const filter = odata`RowKey ge 'outbox|' and RowKey lt 'outbox}' and (Refused eq true or FailedAt ge '0')`;
      const select = ["PartitionKey", "RowKey", "Refused", "RefusedReason", ...FAILURE_PROPERTIES];
      for await (const entity of rowsWhere(table, { filter, select }, timeoutMs)) yield untakenRow(entity);
    },

    /** Lets a row be sent again, by the next sweep. */
    async release({ ruleId, rowKey }: UntakenRow): Promise<void> {
      const entity = { partitionKey: ruleId, rowKey, Refused: false, ...NO_FAILURE };
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

export type UntakenRows = ReturnType<typeof untakenRows>;

function untakenRow(entity: Entity): UntakenRow {
  const { partitionKey, Refused: isRefused, RefusedReason: refusal } = entity;
  const rowKey = String(entity["rowKey"]);
  const [, sink = "", incidentId = "", revision = ""] = rowKey.split("|");
  const where = { ruleId: String(partitionKey), rowKey, sink, incidentId, revision };
  const failure = failureOfEntity(entity);
  if (isRefused !== true && failure !== undefined) {
    const { counted: attempts, retryAt, reason } = failure;
    return { state: "failing", ...where, reason, attempts, retryAt: new Date(retryAt).toISOString() };
  }
  const reason = typeof refusal === "string" ? refusal : "";
  return { state: "refused", ...where, reason, attempts: failure?.counted ?? 0, retryAt: undefined };
}
