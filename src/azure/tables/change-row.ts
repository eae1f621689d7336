import { ROW_CHANGE_TRIES } from "../../core/timing.ts";
import { DependencyError } from "../../errors.ts";
import { type Entity, type RowKeys, TABLE_SERVICE, type TableRows } from "./table-rows.ts";

/**
 * Changes a row that other instances change too: reads it, and writes it only if no other has written it since. Otherwise
 * it begins again.
 *
 * @param change gives the new properties from the present row, which is undefined if there is none; undefined: write nothing
 * @throws {DependencyError} when others keep changing the row
 */
export async function changeRow(
  table: Pick<TableRows, "get" | "insert" | "replace">,
  keys: RowKeys,
  change: (present: Entity | undefined) => Readonly<Record<string, unknown>> | undefined,
): Promise<"inserted" | "replaced" | "unchanged"> {
  for (let tries = 0; tries < ROW_CHANGE_TRIES; tries += 1) {
    const present = await table.get(keys);
    const properties = change(present);
    if (properties === undefined) return "unchanged";
    const row = { ...keys, ...properties };
    const outcome = present === undefined ? await table.insert(row) : await table.replace(row, present.etag);
    if (outcome === "inserted" || outcome === "replaced") return outcome;
  }
  throw new DependencyError(TABLE_SERVICE, `other instances kept changing the row ${keys.rowKey}`);
}
