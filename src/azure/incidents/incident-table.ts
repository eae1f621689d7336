import type { TableClient } from "@azure/data-tables";
import { valueText } from "../../core/value-text.ts";
import type { IncidentRow, StoredIncident, StoreOutcome } from "../../core/incident/incident-row.ts";
import { LOG_ANALYTICS_SINK } from "../../core/incident/outbox.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import {
  incidentEntity,
  outboxEntity,
  outboxPointer,
  recordEntity,
  rowOfEntity,
  textOfRecordEntity,
} from "./incident-entity.ts";
import { type Addition, storeMissing } from "./incident-additions.ts";
import { incidentOutbox, keysOf, outboxRowKey } from "./incident-outbox.ts";
import { assertWithinTableLimits, isTableKey } from "../tables/table-limits.ts";
import { type Entity, findRow, rowsWhere, TABLE_SERVICE, within } from "../tables/table-rows.ts";

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
 * All rows of one incident share a partition and are written in one transaction, with those of others where they fit,
 * so that an incident is never stored without its outbox row, nor twice. Lists are made by incident-pages.ts, changes by incident-changes.ts.
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
    return findRow(table, { partitionKey, rowKey }, timeoutMs);
  }

  function additionOf({ row, record }: StoredIncident): Addition {
    const { partitionKey, id } = keysOf(row);
    const entities = [
      incidentEntity({ partitionKey, rowKey: `incident|${id}` }, row),
      incidentEntity({ partitionKey, rowKey: timeRowKey(row) }, row, "listed"),
      recordEntity({ partitionKey, rowKey: `record|${id}` }, record),
      outboxEntity({ partitionKey, rowKey: outboxRowKey(row) }, row),
      ...otherSinks.map((sink) => outboxPointer({ partitionKey, rowKey: outboxRowKey(row, sink) }, row)),
    ];
    const bytes = entities.reduce((sum, entity) => sum + assertWithinTableLimits(entity), 0);
    return { partitionKey, id, entities, bytes };
  }

  /** Rows beyond the service's limits are a mistake of ours, which must not hold up their partition for ever. */
  function additionOrRefusal(incident: StoredIncident): Addition | { readonly refused: string } {
    try {
      return additionOf(incident);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { refused: error.message };
    }
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await call((options) => table.createTable(options));
    },

    /**
     * Stores incidents and queues them for forwarding, unless they are stored already: those of a rule together, in as
     * few transactions as the service's limits allow.
     *
     * "known" may also be our own write whose answer was lost: then it is in the outbox, for the sweep.
     *
     * @returns the outcomes in the order given; of an id that comes twice, the second is known. An incident that the
     *   table never takes is refused, and one that cannot be stored now has failed: neither holds up another
     * @throws when none can be stored, or the table does not answer; then each incident is stored whole or not at all
     */
    async addAll(incidents: readonly StoredIncident[]): Promise<readonly StoreOutcome[]> {
      const additions = incidents.map(additionOrRefusal);
      const once = new Map<string, Addition>(); // a transaction that names a row twice is refused, at each delivery anew
      for (const addition of additions)
        if ("id" in addition && !once.has(keyOf(addition))) once.set(keyOf(addition), addition);
      const outcomes = await storeMissing(table, [...once.values()], timeoutMs);
      return additions.map((addition) => {
        if ("refused" in addition) return addition;
        const first = once.get(keyOf(addition)) ?? addition;
        const outcome = outcomes.get(first) ?? "known";
        return outcome === "added" && first !== addition ? "known" : outcome;
      });
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

/** No key of a table holds a slash. */
function keyOf({ partitionKey, id }: Addition): string {
  return `${partitionKey}/${id}`;
}

export type IncidentTable = ReturnType<typeof incidentTable>;

export function timeRowKey(row: IncidentRow): string {
  const activity = Date.parse(valueText(row["ActivityDateTime"]));
  return `${timeKeyPrefix(Number.isNaN(activity) ? 0 : activity)}|${keysOf(row).id}`;
}

/** What the row keys of lists begin with for one millisecond; those of later ones are smaller. */
export function timeKeyPrefix(milliseconds: number): string {
  return `time|${String(MAX_DATE_MS - milliseconds).padStart(17, "0")}`;
}
