import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FUNCTIONS, QUERY_FILES } from "./kusto-workspace.ts";
import { LOG_LINES, type LogLines, traceOf } from "./log-lines.ts";
import type { Row } from "./query-rows.ts";
import { APP, MINUTE, NOW, runAlert } from "./run-alert.ts";

const alertOn = (name: string, ...lines: Row[]) => runAlert(name, { AppTraces: lines });

/** Lines of half an hour of checks, one a minute. */
const checks = (other: Partial<LogLines["ledger checked"]> = {}, count = 30) =>
  Array.from({ length: count }, (_, index) => traceOf("ledger checked", index + 0.5, other));

test("dead letters are summed from batches and from events that were read again, of this app alone", () => {
  const lines = [
    traceOf("batch detected", 20, { deadLettered: 2 }),
    traceOf("gap healed", 5, { deadLettered: 1 }),
    traceOf("batch detected", 1),
    traceOf("batch detected", 60, { deadLettered: 9 }),
    { ...traceOf("batch detected", 1, { deadLettered: 9 }), AppRoleName: "another" },
  ];

  expect(alertOn("dead-letters", ...lines)).toMatchObject([{ DeadLettered: 3 }]);
});

test("refused rows are summed from batches and sweeps", () => {
  const lines = [
    traceOf("batch detected", 5, { refused: 3 }),
    traceOf("outbox swept", 1, { refused: 1 }),
    traceOf("outbox swept", 60, { refused: 9 }),
  ];

  expect(alertOn("rows-refused", ...lines)).toMatchObject([{ Refused: 4 }]);
});

test("the outbox has stopped when no sweep could send, not when one could", () => {
  const stopped = Array.from({ length: 6 }, (_, index) =>
    traceOf("outbox swept", index + 1, { stopped: "Logs Ingestion: answered 403" }),
  );

  expect(alertOn("outbox-stopped", ...stopped)).toEqual([{ Stops: 6, Reason: "Logs Ingestion: answered 403" }]);
  expect(alertOn("outbox-stopped", ...stopped, traceOf("outbox swept", 3))).toEqual([]);
  expect(alertOn("outbox-stopped")).toEqual([]);
});

test("incidents wait for too long when the latest sweep left one behind that is older than an hour", () => {
  const stopped = "Logs Ingestion: answered 403";
  const old = traceOf("outbox swept", 2, { stopped, oldestSeconds: 3_700, failing: 2 });

  expect(alertOn("outbox-age", old)).toEqual([{ OldestSeconds: 3_700, Failing: 2, Reason: stopped }]);
  expect(alertOn("outbox-age", old, traceOf("outbox swept", 1))).toEqual([]);
  expect(alertOn("outbox-age", traceOf("outbox swept", 1, { stopped, oldestSeconds: 3_600 }))).toEqual([]);
  expect(alertOn("outbox-age")).toEqual([]);
});

test("events wait in the hub when the oldest that is not finished is older than a quarter of an hour", () => {
  const late = traceOf("ledger checked", 2, { oldestUnfinishedSeconds: 901, lag: 7 });

  expect(alertOn("hub-lag", late)).toEqual([{ OldestUnfinishedSeconds: 901, Lag: 7 }]);
  expect(alertOn("hub-lag", late, traceOf("ledger checked", 1))).toEqual([]);
  expect(alertOn("hub-lag", traceOf("ledger checked", 1, { oldestUnfinishedSeconds: 900, lag: 7 }))).toEqual([]);
  expect(alertOn("hub-lag")).toEqual([]);
});

test("headroom is an alert from half of the retention on", () => {
  const half = traceOf("ledger checked", 1, { headroomUsed: 0.5, oldestUnfinishedSeconds: 302_400 });

  expect(alertOn("hub-headroom", half)).toEqual([{ HeadroomUsed: 0.5, OldestUnfinishedSeconds: 302_400 }]);
  expect(alertOn("hub-headroom", traceOf("ledger checked", 1, { headroomUsed: 0.499 }))).toEqual([]);
  expect(alertOn("hub-headroom", half, traceOf("ledger checked", 0.5))).toEqual([]);
});

test("a gap is an alert when no check of half an hour found it closed", () => {
  expect(alertOn("gaps-open", ...checks({ gapEvents: 4 }))).toEqual([{ GapEvents: 4, Checks: 30 }]);
  expect(alertOn("gaps-open", ...checks({ gapEvents: 4 }, 29), traceOf("ledger checked", 29.5))).toEqual([]);
  expect(alertOn("gaps-open", ...checks({ gapEvents: 4 }, 4))).toEqual([]);
  expect(alertOn("gaps-open")).toEqual([]);
});

test("events that were read again are summed", () => {
  const healed = [
    traceOf("ledger checked", 40, { healedEvents: 2 }),
    traceOf("ledger checked", 10, { healedEvents: 3 }),
    traceOf("ledger checked", 61, { healedEvents: 9 }),
  ];

  expect(alertOn("gaps-healed", ...healed, ...checks())).toEqual([{ HealedEvents: 5 }]);
});

test("events that are lost are one alert for each range, however often it is said", () => {
  const lost = [
    traceOf("events lost", 20),
    traceOf("events lost", 19),
    traceOf("events lost", 5, { partitionId: "3", first: 7, last: 7 }),
  ];

  expect(alertOn("events-lost", ...lost)).toEqual([
    { PartitionId: "0", First: "100", Last: "120", Times: 2 },
    { PartitionId: "3", First: "7", Last: "7", Times: 1 },
  ]);
});

test("an event that could not be stored is an alert of its own from the second attempt on, with the reason", () => {
  const tried = (minutesAgo: number, other: Partial<LogLines["event not stored"]> = {}) =>
    traceOf("event not stored", minutesAgo, other);
  const reason = "Table Storage: did not answer within 20 s";

  expect(alertOn("events-stuck", tried(100, { attempts: 1 }), tried(5, { attempts: 1, number: 101 }))).toEqual([]);
  expect(
    alertOn(
      "events-stuck",
      tried(98, { attempts: 1 }),
      tried(96),
      tried(5, { attempts: 7, number: 7, partitionId: "3" }),
    ),
  ).toEqual([
    { PartitionId: "0", Number: "100", Attempts: 2, Reason: reason },
    { PartitionId: "3", Number: "7", Attempts: 7, Reason: reason },
  ]);
  // Where nothing else is stored, an attempt proves nothing more than the first did.
  expect(alertOn("events-stuck", tried(4, { attempts: 1 }), tried(2, { attempts: 1 }))).toHaveLength(1);
  expect(alertOn("events-stuck", tried(121))).toEqual([]);
});

test("a timer that is late is one alert, however often it is said", () => {
  const late = [
    traceOf("timer late", 20),
    traceOf("timer late", 1),
    traceOf("timer late", 2, { timer: "outbox-timer" }),
  ];

  expect(alertOn("timer-late", ...late)).toEqual([
    {
      Timer: "reconciliation-timer",
      LastRunAt: "2026-03-04T08:07:02.000Z",
      MissingSince: "2026-03-04T09:07:00.000Z",
    },
    { Timer: "outbox-timer", LastRunAt: "2026-03-04T08:07:02.000Z", MissingSince: "2026-03-04T09:07:00.000Z" },
  ]);
  expect(alertOn("timer-late", traceOf("timer late", 31))).toEqual([]);
});

test("dead letters of the healer are summed too", () => {
  expect(alertOn("dead-letters", traceOf("ledger checked", 3, { deadLettered: 2 }))).toMatchObject([
    { DeadLettered: 2 },
  ]);
});

test("the hub is silent when its last event is older than the parameter says, or when there never was one for so long", () => {
  const hours = (count: number) => count * 3_600;
  const never = { silentSeconds: -1 };

  expect(alertOn("hub-silent", traceOf("ledger checked", 1, { silentSeconds: hours(6) + 1 }))).toEqual([
    { SilentSeconds: hours(6) + 1 },
  ]);
  expect(alertOn("hub-silent", traceOf("ledger checked", 1, { silentSeconds: hours(6) }))).toEqual([]);
  expect(
    alertOn("hub-silent", traceOf("ledger checked", 2, { silentSeconds: hours(7) }), traceOf("ledger checked", 1)),
  ).toEqual([]);
  expect(alertOn("hub-silent", traceOf("ledger checked", 365, never), traceOf("ledger checked", 1, never))).toEqual([
    { SilentSeconds: -1 },
  ]);
  expect(alertOn("hub-silent", traceOf("ledger checked", 300, never), traceOf("ledger checked", 1, never))).toEqual([]);
});

test("the ledger's checks are counted even when there was none", () => {
  expect(alertOn("ledger-silent")).toEqual([{ Checks: 0 }]);
  expect(alertOn("ledger-silent", traceOf("ledger checked", 31), traceOf("outbox swept", 1))).toEqual([{ Checks: 0 }]);
  expect(alertOn("ledger-silent", traceOf("ledger checked", 1))).toEqual([{ Checks: 1 }]);
});

const TOLD = { forwarded: 1, refused: 0, failed: 0 };

test("the webhook fails when it refuses, or when no sweep could tell it of all", () => {
  const sweep = (minutesAgo: number, webhook: LogLines["outbox swept"]["webhook"]) =>
    traceOf("outbox swept", minutesAgo, webhook && { webhook });
  const down = { ...TOLD, forwarded: 0, stopped: "Webhook: answered 503" };
  const stopped = Array.from({ length: 5 }, (_, index) => sweep(index + 1, down));

  expect(alertOn("webhook-failing", ...stopped)).toEqual([{ Refused: 0, Stops: 5, Reason: "Webhook: answered 503" }]);
  expect(alertOn("webhook-failing", ...stopped, sweep(7, TOLD))).toEqual([]);
  expect(alertOn("webhook-failing", traceOf("batch detected", 3, { webhook: { ...TOLD, refused: 2 } }))).toMatchObject([
    { Refused: 2, Stops: 0 },
  ]);
  expect(alertOn("webhook-failing", sweep(1, undefined), traceOf("batch detected", 1))).toEqual([]);
});

test("incidents that were in no account or not listed are summed; those that are listed only are counted once", () => {
  expect(
    alertOn(
      "requeued",
      traceOf("reconciled", 50, { requeued: 2, orphaned: 1 }),
      traceOf("reconciled", 10, { relisted: 3, orphaned: 1 }),
    ),
  ).toEqual([{ Requeued: 2, Relisted: 3, Orphaned: 1 }]);
  expect(alertOn("requeued", traceOf("reconciled", 10, { orphaned: 1 }))).toMatchObject([{ Orphaned: 1 }]);
  expect(alertOn("requeued", traceOf("reconciled", 10))).toEqual([]);
});

/** These yield a figure whatever happens, and alert on 0. */
const MEASURED = new Set(["app-silent", "ledger-silent"]);
const ALERTS = [...QUERY_FILES.keys()].filter((file) => file.startsWith("alerts/")).map(nameOf);

test("a pipeline that is well makes no alert", () => {
  const hour = Array.from({ length: 60 }, (_, index) => [
    traceOf("batch detected", index),
    traceOf("outbox swept", index),
    traceOf("ledger checked", index),
  ]).flat();
  const reading = ALERTS.filter((name) => /^AppTraces/m.test(QUERY_FILES.get(`alerts/${name}.kql`) ?? ""));

  expect(reading.length).toBeGreaterThan(10);
  for (const name of reading.filter((each) => !MEASURED.has(each))) expect(alertOn(name, ...hour), name).toEqual([]);
});

test("no row makes no alert: a sum over nothing is a row of its own in Kusto", () => {
  const empty = { _LogOperation: [], AppRequests: [], AppTraces: [], DCRLogErrors: [], PimwatchIncidents_CL: [] };

  for (const name of ALERTS) {
    if (name === "missed") continue; // a join of two tables, each with its own rows
    expect(runAlert(name, empty), name).toHaveLength(MEASURED.has(name) ? 1 : 0);
  }
});

test("the detector fails when one of its own functions fails several times", () => {
  const failures = [1, 2, 3].map((minutes) => request("audit-events", false, minutes));
  const sweeps = [1, 2, 3].map((minutes) => request("outbox-timer", true, minutes));
  const named = (name: string) => failures.map((row) => ({ ...row, Name: name }));

  expect(runAlert("detector-failing", { AppRequests: [...failures, ...sweeps, ...named("ledger-timer")] })).toEqual([
    { Name: "audit-events", Failed: 3, Succeeded: 0 },
    { Name: "ledger-timer", Failed: 3, Succeeded: 0 },
  ]);
  expect(runAlert("detector-failing", { AppRequests: failures.slice(1) })).toEqual([]);
  expect(runAlert("detector-failing", { AppRequests: named("health") })).toEqual([]);
});

test("the silent app is measured even when nothing at all was logged", () => {
  expect(runAlert("app-silent", { AppRequests: [] })).toEqual([{ Runs: 0 }]);
  expect(runAlert("app-silent", { AppRequests: [request("outbox-timer", true, 40)] })).toEqual([{ Runs: 0 }]);
  expect(runAlert("app-silent", { AppRequests: [request("outbox-timer", true, 4)] })).toEqual([{ Runs: 1 }]);
});

test("the lines that queries look for are those that the functions log, and the functions are those that are registered", () => {
  const sources = globSync("src/functions/*.ts").map((file) => readFileSync(file, "utf8"));
  const logged = new Set(
    sources.flatMap((source) => [...source.matchAll(/\{ event: "([^"]+)"/g)].map(([, name]) => name)),
  );
  const registered = new Set(
    sources.flatMap((source) => [...source.matchAll(/app\.\w+\("([^"]+)"/g)].map(([, name]) => name)),
  );
  const queries = [...QUERY_FILES.values()];
  const soughtLines = queries.flatMap((text) => [
    ...[...text.matchAll(/"event":"([a-z ]+)"/g)].map(([, name]) => name),
    ...[...text.matchAll(/Event == "([^"]+)"/g)].map(([, name]) => name),
  ]);
  const soughtFunctions = queries.flatMap((text) =>
    [...text.matchAll(/Name in \(([^)]+)\)/g)].flatMap(([, names = ""]) => [...names.matchAll(/"([^"]+)"/g)]),
  );

  expect([...logged].filter((name) => !(String(name) in LOG_LINES))).toEqual(["request failed"]); // of the page's API
  expect(soughtLines.length).toBeGreaterThan(10);
  expect(soughtLines.filter((name) => !logged.has(name))).toEqual([]);
  expect(soughtFunctions.map(([, name]) => name).filter((name) => !registered.has(name))).toEqual([]);
});

test("every figure that a query reads is one that is logged", () => {
  const figures = new Set(["event", ...Object.values(LOG_LINES).flatMap((line) => Object.keys(line))]);
  const read = [...QUERY_FILES.values()].flatMap((text) =>
    [...text.matchAll(/(?:Line|Line\.webhook|Webhook|parse_json\(Message\))(?:\.|\[")(\w+)/g)].map(([, name]) => name),
  );

  expect(read.length).toBeGreaterThan(20);
  expect(read.filter((name) => !figures.has(String(name)))).toEqual([]);
  expect(FUNCTIONS.get("PimwatchLog")).toContain("Line.lostEvents");
});

function nameOf(file: string): string {
  return file.replace(/^alerts\/|\.kql$/g, "");
}

function request(name: string, success: boolean, minutesAgo: number): Row {
  return { TimeGenerated: NOW - minutesAgo * MINUTE, AppRoleName: APP, Name: name, Success: success };
}
