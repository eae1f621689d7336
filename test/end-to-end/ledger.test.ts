// A host that continues after every failure, like the real one without a retry policy: the ledger finds the events that
// it skipped.
import { EventHubProducerClient } from "@azure/event-hubs";
import { expect, onTestFinished, test } from "vitest";
import { LOCAL_HUB } from "../../local/stack.ts";
import { body, settingsChanges } from "./events.ts";
import { type RunningApp, startApp, startTestStack, type TestStack } from "./running-app.ts";

type Line = Readonly<Record<string, unknown>>;

/** The app on a host without retries, and its JSON log lines. */
async function startWithoutRetries(running: TestStack): Promise<{ app: RunningApp; logged(event: string): Line[] }> {
  const lines: Line[] = [];
  const log = (line: string): void => {
    const start = line.indexOf('{"event":');
    if (start >= 0) lines.push(JSON.parse(line.slice(start)));
  };
  const app = await startApp(running, { retries: false, log });
  return { app, logged: (event) => lines.filter((line) => line["event"] === event) };
}

async function incidentsIn(running: TestStack): Promise<number> {
  return [...(await running.tableRows()).keys()].filter((key) => key.startsWith("incident|")).length;
}

/** Incidents and rows that arrived in Log Analytics: all present, each once. */
async function exactlyOnce(running: TestStack, count: number): Promise<void> {
  const forwarded = running.stack.ingestion.rows().map((row) => String(row["IncidentId"]));
  expect({
    incidents: await incidentsIn(running),
    forwarded: forwarded.length,
    distinct: new Set(forwarded).size,
  }).toEqual({ incidents: count, forwarded: count, distinct: count });
}

/** Events that reach an app while its table refuses everything: the app gives up on them, and the host continues. */
async function passOver(running: TestStack, bodies: readonly Uint8Array[], partitionId = "0"): Promise<void> {
  running.tableGate.beBusy();
  await running.send(bodies, partitionId);
  await running.progress.caughtUp();
  await running.tableGate.open();
}

test("a batch that failed but was checkpointed is found and read again", async () => {
  const running = await startTestStack();
  const { app, logged } = await startWithoutRetries(running);
  const [first, second, third, last] = settingsChanges(4).map((change) => body(change));
  if (!first || !second || !third || !last) throw new Error("no samples");
  await running.send([first], "0");
  await app.caughtUp();
  await app.host.runTimer("ledger-timer"); // events are expected from here on

  await passOver(running, [second, third]);
  await running.send([last], "0");
  await app.caughtUp();
  expect(await incidentsIn(running)).toBe(2); // without the ledger that would be all

  await app.host.runTimer("ledger-timer");
  await exactlyOnce(running, 4);
  expect(logged("ledger checked").at(-1)).toMatchObject({ healedEvents: 2, gapEvents: 0, lag: 0, lostEvents: 0 });

  await app.host.runTimer("ledger-timer"); // and nothing is read twice
  expect(logged("ledger checked").at(-1)).toMatchObject({ healedEvents: 0, lag: 0, alert: false });
  expect(logged("gap healed")).toHaveLength(1);
});

test("skipped events at the end of a partition are read again once nobody works on them", async () => {
  const running = await startTestStack();
  const patient = { ...running, settings: { ...running.settings, LEDGER_STALL_SECONDS: "3600" } };
  const { app: first, logged } = await startWithoutRetries(patient);
  await first.host.runTimer("ledger-timer");
  await passOver(running, [body(...settingsChanges(3))]);
  await first.host.runTimer("ledger-timer");
  expect(logged("ledger checked").at(-1)).toMatchObject({ healedEvents: 0, lag: 1 });
  await first.host.stop();

  const { app } = await startWithoutRetries({
    ...running,
    settings: { ...running.settings, LEDGER_STALL_SECONDS: "0" },
  });
  await app.host.runTimer("ledger-timer");
  await exactlyOnce(running, 3);
});

test("events that left the hub before they were finished are reported as lost, once", async () => {
  const running = await startTestStack();
  const { app, logged } = await startWithoutRetries(running);
  await app.host.runTimer("ledger-timer");
  const bodies = settingsChanges(4).map((change) => body(change));
  await passOver(running, bodies.slice(0, 3));
  await running.send(bodies.slice(3), "0");
  await app.caughtUp();
  running.stack.eventHub.trim(LOCAL_HUB, "0", 2);

  await app.host.runTimer("ledger-timer");
  await app.host.runTimer("ledger-timer");

  await exactlyOnce(running, 2);
  expect(logged("events lost")).toEqual([{ event: "events lost", partitionId: "0", first: 0, last: 1 }]);
  expect(logged("ledger checked").map(({ lostEvents, alert }) => [lostEvents, alert])).toEqual([
    [0, false],
    [2, true],
    [0, false],
  ]);
});

test("the first check reports a loss before it: events finished below the gap prove that it was ours", async () => {
  const running = await startTestStack();
  const { app, logged } = await startWithoutRetries(running);
  const [first, second, third] = settingsChanges(3).map((change) => body(change));
  if (!first || !second || !third) throw new Error("no samples");
  await running.send([first], "0");
  await app.caughtUp();
  await passOver(running, [second]);
  await running.send([third], "0");
  await app.caughtUp();
  running.stack.eventHub.trim(LOCAL_HUB, "0", 2);

  await app.host.runTimer("ledger-timer");

  expect(logged("events lost")).toEqual([{ event: "events lost", partitionId: "0", first: 1, last: 1 }]);
});

test("the last event of a partition emptied by retention is lost if nobody finished it", async () => {
  const running = await startTestStack();
  const { app, logged } = await startWithoutRetries({
    ...running,
    settings: { ...running.settings, LEDGER_STALL_SECONDS: "0" },
  });
  await running.send([body(...settingsChanges(1))], "0");
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  await passOver(running, [body(...settingsChanges(2).slice(1))]);
  running.stack.eventHub.trim(LOCAL_HUB, "0", 2);

  await app.host.runTimer("ledger-timer");
  await app.host.runTimer("ledger-timer");

  expect(logged("events lost")).toEqual([{ event: "events lost", partitionId: "0", first: 1, last: 1 }]);
  expect(logged("ledger checked").at(-1)).toMatchObject({ lag: 0, lostEvents: 0, closedNumbers: 0 });
});

test("one event that cannot be stored holds up neither its batch nor its partition, and is stored once it can be", async () => {
  const running = await startTestStack();
  const lines: string[] = [];
  const app = await startApp(running, { retryDelayScale: 0.01, log: (line) => void lines.push(line) });
  const bodies = settingsChanges(3).map((change) => body(change));
  await running.send(bodies.slice(0, 1), "0");
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  await running.dropRows((key) => key.startsWith("incident|")); // its other rows keep it from being stored again

  await running.send(bodies.slice(0, 2), "0");
  await app.caughtUp();
  await running.send(bodies.slice(2), "0");
  await app.caughtUp();
  expect(await incidentsIn(running)).toBe(2);
  expect(lines.filter((line) => line.includes('"leftToHealer":1'))).toHaveLength(1);

  await expect(app.host.runTimer("ledger-timer")).rejects.toThrow("ledger-timer failed");
  const { status, problems } = await health(app);
  expect(status).toBe("degraded");
  expect(JSON.stringify(problems)).toMatch(
    /partition 0 .* cannot be stored: other rows with its id are there without it/,
  );

  const stored = new Set([...(await running.tableRows()).keys()].filter((key) => key.startsWith("incident|")));
  await running.dropRows((key) => ![...stored].some((kept) => key.includes(kept.slice("incident|".length))));
  await app.host.runTimer("ledger-timer");
  expect(await incidentsIn(running)).toBe(3);
  await expect.poll(() => health(app), { timeout: 20_000 }).toMatchObject({ status: "ok", problems: [] });
});

test("a recreated hub counts as another one, although its numbers are the same", async () => {
  const running = await startTestStack();
  const { app, logged } = await startWithoutRetries(running);
  const bodies = settingsChanges(6).map((change) => body(change));
  await running.send(bodies.slice(0, 4), "0");
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  await app.host.stop();

  running.stack.eventHub.recreate(LOCAL_HUB);
  // With the old checkpoints the trigger begins behind these, as in Azure, so only the ledger sees them. A new client
  // sends them: the old one would wait a minute for its link to the deleted hub.
  const producer = new EventHubProducerClient(running.stack.eventHub.connectionString, LOCAL_HUB);
  onTestFinished(() => producer.close());
  const events = bodies.slice(4).map((bytes) => ({ body: Buffer.from(bytes) }));
  await producer.sendBatch(events, { partitionId: "0" });
  const again = await startWithoutRetries({
    ...running,
    settings: { ...running.settings, LEDGER_STALL_SECONDS: "0" },
  });
  await again.app.host.runTimer("ledger-timer");

  await exactlyOnce(running, 6);
  expect(logged("events lost")).toEqual([]);
});

test("a table that is down for longer than anybody retries has no effect on the result", async () => {
  const running = await startTestStack();
  const { app, logged } = await startWithoutRetries(running);
  await app.host.runTimer("ledger-timer");
  running.tableGate.beBusy();
  const bodies = settingsChanges(8).map((change) => body(change));
  for (const event of bodies.slice(0, 7)) {
    await running.send([event], "0");
    await app.caughtUp(); // the host has given up on it
  }
  await expect(app.host.runTimer("ledger-timer")).rejects.toThrow("ledger-timer failed");
  expect(logged("ledger checked").at(-1)).toMatchObject({ failures: 2 });
  expect(await health(app)).toMatchObject({ code: 503, status: "down" });

  await running.tableGate.open();
  await running.send(bodies.slice(7), "0");
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  await exactlyOnce(running, 8);
  expect(logged("events lost")).toEqual([]);
});

test("health reports the ledger's findings about the hub", async () => {
  const running = await startTestStack();
  const { app } = await startWithoutRetries(running);
  expect(await health(app)).toMatchObject({
    code: 200,
    status: "degraded",
    problems: [{ what: expect.stringMatching(/^the ledger has not been checked yet/) }],
    deadLetters: 0,
  });
  await app.host.runTimer("ledger-timer");
  await running.send(
    settingsChanges(2).map((change) => body(change)),
    "0",
  );
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  const hub = { lag: 0, gapEvents: 0, lostEvents: 0, silentMinutes: 0, lastEventAt: expect.stringMatching(/^20/) };
  await expect.poll(() => health(app), { timeout: 20_000 }).toMatchObject({ code: 200, status: "ok", hub });

  await passOver(running, [body(...settingsChanges(3))]);
  running.stack.eventHub.trim(LOCAL_HUB, "0", 3);
  await running.send([body(...settingsChanges(4).slice(3))], "0");
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  await expect
    .poll(() => health(app), { timeout: 20_000 })
    .toMatchObject({
      code: 200,
      status: "degraded",
      problems: [{ what: "1 event left the hub before being stored" }],
    });
});

async function health(app: RunningApp): Promise<Line> {
  const { status: code } = await fetch(`${app.host.httpUrl}/api/health`);
  const response = await fetch(`${app.host.httpUrl}/api/pipeline`);
  return { code, ...((await response.json()) as Line) };
}

test("two apps that heal side by side end like one", async () => {
  const running = await startTestStack();
  const first = await startWithoutRetries(running);
  await first.app.host.runTimer("ledger-timer");
  const second = await startWithoutRetries(running);
  const ledgerTimers = () => Promise.all([first, second].map(({ app }) => app.host.runTimer("ledger-timer")));
  const bodies = settingsChanges(30).map((change) => body(change));
  await Promise.all(["0", "1"].map((id) => running.send(bodies.slice(0, 2), id)));
  await running.progress.caughtUp();
  await Promise.all([passOver(running, bodies.slice(2, 10), "0"), running.send(bodies.slice(10, 12), "1")]);
  await running.send(bodies.slice(12, 20), "0");
  await running.send(bodies.slice(20), "1");
  await running.progress.caughtUp();

  await ledgerTimers();
  await ledgerTimers(); // concurrent merges by both give the same result
  await first.app.host.runTimer("outbox-timer");
  const forwarded = new Set(running.stack.ingestion.rows().map((row) => row["IncidentId"]));
  expect({ incidents: await incidentsIn(running), forwarded: forwarded.size }).toEqual({
    incidents: 30,
    forwarded: 30,
  });
  const [, last] = [first, second].map(({ logged }) => logged("ledger checked").at(-1));
  expect(last).toMatchObject({ lag: 0, gapEvents: 0, lostEvents: 0, alert: false });
  expect([...first.logged("events lost"), ...second.logged("events lost")]).toEqual([]);
});
