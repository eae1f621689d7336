import { odata, RestError, type TableClient, type TransactionAction } from "@azure/data-tables";
import { isRecord } from "../../core/event/event-body.ts";
import { DependencyError } from "../../errors.ts";
import { inTime } from "../calls.ts";

export const TABLE_SERVICE = "Table Storage";

export type Entity = Readonly<Record<string, unknown>>;

/** All rows that a filter takes, page by page; each page has `timeoutMs`, however slow the reader is. */
export async function* rowsWhere(
  table: Pick<TableClient, "listEntities">,
  { filter, select, pageSize }: { filter: string; select?: string[]; pageSize?: number },
  timeoutMs: number,
): AsyncGenerator<Entity> {
  const queryOptions = { filter, ...(select && { select }) };
  const size = pageSize === undefined ? {} : { maxPageSize: pageSize };
  let continuationToken: string | undefined;
  do {
    const page = await inTime(TABLE_SERVICE, timeoutMs, async (options) => {
      const pages = table.listEntities({ queryOptions, ...options });
      return (await pages.byPage({ ...size, ...(continuationToken && { continuationToken }) }).next()).value;
    });
    yield* page ?? [];
    continuationToken = page?.continuationToken;
  } while (continuationToken);
}

/** Rows of one partition with one prefix. */
export function within(partitionKey: string, { from, before }: { from: string; before: string }): string {
  return odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${before}`;
}

export interface RowKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** A row by its keys; undefined where the table says that it holds none. */
export async function findRow(
  table: Pick<TableClient, "getEntity">,
  { partitionKey, rowKey }: RowKeys,
  timeoutMs: number,
) {
  try {
    return await inTime(TABLE_SERVICE, timeoutMs, (options) => table.getEntity<Entity>(partitionKey, rowKey, options));
  } catch (error) {
    if (isMissingRow(error)) return undefined;
    throw error;
  }
}

/** Removes a row. One that is gone already is as good as removed. */
export async function removeRow(
  table: Pick<TableClient, "deleteEntity">,
  { partitionKey, rowKey }: RowKeys,
  timeoutMs: number,
): Promise<void> {
  try {
    await inTime(TABLE_SERVICE, timeoutMs, (options) => table.deleteEntity(partitionKey, rowKey, options));
  } catch (error) {
    if (!isMissingRow(error)) throw error;
  }
}

/** Submits a transaction. @throws {DependencyError} also where the answer does not say that all of it was stored */
export async function confirmed(
  table: Pick<TableClient, "submitTransaction">,
  actions: TransactionAction[],
  timeoutMs: number,
): Promise<void> {
  const { subResponses } = await inTime(TABLE_SERVICE, timeoutMs, (options) =>
    table.submitTransaction(actions, options),
  );
  // An empty 202 or a proxy's page resolves with no sub-responses: nothing was stored.
  const stored = subResponses.filter(({ status }) => status >= 200 && status < 300).length;
  if (stored !== actions.length)
    throw new DependencyError(TABLE_SERVICE, `a transaction of ${actions.length} rows confirmed ${stored}`);
}

export function hasStatus(error: unknown, statusCode: number): boolean {
  return error instanceof RestError && error.statusCode === statusCode;
}

/** The table's own word that it holds no such row: neither a table that is missing, nor a 404 of somebody else. */
export function isMissingRow(error: unknown): boolean {
  const code = hasStatus(error, 404) ? codeOf(error) : undefined;
  return code !== undefined && code !== "TableNotFound";
}

/** The table's own word that it holds the row already. */
export function isExistingRow(error: unknown): boolean {
  return hasStatus(error, 409) && codeOf(error) === "EntityAlreadyExists";
}

/**
 * Codes with which the service refuses what a request holds: it never takes the same rows.
 * https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes
 */
const DATA_CODES: ReadonlySet<string> = new Set([
  "ContentLengthExceeded",
  "EntityTooLarge",
  "InvalidInput",
  "InvalidValueType",
  "KeyValueTooLarge",
  "OutOfRangeInput",
  "PropertiesNeedValue",
  "PropertyNameInvalid",
  "PropertyNameTooLong",
  "PropertyValueTooLarge",
  "RequestBodyTooLarge",
  "TooManyProperties",
]);

/** The table's own word that it never takes these rows, as text for a person; undefined for any other error. */
export function dataRefusal(error: unknown): string | undefined {
  if (!hasStatus(error, 400) && !hasStatus(error, 413)) return undefined;
  const code = codeOf(error);
  return code !== undefined && DATA_CODES.has(code) ? `Table Storage answered ${code}` : undefined;
}

/** Of a single call the SDK keeps the code in the details, of a transaction beside the message. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof RestError)) return undefined;
  const odataError = isRecord(error.details) ? error.details["odataError"] : undefined;
  const code = isRecord(odataError) ? odataError["code"] : error.code;
  return typeof code === "string" ? code : undefined;
}
