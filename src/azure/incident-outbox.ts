import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import { text } from "../core/audit-log.ts";
import { boundedText } from "../core/bounded.ts";
import type { IncidentRow } from "../core/incident-row.ts";
import { CALL_TIMEOUT_MS, inTime } from "./calls.ts";
import { rowOfEntity } from "./incident-entity.ts";
import { confirmed, hasStatus, isMissingRow, rowsWhere, TABLE_SERVICE, within } from "./table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type OutboxClient = Pick<TableClient, "submitTransaction" | "listEntities" | "upsertEntity" | "updateEntity">;

/** Where incidents are forwarded to: each state of each. */
export const LOG_ANALYTICS_SINK = "log-analytics";
/** Where they are told of, once each, if it is set up. */
export const WEBHOOK_SINK = "webhook";
/** Clocks of instances differ by seconds. */
const CLOCK_SET_BACK_MS = 3_600_000;
const REASON = { characters: 1_000, bytes: 4_000 };

/**
 * What waits for one sink, among the rows of the incident table.
 *
 * @param timeoutMs how long one call may take with its retries; a list makes one for each page
 */
export function incidentOutbox(table: OutboxClient, sink: string, timeoutMs = CALL_TIMEOUT_MS) {
  const waiting = { from: `outbox|${sink}|`, before: `outbox|${sink}}` };
  return {
    /**
     * Rows of a rule's outbox, at most `limit` of them, without those that the endpoint refused.
     *
     * @param queuedBefore only rows made before this time: younger ones are still with the invocation that made them.
     *   Those made an hour after it or later are of a clock that was set back since.
     */
    async pending(
      ruleId: string,
      { limit, queuedBefore }: { limit: number; queuedBefore: Date },
    ): Promise<IncidentRow[]> {
      // Times are text, so they are compared as text: both are written by toISOString.
      const after = new Date(queuedBefore.getTime() + CLOCK_SET_BACK_MS);
      const isOld = odata`(TimeGenerated lt ${queuedBefore.toISOString()} or TimeGenerated ge ${after.toISOString()})`;
      const rows: IncidentRow[] = [];
      for await (const entity of rowsWhere(
        table,
        { filter: `${within(ruleId, waiting)} and Refused eq false and ${isOld}` },
        timeoutMs,
      )) {
        if (rows.length >= limit) break;
        rows.push(rowOfEntity(entity));
      }
      return rows;
    },

    /**
     * Takes a row out of the outbox and notes that it was acknowledged, both or neither. Doing it twice is harmless.
     */
    async markForwarded(row: IncidentRow): Promise<void> {
      const { partitionKey } = keysOf(row);
      const acknowledged = { partitionKey, rowKey: acknowledgementRowKey(row, sink) };
      const actions: TransactionAction[] = [
        ["delete", { partitionKey, rowKey: outboxRowKey(row, sink) }],
        ["upsert", acknowledged, "Replace"],
      ];
      try {
        await confirmed(table, actions, timeoutMs);
      } catch (error) {
        if (!hasStatus(error, 404)) throw error;
        // Another instance was first; or our own answer was lost. What was accepted is acknowledged in any case.
        await inTime(TABLE_SERVICE, timeoutMs, (options) => table.upsertEntity(acknowledged, "Replace", options));
      }
    },

    /** Keeps a row that the endpoint refuses in the outbox, marked so that it is not tried again and again. */
    async markRefused(row: IncidentRow, reason: string): Promise<void> {
      const entity = {
        partitionKey: keysOf(row).partitionKey,
        rowKey: outboxRowKey(row, sink),
        Refused: true,
        RefusedReason: boundedText(reason, REASON).value,
      };
      try {
        await inTime(TABLE_SERVICE, timeoutMs, (options) =>
          table.updateEntity(entity, "Merge", { etag: "*", ...options }),
        );
      } catch (error) {
        if (!isMissingRow(error)) throw error; // forwarded meanwhile by another instance
      }
    },

    /** How many rows of a rule wait, and how many were refused. */
    async outboxSize(ruleId: string): Promise<{ pending: number; refused: number }> {
      const size = { pending: 0, refused: 0 };
      for await (const entity of rowsWhere(
        table,
        { filter: within(ruleId, waiting), select: ["Refused"] },
        timeoutMs,
      )) {
        size[entity["Refused"] === true ? "refused" : "pending"] += 1;
      }
      return size;
    },
  };
}

export type IncidentOutbox = ReturnType<typeof incidentOutbox>;

export function keysOf(row: IncidentRow): { partitionKey: string; id: string } {
  return { partitionKey: text(row["RuleId"]), id: text(row["IncidentId"]) };
}

export function outboxRowKey(row: IncidentRow, sink = LOG_ANALYTICS_SINK): string {
  return `outbox|${sink}|${keysOf(row).id}|${text(row["Revision"])}`;
}

function acknowledgementRowKey(row: IncidentRow, sink: string): string {
  return outboxRowKey(row, sink).replace(/^outbox/, "ack");
}
