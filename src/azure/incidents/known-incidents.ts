import { odata } from "@azure/data-tables";
import { throwFirst } from "../../core/do-each.ts";
import { sideBySide } from "../tables/side-by-side.ts";
import { incidentIdOf, incidentKeys } from "../tables/row-keys.ts";
import { MAX_COMPARISONS, MAX_PAGE_ROWS } from "../tables/table-limits.ts";
import type { TableRows } from "../tables/table-rows.ts";

/** Requests that run at a time. */
const SIDE_BY_SIDE = 4;
const SELECTED = ["RowKey", "ContentHash"];
/** Three comparisons name the partition and the range. */
const MOST_NAMED = MAX_COMPARISONS - 3;

export interface KnownIncident {
  /** "" if an older version stored the incident without it. */
  readonly contentHash: string;
}

/**
 * Finds which of many incidents of a rule are stored, that is, whose own row exists.
 *
 * Each request reads a range of row keys. If the range holds little but the wanted incidents, one request finds up to a
 * thousand of them. If it holds much else, each request names twelve, so the number of requests depends on these incidents
 * and not on the table. Requests give the range with the names, since for names alone the service reads the whole partition.
 *
 * @see https://learn.microsoft.com/azure/storage/tables/table-storage-design-for-query
 */
export async function knownIncidents(
  table: TableRows,
  { ruleId, ids }: { readonly ruleId: string; readonly ids: readonly string[] },
): Promise<ReadonlyMap<string, KnownIncident>> {
  const wanted = new Set(ids);
  const known = new Map<string, KnownIncident>();
  const sorted = ids.map((id) => incidentKeys(ruleId, id).rowKey).toSorted((a, b) => (a < b ? -1 : 1)); // the table's order

  /** @returns the last key that was read, or undefined at the end of the range */
  async function read(keys: readonly string[], mostRows = Infinity): Promise<string | undefined> {
    const [from = "", through = from] = [keys[0], keys.at(-1)];
    const where = keys.length > MOST_NAMED ? [] : [`(${keys.map((key) => odata`RowKey eq ${key}`).join(" or ")})`];
    let rows = 0;
    for await (const row of table.list({ partitionKey: ruleId, from, through, where, select: SELECTED })) {
      const key = String(row["rowKey"]);
      const id = incidentIdOf(key);
      const { ContentHash: hash } = row;
      if (wanted.has(id)) known.set(id, { contentHash: typeof hash === "string" ? hash : "" });
      rows += 1;
      if (rows >= mostRows) return key;
    }
    return undefined;
  }

  const reached = sorted.length > MOST_NAMED ? await read(sorted, MAX_PAGE_ROWS) : "";
  const left = reached === undefined ? [] : sorted.filter((key) => key > reached);
  // Each further request will decide about as many incidents as the first one did.
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
