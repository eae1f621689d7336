// Records that an attacker made up to reach keys, other rows, prototypes or memory.
import { gzipSync } from "node:zlib";
import { TableClient } from "@azure/data-tables";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { MAX_EVENT_BYTES } from "../../../src/core/event/event-body.ts";
import { INCIDENT_COLUMNS } from "../../../src/core/incident/incident-columns.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { detectBatch } from "../../../src/workflows/detection/detect-batch.ts";
import { bytes, eventBody, POSITION, settingsChange } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { memoryStores } from "../../workflows/memory-stores.ts";
import { openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

/** The properties that a row may have, whatever its record holds. */
const PROPERTIES = new Set([
  ...INCIDENT_COLUMNS.map(({ name }) => name),
  "partitionKey",
  "rowKey",
  "etag",
  "timestamp",
  "odata.metadata",
  "Refused",
]);
const ROW_KEY =
  /^(incident\|[0-9a-f]{64}|time\|\d{17}\|[0-9a-f]{64}|record\|[0-9a-f]{64}|outbox\|log-analytics\|[0-9a-f]{64}\|1)$/;

const NAMES = [
  "PartitionKey",
  "partitionKey",
  "RowKey",
  "rowKey",
  "etag",
  "Timestamp",
  "odata.type",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "IncidentId",
  "RuleId",
  "Refused",
];
const TEXTS = [
  "hack",
  "incident|",
  "a/b\\c#d?e",
  "\ud800",
  "' or PartitionKey ne '",
  "\u0000\u001f\u007f",
  "../..",
  "",
];

/** Members with such names and texts, at any depth. */
function hostile(text: string): Json {
  const members: readonly (readonly [string, Json])[] = NAMES.map((name) => [name, { [name]: text, polluted: true }]);
  return JSON.parse(`{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`);
}

/** JSON text in which `__proto__` is a member like any other, as an attacker writes it. */
function hostileBody(text: string, serial: number): Uint8Array {
  const extra = JSON.stringify(hostile(text)).slice(1, -1);
  const properties = { ...settingsChange(), time: "2026-03-04T09:12:41Z" };
  const record = JSON.stringify({ ...properties, category: "AuditLogs" });
  const inner = JSON.stringify(
    settingsChange({}, { id: `PIM_${serial}_${text}`, userAgent: text, resultReason: text }),
  );
  const spiked = inner.replace('"properties":{', `"properties":{${extra},`).replace(/^\{/, `{${extra},`);
  return bytes(`{${extra},"records":[${spiked},${record.replace(/^\{/, `{${extra},`)}]}`);
}

test("rows have the keys and properties that the code names, whatever a record's members are called", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  const { deps } = memoryStores();
  const events = TEXTS.map((text, index) => ({ body: hostileBody(text, index), position: POSITION }));

  const { figures } = await detectBatch(events, { ...deps, incidents });

  expect(figures).toMatchObject({ deadLettered: 0, stored: TEXTS.length + 1 });
  for await (const row of client.listEntities()) {
    expect(row.partitionKey).toBe(CHANGES_TO_PIM_SETTINGS.id);
    expect(row.rowKey).toMatch(ROW_KEY);
    expect(Object.keys(row).filter((name) => !PROPERTIES.has(name) && !/^Record\d+$/.test(name))).toEqual([]);
  }
  const untouched: Readonly<Record<string, unknown>> = {};
  expect(untouched["polluted"]).toBeUndefined();
});

test("an id from a request finds the row with that id and no other", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  const other = TableClient.fromConnectionString(azurite.connectionString, client.tableName, {
    allowInsecureConnection: true,
  });
  await other.createEntity({ partitionKey: "secret", rowKey: "incident|x" });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: "binary" })), async (text) => {
      expect(await incidents.get(text, text)).toBeUndefined();
      expect(await pendingRows(incidents, `x' or PartitionKey eq 'secret${text.toWellFormed()}`, LIMITS)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

const LIMITS = { limit: 10, queuedBefore: new Date("2100-01-01") };

test.each([
  { what: "a body beyond any hub's size", body: Buffer.alloc(MAX_EVENT_BYTES + 1, "[") },
  {
    what: "a packed body: nothing is unpacked",
    body: gzipSync(Buffer.from(eventBody({ ...JSON.parse(JSON.stringify(settingsChange())) }))),
  },
  { what: "a million brackets", body: Buffer.alloc(1_000_000, '{"a":') },
])("$what is a dead letter, byte for byte, within a second or two", async ({ body }) => {
  const { deps, letters } = memoryStores();
  const began = performance.now();

  const { figures } = await detectBatch([{ body, position: POSITION }], deps);

  expect(figures).toMatchObject({ received: 1, deadLettered: 1 });
  expect(letters.map(({ bytes: kept }) => Buffer.from(kept).equals(body))).toEqual([true]);
  expect(performance.now() - began).toBeLessThan(10_000); // a busy machine is slow
});

test("a body of the largest allowed size is read; one byte more and it is not parsed", async () => {
  const record = JSON.stringify(settingsChange());
  const padded = (size: number) => Buffer.from(`{"records":[${record}]}`.padEnd(size, " "));
  const { deps, letters } = memoryStores();
  const detect = (body: Uint8Array) => detectBatch([{ body, position: POSITION }], deps);
  expect(MAX_EVENT_BYTES).toBe(4_194_304); // as CHANGELOG.md says
  expect((await detect(padded(MAX_EVENT_BYTES))).figures).toMatchObject({ matched: 1, deadLettered: 0 });
  expect((await detect(padded(MAX_EVENT_BYTES + 1))).figures).toMatchObject({ matched: 0, deadLettered: 1 });
  expect(letters.map(({ reason }) => reason)).toEqual([`larger than ${MAX_EVENT_BYTES} bytes: not read`]);
});
