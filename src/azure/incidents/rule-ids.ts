import { odata } from "@azure/data-tables";
import { RULE_IDS_FRESH_FOR_MS } from "../../core/timing.ts";
import { MACHINE } from "../../machine.ts";
import type { TableRows } from "../tables/table-rows.ts";

export interface RuleIdsOptions {
  /** Rules that may store their first incident at any moment. */
  readonly running?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Lists the ids of all rules that have rows in the incident table, and of the running rules. A rule that was removed,
 * renamed or switched off still has rows to forward, to list and to find.
 *
 * The answer may be a minute old unless the caller wants it `fresh`.
 */
export function ruleIds(table: TableRows, { running = [], now = MACHINE.now }: RuleIdsOptions = {}) {
  let latest: { readonly at: number; readonly ids: Promise<readonly string[]> } | undefined;

  return async function all({ fresh = false } = {}): Promise<readonly string[]> {
    const age = latest === undefined ? Infinity : Math.abs(now() - latest.at); // the clock may have been set back
    if (latest === undefined || fresh || age >= RULE_IDS_FRESH_FOR_MS) latest = { at: now(), ids: readIds() };
    const { ids } = latest;
    try {
      return await ids;
    } catch (error) {
      if (latest.ids === ids) latest = undefined;
      throw error;
    }
  };

  async function readIds(): Promise<readonly string[]> {
    return [...new Set([...running, ...(await partitionKeys(table))])];
  }
}

/** Jumps from partition to partition with one request each, however many rows a partition holds. */
async function partitionKeys(table: TableRows): Promise<string[]> {
  const keys: string[] = [];
  for (let next = await partitionAfter("", table); next !== undefined;) {
    keys.push(next);
    next = await partitionAfter(next, table);
  }
  return keys;
}

/** The key of the next partition; undefined if there is none. */
export async function partitionAfter(key: string, table: Pick<TableRows, "list">): Promise<string | undefined> {
  const query = { where: [odata`PartitionKey gt ${key}`], select: ["PartitionKey"], pageSize: 1 };
  for await (const { partitionKey } of table.list(query)) return String(partitionKey);
  return undefined;
}
