import { odata, RestError, type TableClient, type TableEntity, type TransactionAction } from "@azure/data-tables";
import { text } from "../core/audit-log.ts";
import { boundedText } from "../core/bounded.ts";
import { isRecord } from "../core/event-body.ts";
import type { IncidentRow, StoredIncident } from "../core/incident-row.ts";
import { DependencyError } from "../errors.ts";
import { incidentEntity, outboxEntity, recordEntity, rowOfEntity, textOfRecordEntity } from "./incident-entity.ts";
import { CALL_TIMEOUT_MS, firstOf, inTime } from "./calls.ts";
import { assertWithinTableLimits, isTableKey } from "./table-limits.ts";

/** The part of the SDK's client that this file uses. */
export type Table = Pick<
  TableClient,
  "createTable" | "submitTransaction" | "getEntity" | "listEntities" | "upsertEntity" | "updateEntity"
>;

/** Where incidents are forwarded to. */
export const LOG_ANALYTICS_SINK = "log-analytics";

/** `}` is the character after `|`: from one to the other lies everything with the prefix, and nothing else. */
const OUTBOX = { from: "outbox|", before: "outbox}" };
const TIME = { from: "time|", before: "time}" };
const SERVICE = "Table Storage";
const REASON = { characters: 1_000, bytes: 4_000 };
/** Clocks of instances differ by seconds. */
const CLOCK_SET_BACK_MS = 3_600_000;
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
 */
export function incidentTable(table: Table, timeoutMs = CALL_TIMEOUT_MS) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) => inTime(SERVICE, timeoutMs, make);

  async function find(partitionKey: string, rowKey: string): Promise<Entity | undefined> {
    if (!isTableKey(partitionKey) || !isTableKey(rowKey)) return undefined;
    try {
      return await call((options) => table.getEntity(partitionKey, rowKey, options));
    } catch (error) {
      if (isMissingRow(error)) return undefined;
      throw error;
    }
  }

  async function* rowsOf(filter: string, select?: string[]): AsyncGenerator<Entity> {
    const queryOptions = { filter, ...(select && { select }) };
    let continuationToken: string | undefined;
    do {
      const page = await call(async (options) => {
        const pages = table.listEntities({ queryOptions, ...options });
        return firstOf(pages.byPage({ ...(continuationToken && { continuationToken }) }));
      });
      yield* page ?? [];
      continuationToken = page?.continuationToken;
    } while (continuationToken);
  }

  async function submit(entities: readonly TableEntity<object>[]): Promise<void> {
    for (const entity of entities) assertWithinTableLimits(entity);
    await confirmed(entities.map((entity) => ["create", entity]));
  }

  async function confirmed(actions: TransactionAction[]): Promise<void> {
    const { subResponses } = await call((options) => table.submitTransaction(actions, options));
    // An empty 202 or a proxy's page resolves with no sub-responses: nothing was stored.
    const stored = subResponses.filter(({ status }) => status >= 200 && status < 300).length;
    if (stored !== actions.length)
      throw new DependencyError(SERVICE, `a transaction of ${actions.length} rows confirmed ${stored}`);
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
        ]);
        return "added";
      } catch (error) {
        if (!hasStatus(error, 409)) throw error;
        // A 409 says that one of the rows exists, and not reliably which: only the incident's own row decides.
        if ((await find(partitionKey, `incident|${id}`)) !== undefined) return "known";
        const problem = `incident ${id} of rule ${partitionKey} cannot be stored: other rows with its id are there without it`;
        throw new DependencyError(SERVICE, problem, { cause: error });
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
      for await (const entity of rowsOf(within(ruleId, TIME))) yield rowOfEntity(entity);
    },

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
      const [before, after] = [queuedBefore, new Date(queuedBefore.getTime() + CLOCK_SET_BACK_MS)];
      const due = odata`Refused eq false and (TimeGenerated lt ${iso(before)} or TimeGenerated ge ${iso(after)})`;
      const rows: IncidentRow[] = [];
      for await (const entity of rowsOf(`${within(ruleId, OUTBOX)} and ${due}`)) {
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
      const acknowledged = { partitionKey, rowKey: acknowledgementRowKey(row) };
      const actions: TransactionAction[] = [
        ["delete", { partitionKey, rowKey: outboxRowKey(row) }],
        ["upsert", acknowledged, "Replace"],
      ];
      try {
        await confirmed(actions);
      } catch (error) {
        if (!hasStatus(error, 404)) throw error;
        // Another instance was first; or our own answer was lost. What was accepted is acknowledged in any case.
        await call((options) => table.upsertEntity(acknowledged, "Replace", options));
      }
    },

    /** Keeps a row that the endpoint refuses in the outbox, marked so that it is not tried again and again. */
    async markRefused(row: IncidentRow, reason: string): Promise<void> {
      const entity = {
        partitionKey: keysOf(row).partitionKey,
        rowKey: outboxRowKey(row),
        Refused: true,
        RefusedReason: boundedText(reason, REASON).value,
      };
      try {
        await call((options) => table.updateEntity(entity, "Merge", { etag: "*", ...options }));
      } catch (error) {
        if (!isMissingRow(error)) throw error; // forwarded meanwhile by another instance
      }
    },

    /** How many rows of a rule wait, and how many were refused. */
    async outboxSize(ruleId: string): Promise<{ pending: number; refused: number }> {
      const size = { pending: 0, refused: 0 };
      for await (const entity of rowsOf(within(ruleId, OUTBOX), ["Refused"])) {
        size[entity["Refused"] === true ? "refused" : "pending"] += 1;
      }
      return size;
    },
  };
}

export type IncidentTable = ReturnType<typeof incidentTable>;

type Entity = Readonly<Record<string, unknown>>;

/** Rows of one partition with one prefix. */
function within(partitionKey: string, { from, before }: { from: string; before: string }): string {
  return odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${before}`;
}

function keysOf(row: IncidentRow): { partitionKey: string; id: string } {
  return { partitionKey: text(row["RuleId"]), id: text(row["IncidentId"]) };
}

/** Like `toISOString`, for times at the end of those that there are, too. */
function iso(time: Date): string {
  return new Date(Math.min(time.getTime() || 0, MAX_DATE_MS)).toISOString();
}

export function timeRowKey(row: IncidentRow): string {
  const activity = Date.parse(text(row["ActivityDateTime"]));
  return `${timeKeyPrefix(Number.isNaN(activity) ? 0 : activity)}|${keysOf(row).id}`;
}

/** What the row keys of lists begin with for one millisecond; those of later ones are smaller. */
export function timeKeyPrefix(milliseconds: number): string {
  return `time|${String(MAX_DATE_MS - milliseconds).padStart(17, "0")}`;
}

export function outboxRowKey(row: IncidentRow): string {
  return `outbox|${LOG_ANALYTICS_SINK}|${keysOf(row).id}|${text(row["Revision"])}`;
}

function acknowledgementRowKey(row: IncidentRow): string {
  return outboxRowKey(row).replace(/^outbox/, "ack");
}

function hasStatus(error: unknown, statusCode: number): boolean {
  return error instanceof RestError && error.statusCode === statusCode;
}

/** The table's own word that it holds no such row: neither a table that is missing, nor a 404 of somebody else. */
function isMissingRow(error: unknown): boolean {
  if (!(error instanceof RestError) || error.statusCode !== 404) return false;
  const odataError = isRecord(error.details) ? error.details["odataError"] : undefined;
  return isRecord(odataError) && typeof odataError["code"] === "string" && odataError["code"] !== "TableNotFound";
}
