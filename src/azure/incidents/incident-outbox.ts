import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import { valueText } from "../../core/value-text.ts";
import { boundedText } from "../../core/json/bounded.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { LOG_ANALYTICS_SINK, type Pending, type PendingPage, type WaitingRows } from "../../core/incident/outbox.ts";
import { isDue, type RowFailure } from "../../core/incident/row-failure.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { rowOfEntity } from "./incident-entity.ts";
import { FAILURE_PROPERTIES, failureOfEntity, failureProperties } from "./row-failure-entity.ts";
import { confirmed, hasStatus, isMissingRow, rowsWhere, TABLE_SERVICE, within } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type OutboxClient = Pick<TableClient, "submitTransaction" | "listEntities" | "upsertEntity" | "updateEntity">;

/** https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination */
const MAX_PAGE_ROWS = 1_000;
/** Clocks of instances differ by seconds. */
const CLOCK_SET_BACK_MS = 3_600_000;
/** The service's own limit. */
const LARGEST_PAGE = 1_000;
const REASON = { characters: 1_000, bytes: 4_000 };

/**
 * What waits for one sink, among the rows of the incident table.
 *
 * @param timeoutMs how long one call may take with its retries; a list makes one for each page
 */
export function incidentOutbox(table: OutboxClient, sink: string, timeoutMs = CALL_TIMEOUT_MS) {
  const waiting = { from: `outbox|${sink}|`, before: `outbox|${sink}}` };
  /** Writes to a row that is still in the outbox. */
  async function update(row: IncidentRow, properties: object): Promise<void> {
    const { partitionKey } = keysOf(row);
    const entity = { partitionKey, rowKey: outboxRowKey(row, sink), ...properties };
    try {
      await inTime(TABLE_SERVICE, timeoutMs, (options) =>
        table.updateEntity(entity, "Merge", { etag: "*", ...options }),
      );
    } catch (error) {
      if (!isMissingRow(error)) throw error; // forwarded meanwhile by another instance
    }
  }

  return {
    /**
     * Rows of a rule's outbox that may be sent at `dueAt`, at most `limit` of them, behind the row `after`. Without
     * those that were refused.
     *
     * @param queuedBefore only rows made before this time: younger ones are still with the invocation that made them.
     *   Those made an hour after it or later are of a clock that was set back since.
     */
    async pending(ruleId: string, { limit, queuedBefore, dueAt, after }: PendingPage): Promise<Pending> {
      // Times are text, so they are compared as text: both are written by toISOString.
      const late = new Date(queuedBefore.getTime() + CLOCK_SET_BACK_MS);
      const isOld = odata`(TimeGenerated lt ${queuedBefore.toISOString()} or TimeGenerated ge ${late.toISOString()})`;
      const behind = { ...waiting, from: after === undefined ? waiting.from : `${after} ` }; // no key lies between
      const rows = [];
      let next: string | undefined;
      for await (const entity of rowsWhere(
        table,
        {
          filter: `${within(ruleId, behind)} and Refused eq false and ${isOld}`,
          pageSize: Math.min(limit + 1, MAX_PAGE_ROWS),
        },
        timeoutMs,
      )) {
        const failure = failureOfEntity(entity);
        if (failure !== undefined && !isDue(failure, dueAt.getTime())) continue;
        if (rows.length >= limit) return { rows, next };
        rows.push({ row: rowOfEntity(entity), failure });
        next = String(entity["rowKey"]);
      }
      return { rows, next: undefined };
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

    /** Keeps a row in the outbox, marked so that it is not sent again and again. */
    markRefused: (row: IncidentRow, reason: string): Promise<void> =>
      update(row, { Refused: true, RefusedReason: boundedText(reason, REASON).value }),

    /** Keeps what is known of a row's failed attempts. */
    markFailed: (row: IncidentRow, failure: RowFailure): Promise<void> => update(row, failureProperties(failure)),

    /** What waits of a rule. Counts and reads no more than `limit` rows. */
    async waiting(ruleId: string, limit = Infinity): Promise<WaitingRows> {
      const found = { pending: 0, failing: 0, refused: 0, oldest: undefined as string | undefined };
      const select = ["Refused", "TimeGenerated", ...FAILURE_PROPERTIES];
      const query = { filter: within(ruleId, waiting), select, pageSize: Math.min(limit, LARGEST_PAGE) };
      for await (const entity of rowsWhere(table, query, timeoutMs)) {
        if (entity["Refused"] === true) found.refused += 1;
        else {
          found.pending += 1;
          if ((failureOfEntity(entity)?.counted ?? 0) > 0) found.failing += 1;
          const queued = entity["TimeGenerated"];
          // Written by toISOString, so that text sorts as time.
          if (typeof queued === "string" && (found.oldest ?? "~") > queued) found.oldest = queued;
        }
        if (found.pending + found.refused >= limit) break; // before the next page is asked for
      }
      return found;
    },
  };
}

export function keysOf(row: IncidentRow): { partitionKey: string; id: string } {
  return { partitionKey: valueText(row["RuleId"]), id: valueText(row["IncidentId"]) };
}

export function outboxRowKey(row: IncidentRow, sink = LOG_ANALYTICS_SINK): string {
  return `outbox|${sink}|${keysOf(row).id}|${valueText(row["Revision"])}`;
}

function acknowledgementRowKey(row: IncidentRow, sink: string): string {
  return outboxRowKey(row, sink).replace(/^outbox/, "ack");
}
