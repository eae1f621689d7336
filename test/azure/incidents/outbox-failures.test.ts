// The outbox keeps rows that a sink does not accept; in memory and in Azurite.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { sinkAcceptances } from "../../../src/azure/ledger/sink-acceptances.ts";
import { untakenRows } from "../../../src/azure/incidents/incident-outbox.ts";
import { type TableAccess, tableRows } from "../../../src/azure/tables/table-rows.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { RowFailure } from "../../../src/core/incident/row-failure.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";
import { collected, openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const NOW = Date.parse("2026-03-04T09:14:00Z");
const MINUTE = 60_000;
const FAILURE: RowFailure = {
  counted: 2,
  since: NOW - MINUTE,
  failedAt: NOW,
  retryAt: NOW + 2 * MINUTE,
  reason: "Receiver: answered 500",
};
const UNCOUNTED: RowFailure = { ...FAILURE, counted: 0, since: undefined, retryAt: NOW };
/** In the order of their row keys. */
const NAMES = ["a", "b", "c", "d", "e"].toSorted((one, other) => (sha256Hex(one) < sha256Hex(other) ? -1 : 1));
const nameOf = (row: ReturnType<typeof storedIncident>["row"]) =>
  NAMES.find((name) => sha256Hex(name) === row["IncidentId"]);

async function memory(): Promise<TableAccess> {
  const { client } = memoryTable({ pageSize: 2 });
  await client.createTable();
  return client;
}

describe.each([
  { name: "in memory", open: memory },
  { name: "Azurite", open: async (): Promise<TableAccess> => (await openTable(azurite.connectionString)).client },
])("outbox ($name)", ({ open }) => {
  async function opened(names: readonly string[] = NAMES) {
    const client = await open();
    const outbox = incidentTable(tableRows(client));
    await outbox.addAll(names.map((name) => storedIncident(name)));
    return { client, outbox, untaken: untakenRows(tableRows(client)) };
  }
  const row = (name: string) => storedIncident(name).row;

  test("a failed attempt is kept and returned with the row when it is due", async () => {
    const { outbox } = await opened(["a"]);
    const at = (time: number) =>
      outbox.pending(RULE_ID, { limit: 10, queuedBefore: new Date("2100-01-01"), dueAt: new Date(time) });
    expect(await at(NOW)).toEqual({ rows: [{ row: row("a"), failure: undefined }], next: undefined });
    await outbox.markFailed(row("a"), FAILURE);

    expect(await at(FAILURE.retryAt - 1)).toEqual({ rows: [], next: undefined });
    expect(await at(FAILURE.retryAt)).toEqual({ rows: [{ row: row("a"), failure: FAILURE }], next: undefined });
    await outbox.markFailed(row("a"), UNCOUNTED);
    expect((await at(NOW)).rows).toEqual([{ row: row("a"), failure: UNCOUNTED }]);
  });

  test("rows that are not due take no place on a page, and each page continues behind the one before", async () => {
    const { outbox } = await opened();
    for (const name of NAMES.slice(0, 2)) await outbox.markFailed(row(name), FAILURE);
    const which = { limit: 2, queuedBefore: new Date("2100-01-01"), dueAt: new Date(NOW) };
    const first = await outbox.pending(RULE_ID, which);
    const second = await outbox.pending(RULE_ID, { ...which, after: first.next });

    expect([first, second].map(({ rows }) => rows.map((queued) => nameOf(queued.row)))).toEqual([
      NAMES.slice(2, 4),
      NAMES.slice(4),
    ]);
    expect([first.next, second.next]).toEqual([`outbox|log-analytics|${sha256Hex(NAMES[3] ?? "")}|1`, undefined]);
  });

  test("a page that holds exactly the rest is the last one", async () => {
    const { outbox } = await opened();
    const which = { limit: NAMES.length, queuedBefore: new Date("2100-01-01"), dueAt: new Date(NOW) };
    expect((await outbox.pending(RULE_ID, which)).next).toBeUndefined();
  });

  test("waiting rows are counted as pending, failing and refused, with the time of the oldest", async () => {
    const { outbox } = await opened(["a", "b", "c"]);
    const older = storedIncident("older", { detectedTime: "2026-03-01T00:00:00.000Z" });
    await outbox.addAll([older]);
    await outbox.markFailed(row("a"), FAILURE);
    await outbox.markFailed(row("b"), UNCOUNTED);
    expect(await outbox.waiting(RULE_ID)).toEqual({
      pending: 4,
      failing: 1,
      refused: 0,
      untaken: [expect.objectContaining({ state: "failing", sink: "log-analytics" })],
      oldest: "2026-03-01T00:00:00.000Z",
    });
    await outbox.markRefused(older.row, "answered 400");
    await outbox.markRefused(row("a"), "answered 400");
    expect(await outbox.waiting(RULE_ID)).toEqual({
      pending: 2,
      failing: 0,
      refused: 2,
      untaken: ["a", "older"].map(
        () => expect.objectContaining({ state: "refused", reason: "answered 400" }) as unknown,
      ),
      oldest: "2026-03-04T09:12:46.000Z",
    });
  });

  test("a failure changes nothing if another instance has forwarded the row meanwhile", async () => {
    const { outbox } = await opened(["a"]);
    await outbox.markForwarded(row("a"));
    await outbox.markFailed(row("a"), FAILURE);
    expect(await pendingRows(outbox, RULE_ID)).toEqual([]);
  });

  test("refused and failing rows are listed with the reason; a released row is as if it had never failed", async () => {
    const { outbox, untaken } = await opened(["a", "b", "c"]);
    expect(await collected(untaken.list())).toEqual([]);
    await outbox.markRefused(row("a"), "answered 400");
    await outbox.markFailed(row("b"), FAILURE);

    const listed = await collected(untaken.list());
    const where = (name: string) => ({
      ruleId: RULE_ID,
      rowKey: `outbox|log-analytics|${valueText(row(name)["IncidentId"])}|1`,
      sink: "log-analytics",
      incidentId: valueText(row(name)["IncidentId"]),
      revision: "1",
    });
    expect(listed.toSorted((one, other) => (one.state > other.state ? -1 : 1))).toEqual([
      { state: "refused", ...where("a"), reason: "answered 400", attempts: 0, retryAt: undefined },
      {
        state: "failing",
        ...where("b"),
        reason: "Receiver: answered 500",
        attempts: 2,
        retryAt: "2026-03-04T09:16:00.000Z",
      },
    ]);

    for (const each of listed) await untaken.release(each);
    expect(await collected(untaken.list())).toEqual([]);
    const { rows } = await outbox.pending(RULE_ID, {
      limit: 10,
      queuedBefore: new Date("2100-01-01"),
      dueAt: new Date(NOW),
    });
    expect(rows.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
  });

  test("a row whose columns another program made unreadable is sent as it is and hides no others", async () => {
    const { client, outbox } = await opened(["a", "b"]);
    const rowKey = `outbox|log-analytics|${sha256Hex("a")}|1`;
    await client.updateEntity({ partitionKey: RULE_ID, rowKey, Entities: "{not JSON" }, "Merge");
    const rows = await pendingRows(outbox, RULE_ID);
    expect(rows.map((each) => each["Entities"])).toEqual(
      rows.map((each) => (each["IncidentId"] === sha256Hex("a") ? "{not JSON" : row("b")["Entities"])),
    );
  });

  test("the latest acceptance of each sink is kept for other instances", async () => {
    const client = await open();
    const acceptances = sinkAcceptances(tableRows(client));
    expect(await acceptances.latest("webhook")).toBeUndefined();
    await acceptances.note("webhook", NOW);
    await acceptances.note("log-analytics", NOW - 1);
    await acceptances.note("webhook", NOW + 1);
    expect([await acceptances.latest("webhook"), await acceptances.latest("log-analytics")]).toEqual([
      NOW + 1,
      NOW - 1,
    ]);
  });
});
