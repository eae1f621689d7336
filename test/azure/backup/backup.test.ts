import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentOutbox } from "../../../src/azure/incidents/incident-outbox.ts";
import { INCIDENT_KINDS, kindOf, RESTORE_ORDER, EXPORT_RANGES } from "../../../src/azure/tables/row-keys.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { largestIncident, ofRule } from "../../stored-incident.ts";
import { pendingRows } from "../tables/open-table.ts";
import {
  type BackupWorld,
  backupWorld,
  HOUR,
  incidentOf,
  RULES,
  SMALL_PARTS,
  START,
  takeIncident,
} from "./backup-world.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

/** Every type of the service, with values that JavaScript's own types would change. */
const EVERY_TYPE = {
  partitionKey: "a partition of somebody else",
  rowKey: "zzz",
  Text: 'a "quoted" 1.0, and : 2.5',
  Empty: "",
  Yes: true,
  Int32: 7,
  WholeDouble: { value: 1, type: "Double" },
  Double: 1.5,
  Tiny: 1.5e-300,
  NotANumber: { value: "NaN", type: "Double" },
  Long: 9_007_199_254_740_993n,
  Time: { value: "2026-01-02T03:04:05.1234567Z", type: "DateTime" },
  Guid: { value: "aaaaaaaa-1111-4222-8333-444444444444", type: "Guid" },
  Bytes: Uint8Array.from([0, 1, 255]),
};

/** Incidents of each rule. */
const COUNT = 7;

/** Incidents in every state: new, forwarded, failing, refused, changed; and a row of somebody else. */
async function filledWorld(): Promise<BackupWorld> {
  const world = await backupWorld(azurite.connectionString);
  const { incidents, client } = world;
  for (const rule of RULES)
    await incidents.addAll([...Array(COUNT).keys()].map((number) => incidentOf(rule, `incident ${number}`)));
  await incidents.addAll([ofRule("rule-a", largestIncident("é"))]);
  const [first, second, third, fourth] = await pendingRows(incidents, "rule-a");
  if (!first || !second || !third || !fourth) throw new Error("too few rows");
  await incidents.markForwarded(first);
  await incidents.markForwarded(second);
  await incidents.markForwarded(await takeIncident(world, second));
  await incidents.markRefused(third, "answered 400");
  await takeIncident(world, await takeIncident(world, fourth));
  await client.createEntity(EVERY_TYPE);
  return world;
}

test("an export brings back a destroyed table row by row, with every type and value", async () => {
  const world = await filledWorld();
  const before = await world.rows();
  expect(new Set(before.map(({ RowKey }) => kindOf(RowKey)))).toEqual(new Set([...INCIDENT_KINDS, "zzz"]));

  expect(await world.backUp()).toMatchObject({ outcome: "whole", rows: before.length, isOverdue: false });
  await world.destroy();
  const restored = await world.restore();

  expect(await world.rows()).toEqual(before);
  expect(before.find(({ RowKey }) => RowKey === "zzz")).toMatchObject({
    WholeDouble: { Double: "1.0" },
    Double: { Double: "1.5" },
    NotANumber: { Double: "NaN" },
    Int32: 7,
    Long: { Int64: "9007199254740993" },
    Time: { DateTime: "2026-01-02T03:04:05.1234567Z" },
    Text: EVERY_TYPE.Text,
    Bytes: { Binary: "AAH/" },
  });
  expect(restored).toMatchObject({ added: before.length, same: 0, kept: 0, leftOut: 0, relisted: 0, isStopped: false });
});

test("a restore changes nothing when it is repeated, and a dry run writes nothing", async () => {
  const world = await filledWorld();
  const before = await world.rows();
  await world.backUp();
  await world.destroy();

  expect(await world.restore({ isDryRun: true })).toMatchObject({ added: before.length });
  await expect(world.rows()).rejects.toThrow("The table specified does not exist");
  await world.restore();
  expect(await world.restore()).toMatchObject({ added: 0, same: before.length, kept: 0 });
  expect(await world.rows()).toEqual(before);
});

test("the parts are lines of JSON, and the manifest names the rows, bytes and hash of each", async () => {
  const world = await filledWorld();
  const { export: id, rows, parts } = await world.backUp();

  const manifest = await world.backups.manifest(id);
  expect(manifest).toMatchObject({ format: 1, table: "incidents", rows });
  expect(manifest?.parts).toHaveLength(parts);
  expect(parts).toBeGreaterThan(5);
  const [part] = manifest?.parts ?? [];
  const blob = await world.container.getBlobClient(part?.name ?? "").downloadToBuffer();
  expect(blob).toHaveLength(part?.bytes ?? -1);
  const lines = gunzipSync(blob).toString().trimEnd().split("\n");
  expect(lines).toHaveLength(part?.rows ?? -1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    PartitionKey: "rule-a",
    Revision: 1,
    EventHubSequenceNumber: { Int64: "7" },
  });
});

describe("an export over several runs", () => {
  test("goes on where the one before ended, and is whole only at its end", async () => {
    const world = await filledWorld();
    const before = await world.rows();
    const limits = { ...SMALL_PARTS, milliseconds: 0 }; // one page for each run
    const outcomes: string[] = [];
    for (let run = 0; run < 100 && outcomes.at(-1) !== "whole"; run += 1) {
      outcomes.push((await world.backUp(limits)).outcome);
      const isWhole = outcomes.at(-1) === "whole";
      expect(await world.backups.list()).toEqual([{ id: "2026-11-30T02-37-00Z", isWhole }]);
      world.time += HOUR / 60;
    }
    expect(outcomes.length).toBeGreaterThan(10);
    await world.destroy();
    await world.restore();
    expect(await world.rows()).toEqual(before);
  });

  test.each(["addPart", "saveProgress", "finish"] as const)(
    "survives one kill after another at %s, before and after its effect",
    async (operation) => {
      const world = await filledWorld();
      const before = await world.rows();
      let kills = 0;

      /** The first call goes well, except of `finish`, which has no second one. */
      async function runUntilKilled(): Promise<boolean> {
        let calls = operation === "finish" ? 1 : 0;
        const backups = {
          ...world.backups,
          async [operation](...args: unknown[]) {
            calls += 1;
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the arguments are the operation's own
            const call = world.backups[operation] as (...all: unknown[]) => Promise<unknown>;
            if (calls !== 2) return call(...args);
            if (kills % 2 === 1) await call(...args);
            throw new Error("killed");
          },
        };
        try {
          await world.backUp(SMALL_PARTS, { backups });
          return false;
        } catch (error) {
          expect(error).toEqual(new Error("killed"));
          kills += 1;
          return true;
        }
      }

      while (await runUntilKilled()) expect(kills).toBeLessThan(50);
      expect(kills).toBeGreaterThan(operation === "finish" ? 1 : 4);
      await world.destroy();
      await world.restore();
      expect(await world.rows()).toEqual(before);
    },
  );

  test("is given up after two days, since its first rows would be too old for its last ones", async () => {
    const world = await filledWorld();
    const limits = { ...SMALL_PARTS, milliseconds: 0 };
    await world.backUp(limits);
    world.time += 47 * HOUR;
    expect(await world.backUp(limits)).toMatchObject({ export: "2026-11-30T02-37-00Z", isOverdue: false });
    world.time += 2 * HOUR;
    expect(await world.backUp(limits)).toMatchObject({ export: "2026-12-02T03-37-00Z", isOverdue: true });
    expect(await world.backUp()).toMatchObject({ outcome: "whole", isOverdue: false });
  });
});

test("a new export begins once a day", async () => {
  const world = await filledWorld();
  const outcomes: string[] = [];
  for (let hour = 0; hour <= 48; hour += 1) {
    outcomes.push((await world.backUp({ ...SMALL_PARTS, partCharacters: 10_000_000 })).outcome);
    world.time += HOUR;
  }
  expect(outcomes.flatMap((outcome, hour) => (outcome === "whole" ? [hour] : []))).toEqual([0, 23, 46]);
});

describe("writes during an export", () => {
  /** Does something before each page of the export that reads this range for the first time. */
  async function exportWith(world: BackupWorld, interventions: Readonly<Partial<Record<string, () => Promise<void>>>>) {
    const done = new Set<string>();
    const table = {
      ...world.table,
      async exactPage(...[query, token]: Parameters<typeof world.table.exactPage>) {
        const range = EXPORT_RANGES.find((one) => ("from" in one ? one.from : undefined) === query.from)?.name ?? "";
        if (!done.has(range)) {
          done.add(range);
          await interventions[range]?.();
        }
        return world.table.exactPage(query, token);
      },
    };
    expect(await world.backUp(SMALL_PARTS, { table })).toMatchObject({ outcome: "whole" });
  }

  test("each incident comes back in one whole state: changes, forwarding and new incidents behind it are left out", async () => {
    const world = await filledWorld();
    const { incidents } = world;
    const outbox = incidentOutbox(world.table, "webhook");
    const waiting = await pendingRows(incidents, "rule-b");
    const [changed, forwarded, both] = waiting;
    if (!changed || !forwarded || !both) throw new Error("too few rows");
    await exportWith(world, {
      outbox: async () => {
        await takeIncident(world, changed);
        await incidents.addAll([incidentOf("rule-b", "new before the outbox")]);
      },
      "acknowledgements and history": async () => {
        await incidents.markForwarded(forwarded);
        await incidents.markForwarded(both);
        await incidents.markForwarded(await takeIncident(world, both));
        await incidents.addAll([incidentOf("rule-b", "new before the history"), incidentOf("rule-new", "a new rule")]);
      },
      "records and lists": async () => void (await takeIncident(world, forwarded)),
    });
    await world.destroy();
    const restored = await world.restore();

    expect(restored.leftOut).toBeGreaterThan(8);
    for (const row of [changed, forwarded, both]) {
      const [ruleId, id] = [valueText(row["RuleId"]), valueText(row["IncidentId"])];
      expect((await incidents.get(ruleId, id))?.row).toEqual(row);
      expect(await world.changes.history(ruleId, id)).toEqual([]);
      await takeIncident(world, row); // nothing of a later state is in its way
    }
    const ids = (await pendingRows(incidents, "rule-b"))
      .filter((row) => row["Revision"] === 1)
      .map((row) => row["IncidentId"]);
    expect(ids).toContain(changed["IncidentId"]);
    expect(ids).not.toContain(forwarded["IncidentId"]);
    expect(ids).not.toContain(both["IncidentId"]);
    expect(ids).toHaveLength(COUNT - 2);
    expect(await pendingRows(outbox, "rule-b")).toHaveLength(COUNT);
    expect(await incidents.accounts("rule-b")).toMatchObject({ incidents: COUNT, unaccounted: [] });
    expect((await world.rows()).filter(({ PartitionKey }) => PartitionKey === "rule-new")).toEqual([]);
  });
});

describe("a table that still has rows", () => {
  test("gets back what it lacks; what it has stays, and is reported where it differs", async () => {
    const world = await filledWorld();
    const before = await world.rows();
    const [older, forwarded, lost] = (await pendingRows(world.incidents, "rule-c")).slice(0, 3);
    if (!older || !forwarded || !lost) throw new Error("too few rows");
    await world.backUp();
    const newer = await takeIncident(world, older);
    await world.incidents.markForwarded(forwarded);
    for (const { PartitionKey, RowKey } of before)
      if (RowKey.includes(valueText(lost["IncidentId"])) || kindOf(RowKey) === "record")
        await world.client.deleteEntity(PartitionKey, RowKey);

    const { keptRows, ...restored } = await world.restore();

    expect(keptRows.filter(({ revision }) => revision !== undefined)).toEqual([
      {
        ruleId: "rule-c",
        rowKey: `incident|${valueText(older["IncidentId"])}`,
        differsIn: ["Owner", "Revision", "RowKind", "Status"],
        revision: { backup: 1, table: 2 },
      },
    ]);
    expect(restored).toMatchObject({ kept: 2, leftOut: 1 }); // its list row too; the outbox row that was forwarded since
    expect((await world.incidents.get("rule-c", valueText(older["IncidentId"])))?.row).toEqual(newer);
    expect((await world.incidents.get("rule-c", valueText(lost["IncidentId"])))?.row).toEqual(lost);
    expect(await world.incidents.accounts("rule-c")).toMatchObject({
      incidents: COUNT,
      acknowledged: 1,
      unaccounted: [],
    });
    const now = new Set((await world.rows()).map(({ PartitionKey, RowKey }) => `${PartitionKey}/${RowKey}`));
    expect(before.filter(({ PartitionKey, RowKey }) => !now.has(`${PartitionKey}/${RowKey}`))).toHaveLength(1);
  });

  test("an incident that the table has in an earlier state stays changeable", async () => {
    const world = await filledWorld();
    const [row] = await pendingRows(world.incidents, "rule-c");
    if (!row) throw new Error("too few rows");
    await takeIncident(world, row);
    await world.backUp();
    await world.destroy();
    await world.table.make();
    await world.incidents.addAll([incidentOf("rule-c", "incident 0")].map(() => ({ row, record: "{}" })));

    expect((await world.restore()).keptRows.map(({ revision }) => revision)).toContainEqual({ backup: 2, table: 1 });
    expect(await takeIncident(world, row)).toMatchObject({ Revision: 2 });
  });

  test("lists show every incident again, also where list rows were lost during the export", async () => {
    const world = await filledWorld();
    await world.backUp();
    await world.destroy();
    await world.restore();
    for (const { PartitionKey, RowKey } of await world.rows())
      if (kindOf(RowKey) === "time") await world.client.deleteEntity(PartitionKey, RowKey);
    expect(await world.restore()).toMatchObject({ kept: 0, relisted: 0 });
    for (const rule of RULES) {
      const listed: unknown[] = [];
      for await (const { IncidentId } of world.incidents.list(rule)) listed.push(IncidentId);
      expect(listed).toHaveLength(rule === "rule-a" ? COUNT + 1 : COUNT);
    }
  });
});

describe("a damaged export", () => {
  test.each([
    {
      why: "a missing part",
      damage: (world: BackupWorld, name: string) => world.container.deleteBlob(name),
      says: "is missing",
    },
    {
      why: "a part that was cut",
      damage: (world: BackupWorld, name: string) => world.container.getBlockBlobClient(name).upload("x", 1),
      says: "has 1 bytes instead of",
    },
    {
      why: "a part with other content of the same size",
      async damage({ container }: BackupWorld, name: string) {
        const bytes = await container.getBlobClient(name).downloadToBuffer();
        bytes[20] = (bytes[20] ?? 0) ^ 1;
        await container.getBlockBlobClient(name).upload(bytes, bytes.length);
      },
      says: "has another sha256 than the manifest says",
    },
  ])("with $why nothing is written", async ({ damage, says }) => {
    const world = await filledWorld();
    const { export: id } = await world.backUp();
    const parts = (await world.backups.manifest(id))?.parts ?? [];
    await damage(world, parts.at(-1)?.name ?? "");
    await world.destroy();
    await expect(world.restore()).rejects.toThrow(says);
    await expect(world.rows()).rejects.toThrow("The table specified does not exist");
  });

  test("a manifest that counts other rows than its parts is refused", async () => {
    const world = await filledWorld();
    const { export: id } = await world.backUp();
    const manifest = await world.backups.manifest(id);
    if (manifest === undefined) throw new Error("no manifest");
    await world.backups.finish(id, { ...manifest, rows: manifest.rows + 1 });
    await expect(world.restore()).rejects.toThrow(/manifest.json is damaged: its parts have \d+ rows, not \d+/);
  });
});

test("a restore that is stopped or fails goes on at the next run, and writes no incident before its acknowledgements", async () => {
  const world = await filledWorld();
  const before = await world.rows();
  await world.backUp();
  await world.destroy();
  const stopping = new AbortController();
  const onProgress = (stage: string): void => void (stage === "restored" && stopping.abort());
  expect(await world.restore({ stopping: stopping.signal, onProgress })).toMatchObject({ isStopped: true });
  const kinds = new Set((await world.rows()).map(({ RowKey }) => kindOf(RowKey)));
  expect([...kinds].filter((kind) => !["ack", "history"].includes(kind))).toEqual([]);
  expect(kinds.size).toBeGreaterThan(0);
  await world.restore();
  expect(await world.rows()).toEqual(before);
  expect(RESTORE_ORDER.toSorted()).toEqual(EXPORT_RANGES.map(({ name }) => name).toSorted());
});

test("an empty table has an empty backup", async () => {
  const world = await backupWorld(azurite.connectionString);
  expect(await world.backUp()).toMatchObject({ outcome: "whole", rows: 0, parts: 0, export: "2026-11-30T02-37-00Z" });
  expect(await world.restore()).toMatchObject({ added: 0 });
  expect(START).toBe(world.time);
});
