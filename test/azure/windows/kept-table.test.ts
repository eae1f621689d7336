import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { keptTable } from "../../../src/azure/windows/kept-table.ts";
import type { KeptRecord, WindowName } from "../../../src/core/window/kept-record.ts";
import { memoryTable, refusal } from "../../../simulation/services/memory-table.ts";
import { openTable } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const WINDOW: WindowName = { ruleId: "rule", tenant: "11111111-1111-4111-8111-111111111111", plan: "abc" };
const OTHER: WindowName = { ...WINDOW, plan: "def" };

function recordOf(time: bigint, more: string = "", window = WINDOW): KeptRecord {
  const bytes = Buffer.from(JSON.stringify({ category: "AuditLogs", properties: { id: String(time) }, more }));
  const position = { partitionId: "3", sequenceNumber: 7, enqueuedTime: "2026-03-04T09:00:00.000Z" };
  return { window, time, hash: `hash-${time}`, bytes, position };
}

async function open() {
  const { client } = await openTable(azurite.connectionString);
  return { rows: tableRows(client), kept: keptTable(tableRows(client)) };
}

test("records come back as they were kept, in order of time, each once, and only those of the window and the range", async () => {
  const { kept } = await open();
  const long = recordOf(5n, randomBytes(150_000).toString("hex")); // in several properties, however it is compressed
  expect(await kept.keep([recordOf(9n), long, recordOf(100n), recordOf(4n), recordOf(7n, "", OTHER)])).toEqual([]);
  expect(await kept.keep([recordOf(9n)])).toEqual([]);
  const found = await kept.read(WINDOW, { after: 4n, through: 99n });
  expect(found.map(({ time, hash, bytes, position }) => ({ time, hash, bytes: String(bytes), position }))).toEqual(
    [long, recordOf(9n)].map(({ time, hash, bytes, position }) => ({ time, hash, bytes: String(bytes), position })),
  );
  expect(found[0]?.source.record["more"]).toHaveLength(300_000);
});

test("a record without a position comes back without one", async () => {
  const { kept } = await open();
  const position = { partitionId: null, sequenceNumber: null, enqueuedTime: null };
  await kept.keep([{ ...recordOf(1n), position }]);
  expect((await kept.read(WINDOW, { after: 0n, through: 1n })).map((record) => record.position)).toEqual([position]);
});

test("a record that no row can hold is refused, and the others are kept", async () => {
  const { kept } = await open();
  const tooLarge = recordOf(2n, randomBytes(1_000_000).toString("hex"));
  const refused = await kept.keep([recordOf(1n), tooLarge, recordOf(3n)]);
  expect(refused).toEqual([{ record: tooLarge, reason: expect.stringMatching(/bytes, at most 1048576/) as string }]);
  expect(await kept.read(WINDOW, { after: 0n, through: 9n })).toHaveLength(2);
});

test.each([
  { refusals: 2, refused: [], requests: 3 },
  { refusals: 9, refused: ["Table Storage answered RequestBodyTooLarge"], requests: 3 },
])("a record is refused after three refusals in a row: $refusals refusals", async ({ refusals, ...expected }) => {
  let requests = 0;
  const unwilling = () => ((requests += 1) > refusals ? undefined : refusal(413, "RequestBodyTooLarge"));
  const table = tableRows(memoryTable({ unwilling }).client);
  await table.make();
  const refused = await keptTable(table).keep([recordOf(1n)]);
  expect({ refused: refused.map(({ reason }) => reason), requests }).toEqual(expected);
});

test("what is owed is listed until it is settled; other rows stay", async () => {
  const { kept } = await open();
  await kept.owe(WINDOW, { first: 1n, last: 2n });
  await kept.owe(OTHER, { first: 3n, last: 4n });
  const due = await kept.due();
  expect(
    due.map(({ window, first, last }) => ({ window, first, last })).toSorted((a, b) => Number(a.first - b.first)),
  ).toEqual([
    { window: WINDOW, first: 1n, last: 2n },
    { window: OTHER, first: 3n, last: 4n },
  ]);
  await kept.settle(due.filter(({ window }) => window.plan === OTHER.plan));
  expect((await kept.due()).map(({ window }) => window)).toEqual([WINDOW]);
});

test("a cursor goes forward only", async () => {
  const { kept } = await open();
  expect(await kept.cursors()).toEqual([]);
  expect([await kept.begin(WINDOW, 15n), await kept.begin(WINDOW, 5n)]).toEqual([15n, 15n]);
  for (const next of [20n, 30n, 10n]) await kept.advance(WINDOW, next);
  expect(await kept.cursors()).toEqual([{ window: WINDOW, next: 30n }]);
});

test("old records are forgotten, and no others", async () => {
  const { kept, rows } = await open();
  await kept.keep([recordOf(1n), recordOf(2n), recordOf(3n), recordOf(1n, "", OTHER)]);
  expect(await kept.forget(WINDOW, 2n)).toBe(2);
  expect((await kept.read(WINDOW, { after: 0n, through: 9n })).map(({ time }) => time)).toEqual([3n]);
  expect(await kept.read(OTHER, { after: 0n, through: 9n })).toHaveLength(1);
  const keys = [];
  for await (const { rowKey } of rows.list({})) keys.push(rowKey);
  expect(keys).toHaveLength(2);
});
