// What leaves the app besides rows in its stores and sinks: its log, and connections. Event contents must neither steer
// nor fill them.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { INVISIBLE } from "../../src/core/visible-text.ts";
import { body, bytes, settingsChanges } from "./events.ts";
import { startApp, startTestStack } from "./running-app.ts";

const CONNECTIONS = fileURLToPath(new URL("connections.ts", import.meta.url));
/** Added to every text of every record: characters that act on a terminal, and an address to connect to. */
const MARK = "xsecretx";
const SPICE = `${MARK} \u001b[31m\r\n{"event":"forged"} \u202e http://collector.example/?q=${MARK}`;

function spiced(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((element) => spiced(element, key));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, spiced(member, name)]));
  return typeof value !== "string" || KEPT.has(key) ? value : `${value} ${SPICE}`;
}

/** Fields whose change would make it an irrelevant record. */
const KEPT = new Set(["category", "tenantId", "operationName", "time", "activityDateTime", "loggedByService", "id"]);

test("no text of an event is in the log, and the app connects only to its own services, whatever fails", async () => {
  const running = await startTestStack();
  const lines: string[] = [];
  const app = await startApp(running, {
    log: (line) => lines.push(line),
    retries: false,
    nodeOptions: ["--disallow-code-generation-from-strings", "--import", CONNECTIONS],
  });
  const ledgerTimer = () => app.host.runTimer("ledger-timer").catch(() => undefined);
  await ledgerTimer();
  const [first, second, third, fourth, fifth] = settingsChanges(5).map((change) => spiced(change));
  const foreign = { ...settingsChanges(6)[5], tenantId: `bbbbbbbb-1111-4222-8333-444444444444${SPICE}` };
  const garbage = [bytes(`{"records":[{"a": ${MARK}`), bytes(SPICE), bytes(`{"records": "${MARK}"}`)];
  await running.send([body(first, foreign, MARK), ...garbage, body({ category: SPICE }), body({ [MARK]: SPICE })], "0");
  await app.caughtUp();

  running.stack.ingestion.fail({ status: 413 });
  await running.send([body(second)], "0");
  await app.caughtUp();
  running.stack.ingestion.fail({ status: 403 });
  await running.send([body(third)], "0");
  await app.caughtUp();
  running.tableGate.beBusy();
  await running.send([body(fourth)], "0");
  await app.caughtUp();
  await ledgerTimer();
  await running.tableGate.open();
  running.stack.ingestion.restore();
  await running.send([body(fifth)], "0");
  await app.caughtUp();
  await ledgerTimer();
  await app.host.runTimer("outbox-timer").catch(() => undefined);
  await app.host.runTimer("reconciliation-timer");
  await fetch(`${app.host.httpUrl}/api/incidents?text=${encodeURIComponent(SPICE)}`);
  await fetch(`${app.host.httpUrl}/api/incidents/${encodeURIComponent(MARK.padEnd(64, "x"))}`);
  await fetch(`${app.host.httpUrl}/api/health`);
  await fetch(`${app.host.httpUrl}/api/pipeline`);

  // The control: all of it was processed, and much was logged.
  const stored = [...(await running.tableRows())].filter(([key]) => key.startsWith("incident|"));
  expect(stored).toHaveLength(5);
  expect(stored.filter(([, row]) => Object.values(row).join(" ").includes(MARK))).toHaveLength(5);
  expect((await running.deadLetters()).length).toBeGreaterThanOrEqual(6);
  expect(lines.filter((line) => line.includes('"batch detected"')).length).toBeGreaterThanOrEqual(4);
  expect(lines.filter((line) => line.includes("failed")).length).toBeGreaterThanOrEqual(2);

  expect(lines.filter((line) => line.includes(MARK) || line.includes("forged"))).toEqual([]);
  const printed = lines.flatMap((line) => line.split("\n")); // a stack has several lines
  expect(printed.filter((line) => line.match(INVISIBLE) !== null)).toEqual([]);

  const connected = lines.flatMap((line) => /^console: connects to (\S+)/.exec(line)?.[1] ?? []);
  const { azurite, eventHub, ingestion } = running.stack;
  const own = [running.settings["INCIDENTS_STORAGE"], azurite.connectionString, eventHub.connectionString]
    .flatMap((text) => [...String(text).matchAll(/127\.0\.0\.1:\d+|localhost:\d+/g)].map(([address]) => address))
    .concat(new URL(ingestion.endpoint).host, new URL(ingestion.identityEndpoint).host);
  const ports = new Set(own.map((address) => address.split(":")[1]));
  const elsewhere = connected.filter((address) => {
    const [host, port] = address.split(":");
    return !["127.0.0.1", "localhost"].includes(host ?? "") || (port !== "lookup" && !ports.has(port));
  });
  expect(connected.length).toBeGreaterThan(5);
  expect(elsewhere).toEqual([]);
});
