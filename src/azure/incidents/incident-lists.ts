import type { TableClient, TableEntity } from "@azure/data-tables";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { incidentEntity, rowOfEntity } from "./incident-entity.ts";
import { timeRowKey } from "./incident-table.ts";
import { knownIncidents } from "./known-incidents.ts";
import {
  type Entity,
  findRow,
  hasStatus,
  isExistingRow,
  isMissingRow,
  removeRow,
  rowsWhere,
  TABLE_SERVICE,
  within,
} from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type ListsClient = Pick<
  TableClient,
  "listEntities" | "getEntity" | "createEntity" | "updateEntity" | "deleteEntity"
>;

/** An incident that lists may not show as it is. */
export interface Unlisted {
  readonly ruleId: string;
  readonly incidentId: string;
  /** The key of its row that lists are made from. */
  readonly rowKey: string;
  /** Keys of other rows that show the same incident. */
  readonly misplaced: readonly string[];
}

export interface ListCheck {
  readonly unlisted: readonly Unlisted[];
  /** Incidents that lists show although their own row does not exist. */
  readonly orphaned: number;
}

/** The row that lists are made from: where it must be, and what was found. */
interface Listing {
  readonly rowKey: string;
  readonly revision: unknown;
  foundRevision?: unknown;
  readonly misplaced: string[];
}

/**
 * Compares what lists show with what is stored: the rows `time|…` with the rows `incident|…`.
 *
 * The app writes both in one transaction. They differ where somebody deleted or copied rows, or restored a part of the
 * table. Rows `record|…` are not compared: they cannot be made again, and the comparison would read every audit record.
 */
export function incidentLists(table: ListsClient, timeoutMs = CALL_TIMEOUT_MS) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);

  function rowsOf(ruleId: string, kind: string): AsyncGenerator<Entity> {
    const filter = within(ruleId, { from: `${kind}|`, before: `${kind}}` });
    return rowsWhere(table, { filter, select: ["RowKey", "Revision", "ActivityDateTime"] }, timeoutMs);
  }

  async function listings(ruleId: string): Promise<Map<string, Listing>> {
    const all = new Map<string, Listing>();
    for await (const { rowKey, Revision: revision, ActivityDateTime = null } of rowsOf(ruleId, "incident")) {
      const incidentId = String(rowKey).slice("incident|".length);
      const key = timeRowKey({ IncidentId: incidentId, ActivityDateTime: String(ActivityDateTime) });
      all.set(incidentId, { rowKey: key, revision, misplaced: [] });
    }
    return all;
  }

  /** Notes each row that lists are made from. @returns the ids of incidents that are not among these */
  async function noteListed(ruleId: string, all: ReadonlyMap<string, Listing>): Promise<string[]> {
    const strangers = new Set<string>();
    for await (const { rowKey, Revision } of rowsOf(ruleId, "time")) {
      const incidentId = String(rowKey).split("|")[2] ?? "";
      const listing = all.get(incidentId);
      if (listing === undefined) strangers.add(incidentId);
      else if (listing.rowKey === rowKey) listing.foundRevision = Revision;
      else listing.misplaced.push(String(rowKey));
    }
    return [...strangers];
  }

  /** Does nothing where somebody else was first. */
  async function replace(listed: TableEntity<object>, etag: string | undefined): Promise<void> {
    try {
      if (etag === undefined) await call((options) => table.createEntity(listed, options));
      else await call((options) => table.updateEntity(listed, "Replace", { etag, ...options }));
    } catch (error) {
      if (!isExistingRow(error) && !isMissingRow(error) && !hasStatus(error, 412)) throw error;
    }
  }

  return {
    /** Compares all rows of a rule. What is stored or changed meanwhile may be among the unlisted. */
    async check(ruleId: string): Promise<ListCheck> {
      const all = await listings(ruleId);
      const strangers = await noteListed(ruleId, all);
      const added = await knownIncidents(table, { ruleId, ids: strangers }, timeoutMs);
      const unlisted = [...all]
        .filter(([, { revision, foundRevision, misplaced }]) => foundRevision !== revision || misplaced.length > 0)
        .map(([incidentId, { rowKey, misplaced }]) => ({ ruleId, incidentId, rowKey, misplaced }));
      return { unlisted, orphaned: strangers.length - added.size };
    },

    /** Makes lists show an incident as its own row is. A change by an analyst at the same time stands. */
    async relist({ ruleId, incidentId, rowKey, misplaced }: Unlisted): Promise<"relisted" | "listed"> {
      const find = (key: string) => findRow(table, { partitionKey: ruleId, rowKey: key }, timeoutMs);
      const shown = await find(rowKey); // first: a change after this gives the row another ETag
      const incident = await find(`incident|${incidentId}`);
      if (incident === undefined) return "listed";
      const isRight = shown !== undefined && shown["Revision"] === incident["Revision"];
      if (!isRight)
        await replace(incidentEntity({ partitionKey: ruleId, rowKey }, rowOfEntity(incident), "listed"), shown?.etag);
      for (const key of misplaced) await removeRow(table, { partitionKey: ruleId, rowKey: key }, timeoutMs);
      return isRight && misplaced.length === 0 ? "listed" : "relisted";
    },
  };
}
