import { odata } from "@azure/data-tables";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import {
  MOST_NAMED_ROWS,
  type Pending,
  type PendingPage,
  type UntakenRow,
  type WaitingRows,
} from "../../core/incident/outbox.ts";
import { isDue, type RowFailure } from "../../core/incident/row-failure.ts";
import { CLOCK_SET_BACK_MS } from "../../core/timing.ts";
import {
  acknowledgedRows,
  acknowledgementKeys,
  incidentIdOf,
  INCIDENT_ROWS,
  incidentKeys,
  outboxKeys,
  outboxRows,
  stateOfKey,
} from "../tables/row-keys.ts";
import { MAX_PAGE_ROWS } from "../tables/table-limits.ts";
import type { Entity, TableRows } from "../tables/table-rows.ts";
import { rowOfEntity } from "./incident-entity.ts";
import {
  FAILURE_PROPERTIES,
  failureOfEntity,
  failureProperties,
  outboxEntity,
  refusalProperties,
  RELEASED,
} from "./outbox-entity.ts";

/** A stored state of an incident that neither waits to be forwarded nor is acknowledged. */
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
 * The outbox of one sink: waiting rows, rows that the sink refused, and acknowledgements of rows that it accepted.
 *
 * Each state of an incident has a row `outbox|…` from the transaction that stores it until the sink has accepted it,
 * and a row `ack|…` from then on. Each incident's latest state is in one of the two, or it was lost on the way.
 */
export function incidentOutbox(table: TableRows, sink: string) {
  const keysOf = (row: IncidentRow) => outboxKeys(row, sink);

  return {
    /**
     * At most `limit` rows of a rule's outbox that may be sent at `dueAt`, starting behind the row `after`. Refused rows
     * are left out.
     *
     * @param queuedBefore selects rows made before this time: the invocation that made a younger row still sends it.
     *   Rows made an hour or more after this time are selected too: the clock was set back since.
     */
    async pending(ruleId: string, { limit, queuedBefore, dueAt, after }: PendingPage): Promise<Pending> {
      // Times are text, so they are compared as text: both are written by toISOString.
      const late = new Date(queuedBefore.getTime() + CLOCK_SET_BACK_MS);
      const isOld = odata`(TimeGenerated lt ${queuedBefore.toISOString()} or TimeGenerated ge ${late.toISOString()})`;
      const waiting = table.list({
        partitionKey: ruleId,
        prefix: outboxRows(sink),
        after,
        where: ["Refused eq false", isOld],
        pageSize: Math.min(limit + 1, MAX_PAGE_ROWS),
      });
      const rows = [];
      let next: string | undefined;
      for await (const entity of waiting) {
        const failure = failureOfEntity(entity);
        if (failure !== undefined && !isDue(failure, dueAt.getTime())) continue;
        if (rows.length >= limit) return { rows, next };
        rows.push({ row: rowOfEntity(entity), failure });
        next = String(entity["rowKey"]);
      }
      return { rows, next: undefined };
    },

    /**
     * Moves a row from the outbox to the acknowledgements in one transaction. A repeated call is harmless.
     */
    async markForwarded(row: IncidentRow): Promise<void> {
      const acknowledged = { ...acknowledgementKeys(row, sink) };
      const answer = await table.commit([{ remove: keysOf(row) }, { put: acknowledged }]);
      // Another instance was first, or our own answer was lost. An accepted row is acknowledged in any case.
      if (answer.outcome === "missing") await table.put(acknowledged);
      else if (answer.outcome !== "committed") throw answer.error;
    },

    /** Marks a row in the outbox as refused, so that sweeps do not send it again and again. */
    async markRefused(row: IncidentRow, reason: string): Promise<void> {
      await table.merge({ ...keysOf(row), ...refusalProperties(reason) });
    },

    /** Stores a row's failed attempts. Leaves a row alone that another instance forwarded meanwhile. */
    async markFailed(row: IncidentRow, failure: RowFailure): Promise<void> {
      await table.merge({ ...keysOf(row), ...failureProperties(failure) });
    },

    /** Counts a rule's waiting rows and names those that the sink does not accept. Reads no more than `limit` rows. */
    async waiting(ruleId: string, limit = Infinity): Promise<WaitingRows> {
      const found = { pending: 0, failing: 0, refused: 0, oldest: undefined as string | undefined };
      const untaken: UntakenRow[] = [];
      const query = {
        partitionKey: ruleId,
        prefix: outboxRows(sink),
        select: ["TimeGenerated", ...UNTAKEN_PROPERTIES],
        pageSize: Math.min(limit, MAX_PAGE_ROWS),
      };
      for await (const entity of table.list(query)) {
        const isRefused = entity["Refused"] === true;
        const isFailing = !isRefused && (failureOfEntity(entity)?.counted ?? 0) > 0;
        if ((isRefused || isFailing) && untaken.length < MOST_NAMED_ROWS) untaken.push(untakenRow(entity));
        if (isRefused) found.refused += 1;
        else {
          found.pending += 1;
          if (isFailing) found.failing += 1;
          const queued = entity["TimeGenerated"];
          // toISOString wrote them, so text sorts as time.
          if (typeof queued === "string" && (found.oldest ?? "~") > queued) found.oldest = queued;
        }
        if (found.pending + found.refused >= limit) break; // before the next page is asked for
      }
      return { ...found, untaken };
    },

    /** Compares the stored incidents of one rule with the rows that wait and those acknowledged. */
    async accounts(ruleId: string): Promise<Accounts> {
      const open = new Map<string, Unaccounted>();
      const rowsOf = (prefix: string, ...columns: string[]) =>
        table.list({ partitionKey: ruleId, prefix, select: ["RowKey", ...columns] });
      async function close(prefix: string): Promise<void> {
        for await (const { rowKey } of rowsOf(prefix)) {
          const { incidentId, revision } = stateOfKey(String(rowKey));
          open.delete(`${incidentId}|${revision}`);
        }
      }

      // In this order: rows go from the outbox to the acknowledgements, in one transaction, and never back.
      for await (const { rowKey, Revision } of rowsOf(INCIDENT_ROWS, "Revision")) {
        const state = { ruleId, incidentId: incidentIdOf(String(rowKey)), revision: String(Revision) };
        open.set(`${state.incidentId}|${state.revision}`, state);
      }
      const incidents = open.size;
      await close(outboxRows(sink));
      const waiting = incidents - open.size;
      await close(acknowledgedRows(sink));
      const acknowledged = incidents - waiting - open.size;
      return { incidents, waiting, acknowledged, unaccounted: [...open.values()] };
    },

    /** Puts an incident's latest state into the outbox again, unless it is there or acknowledged by now. */
    async requeue({ ruleId, incidentId }: Unaccounted): Promise<"requeued" | "accounted for"> {
      const entity = await table.get(incidentKeys(ruleId, incidentId));
      if (entity === undefined) return "accounted for";
      const row = rowOfEntity(entity);
      if (await table.get(keysOf(row))) return "accounted for";
      if (await table.get(acknowledgementKeys(row, sink))) return "accounted for";
      await table.insert(outboxEntity(keysOf(row), row));
      return "requeued";
    },
  };
}

/** Rows that sinks do not accept, from all outboxes: the dead letters of forwarding. */
export function untakenRows(table: TableRows) {
  return {
    async *list(): AsyncGenerator<UntakenRow> {
      const where = ["(Refused eq true or FailedAt ge '0')"];
      const query = { prefix: outboxRows(), where, select: UNTAKEN_PROPERTIES };
      for await (const entity of table.list(query)) yield untakenRow(entity);
    },

    /** Lets the next sweep send a row again. Leaves a row alone that was forwarded meanwhile. */
    async release({ ruleId, rowKey }: UntakenRow): Promise<void> {
      await table.merge({ partitionKey: ruleId, rowKey, ...RELEASED });
    },
  };
}

/** What {@link untakenRow} reads. */
const UNTAKEN_PROPERTIES = ["PartitionKey", "RowKey", "Refused", "RefusedReason", ...FAILURE_PROPERTIES];

export type UntakenRows = ReturnType<typeof untakenRows>;

function untakenRow(entity: Entity): UntakenRow {
  const { partitionKey, Refused: isRefused, RefusedReason: refusal } = entity;
  const rowKey = String(entity["rowKey"]);
  const where = { ruleId: String(partitionKey), rowKey, ...stateOfKey(rowKey) };
  const failure = failureOfEntity(entity);
  if (isRefused !== true && failure !== undefined) {
    const { counted: attempts, retryAt, reason } = failure;
    return { state: "failing", ...where, reason, attempts, retryAt: new Date(retryAt).toISOString() };
  }
  const reason = typeof refusal === "string" ? refusal : "";
  return { state: "refused", ...where, reason, attempts: failure?.counted ?? 0, retryAt: undefined };
}
