import { expect, test } from "vitest";
import { MOST_OPERATIONS, unmatchedOperationTable } from "../../../src/azure/ledger/unmatched-operation-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";

const at = (hour: number, minute = 0): Date => new Date(Date.UTC(2026, 2, 4, hour, minute));

async function open() {
  const { client, rows } = memoryTable();
  await client.createTable();
  return { client, rows, operations: unmatchedOperationTable(tableRows(client)) };
}

test("every instance reads the names, latest first, with the time when they were last seen", async () => {
  const { client, operations } = await open();
  await operations.note(["Update member in PIM (extend/renew)", "Lend role"], at(9));
  await operations.note(["Lend role"], at(10));
  expect(await unmatchedOperationTable(tableRows(client)).seen()).toEqual([
    { operation: "Lend role", lastSeenAt: at(10).toISOString() },
    { operation: "Update member in PIM (extend/renew)", lastSeenAt: at(9).toISOString() },
  ]);
});

test("a name is written once an hour at most", async () => {
  const { operations } = await open();
  await operations.note(["Lend role"], at(9));
  await operations.note(["Lend role"], at(9, 59));
  expect(await operations.seen()).toEqual([{ operation: "Lend role", lastSeenAt: at(9).toISOString() }]);
});

test("no more names than the bound are kept, and another instance counts the existing ones", async () => {
  const { client, rows, operations } = await open();
  const names = Array.from({ length: MOST_OPERATIONS + 5 }, (_, index) => `Operation ${index}`);
  await operations.note(names, at(9));
  await unmatchedOperationTable(tableRows(client)).note(["One more"], at(9, 1));
  expect(rows()).toHaveLength(MOST_OPERATIONS);
  expect((await operations.seen()).map(({ operation }) => operation)).not.toContain("One more");
});

test("a name not seen for a month makes room", async () => {
  const { operations } = await open();
  await operations.note(["Old"], at(9));
  await operations.note(["New"], at(31 * 24));
  expect(await operations.seen()).toEqual([{ operation: "New", lastSeenAt: at(31 * 24).toISOString() }]);
});
