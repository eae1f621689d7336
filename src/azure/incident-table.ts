import { RestError, type TableClient, type TableEntity, type TransactionAction } from "@azure/data-tables";
import { text } from "../core/audit-log.ts";
import type { IncidentRow, StoredIncident } from "../core/incident-row.ts";
import { DependencyError } from "../errors.ts";
import { incidentEntity, outboxEntity, recordEntity, rowOfEntity, textOfRecordEntity } from "./incident-entity.ts";
import { assertWithinTableLimits } from "./table-limits.ts";
import { boundedCall } from "./calls.ts";

/** The part of the SDK's client that this file uses. */
export type Table = Pick<
  TableClient,
  "createTable" | "submitTransaction" | "getEntity" | "listEntities" | "deleteEntity" | "updateEntity"
>;

/** Where incidents are forwarded to. */
export const LOG_ANALYTICS_SINK = "log-analytics";

/** `-` sorts before every character of a sink's name, `~` behind it: together they are a prefix's range. */
const OUTBOX = { from: "outbox|", before: "outbox}" };
const TIME = { from: "time|", before: "time}" };
/** The largest time a JavaScript date can hold; times count down from it so that the newest sorts first. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/**
 * Incidents, and the outbox of those that Log Analytics does not have yet.
 *
 * All rows of one incident share a partition and are written in one transaction, so that an incident is
 * never stored without its outbox row, nor twice.
 *
 *     PartitionKey  RowKey                           holds                          gone when
 *     <rule id>     incident|<id>                    the incident                   never
 *     <rule id>     time|<reverse ms>|<id>           what a list shows of it        never
 *     <rule id>     record|<id>                      the audit record as text       never
 *     <rule id>     outbox|<sink>|<id>|<revision>    the row to forward             forwarded
 */
export function incidentTable(table: Table) {
  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await table.createTable(boundedCall());
    },

    /**
     * Stores an incident and queues it for forwarding, unless it is stored already.
     *
     * @throws whatever keeps the table from answering; then the incident is stored whole or not at all
     */
    async add(incident: StoredIncident): Promise<"added" | "known"> {
      const { partitionKey, id } = keysOf(incident.row);
      try {
        await submit(table, [
          incidentEntity({ partitionKey, rowKey: `incident|${id}` }, incident.row),
          incidentEntity({ partitionKey, rowKey: timeRowKey(incident.row) }, incident.row, "listed"),
          recordEntity({ partitionKey, rowKey: `record|${id}` }, incident.record),
          outboxEntity({ partitionKey, rowKey: outboxRowKey(incident.row) }, incident.row),
        ]);
        return "added";
      } catch (error) {
        // A 409 of any other row, or a lost answer to our own write: only the incident's own row decides.
        if (hasStatus(error, 409) && (await exists(table, partitionKey, `incident|${id}`))) return "known";
        throw error;
      }
    },

    /** One incident with its audit record, or undefined. */
    async get(ruleId: string, id: string): Promise<StoredIncident | undefined> {
      const row = await find(table, ruleId, `incident|${id}`);
      const record = await find(table, ruleId, `record|${id}`);
      return row === undefined ? undefined : { row: rowOfEntity(row), record: textOfRecordEntity(record ?? {}) };
    },

    /** Every incident of a rule, newest activity first, each with the columns that lists show. */
    async *list(ruleId: string): AsyncGenerator<IncidentRow> {
      for await (const entity of table.listEntities({ ...range(ruleId, TIME), ...boundedCall() }))
        yield rowOfEntity(entity);
    },

    /**
     * Rows of a rule's outbox, at most `limit` of them, without those that the endpoint refused.
     *
     * @param queuedBefore only rows made before this time: younger ones are still with the invocation that made them
     */
    async pending(
      ruleId: string,
      { limit, queuedBefore }: { limit: number; queuedBefore: Date },
    ): Promise<IncidentRow[]> {
      const rows: IncidentRow[] = [];
      const query = range(ruleId, OUTBOX, `and Refused eq false and TimeGenerated lt '${queuedBefore.toISOString()}'`);
      for await (const entity of table.listEntities({ ...query, ...boundedCall() })) {
        rows.push(rowOfEntity(entity));
        if (rows.length >= limit) break;
      }
      return rows;
    },

    /** Takes a row out of the outbox. Doing it twice is harmless. */
    async markForwarded(row: IncidentRow): Promise<void> {
      try {
        await table.deleteEntity(keysOf(row).partitionKey, outboxRowKey(row), boundedCall());
      } catch (error) {
        if (!hasStatus(error, 404)) throw error;
      }
    },

    /** Keeps a row that the endpoint refuses in the outbox, marked so that it is not tried again and again. */
    async markRefused(row: IncidentRow, reason: string): Promise<void> {
      const entity = {
        partitionKey: keysOf(row).partitionKey,
        rowKey: outboxRowKey(row),
        Refused: true,
        RefusedReason: reason.slice(0, 1_000),
      };
      try {
        await table.updateEntity(entity, "Merge", { etag: "*", ...boundedCall() });
      } catch (error) {
        if (!hasStatus(error, 404)) throw error; // forwarded meanwhile by another instance
      }
    },

    /** How many rows of a rule wait, and how many were refused. */
    async outboxSize(ruleId: string): Promise<{ pending: number; refused: number }> {
      const size = { pending: 0, refused: 0 };
      const query = range(ruleId, OUTBOX);
      const select = ["partitionKey", "rowKey", "Refused"];
      for await (const entity of table.listEntities({
        queryOptions: { ...query.queryOptions, select },
        ...boundedCall(),
      })) {
        size[entity["Refused"] === true ? "refused" : "pending"] += 1;
      }
      return size;
    },
  };
}

export type IncidentTable = ReturnType<typeof incidentTable>;

async function submit(table: Table, entities: readonly TableEntity<object>[]): Promise<void> {
  for (const entity of entities) assertWithinTableLimits(entity);
  const actions: TransactionAction[] = entities.map((entity) => ["create", entity]);
  const { subResponses } = await table.submitTransaction(actions, boundedCall());
  // An empty 202 or a proxy's page resolves with no sub-responses: nothing was stored.
  const stored = subResponses.filter(({ status }) => status >= 200 && status < 300).length;
  if (stored !== entities.length)
    throw new DependencyError("Table Storage", `a transaction of ${entities.length} rows confirmed ${stored}`);
}

async function exists(table: Table, partitionKey: string, rowKey: string): Promise<boolean> {
  return (await find(table, partitionKey, rowKey)) !== undefined;
}

async function find(table: Table, partitionKey: string, rowKey: string): Promise<Record<string, unknown> | undefined> {
  try {
    return await table.getEntity(partitionKey, rowKey, boundedCall());
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

function range(partitionKey: string, { from, before }: { from: string; before: string }, more = "") {
  // Rule ids are GUIDs and the bounds are constants: nothing in here comes from an event.
  const filter = `PartitionKey eq '${partitionKey}' and RowKey ge '${from}' and RowKey lt '${before}' ${more}`.trim();
  return { queryOptions: { filter } };
}

function keysOf(row: IncidentRow): { partitionKey: string; id: string } {
  return { partitionKey: text(row["RuleId"]), id: text(row["IncidentId"]) };
}

function timeRowKey(row: IncidentRow): string {
  const activity = Date.parse(text(row["ActivityDateTime"]));
  const reverse = MAX_DATE_MS - (Number.isNaN(activity) ? 0 : activity);
  return `time|${String(reverse).padStart(17, "0")}|${keysOf(row).id}`;
}

function outboxRowKey(row: IncidentRow): string {
  return `outbox|${LOG_ANALYTICS_SINK}|${keysOf(row).id}|${text(row["Revision"])}`;
}

function hasStatus(error: unknown, statusCode: number): boolean {
  return error instanceof RestError && error.statusCode === statusCode;
}
