import type { Row } from "./table-rows.ts";
import { MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ROWS } from "./table-limits.ts";

/** Rows that are stored together or not at all. At least one; all in one partition; at most one transaction. */
export interface RowSet {
  readonly partitionKey: string;
  readonly entities: readonly Row[];
  /** Their total size, as the service counts it. */
  readonly bytes: number;
}

/**
 * Puts sets of rows into groups of one transaction each, with the sets of a partition in order and as few groups as
 * possible. A set is never split; one that is larger than MAX_TRANSACTION_BYTES is a group of its own.
 */
export function transactionGroups<One extends RowSet>(sets: Iterable<One>): One[][] {
  const groups: { readonly members: One[]; rows: number; bytes: number }[] = [];
  const latest = new Map<string, (typeof groups)[number]>();
  for (const set of sets) {
    const { bytes } = set;
    const rows = set.entities.length;
    let group = latest.get(set.partitionKey);
    const hasRoom = group && group.rows + rows <= MAX_TRANSACTION_ROWS && group.bytes + bytes <= MAX_TRANSACTION_BYTES;
    if (group === undefined || hasRoom !== true) {
      group = { members: [], rows: 0, bytes: 0 };
      groups.push(group);
      latest.set(set.partitionKey, group);
    }
    group.members.push(set);
    group.rows += rows;
    group.bytes += bytes;
  }
  return groups.map(({ members }) => members);
}
