import { TableClient } from "@azure/data-tables";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { deadLetters } from "../../src/azure/dead-letters.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { run } from "../../cli/pimwatch.ts";
import { valueText } from "../../src/core/value-text.ts";
import { sha256Hex } from "../../src/core/json/content-hash.ts";
import type { RowFailure } from "../../src/core/incident/row-failure.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { SINK_TITLES } from "../../src/core/incident/sinks.ts";
import { startFaultProxy } from "../fault-proxy.ts";
import { bytes, eventBody, POSITION, settingsChange, TENANT } from "../samples.ts";
import { RULE_ID, storedIncident } from "../stored-incident.ts";
import { fakeTerminal } from "./fake-terminal.ts";
import { pendingRows } from "../azure/tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const FAILURE: RowFailure = {
  counted: 2,
  since: Date.parse("2026-03-04T09:13:00Z"),
  failedAt: Date.parse("2026-03-04T09:14:00Z"),
  retryAt: Date.parse("2026-03-04T09:16:00Z"),
  reason: "answered 500",
};
const table = () =>
  TableClient.fromConnectionString(azurite.connectionString, INCIDENTS_TABLE, { allowInsecureConnection: true });
const container = () => new ContainerClient(azurite.connectionString, DEAD_LETTERS_CONTAINER);

async function pimwatch(...args: string[]) {
  const terminal = fakeTerminal({ INCIDENTS_STORAGE: azurite.connectionString, ALLOWED_TENANT_IDS: TENANT });
  const code = await run(args, terminal);
  return { code, out: terminal.outs.join(""), err: terminal.notes.join("\n") };
}

const record = (id: string) => bytes(JSON.stringify(settingsChange({}, { id })));
const bury = (letter: Uint8Array, reason = "a reason") =>
  deadLetters(container()).add({ bytes: letter, reason, position: POSITION });
const nameOf = (letter: Uint8Array) => sha256Hex(letter);

beforeEach(async () => {
  await container().deleteIfExists();
  await container().create();
  await table().deleteTable();
  await table().createTable();
});

describe("dead-letters", () => {
  test("lists dead letters and refused and failing rows, each with its reason", async () => {
    expect(await pimwatch("dead-letters")).toEqual({
      code: 0,
      out: "",
      err: `0 dead letters; 0 refused rows and 0 failing rows at ${SINK_TITLES.join(" or ")}`,
    });
    const letter = bytes("{");
    await bury(letter, "not JSON");
    const incident = storedIncident();
    const failing = storedIncident("failing");
    await incidentTable(tableRows(table())).addAll([incident, failing]);
    await incidentTable(tableRows(table())).markRefused(incident.row, "answered 400: InvalidRecord");
    await incidentTable(tableRows(table())).markFailed(failing.row, FAILURE);

    const { code, out, err } = await pimwatch("dead-letters");
    expect([code, err]).toEqual([1, `1 dead letter; 1 refused row and 1 failing row at ${SINK_TITLES.join(" or ")}`]);
    expect(out.split("\n").toSorted()).toEqual([
      "",
      `${nameOf(letter).slice(0, 16)}         1 bytes  not JSON  (partition 3, number 42, 2026-03-04T09:14:00.5Z)`,
      `failing at log-analytics: incident ${valueText(failing.row["IncidentId"])}, revision 1  answered 500  (2 times while the sink accepted other rows, sent again from 2026-03-04T09:16:00.000Z)`,
      `refused by log-analytics: incident ${valueText(incident.row["IncidentId"])}, revision 1  answered 400: InvalidRecord`,
    ]);
    const json = (await pimwatch("dead-letters", "--json")).out.trimEnd().split("\n");
    const kinds = json.map((line): { kind: string } => JSON.parse(line)).toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
    expect(kinds).toMatchObject([
      { kind: "dead letter", name: nameOf(letter), reason: "not JSON", partition: "3", sequenceNumber: "42" },
      { kind: "failing row", ruleId: RULE_ID, sink: "log-analytics", attempts: 2, reason: "answered 500" },
      { kind: "refused row", ruleId: RULE_ID, sink: "log-analytics", revision: "1" },
    ]);
  });

  test("shows a letter by the beginning of its name, with invisible characters spelled out; --raw gives the original bytes", async () => {
    const letter = Uint8Array.from([0x7b, 0x1b, 0xff, 0x00, 0x0a]);
    await bury(letter);
    const shown = await pimwatch("dead-letters", nameOf(letter).slice(0, 8));
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining("\n{\\u{1b}\ufffd\\u{0}\\u{a}\n")]);
    expect(shown.out).toContain(`name            ${nameOf(letter)}\n`);
    expect((await pimwatch("dead-letters", "--raw", nameOf(letter))).out).toBe("{\u001b\u00ff\u0000\n");
    const json: { base64: string } = JSON.parse((await pimwatch("dead-letters", "--json", nameOf(letter))).out);
    expect(Buffer.from(json.base64, "base64")).toEqual(Buffer.from(letter));
  });

  test.each([
    [["dead-letters", "ffff"], "No dead letter begins with ffff"],
    [["dead-letters", ""], "An argument is empty. Give a value, or leave the argument out"],
    [["dead-letters", "a", "b"], "Give one NAME, or no NAME for the list"],
    [["dead-letters", "--raw"], "--raw needs a NAME"],
    [["redrive"], "Give the NAMEs of dead letters, or --all, or --refused"],
    [["redrive", "--all", "a"], "Give the NAMEs of dead letters, or --all, or --refused"],
    [["redrive", "--discard", "a reason"], "Give the NAMEs of dead letters, or --all, or --refused"],
    [["redrive", "--refused", "--discard", "a reason"], "--discard needs the NAMEs of dead letters, or --all"],
    [["redrive", "--all", "--refused", "--discard", "a reason"], "cannot discard --refused rows"],
    [["redrive", "--all", "--discard", " "], "--discard needs a REASON"],
    [["redrive", "--all", "--tenants", "contoso"], "Give --tenants or set ALLOWED_TENANT_IDS"],
  ])("%j is refused", async (args, message) => {
    await bury(bytes("1"));
    await bury(bytes("2"));
    expect(await pimwatch(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});

describe("redrive", () => {
  test("--discard keeps the bytes with the reason; the list and --all leave them out, a NAME does not", async () => {
    const [letter, other] = [record("PIM_1"), bytes("{")];
    await bury(letter);
    await bury(other);

    const name = nameOf(letter).slice(0, 16);
    expect(await pimwatch("redrive", "--discard", "an exercise", name)).toEqual({
      code: 0,
      out: `${name}  discarded\n`,
      err: expect.stringMatching(/^1 dead letter discarded by .+: an exercise$/),
    });

    expect((await pimwatch("dead-letters")).out).not.toContain(name);
    expect(await pimwatch("dead-letters", "--discarded")).toEqual({
      code: 0,
      out: expect.stringMatching(new RegExp(`^${name} .* discarded by .+, 20.*Z: an exercise\n$`)),
      err: "1 discarded dead letter",
    });
    expect((await pimwatch("redrive", "--all")).err).toBe("1 dead letter processed; 1 dead letter stays");
    expect(await pimwatch("redrive", name)).toMatchObject({
      code: 0,
      err: "1 dead letter processed; 0 dead letters stay",
    });
    expect((await pimwatch("dead-letters", "--discarded")).out).toBe("");
  });

  test("turns a dead letter into an incident that waits to be forwarded, and removes the letter", async () => {
    const letter = record("PIM_1");
    await bury(letter, "rule failed");
    const first = await pimwatch("redrive", nameOf(letter).slice(0, 12));
    expect(first).toEqual({
      code: 0,
      out: expect.stringMatching(/^[0-9a-f]{16} {2}\d+ new incidents?\n$/),
      err: "1 dead letter processed; 0 dead letters stay",
    });
    const waiting = await pendingRows(incidentTable(tableRows(table())), RULE_ID);
    expect(waiting).toMatchObject([{ AuditLogId: "PIM_1", EventHubPartitionId: "3", EventHubSequenceNumber: 42 }]);
    expect((await pimwatch("dead-letters")).code).toBe(0);

    await bury(letter, "again");
    expect((await pimwatch("redrive", "--all")).out).toContain("known incident");
    expect(await pendingRows(incidentTable(tableRows(table())), RULE_ID)).toHaveLength(1);
  });

  test("a letter that still cannot be read stays, byte for byte, with the reason", async () => {
    const letter = bytes("{");
    await bury(letter, "an old reason");
    expect(await pimwatch("redrive", "--all")).toMatchObject({
      code: 1,
      out: expect.stringContaining("stays: not JSON"),
      err: "1 dead letter processed; 1 dead letter stays",
    });
    expect(await deadLetters(container()).read(nameOf(letter))).toEqual(Buffer.from(letter));
  });

  test("only the part at fault stays of an event that was a dead letter as a whole", async () => {
    const letter = Buffer.concat([eventBody(settingsChange({}, { id: "PIM_2" })).subarray(0, -2), bytes(",17]}")]);
    await bury(letter, "kept as a whole");
    const { code, out } = await pimwatch("redrive", "--all");
    expect([code, out]).toEqual([
      0,
      expect.stringContaining("1 part set aside as dead letters of their own: records[1] is not an object"),
    ]);
    const left = [];
    for await (const entry of deadLetters(container()).list()) left.push(entry.name);
    expect(left).toEqual([nameOf(bytes("17"))]);
  });

  test("releases refused and failing rows to be sent again at once", async () => {
    const incidents = incidentTable(tableRows(table()));
    await incidents.addAll([storedIncident(), storedIncident("failing")]);
    await incidents.markRefused(storedIncident().row, "400");
    await incidents.markFailed(storedIncident("failing").row, FAILURE);
    expect(await pimwatch("redrive", "--refused")).toEqual({
      code: 0,
      out: "",
      err: "2 rows released: the app sends them again",
    });
    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 2, failing: 0, refused: 0 });
    expect(await pendingRows(incidents, RULE_ID, { dueAt: new Date(0) })).toHaveLength(2);
  });

  /** Runs the command with storage behind a proxy that answers 403 to the chosen requests. */
  async function withForbidden(isMeant: (url: string) => boolean, ...args: string[]) {
    const { origin } = new URL(azurite.tableEndpoint);
    const blobs = new URL(azurite.blobEndpoint).origin;
    const proxies = [await startFaultProxy(origin), await startFaultProxy(blobs)] as const;
    onTestFinished(() => Promise.all(proxies.map((proxy) => proxy.close())).then(() => undefined));
    for (const proxy of proxies) proxy.failAll({ kind: "answer", status: 403 }, isMeant);
    const storage = azurite.connectionString.replaceAll(origin, proxies[0].origin).replaceAll(blobs, proxies[1].origin);
    return pimwatch(...args, "--storage", storage);
  }

  test("a letter that fails does not hold up the others; it is named and stays", async () => {
    const letters = ["PIM_1", "PIM_2", "PIM_3"].map(record);
    for (const letter of letters) await bury(letter);
    const [first = ""] = letters.map(nameOf).toSorted();
    const { code, out, err } = await withForbidden((url) => url.includes(first), "redrive", "--all");
    expect(out.match(/new incident/g)).toHaveLength(2);
    expect(err.split("\n")).toEqual([
      expect.stringMatching(new RegExp(`^${first} failed: `)),
      "2 dead letters processed; 0 dead letters stay; 1 dead letter failed, 0 dead letters not tried",
    ]);
    expect(code).toBe(1);
    expect((await pimwatch("dead-letters")).out).toContain(first.slice(0, 16));
  });

  test("a row that cannot be released does not hold up the others", async () => {
    const incidents = incidentTable(tableRows(table()));
    const rows = ["a", "b", "c"].map((name) => storedIncident(name));
    await incidents.addAll(rows);
    for (const { row } of rows) await incidents.markRefused(row, "400");
    const [first = ""] = rows.map(({ row }) => valueText(row["IncidentId"])).toSorted();
    const { code, err } = await withForbidden((url) => url.includes(first), "redrive", "--refused");
    expect(err.split("\n")).toEqual([
      expect.stringMatching(new RegExp(`^incident ${first}, revision 1 failed: `)),
      "2 rows released: the app sends them again; 1 row failed",
    ]);
    expect(code).toBe(1);
    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 2, refused: 1 });
  });
});
