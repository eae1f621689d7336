import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FUNCTIONS, QUERY_FILES } from "../kusto-workspace.ts";
import { LOG_LINES, type LogLines, SWEPT, traceOf } from "./log-lines.ts";
import type { Row } from "../query-rows.ts";
import { alertNameOf, alertQuery, APP, LOG_ALERTS, MINUTE, NOW, runAlert } from "./run-alert.ts";

const alertOn = (name: string, ...lines: Row[]) => runAlert(name, { AppTraces: lines });

/** Half an hour of checks, one per minute. */
const checks = (other: Partial<LogLines["ledger checked"]> = {}, count = 30) =>
  Array.from({ length: count }, (_, index) => traceOf("ledger checked", index + 0.5, other));

test("dead letters are summed from batches and healed events, of this app only", () => {
  const lines = [
    traceOf("batch detected", 20, { deadLettered: 2 }),
    traceOf("gap healed", 5, { deadLettered: 1 }),
    traceOf("batch detected", 1),
    traceOf("batch detected", 60, { deadLettered: 9 }),
    { ...traceOf("batch detected", 1, { deadLettered: 9 }), AppRoleName: "another" },
  ];

  expect(alertOn("dead-letters", ...lines)).toMatchObject([{ DeadLettered: 3 }]);
});

test("each operation that no rule matched is a row of its own, summed from batches and healed events", () => {
  const lines = [
    traceOf("batch detected", 50, { unmatchedOperations: { "Add agent to role": 2, "Lend role": 1 } }),
    traceOf("gap healed", 5, { unmatchedOperations: { "Add agent to role": 1 } }),
    traceOf("batch detected", 1),
    traceOf("batch detected", 70, { unmatchedOperations: { "Remove agent": 1 } }),
  ];

  expect(alertOn("operation-unmatched", ...lines)).toEqual([
    { Operation: "Add agent to role", Seen: 3 },
    { Operation: "Lend role", Seen: 1 },
  ]);
  expect(alertOn("operation-unmatched", traceOf("batch detected", 1))).toEqual([]);
});

/** A sweep of the outbox of Log Analytics alone. */
const swept = (minutesAgo: number, figures: Partial<typeof SWEPT>) =>
  traceOf("outbox swept", minutesAgo, { sinks: { "log-analytics": { ...SWEPT, ...figures } } });

test("refused rows are summed from batches and sweeps", () => {
  const lines = [
    traceOf("batch detected", 5, { sinks: { "log-analytics": { ...SWEPT, refused: 3 } } }),
    swept(1, { refused: 1 }),
    swept(60, { refused: 9 }),
  ];

  expect(alertOn("rows-refused", ...lines)).toMatchObject([{ Refused: 4 }]);
});

test("the outbox has stopped if no sweep could send, not if one could", () => {
  const stopped = Array.from({ length: 6 }, (_, index) =>
    swept(index + 1, { stopped: "Logs Ingestion: answered 403" }),
  );

  expect(alertOn("outbox-stopped", ...stopped)).toEqual([{ Stops: 6, Reason: "Logs Ingestion: answered 403" }]);
  expect(alertOn("outbox-stopped", ...stopped, traceOf("outbox swept", 3))).toEqual([]);
  expect(alertOn("outbox-stopped")).toEqual([]);
});

test("incidents wait too long if the latest sweep left one that is older than an hour", () => {
  const stopped = "Logs Ingestion: answered 403";
  const old = swept(2, { stopped, oldestSeconds: 3_700, failing: 2 });

  expect(alertOn("outbox-age", old)).toEqual([{ OldestSeconds: 3_700, Failing: 2, Reason: stopped }]);
  expect(alertOn("outbox-age", old, traceOf("outbox swept", 1))).toEqual([]);
  expect(alertOn("outbox-age", swept(1, { stopped, oldestSeconds: 3_600 }))).toEqual([]);
  expect(alertOn("outbox-age")).toEqual([]);
});

test("events wait in the hub if the oldest unfinished one is older than 15 minutes", () => {
  const late = traceOf("ledger checked", 2, { oldestUnfinishedSeconds: 901, lag: 7 });

  expect(alertOn("hub-lag", late)).toEqual([{ OldestUnfinishedSeconds: 901, Lag: 7 }]);
  expect(alertOn("hub-lag", late, traceOf("ledger checked", 1))).toEqual([]);
  expect(alertOn("hub-lag", traceOf("ledger checked", 1, { oldestUnfinishedSeconds: 900, lag: 7 }))).toEqual([]);
  expect(alertOn("hub-lag")).toEqual([]);
});

test("the headroom alert fires from half of the retention on", () => {
  const half = traceOf("ledger checked", 1, { headroomUsed: 0.5, oldestUnfinishedSeconds: 302_400 });

  expect(alertOn("hub-headroom", half)).toEqual([{ HeadroomUsed: 0.5, OldestUnfinishedSeconds: 302_400 }]);
  expect(alertOn("hub-headroom", traceOf("ledger checked", 1, { headroomUsed: 0.499 }))).toEqual([]);
  expect(alertOn("hub-headroom", half, traceOf("ledger checked", 0.5))).toEqual([]);
});

test("the gap alert fires if every check in half an hour left a gap open", () => {
  expect(alertOn("gaps-open", ...checks({ gapEvents: 4 }))).toEqual([{ GapEvents: 4, Checks: 30 }]);
  expect(alertOn("gaps-open", ...checks({ gapEvents: 4 }, 29), traceOf("ledger checked", 29.5))).toEqual([]);
  expect(alertOn("gaps-open", ...checks({ gapEvents: 4 }, 4))).toEqual([]);
  expect(alertOn("gaps-open")).toEqual([]);
});

test("healed events are summed", () => {
  const healed = [
    traceOf("ledger checked", 40, { healedEvents: 2 }),
    traceOf("ledger checked", 10, { healedEvents: 3 }),
    traceOf("ledger checked", 61, { healedEvents: 9 }),
  ];

  expect(alertOn("gaps-healed", ...healed, ...checks())).toEqual([{ HealedEvents: 5 }]);
});

test("lost events make one alert per range, no matter how often it is logged", () => {
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

test("an event that could not be stored makes its own alert with the reason from the second attempt on", () => {
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
  // If nothing else is stored, an attempt proves no more than the first did.
  expect(alertOn("events-stuck", tried(4, { attempts: 1 }), tried(2, { attempts: 1 }))).toHaveLength(1);
  expect(alertOn("events-stuck", tried(121))).toEqual([]);
});

test("a late timer makes one alert, no matter how often it is logged", () => {
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

test("a rule over several events that cannot be evaluated makes one alert for each tenant", () => {
  const other = { tenant: "bbbbbbbb-1111-4222-8333-444444444444" };
  const failed = [
    traceOf("window not evaluated", 90),
    traceOf("window not evaluated", 30, { instant: "2026-03-04T10:00:00.000Z" }),
    traceOf("window not evaluated", 30, other),
  ];

  expect(alertOn("window-failed", ...failed)).toMatchObject([
    { Times: 2, Instant: "2026-03-04T10:00:00.000Z", Reason: "more than 10,000,000 steps" },
    { Tenant: other.tenant, Times: 1 },
  ]);
  expect(alertOn("window-failed", traceOf("window not evaluated", 121))).toEqual([]);
});

test("dead letters of the healer are summed, too", () => {
  expect(alertOn("dead-letters", traceOf("ledger checked", 3, { deadLettered: 2 }))).toMatchObject([
    { DeadLettered: 2 },
  ]);
});

test("the hub is silent if its last event is older than the parameter, or if none arrived for that long", () => {
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

test("a silent log category makes one alert for each tenant while other events arrive; a silent hub makes another", () => {
  const silent = (minutesAgo: number, other: Partial<LogLines["category silent"]> = {}) =>
    traceOf("category silent", minutesAgo, other);
  const found = { Category: "AuditLogs", SilentMinutes: 131, AllowedMinutes: 90 };
  const [tenant, another] = ["aaaaaaaa-1111-4222-8333-444444444444", "bbbbbbbb-1111-4222-8333-444444444444"];

  expect(
    alertOn(
      "category-silent",
      ...checks(),
      silent(2),
      silent(1, { silentMinutes: 131 }),
      silent(1, { tenantId: another, silentMinutes: 131, lastSeenAt: undefined }),
    ),
  ).toEqual([
    { ...found, EntraTenantId: tenant, LastSeenAt: "2026-03-04T09:14:00.000Z" },
    { ...found, EntraTenantId: another, LastSeenAt: "never" },
  ]);
  expect(alertOn("category-silent", silent(1, { otherEvents: false }), silent(2))).toEqual([]);
  expect(alertOn("category-silent", silent(31))).toEqual([]);
  expect(alertOn("category-silent", ...checks())).toEqual([]);
});

test("the ledger is silent if it was not checked for half an hour", () => {
  expect(alertOn("ledger-silent")).toEqual([{ Checks: 0 }]);
  expect(alertOn("ledger-silent", traceOf("ledger checked", 31), traceOf("outbox swept", 1))).toEqual([{ Checks: 0 }]);
  expect(alertOn("ledger-silent", traceOf("ledger checked", 1))).toEqual([]);
});

test("nobody reads the hub if an event arrived a quarter of an hour ago and no batch was finished for an hour", () => {
  /** A check of the ledger this many minutes ago, when the last event was this old. */
  const arrived = (minutesAgo: number, minutesOld: number, healedEvents = 0) =>
    traceOf("ledger checked", minutesAgo, { silentSeconds: 60 * minutesOld, healedEvents });

  expect(alertOn("hub-not-read", arrived(10, 10), arrived(1, 0, 3))).toEqual([{ HealedEvents: 3 }]);
  expect(alertOn("hub-not-read", arrived(10, 10), traceOf("gap healed", 5))).toHaveLength(1);
  expect(alertOn("hub-not-read", arrived(10, 10), traceOf("batch detected", 19))).toEqual([]);
  expect(alertOn("hub-not-read", arrived(10, 2))).toEqual([]); // it may still be on its way
  expect(alertOn("hub-not-read", arrived(50, 8))).toEqual([]); // its batch may be older than the window
  expect(alertOn("hub-not-read", traceOf("ledger checked", 1, { silentSeconds: -1 }))).toEqual([]);
});

test("a sink beside Log Analytics fails if it refuses, or if no sweep could send it all", () => {
  const [well, refusing] = [SWEPT, { ...SWEPT, refused: 2 }];
  const sweep = (minutesAgo: number, webhook: typeof SWEPT) =>
    traceOf("outbox swept", minutesAgo, { sinks: { "log-analytics": refusing, webhook } });
  const down = { ...SWEPT, stopped: "Webhook: answered 503" };
  const stopped = Array.from({ length: 5 }, (_, index) => sweep(index + 1, down));

  expect(alertOn("sink-failing", ...stopped)).toEqual([
    { Sink: "webhook", Refused: 0, Stops: 5, Reason: "Webhook: answered 503" },
  ]);
  expect(alertOn("sink-failing", ...stopped, sweep(7, well))).toEqual([]);
  expect(alertOn("sink-failing", traceOf("batch detected", 3, { sinks: { webhook: refusing } }))).toMatchObject([
    { Sink: "webhook", Refused: 2, Stops: 0 },
  ]);
  expect(alertOn("sink-failing", swept(1, refusing), traceOf("batch detected", 1), traceOf("reconciled", 1))).toEqual(
    [],
  );
});

test("requeued and relisted incidents are summed; orphaned ones are counted once", () => {
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

/** These fire if there are no rows. */
const MISSES_ROWS = new Set(["app-silent", "ledger-silent"]);
const ALERTS = LOG_ALERTS.map((rule) => ({ name: alertNameOf(rule), text: alertQuery(rule, NOW) }));

test("a healthy pipeline makes no alert", () => {
  const hour = Array.from({ length: 60 }, (_, index) => [
    traceOf("batch detected", index),
    traceOf("outbox swept", index),
    traceOf("ledger checked", index),
  ]).flat();
  const reading = ALERTS.filter(({ text }) => /^AppTraces/m.test(text)).map(({ name }) => name);

  expect(reading.length).toBeGreaterThan(10);
  for (const name of reading) expect(alertOn(name, ...hour), name).toEqual([]);
});

test("without rows there is no alert, although a sum over nothing returns a row in Kusto", () => {
  const empty = { _LogOperation: [], AppRequests: [], AppTraces: [], DCRLogErrors: [], PimwatchIncidents_CL: [] };

  for (const { name } of ALERTS) {
    if (name === "missed") continue; // a join of two tables, each with its own rows
    expect(runAlert(name, empty), name).toHaveLength(MISSES_ROWS.has(name) ? 1 : 0);
  }
});

test("the detector fails if one of its own functions fails several times", () => {
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

test("the app is silent if none of its functions ran for half an hour", () => {
  expect(runAlert("app-silent", { AppRequests: [] })).toEqual([{ Runs: 0 }]);
  expect(runAlert("app-silent", { AppRequests: [request("outbox-timer", true, 40)] })).toEqual([{ Runs: 0 }]);
  expect(runAlert("app-silent", { AppRequests: [request("outbox-timer", true, 4)] })).toEqual([]);
});

test("queries look only for lines that the functions log, and for functions that are registered", () => {
  const sources = globSync("src/{functions,invocations}/*.ts").map((file) => readFileSync(file, "utf8"));
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

test("every figure that a query reads is logged", () => {
  const ofSinks = Object.keys({ ...SWEPT, stopped: "" });
  const figures = new Set(["event", ...ofSinks, ...Object.values(LOG_LINES).flatMap((line) => Object.keys(line))]);
  const read = [...QUERY_FILES.values()].flatMap((text) =>
    [
      ...text.matchAll(
        /(?:\.sinks\["log-analytics"\]|LogAnalytics|Figures|Line|parse_json\(Message\))(?:\.|\[")(\w+)/g,
      ),
    ].map(([, name]) => name),
  );

  expect(read.length).toBeGreaterThan(20);
  expect(read.filter((name) => !figures.has(String(name)))).toEqual([]);
  expect(FUNCTIONS.get("PimwatchLog")).toContain("Line.lostEvents");
});

function request(name: string, success: boolean, minutesAgo: number): Row {
  return { TimeGenerated: NOW - minutesAgo * MINUTE, AppRoleName: APP, Name: name, Success: success };
}
