import { TableClient } from "@azure/data-tables";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { backUp } from "../../src/azure/backup/back-up.ts";
import { backupsIn } from "../../src/azure/backup/backups.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { valueText } from "../../src/core/value-text.ts";
import { BACKUPS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { run } from "../../cli/pimwatch.ts";
import { RULE_ID, storedIncident } from "../stored-incident.ts";
import { fakeTerminal } from "./fake-terminal.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const client = () =>
  TableClient.fromConnectionString(azurite.connectionString, INCIDENTS_TABLE, { allowInsecureConnection: true });
const container = () => new ContainerClient(azurite.connectionString, BACKUPS_CONTAINER);
const START = Date.parse("2026-11-30T02:37:00Z");
const EXPORT = "2026-11-30T02-37-00Z";
const LIMITS = { milliseconds: 60_000, partCharacters: 1_000_000 };
const INCIDENT = storedIncident();
const ID = valueText(INCIDENT.row["IncidentId"]);

const backups = () => backupsIn(container());
const table = () => tableRows(client());

async function pimwatch(...args: string[]) {
  const terminal = fakeTerminal({ INCIDENTS_STORAGE: azurite.connectionString });
  const code = await run(args, terminal);
  return { code, out: terminal.outs.join(""), err: terminal.notes.join("\n") };
}

/** A table with one incident, its whole backup, and an unfinished one a day later. */
beforeEach(async () => {
  await container().deleteIfExists();
  await backups().create();
  await client().deleteTable();
  await table().make();
  await incidentTable(table()).addAll([INCIDENT]);
  await backUp({ table: table(), backups: backups(), now: () => START }, LIMITS);
  await backUp({ table: table(), backups: backups(), now: () => START + 86_400_000 }, { ...LIMITS, milliseconds: 0 });
});

test("--list names the exports, and says which is not whole", async () => {
  expect(await pimwatch("restore", "--list")).toEqual({
    code: 0,
    out: expect.stringMatching(new RegExp(`^${EXPORT}  4 rows, \\d+ bytes\n2026-12-01T02-37-00Z  not whole\n$`)),
    err: "2 exports",
  });
  const [first = "", second = ""] = (await pimwatch("restore", "--list", "--json")).out.split("\n");
  expect(JSON.parse(first)).toEqual({ export: EXPORT, isWhole: true, rows: 4, bytes: expect.any(Number) });
  expect(JSON.parse(second)).toEqual({ export: "2026-12-01T02-37-00Z", isWhole: false });
});

describe("into a table that is gone", () => {
  beforeEach(() => client().deleteTable());

  test("a dry run says what would be added, and a restore of the latest whole export adds it", async () => {
    expect(await pimwatch("restore", "--dry-run")).toMatchObject({
      code: 0,
      out: "",
      err: expect.stringMatching(
        /^Export 2026-11-30T02-37-00Z: 4 rows in \d parts?.*\n4 rows would be added, 0 rows there already$/,
      ),
    });
    expect(await pimwatch("restore")).toMatchObject({
      code: 0,
      err: expect.stringMatching(/\n4 rows added, 0 rows there already$/),
    });
    expect(await incidentTable(table()).get(RULE_ID, ID)).toEqual(INCIDENT);
    expect(await pimwatch("restore", EXPORT, "--json")).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        '{"kind":"restored","export":"2026-11-30T02-37-00Z","isDryRun":false,"added":0,"same":4,"kept":0',
      ),
    });
  });

  test("a damaged export is named, and nothing is written", async () => {
    const [part] = (await backups().manifest(EXPORT))?.parts ?? [];
    await container().deleteBlob(part?.name ?? "");
    expect(await pimwatch("restore")).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /the backup is damaged: 2026-11-30T02-37-00Z\/000001-\w+\.jsonl\.gz is missing. Choose another one/,
      ),
    });
    expect(
      await table()
        .get({ partitionKey: RULE_ID, rowKey: `incident|${ID}` })
        .catch(() => "no table"),
    ).toBe("no table");
  });
});

test("a row that differs stays, is named, and makes the exit code 1", async () => {
  await client().updateEntity({ partitionKey: RULE_ID, rowKey: `incident|${ID}`, Owner: "an analyst" }, "Merge");
  expect(await pimwatch("restore")).toMatchObject({
    code: 1,
    out: `differs, kept as it is  ${RULE_ID}  incident|${ID}: revision 1 in the table, 1 in the export  (Owner)\n`,
    err: expect.stringContaining("0 rows added, 3 rows there already, 1 row differs and stays as it is"),
  });
  expect(await client().getEntity(RULE_ID, `incident|${ID}`)).toMatchObject({ Owner: "an analyst" });
});

test("a stopped restore says so and ends with 1", async () => {
  const terminal = { ...fakeTerminal({ INCIDENTS_STORAGE: azurite.connectionString }), stopping: AbortSignal.abort() };
  expect(await run(["restore"], terminal)).toBe(1);
  expect(terminal.notes.at(-1)).toBe("Stopped before the end. Run the command again: it adds what is still missing");
});

test.each([
  [["restore", "2026-12"], "The export 2026-12-01T02-37-00Z is not whole: it has no manifest. Choose another one"],
  [["restore", "2027"], "No export begins with 2027. See: pimwatch restore --list"],
  [["restore", "2026"], "More than one export begins with 2026. Give more characters"],
  [["restore", "a", "b"], "Give one EXPORT, or none for the latest"],
  [["restore", "--list", "--dry-run"], "--list takes neither EXPORT nor --dry-run"],
])("%j is refused", async (args, message) => {
  expect(await pimwatch(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
});

test("without any whole export, it says when the first one comes", async () => {
  await container().delete();
  await backups().create();
  expect(await pimwatch("restore")).toMatchObject({
    code: 2,
    err: expect.stringContaining("There is no whole export among 0. The app writes the first one within an hour"),
  });
});
