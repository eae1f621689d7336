// Tests trust the table in memory because each call does what Azurite does through the SDK's client.
import { RestError, type TransactionAction } from "@azure/data-tables";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import type { TableAccess } from "../../../src/azure/tables/table-rows.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { collected, openTable } from "./open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

type Entity = Readonly<Record<string, unknown>> & { partitionKey: string; rowKey: string };
type Call = (table: TableAccess, etags: Map<string, string>) => Promise<unknown>;

const SERVICE_OWN = new Set(["etag", "timestamp", "odata.metadata", "odata.etag"]);

/** A row without times and versions, which are the service's own. */
function seen(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !SERVICE_OWN.has(name)));
}

const keys = fc.record({ partitionKey: fc.constantFrom("p", "q"), rowKey: fc.constantFrom("a|1", "a|2", "b|1", "a'") });
const values = fc.record(
  {
    Text: fc.constantFrom("", "x", "it's", "大"),
    Flag: fc.boolean(),
    Count: fc.integer(),
    Long: fc.bigInt({ min: -5n, max: 2n ** 62n }),
    Bytes: fc.uint8Array({ maxLength: 4 }).map((bytes) => Uint8Array.from(bytes)),
    Missing: fc.constantFrom(null, undefined),
    NotANumber: fc.constant(NaN),
  },
  { requiredKeys: [] },
);
const entities: fc.Arbitrary<Entity> = fc.tuple(keys, values).map(([key, more]) => ({ ...key, ...more }));
const modes = fc.constantFrom("Merge", "Replace");
/** A row's latest version, an earlier one, or any. */
const versions = fc.constantFrom("latest", "stale", "any");

const etagFor = (version: string, key: Entity, etags: Map<string, string>): string =>
  version === "any" ? "*" : version === "stale" ? 'W/"none"' : (etags.get(`${key.partitionKey} ${key.rowKey}`) ?? "*");

const actions: fc.Arbitrary<TransactionAction> = fc.oneof(
  entities.map((entity): TransactionAction => ["create", entity]),
  fc.tuple(entities, modes).map(([entity, mode]): TransactionAction => ["upsert", entity, mode as "Merge"]),
  fc.tuple(entities, modes).map(([entity, mode]): TransactionAction => ["update", entity, mode as "Merge"]),
  keys.map((key): TransactionAction => ["delete", key]),
);

const calls: fc.Arbitrary<Call> = fc.oneof(
  entities.map(
    (entity): Call =>
      (table) =>
        table.createEntity(entity).then(() => "created"),
  ),
  fc.tuple(entities, modes).map(
    ([entity, mode]): Call =>
      (table) =>
        table.upsertEntity(entity, mode as "Merge").then(() => "upserted"),
  ),
  fc.tuple(entities, modes, versions).map(
    ([entity, mode, version]): Call =>
      (table, etags) =>
        table.updateEntity(entity, mode as "Merge", { etag: etagFor(version, entity, etags) }).then(() => "updated"),
  ),
  fc.tuple(keys, versions).map(
    ([key, version]): Call =>
      (table, etags) =>
        table.deleteEntity(key.partitionKey, key.rowKey, { etag: etagFor(version, key, etags) }).then(() => "deleted"),
  ),
  keys.map(({ partitionKey, rowKey }): Call => async (table, etags) => {
    const row = await table.getEntity(partitionKey, rowKey);
    etags.set(`${partitionKey} ${rowKey}`, row.etag);
    return seen(row);
  }),
  fc.tuple(keys, fc.array(actions, { minLength: 1, maxLength: 4 })).map(([{ partitionKey }, all]): Call => {
    const inOne = all.map(([kind, entity, ...rest]) => [kind, { ...entity, partitionKey }, ...rest]);
    return async (table) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same actions, in one partition
      const { subResponses } = await table.submitTransaction(inOne as TransactionAction[]);
      return subResponses.map(({ status }) => status);
    };
  }),
  fc
    .constantFrom(
      undefined,
      "PartitionKey eq 'p'",
      "PartitionKey eq 'p' and RowKey ge 'a|' and RowKey lt 'a}'",
      "PartitionKey eq 'p' and RowKey eq 'a'''",
      "PartitionKey eq 'q' and Flag eq false and Text lt 'x'",
      "Flag eq true and (Text lt 'it' or Text ge 'x')",
      "PartitionKey gt 'p'",
      "PartitionKey gt '' and Text ne 'x'",
      "PartitionKey eq 'p' and RowKey gt 'a|1' and RowKey le 'b|1' and (RowKey eq 'a|2' or RowKey eq 'b|1' or RowKey eq 'c')",
    )
    .map((filter): Call => async (table) => {
      const rows: object[] = [];
      const queryOptions = { ...(filter !== undefined && { filter }), select: ["PartitionKey", "RowKey", "Text"] };
      for await (const row of table.listEntities({ queryOptions })) rows.push(seen(row));
      return rows;
    }),
);

/** The result of a call: its value, or the parts of the error that the app reads. */
async function outcome(call: Call, table: TableAccess, etags: Map<string, string>): Promise<unknown> {
  try {
    return await call(table, etags);
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    const details = error.details as { odataError?: { code?: string } } | undefined;
    return { status: error.statusCode, code: details?.odataError?.code };
  }
}

test("the table in memory answers any calls in any order as Azurite does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 10, maxLength: 40 }), async (all) => {
      const { client } = await openTable(azurite.connectionString);
      const memory = memoryTable();
      await memory.client.createTable();
      const [theirs, ours] = [new Map<string, string>(), new Map<string, string>()];
      for (const call of all)
        expect(await outcome(call, memory.client, ours)).toEqual(await outcome(call, client, theirs));
    }),
    { numRuns: 40 },
  );
});

test("a list comes in pages, and each begins where the one before ended", async () => {
  const { client } = memoryTable({ pageSize: 2 });
  await client.createTable();
  for (const rowKey of ["e", "b", "d", "a", "c"]) await client.createEntity({ partitionKey: "p", rowKey });
  const pages: unknown[][] = [];
  let continuationToken: string | undefined;
  do {
    const page = await client
      .listEntities()
      .byPage({ ...(continuationToken && { continuationToken }) })
      .next();
    pages.push(Array.isArray(page.value) ? page.value.map(({ rowKey }) => rowKey) : []);
    continuationToken = page.value?.continuationToken;
  } while (continuationToken);
  expect(pages).toEqual([["a", "b"], ["c", "d"], ["e"]]);
});

test("a page holds no more rows than requested", async () => {
  const { client } = memoryTable();
  await client.createTable();
  for (const rowKey of ["b", "a", "c"]) await client.createEntity({ partitionKey: "p", rowKey });
  const page = await client.listEntities().byPage({ maxPageSize: 2 }).next();
  expect(Array.isArray(page.value) && page.value.map(({ rowKey }) => rowKey)).toEqual(["a", "b"]);
});

test.each([
  { comparisons: 15, outcome: [] },
  { comparisons: 16, outcome: { status: 400, code: "InvalidInput" } },
])("$comparisons comparisons in a filter get the real service's answer, unlike in Azurite", async (one) => {
  const { client } = memoryTable();
  await client.createTable();
  const filter = Array.from({ length: one.comparisons }, (_, index) => `RowKey eq '${index}'`).join(" and ");
  const list: Call = (table) => collected(table.listEntities({ queryOptions: { filter } }));
  expect(await outcome(list, client, new Map())).toEqual(one.outcome);
});

test("faults do what their names say", async () => {
  const faults: ("refused" | "lost" | "repeated")[] = ["refused", "lost", "repeated"];
  const { client, rows } = memoryTable({ before: () => Promise.resolve(faults.shift()) });
  await client.createTable();
  const create = (rowKey: string) =>
    outcome((table) => table.createEntity({ partitionKey: "p", rowKey }), client, new Map());
  expect(await create("a")).toEqual({ status: 503, code: undefined });
  expect(await create("b")).toEqual({ status: undefined, code: undefined });
  expect(await create("c")).toEqual({ status: 409, code: "EntityAlreadyExists" });
  expect(rows().map(({ rowKey }) => rowKey)).toEqual(["b", "c"]);
});
