import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import { listedColumns, RULE_ID, storedIncident } from "../../stored-incident.ts";
import { collected, openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const ID = sha256Hex("sample");
/** Counts down from the largest time of JavaScript, in 17 digits. */
const TIME = `time|0${8_640_000_000_000_000 - Date.parse("2026-03-04T09:12:41.790Z")}|${ID}`;

test("an incident is four rows in its rule's partition", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  const { row } = storedIncident();

  await incidents.addAll([storedIncident()]);

  const rows = await collected(client.listEntities());
  const keys = rows.map(({ partitionKey, rowKey }) => [partitionKey, rowKey]);
  expect(keys).toEqual([
    [RULE_ID, `incident|${ID}`],
    [RULE_ID, `outbox|log-analytics|${ID}|1`],
    [RULE_ID, `record|${ID}`],
    [RULE_ID, TIME],
  ]);
  const [incident, outbox, record, time] = rows.map((entity) => Object.keys(entity).filter(isOurs).toSorted());
  const columns = Object.keys(row).filter((name) => row[name] !== null);
  expect(incident).toEqual(columns.toSorted());
  expect(outbox).toEqual([...columns, "Refused"].toSorted());
  expect(record).toEqual(["Record0"]);
  const listed = listedColumns(row);
  expect(time).toEqual(columns.filter((name) => listed[name] !== null).toSorted());
});

test.each([
  { why: "its place in the list", rowKey: TIME },
  { why: "its record", rowKey: `record|${ID}` },
  { why: "its place in the outbox", rowKey: `outbox|log-analytics|${ID}|1` },
])("if another row has $why, adding throws and stores nothing", async ({ rowKey: planted }) => {
  const { client, incidents } = await openTable(azurite.connectionString);
  await client.createEntity({ partitionKey: RULE_ID, rowKey: planted });

  await expect(incidents.addAll([storedIncident()])).rejects.toThrow(
    `Table Storage: incident ${ID} of rule ${RULE_ID} cannot be stored: other rows with its id are there without it`,
  );

  const rows = await collected(client.listEntities());
  expect(rows.map((entity) => entity.rowKey)).toEqual([planted]);
});

test("the reason of a refusal is kept beside the row, cut if it is long", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  const { row } = storedIncident();
  await incidents.addAll([storedIncident()]);

  await incidents.markRefused(row, `413: ${"😀".repeat(5_000)}`);

  const entity = await client.getEntity(RULE_ID, `outbox|log-analytics|${ID}|1`);
  expect(entity).toMatchObject({ Refused: true, RefusedReason: `413: ${"😀".repeat(497)}`, Severity: "High" });
});

test("a missing table is a failure and does not read as empty", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  await client.deleteTable();
  const incident = storedIncident();

  await expect(incidents.addAll([incident])).rejects.toThrow("table specified does not exist");
  await expect(incidents.get(RULE_ID, ID)).rejects.toMatchObject({ statusCode: 404 });
  await expect(collected(incidents.list(RULE_ID))).rejects.toMatchObject({ statusCode: 404 });
  await expect(pendingRows(incidents, RULE_ID)).rejects.toMatchObject({ statusCode: 404 });
  await expect(incidents.markForwarded(incident.row)).rejects.toMatchObject({ statusCode: 404 });
  await expect(incidents.markRefused(incident.row, "x")).rejects.toMatchObject({ statusCode: 404 });
});

test("making the table twice keeps what it holds", async () => {
  const { incidents } = await openTable(azurite.connectionString);
  await incidents.addAll([storedIncident()]);

  await incidents.create();

  expect(await collected(incidents.list(RULE_ID))).toHaveLength(1);
});

/** Not one of the service's own properties. */
function isOurs(name: string): boolean {
  return /^[A-Z]/.test(name);
}
