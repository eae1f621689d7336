import type { TableClient, TableEntity, TransactionAction } from "@azure/data-tables";
import { text } from "../core/audit-log.ts";
import type { IncidentRow, StoredIncident } from "../core/incident-row.ts";
import { DependencyError } from "../errors.ts";
import { CALL_TIMEOUT_MS, inTime } from "./calls.ts";
import {
  incidentEntity,
  outboxEntity,
  outboxPointer,
  recordEntity,
  rowOfEntity,
  textOfRecordEntity,
} from "./incident-entity.ts";
import { incidentOutbox, keysOf, LOG_ANALYTICS_SINK, outboxRowKey } from "./incident-outbox.ts";
import { assertWithinTableLimits, isTableKey } from "./table-limits.ts";
import { confirmed, type Entity, hasStatus, isMissingRow, rowsWhere, TABLE_SERVICE, within } from "./table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type Table = Pick<
  TableClient,
  "createTable" | "submitTransaction" | "getEntity" | "listEntities" | "upsertEntity" | "updateEntity"
>;

/** `}` is the character after `|`: from one to the other lies everything with the prefix, and nothing else. */
const TIME = { from: "time|", before: "time}" };
/** The largest time a JavaScript date can hold; times count down from it so that the newest sorts first. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/**
 * Incidents, and the outbox of those that Log Analytics does not have yet.
 *
 * All rows of one incident share a partition and are written in one transaction, so that an incident is
 * never stored without its outbox row, nor twice. Lists are made by incident-pages.ts, changes by incident-changes.ts.
 *
 *     PartitionKey  RowKey                           holds                          gone when
 *     <rule id>     incident|<id>                    the incident                   never
 *     <rule id>     time|<reverse ms>|<id>           what a list shows of it        never
 *     <rule id>     record|<id>                      the audit record as text       never
 *     <rule id>     history|<id>|<revision>          a change by an analyst         never
 *     <rule id>     outbox|<sink>|<id>|<revision>    the row to forward             forwarded
 *     <rule id>     ack|<sink>|<id>|<revision>       that it was forwarded          never
 *
 * @param timeoutMs how long one call may take with its retries; a list makes one for each page
 * @param options `otherSinks`: what else a new incident is queued for, by its ids alone
 */
export function incidentTable(
  table: Table,
  timeoutMs = CALL_TIMEOUT_MS,
  { otherSinks = [] }: { readonly otherSinks?: readonly string[] } = {},
) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);

  async function find(partitionKey: string, rowKey: string): Promise<Entity | undefined> {
    if (!isTableKey(partitionKey) || !isTableKey(rowKey)) return undefined;
    try {
      return await call((options) => table.getEntity(partitionKey, rowKey, options));
    } catch (error) {
      if (isMissingRow(error)) return undefined;
      throw error;
    }
  }

  async function submit(entities: readonly TableEntity<object>[]): Promise<void> {
    for (const entity of entities) assertWithinTableLimits(entity);
    const actions: TransactionAction[] = entities.map((entity) => ["create", entity]);
    await confirmed(table, actions, timeoutMs);
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await call((options) => table.createTable(options));
    },

    /**
     * Stores an incident and queues it for forwarding, unless it is stored already.
     *
     * "known" may also be our own write whose answer was lost: then it is in the outbox, for the sweep.
     *
     * @throws whatever keeps the table from answering; then the incident is stored whole or not at all
     */
    async add(incident: StoredIncident): Promise<"added" | "known"> {
      const { partitionKey, id } = keysOf(incident.row);
      try {
        await submit([
          incidentEntity({ partitionKey, rowKey: `incident|${id}` }, incident.row),
          incidentEntity({ partitionKey, rowKey: timeRowKey(incident.row) }, incident.row, "listed"),
          recordEntity({ partitionKey, rowKey: `record|${id}` }, incident.record),
          outboxEntity({ partitionKey, rowKey: outboxRowKey(incident.row) }, incident.row),
          ...otherSinks.map((sink) =>
            outboxPointer({ partitionKey, rowKey: outboxRowKey(incident.row, sink) }, incident.row),
          ),
        ]);
        return "added";
      } catch (error) {
        if (!hasStatus(error, 409)) throw error;
        // A 409 says that one of the rows exists, and not reliably which: only the incident's own row decides.
        if ((await find(partitionKey, `incident|${id}`)) !== undefined) return "known";
        const problem = `incident ${id} of rule ${partitionKey} cannot be stored: other rows with its id are there without it`;
        throw new DependencyError(TABLE_SERVICE, problem, { cause: error });
      }
    },

    /** One incident with its audit record, or undefined. */
    async get(ruleId: string, id: string): Promise<StoredIncident | undefined> {
      const row = await find(ruleId, `incident|${id}`);
      if (row === undefined) return undefined;
      const record = await find(ruleId, `record|${id}`);
      return { row: rowOfEntity(row), record: textOfRecordEntity(record ?? {}) };
    },

    /** Every incident of a rule, newest activity first, each with the columns that lists show. */
    async *list(ruleId: string): AsyncGenerator<IncidentRow> {
      for await (const entity of rowsWhere(table, { filter: within(ruleId, TIME) }, timeoutMs))
        yield rowOfEntity(entity);
    },

    ...incidentOutbox(table, LOG_ANALYTICS_SINK, timeoutMs),
  };
}

export type IncidentTable = ReturnType<typeof incidentTable>;

export function timeRowKey(row: IncidentRow): string {
  const activity = Date.parse(text(row["ActivityDateTime"]));
  return `${timeKeyPrefix(Number.isNaN(activity) ? 0 : activity)}|${keysOf(row).id}`;
}

/** What the row keys of lists begin with for one millisecond; those of later ones are smaller. */
export function timeKeyPrefix(milliseconds: number): string {
  return `time|${String(MAX_DATE_MS - milliseconds).padStart(17, "0")}`;
}
