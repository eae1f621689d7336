import { odata, type TableClient } from "@azure/data-tables";
import { throwFirst } from "../../core/do-each.ts";
import { sideBySide } from "../tables/side-by-side.ts";
import { MAX_COMPARISONS, MAX_PAGE_ROWS } from "../tables/table-limits.ts";
import { rowsWhere } from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type KnownClient = Pick<TableClient, "listEntities">;

/** Requests that are under way at a time. */
const SIDE_BY_SIDE = 4;
/** Three comparisons name the partition and the range. */
const MOST_NAMED = MAX_COMPARISONS - 3;

/**
 * Tells which of many incidents of a rule are stored: those whose own row exists.
 *
 * Each request reads a range of row keys. Where the table holds little besides the incidents that are looked for, one
 * request finds up to a thousand of them. Where it holds much, each request names twelve: so the number of requests
 * depends on these incidents and not on the table. The range is given with the names, since the service reads the
 * whole partition for names alone.
 *
 * @see https://learn.microsoft.com/azure/storage/tables/table-storage-design-for-query
 */
export async function knownIncidents(
  table: KnownClient,
  { ruleId, ids }: { readonly ruleId: string; readonly ids: readonly string[] },
  timeoutMs: number,
): Promise<ReadonlySet<string>> {
  const wanted = new Set(ids);
  const known = new Set<string>();
  const sorted = ids.map((id) => `incident|${id}`).toSorted((a, b) => (a < b ? -1 : 1)); // as the table sorts

  /** @returns the last key that was read, or undefined when the range has been read to its end */
  async function read(keys: readonly string[], mostRows = Infinity): Promise<string | undefined> {
    const names = keys.length > MOST_NAMED ? "" : ` and (${keys.map((key) => odata`RowKey eq ${key}`).join(" or ")})`;
    const range = odata`PartitionKey eq ${ruleId} and RowKey ge ${keys[0]} and RowKey le ${keys.at(-1)}`;
    let rows = 0;
    for await (const { rowKey } of rowsWhere(table, { filter: range + names, select: ["RowKey"] }, timeoutMs)) {
      const key = String(rowKey);
      const id = key.slice("incident|".length);
      if (wanted.has(id)) known.add(id);
      rows += 1;
      if (rows >= mostRows) return key;
    }
    return undefined;
  }

  const reached = sorted.length > MOST_NAMED ? await read(sorted, MAX_PAGE_ROWS) : "";
  const left = reached === undefined ? [] : sorted.filter((key) => key > reached);
  // As many as the first request has decided: each of the others will decide about as many.
  const some = Math.max(MOST_NAMED, sorted.length - left.length);
  const { failures } = await sideBySide(slices(left, some), SIDE_BY_SIDE, (keys) => read(keys));
  throwFirst(failures);
  return known;
}

function slices(keys: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, index) =>
    keys.slice(index * size, (index + 1) * size),
  );
}
