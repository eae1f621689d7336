import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import { DependencyError } from "../../errors.ts";
import { CALL_TIMEOUT_MS } from "../../core/timing.ts";
import { MACHINE } from "../../machine.ts";
import { inTime } from "../calls.ts";
import { dataRefusal, hasStatus, isExistingRow, isMissingRow } from "./table-errors.ts";
import { assertWithinTableLimits, isTableKey } from "./table-limits.ts";

export const TABLE_SERVICE = "Table Storage";
/** Believe that the table refuses an item after this many refusals: a proxy may have answered in its place once or twice. */
const REFUSALS_BELIEVED = 3;

/** The part of the SDK's client that pimwatch uses. */
export type TableAccess = Pick<
  TableClient,
  | "createTable"
  | "createEntity"
  | "upsertEntity"
  | "updateEntity"
  | "deleteEntity"
  | "getEntity"
  | "listEntities"
  | "submitTransaction"
>;

export interface RowKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** A row as it is written. */
export type Row = RowKeys & Readonly<Record<string, unknown>>;
/** A row as it is read. */
export type Entity = Readonly<Record<string, unknown>>;

/** One write of a transaction. `replace` holds the ETag of the row that it replaces. */
export type Change =
  | { readonly insert: Row }
  | { readonly put: Row }
  | { readonly replace: Row; readonly etag: string }
  | { readonly remove: RowKeys };

export type Committed =
  | { readonly outcome: "committed" }
  /** Nothing was written: a row to be inserted exists, or a row has changed meanwhile. */
  | { readonly outcome: "conflict"; readonly error: unknown }
  /** Nothing was written: a row to be replaced or removed does not exist. */
  | { readonly outcome: "missing"; readonly error: unknown }
  /** Nothing was written: the table refuses these rows for good. */
  | { readonly outcome: "refused"; readonly reason: string; readonly error: unknown };

/** Selects rows: of one partition, or of all partitions if none is named. */
export interface RowFilter {
  readonly partitionKey?: string | undefined;
  /** The prefix of the row keys. */
  readonly prefix?: string;
  /** Row keys from this one on, or behind that one, instead of from the prefix on. */
  readonly from?: string | undefined;
  readonly after?: string | undefined;
  /** The last row key. */
  readonly through?: string;
  /** Only row keys before this one. */
  readonly below?: string | undefined;
  /** Conditions in OData, all of which must hold. */
  readonly where?: readonly string[];
}

export interface RowQuery extends RowFilter {
  /** The properties to read; all of them unless named. */
  readonly select?: readonly string[] | undefined;
  readonly pageSize?: number;
}

export interface RowPage {
  readonly rows: readonly Entity[];
  /** The place where the next page begins; undefined after the last page. */
  readonly token: string | undefined;
}

/** A page as the service wrote it: JSON in which every property has its exact type and value. */
export interface ExactPage {
  readonly json: string;
  readonly token: string | undefined;
}

export type TableRows = ReturnType<typeof tableRows>;

/**
 * The rows of one table: the only way in which pimwatch reads and writes Table Storage.
 *
 * Every call ends in time, checks the limits of the service before it writes, and returns expected outcomes as values.
 * After an error, nobody knows whether a write took effect; the caller may repeat any of these calls.
 *
 * @param timeoutMs how long one call may take with its retries; a list makes one for each page
 */
export function tableRows(client: TableAccess, timeoutMs = CALL_TIMEOUT_MS, machine = MACHINE) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> =>
    inTime(TABLE_SERVICE, timeoutMs, make, machine);

  async function read({ select, pageSize, ...filter }: RowQuery, token?: string): Promise<RowPage & ExactPage> {
    const text = filterOf(filter);
    const queryOptions = { ...(text !== "" && { filter: text }), ...(select && { select: [...select] }) };
    const settings = {
      ...(pageSize !== undefined && { maxPageSize: pageSize }),
      ...(token !== undefined && { continuationToken: token }),
    };
    let json = "";
    const page = await call(async (options) => {
      const onResponse = ({ bodyAsText }: { readonly bodyAsText?: string | null }): void =>
        void (json = bodyAsText ?? "");
      const pages = client.listEntities({ queryOptions, onResponse, ...options });
      return (await pages.byPage(settings).next()).value;
    });
    return { rows: page ?? [], json, token: page?.continuationToken };
  }

  /**
   * Writes rows of one partition, all or none. After a conflict, look which rows are there: if an answer was lost, the
   * client sends the transaction again and meets its own rows.
   *
   * @throws {DependencyError} also if the answer does not say that each row was written
   */
  async function commit(changes: readonly Change[]): Promise<Committed> {
    const actions = changes.map(actionOf);
    try {
      const { subResponses } = await call((options) => client.submitTransaction(actions, options));
      // An empty 202 or a proxy's page resolves with no sub-responses: nothing was stored.
      const stored = subResponses.filter(({ status }) => status >= 200 && status < 300).length;
      if (stored !== actions.length)
        throw new DependencyError(TABLE_SERVICE, `a transaction of ${actions.length} rows confirmed ${stored}`);
      return { outcome: "committed" };
    } catch (error) {
      if (hasStatus(error, 409) || hasStatus(error, 412)) return { outcome: "conflict", error };
      if (isMissingRow(error)) return { outcome: "missing", error };
      const reason = dataRefusal(error);
      if (reason === undefined) throw error;
      return { outcome: "refused", reason, error };
    }
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async make(): Promise<void> {
      await call((options) => client.createTable(options));
    },

    /** A row by its keys; undefined if the table says that it has none, or if no row can have such keys. */
    async get({ partitionKey, rowKey }: RowKeys): Promise<(Entity & { readonly etag: string }) | undefined> {
      if (!isTableKey(partitionKey) || !isTableKey(rowKey)) return undefined;
      try {
        return await call((options) => client.getEntity<Entity>(partitionKey, rowKey, options));
      } catch (error) {
        if (isMissingRow(error)) return undefined;
        throw error;
      }
    },

    /** Inserts a row. An existing row stays as it is. */
    async insert(row: Row): Promise<"inserted" | "exists"> {
      assertWithinTableLimits(row);
      try {
        await call((options) => client.createEntity(row, options));
        return "inserted";
      } catch (error) {
        if (isExistingRow(error)) return "exists";
        throw error;
      }
    },

    /** Writes a row whether it exists or not. `Merge` keeps the properties that the new row does not name. */
    async put(row: Row, mode: "Replace" | "Merge" = "Replace"): Promise<void> {
      assertWithinTableLimits(row);
      await call((options) => client.upsertEntity(row, mode, options));
    },

    /** Replaces the row that has this ETag. Somebody else may have changed or removed it meanwhile. */
    async replace(row: Row, etag: string): Promise<"replaced" | "changed" | "missing"> {
      assertWithinTableLimits(row);
      try {
        await call((options) => client.updateEntity(row, "Replace", { etag, ...options }));
        return "replaced";
      } catch (error) {
        if (hasStatus(error, 412)) return "changed";
        if (isMissingRow(error)) return "missing";
        throw error;
      }
    },

    /** Writes these properties to a row that exists. */
    async merge(row: Row): Promise<"merged" | "missing"> {
      assertWithinTableLimits(row);
      try {
        await call((options) => client.updateEntity(row, "Merge", { etag: "*", ...options }));
        return "merged";
      } catch (error) {
        if (isMissingRow(error)) return "missing";
        throw error;
      }
    },

    /** Removes a row. A row that is gone already counts as removed. */
    async remove({ partitionKey, rowKey }: RowKeys): Promise<void> {
      try {
        await call((options) => client.deleteEntity(partitionKey, rowKey, options));
      } catch (error) {
        if (!isMissingRow(error)) throw error;
      }
    },

    /** All rows that a query selects, in the order of their keys. It reads a page when the one before is used up. */
    async *list(query: RowQuery): AsyncGenerator<Entity> {
      let token: string | undefined;
      do {
        const page = await read(query, token);
        yield* page.rows;
        token = page.token;
      } while (token);
    },

    /** One page of rows as the service wrote them, for copies: the client turns `1.0` into 1 and cuts times to milliseconds. */
    async exactPage(query: RowQuery, token: string | undefined): Promise<ExactPage> {
      return read(query, token);
    },

    /**
     * One page of rows.
     *
     * @param token marks where the page begins: the token of the page before, which a browser may have kept
     * @returns "refused" if the client or the service does not accept the token
     */
    async page(query: RowQuery, token: string | undefined): Promise<RowPage | "refused"> {
      try {
        return await read(query, token);
      } catch (error) {
        if (token !== undefined && (error instanceof SyntaxError || hasStatus(error, 400))) return "refused";
        throw error;
      }
    },

    commit,

    /**
     * As `commit`, for the rows of one item or several. If the table refuses several, the caller tries each alone. It believes
     * the refusal of one item only after several in a row: the item becomes a dead letter, which waits for a person.
     */
    async commitItems(items: readonly (readonly Change[])[]): Promise<Committed> {
      for (let refusals = 1; ; refusals += 1) {
        const answer = await commit(items.flat());
        if (answer.outcome !== "refused" || items.length > 1 || refusals >= REFUSALS_BELIEVED) return answer;
      }
    },
  };
}

function actionOf(change: Change): TransactionAction {
  if ("remove" in change) return ["delete", { ...change.remove }];
  const row = "insert" in change ? change.insert : "put" in change ? change.put : change.replace;
  assertWithinTableLimits(row);
  if ("insert" in change) return ["create", row];
  return "put" in change ? ["upsert", row, "Replace"] : ["update", row, "Replace", { etag: change.etag }];
}

/** A filter as the service reads it, with all values quoted. "" selects all rows. */
export function filterOf({
  partitionKey,
  prefix,
  from = prefix,
  after,
  through,
  below,
  where = [],
}: RowFilter): string {
  const conditions: string[] = [];
  if (partitionKey !== undefined) conditions.push(odata`PartitionKey eq ${partitionKey}`);
  if (after !== undefined) conditions.push(odata`RowKey gt ${after}`);
  else if (from !== undefined) conditions.push(odata`RowKey ge ${from}`);
  if (through !== undefined) conditions.push(odata`RowKey le ${through}`);
  if (below !== undefined) conditions.push(odata`RowKey lt ${below}`);
  if (prefix !== undefined) conditions.push(odata`RowKey lt ${behindAll(prefix)}`);
  return [...conditions, ...where].join(" and ");
}

/** The smallest text that sorts behind every text with this prefix: the prefix with its last character raised by one. */
function behindAll(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
