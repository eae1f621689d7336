import { expect, test } from "vitest";
import { body, bytes, nearMiss, settingsChanges } from "./events.ts";
import { startApp, startTestStack, type TestStack } from "./running-app.ts";

const idsOf = (rows: Iterable<string>, prefix: string): string[] =>
  [...rows].filter((key) => key.startsWith(prefix)).map((key) => key.split("|").at(-1) ?? "");

/** Incident ids by the kind of their row, and the ids that were forwarded, once per forwarding. */
async function delivered(test_: TestStack) {
  const keys = [...(await test_.tableRows()).keys()];
  return {
    incidents: idsOf(keys, "incident|").sort(),
    records: idsOf(keys, "record|").sort(),
    times: idsOf(keys, "time|").sort(),
    outbox: keys.filter((key) => key.startsWith("outbox|")),
    forwarded: test_.stack.ingestion
      .rows()
      .map((row) => String(row["IncidentId"]))
      .sort(),
    droppedColumns: test_.stack.ingestion.droppedColumns(),
  };
}

function exactlyOnce(delivery: Awaited<ReturnType<typeof delivered>>, count: number): void {
  const { incidents } = delivery;
  expect(incidents).toHaveLength(count);
  expect(new Set(incidents).size).toBe(count);
  expect(delivery).toEqual({
    incidents,
    records: incidents,
    times: incidents,
    outbox: [],
    forwarded: incidents,
    droppedColumns: [],
  });
}

test("events in, one incident in the table and one row in Log Analytics each out", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  const [change, other] = settingsChanges(2);
  await running.send([body(nearMiss(), change), body(other), body({ category: "SignInLogs" })]);
  await app.caughtUp();

  exactlyOnce(await delivered(running), 2);
  const row = running.stack.ingestion.rows().find((found) => found["AuditLogId"] === change?.properties.id);
  expect(row).toMatchObject({
    RowKind: "created",
    Revision: 1,
    IncidentTitle: "Changes to PIM Settings",
    Severity: "High",
    Status: "New",
    RuleId: "0ed0fe7c-af29-4990-af7f-bb5ccb231198",
    RuleVersion: "1.1.1",
    Tactics: ["PrivilegeEscalation"],
    Techniques: ["T1078.004"],
    OperationName: "Update role setting in PIM",
    AuditCategory: "RoleManagement",
    RoleName: "Global Administrator",
    RoleTemplateId: "62e90394-69f5-4237-9190-012177145e10",
    InitiatedByType: "User",
    InitiatedByUserPrincipalName: "alex.rivera@fabrikam.example",
    InitiatedByIpAddress: "",
    ClientIpAddress: "192.0.2.66",
    ActivityDateTime: expect.stringMatching(/^2026-03-04T09:00:00\.\d{7}Z$/),
    EventHubPartitionId: expect.stringMatching(/^[01]$/),
    EventHubSequenceNumber: expect.any(Number),
    EventHubEnqueuedTime: expect.stringMatching(/^20\d\d-/),
    Truncated: false,
  });
  const record = (await running.tableRows()).get(`record|${String(row?.["IncidentId"])}`);
  expect(JSON.parse(String(record?.["Record0"]))).toEqual(change);
});

test("the same events again, in other batches and on both partitions at once, make nothing new", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  const changes = settingsChanges(6);
  await running.send(changes.map((change) => body(change)));
  await app.caughtUp();
  const before = await delivered(running);
  exactlyOnce(before, 6);

  await Promise.all([
    running.send([body(...changes)], "0"),
    running.send([body(...changes.toReversed())], "1"),
    running.send(changes.map((change) => bytes(JSON.stringify(change, null, 2)))),
    running.send([bytes(JSON.stringify(changes))]),
  ]);
  await app.caughtUp();
  expect(await delivered(running)).toEqual(before);

  await running.send([body(...settingsChanges(7).slice(6))]); // the control: something new does arrive
  await app.caughtUp();
  exactlyOnce(await delivered(running), 7);
});

test("new events on both partitions at the same time become one incident each", async () => {
  const running = await startTestStack();
  const changes = settingsChanges(10).map((change) => body(change));
  await Promise.all([running.send(changes, "0"), running.send(changes, "1")]);
  const app = await startApp(running);
  await app.caughtUp();
  const { incidents, forwarded, outbox } = await delivered(running);
  expect(incidents).toHaveLength(10);
  expect({ forwarded, outbox }).toEqual({ forwarded: incidents, outbox: [] });
});

test("malformed events are kept byte for byte, and the good ones between them are processed", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  const [first, second, third] = settingsChanges(3);
  const notUtf8 = Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d);
  const notJson = bytes('{"records": [');
  const oneBadRecord = bytes(`{"records":[${JSON.stringify(first)}, {"bad": 'quotes'} ,${JSON.stringify(second)}]}`);
  await running.send([notUtf8, oneBadRecord, notJson, body(third, 17), new Uint8Array(0)]);
  await app.caughtUp();

  exactlyOnce(await delivered(running), 3);
  const letters = await running.deadLetters();
  expect(letters.map(({ bytes: kept }) => kept.toString("latin1")).sort()).toEqual(
    ["", "17", "{\"bad\": 'quotes'}", '{"records": [', "{\xff\xfe}"].sort(),
  );
  expect(letters.every(({ reason }) => reason !== "")).toBe(true);
});

test("a record of a tenant that is not allowed becomes a dead letter, not an incident", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  const [own, foreign] = settingsChanges(2);
  const misrouted = { ...foreign, tenantId: "bbbbbbbb-1111-4222-8333-444444444444" };
  await running.send([body(own, misrouted)]);
  await app.caughtUp();

  exactlyOnce(await delivered(running), 1);
  const letters = await running.deadLetters();
  expect(letters.map(({ bytes: kept }) => JSON.parse(kept.toString()))).toEqual([misrouted]);
  expect(letters[0]?.reason).toContain("ALLOWED_TENANT_IDS");
});

test("while ingestion is down incidents are stored and wait; afterwards the timer forwards them", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  running.stack.ingestion.fail({ status: 403 });
  await running.send(settingsChanges(3).map((change) => body(change)));
  await app.caughtUp();
  const down = await delivered(running);
  expect(down.incidents).toHaveLength(3);
  expect(down.outbox).toHaveLength(3);
  expect(down.forwarded).toEqual([]);

  running.stack.ingestion.restore();
  const arrived = running.stack.ingestion.waitFor((rows) => rows.length === 3);
  // The app pauses an endpoint that failed for some seconds; the timer runs again, as in Azure.
  await expect
    .poll(
      async () => {
        await app.host.runTimer("outbox-timer");
        return (await delivered(running)).outbox;
      },
      { timeout: 60_000, interval: 500 },
    )
    .toEqual([]);
  await arrived;
  exactlyOnce(await delivered(running), 3);
});

test("while the table is down the batch is retried and nothing is lost", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  await running.send([body(...settingsChanges(1))]);
  await app.caughtUp();
  await running.tableGate.close();
  const failed = new Promise((resolve) => app.host.events.once("invocationFailed", resolve));
  await running.send(settingsChanges(4).map((change) => body(change)));
  await failed;
  expect(await running.deadLetters()).toEqual([]);
  expect((await delivered(running)).incidents).toHaveLength(1);

  await running.tableGate.open();
  await app.caughtUp();
  exactlyOnce(await delivered(running), 4);
});
