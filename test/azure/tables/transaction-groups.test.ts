import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ROWS } from "../../../src/azure/tables/table-limits.ts";
import { type RowSet, transactionGroups } from "../../../src/azure/tables/transaction-groups.ts";

/** Rows of one partition that count this many bytes together. */
function rowSet(partitionKey: string, rows: number, bytes = 0): RowSet {
  const entities = Array.from({ length: rows }, (_, index) => ({ partitionKey, rowKey: String(index) }));
  return { partitionKey, entities, bytes };
}

const shape = (groups: readonly (readonly RowSet[])[]) =>
  groups.map((group) => group.map(({ partitionKey, entities }) => `${partitionKey}${entities.length}`).join(" "));

test.each([
  { why: "none", sets: [], groups: [] },
  { why: "one", sets: [rowSet("p", 4)], groups: ["p4"] },
  { why: "two of a partition", sets: [rowSet("p", 4), rowSet("p", 5)], groups: ["p4 p5"] },
  {
    why: "partitions in turn",
    sets: [rowSet("p", 4), rowSet("q", 4), rowSet("p", 5), rowSet("q", 5)],
    groups: ["p4 p5", "q4 q5"],
  },
  { why: "a hundred rows", sets: [rowSet("p", 60), rowSet("p", 40)], groups: ["p60 p40"] },
  { why: "one row more", sets: [rowSet("p", 60), rowSet("p", 41)], groups: ["p60", "p41"] },
  {
    why: "1 MiB",
    sets: [rowSet("p", 1, MAX_TRANSACTION_BYTES - 4_000), rowSet("p", 2, 4_000)],
    groups: ["p1 p2"],
  },
  {
    why: "two bytes more",
    sets: [rowSet("p", 1, MAX_TRANSACTION_BYTES - 4_000), rowSet("p", 2, 4_002)],
    groups: ["p1", "p2"],
  },
  {
    why: "one that is too large between two",
    sets: [rowSet("p", 1), rowSet("p", 2, 3_000_000), rowSet("p", 3)],
    groups: ["p1", "p2", "p3"],
  },
])("$why: $groups", ({ sets, groups }) => {
  expect(shape(transactionGroups(sets))).toEqual(groups);
});

test("each set is in one group, whole and in its partition's order, and each group fits", () => {
  const anySet = fc
    .record({
      partitionKey: fc.constantFrom("p", "q", "r"),
      rows: fc.integer({ min: 1, max: 60 }),
      bytes: fc.nat({ max: 800_000 }),
    })
    .map(({ partitionKey, rows, bytes }) => rowSet(partitionKey, rows, bytes));
  fc.assert(
    fc.property(fc.array(anySet, { maxLength: 12 }), (sets) => {
      const groups = transactionGroups(sets);

      for (const partitionKey of ["p", "q", "r"]) {
        const ofPartition = (set: RowSet) => set.partitionKey === partitionKey;
        expect(groups.flat().filter(ofPartition)).toEqual(sets.filter(ofPartition));
      }
      for (const group of groups) {
        expect(new Set(group.map(({ partitionKey }) => partitionKey)).size).toBe(1);
        expect(group.flatMap(({ entities }) => entities).length).toBeLessThanOrEqual(MAX_TRANSACTION_ROWS);
        const bytes = group.reduce((sum, set) => sum + set.bytes, 0);
        if (group.length > 1) expect(bytes).toBeLessThanOrEqual(MAX_TRANSACTION_BYTES);
      }
    }),
    { numRuns: 100 },
  );
});
