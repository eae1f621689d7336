import { expect, test } from "vitest";
import { type LogLines, SWEPT, traceAt } from "./log-lines.ts";
import type { Row } from "../query-rows.ts";
import { alertNameOf, APP, HOUR, LOG_ALERTS, MINUTE } from "./run-alert.ts";
import { type Fired, firedAlerts, METRIC_ALERTS, NOT_SIMULATED, type Simulated } from "./simulated-alerts.ts";

const DAY = 24 * HOUR;
const MONDAY = Date.parse("2026-11-16T00:00:00Z");

interface Pipeline {
  readonly until: number;
  readonly from?: number;
  readonly deployedAt?: number;
  /** When events reach the hub. Default: every five minutes. */
  readonly events?: readonly number[];
  /** When the trigger, the timers and thus the whole app run. Default: always. */
  readonly triggerRuns?: (time: number) => boolean;
  readonly appRuns?: (time: number) => boolean;
  /** Figures that differ from those of a healthy pipeline. */
  readonly ledger?: (time: number) => Partial<LogLines["ledger checked"]>;
  readonly sweep?: (time: number) => LogLines["outbox swept"];
  readonly traces?: readonly Row[];
  readonly requests?: readonly Row[];
  readonly incidents?: readonly Row[];
  readonly others?: Readonly<Record<string, readonly Row[]>>;
  readonly metrics?: Readonly<Record<string, readonly number[]>>;
}

/** What a pipeline logs. In a week, timers run every ten minutes instead of every minute. */
function pipeline(given: Pipeline): Simulated {
  const { from = MONDAY, until, deployedAt = from - DAY, incidents = [], others = {}, metrics = {} } = given;
  const { appRuns = () => true, triggerRuns = () => true, ledger = () => ({}) } = given;
  const { sweep = () => ({ sinks: { "log-analytics": SWEPT } }) } = given;
  const step = until - from > DAY ? 10 * MINUTE : MINUTE;
  const ticks = every(step, from - HOUR, until).filter((time) => appRuns(time) && time > deployedAt);
  const events = given.events ?? every(5 * MINUTE, from - HOUR, until);
  const silent = (time: number): number => {
    const last = events.findLast((event) => event <= time);
    return last === undefined ? -1 : Math.round((time - last) / 1_000);
  };
  const batches = events.filter((time) => appRuns(time) && triggerRuns(time));
  return {
    from,
    until,
    deployedAt,
    tables: {
      AppRequests: [
        ...ticks.flatMap((time) => [request("outbox-timer", time), request("ledger-timer", time)]),
        ...(given.requests ?? []),
      ],
      AppTraces: [
        ...ticks.flatMap((time) => [
          traceAt("ledger checked", time, { silentSeconds: silent(time), ...ledger(time) }),
          traceAt("outbox swept", time, sweep(time)),
        ]),
        ...batches.map((time) => traceAt("batch detected", time + 5_000)),
        ...(given.traces ?? []),
      ],
      PimwatchIncidents_CL: incidents,
      DCRLogErrors: [],
      _LogOperation: [],
      ...others,
    },
    metrics,
  };
}

function every(step: number, from: number, until: number): number[] {
  return Array.from({ length: Math.floor((until - from) / step) }, (_, index) => from + index * step);
}

function request(name: string, time: number, success = true): Row {
  return { TimeGenerated: time, AppRoleName: APP, Name: name, Success: success };
}

let incidents = 0;
/** A row of a new incident: P4 by Ana, unless said otherwise. */
function incident(time: number, other: Row = {}): Row {
  return {
    TimeGenerated: time,
    IncidentId: `incident-${(incidents += 1)}`,
    RowKind: "created",
    Priority: "P4",
    Severity: "High",
    Expected: false,
    RuleName: "Changes to PIM Settings",
    BurstId: `${new Date(time).toISOString().slice(0, 13)}Z-0123456789abcdef`,
    InitiatedBy: "ana@contoso.example",
    DetectedTime: time,
    EventHubEnqueuedTime: time - 1_000,
    ...other,
  };
}

/** How often each alert fires. */
function counted(fired: readonly Fired[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(fired, ({ alert }) => alert)].map(([name, each]) => [name, each.length]));
}

const QUIET_WEEK = pipeline({ until: MONDAY + 7 * DAY, events: every(4 * HOUR, MONDAY - HOUR, MONDAY + 7 * DAY) });

const daily = (hour: number, make: (time: number, day: number) => Row[]): Row[] =>
  every(DAY, MONDAY + hour * HOUR, MONDAY + 7 * DAY).flatMap((time, day) => make(time, day));
const urgent = incident(MONDAY + DAY + 10 * HOUR, { Priority: "P1" });
const BUSY_WEEK = pipeline({
  until: MONDAY + 7 * DAY,
  incidents: [
    ...daily(9, (time, day) => Array.from({ length: 20 }, () => incident(time, { Priority: day % 2 ? "P3" : "P4" }))),
    ...daily(10, (time) => [incident(time, { Priority: "P1", Expected: true, InitiatedBy: "rollout" })]),
    ...daily(11, (time) => [incident(time, { Priority: "P2", Expected: true, InitiatedBy: "rollout" })]),
    ...daily(12, (time) => [incident(time, { Priority: "P3", Result: "failure" })]),
    urgent,
    { ...urgent, _arrived: MONDAY + DAY + 11 * HOUR }, // sent again, because its arrival was unknown
    { ...urgent, TimeGenerated: MONDAY + DAY + 12 * HOUR, RowKind: "updated", Status: "Closed" },
    ...Array.from({ length: 3 }, (_, index) => incident(MONDAY + 3 * DAY + index * MINUTE, { Priority: "P2" })),
  ],
});

/** 400 changes by one actor within ten minutes: 200 P1, 200 P2, half of these found by another rule. */
const storm = (burst: Row = {}): Row[] =>
  Array.from({ length: 400 }, (_, index) =>
    incident(MONDAY + 10 * HOUR + index * 1_500, {
      Priority: index % 2 ? "P1" : "P2",
      ...(index % 4 === 0 && { RuleName: "Role assigned outside of PIM" }),
      ...burst,
    }),
  );
const STORM = pipeline({ until: MONDAY + 4 * DAY, incidents: storm() });

const afterwards = MONDAY + 10 * HOUR;
const TAMPERING = pipeline({
  until: MONDAY + DAY,
  events: every(5 * MINUTE, MONDAY - HOUR, afterwards), // then someone removes the diagnostic setting
  incidents: [incident(afterwards, { Priority: "P1", InitiatedBy: "mallory@contoso.example" })],
  traces: [
    traceAt("reconciled", afterwards + 7 * MINUTE, { requeued: 2, orphaned: 1 }), // and deletes rows of the table
    ...every(HOUR, afterwards + 67 * MINUTE, MONDAY + DAY).map((time) => traceAt("reconciled", time, { orphaned: 1 })),
  ],
});

const DEAD_TRIGGER = pipeline({
  until: MONDAY + DAY,
  triggerRuns: (time) => time < MONDAY + 10 * HOUR,
  // The healer reads each event a quarter of an hour late.
  ledger: (time) =>
    time < MONDAY + 10 * HOUR
      ? {}
      : { lag: 4, oldestUnfinishedSeconds: 890, healedEvents: time % (5 * MINUTE) ? 0 : 1 },
});

/** The package is there after 12 minutes; Log Analytics refuses the identity until 30 minutes are over. */
const installed = {
  until: MONDAY + 3 * HOUR,
  deployedAt: MONDAY,
  events: every(5 * MINUTE, MONDAY + 40 * MINUTE, MONDAY + 3 * HOUR),
  appRuns: (time: number) => time > MONDAY + 12 * MINUTE,
  sweep: (time: number) => ({
    sinks: {
      "log-analytics": { ...SWEPT, ...(time < MONDAY + 30 * MINUTE && { stopped: "Logs Ingestion: answered 403" }) },
    },
  }),
};
const FIRST_HOURS = pipeline(installed);
const NEVER_STARTED = pipeline({ ...installed, appRuns: () => false });
const DIED_LATER = pipeline({ until: MONDAY + DAY, appRuns: (time) => time < MONDAY + 10 * HOUR });

test.each([
  { week: "a quiet week", simulated: QUIET_WEEK, fires: {} },
  { week: "a busy week", simulated: BUSY_WEEK, fires: { "incident-p1": 1, "incident-p2": 1 } },
  { week: "a storm of 400 changes", simulated: STORM, fires: { "incident-p1": 1, "incident-p2": 2 } },
  {
    week: "a storm of 400 changes that name no actor",
    simulated: pipeline({ until: MONDAY + 4 * DAY, incidents: storm({ BurstId: "", InitiatedBy: "" }) }),
    fires: { "incident-p1": 1, "incident-p2": 2 },
  },
  { week: "tampering", simulated: TAMPERING, fires: { "incident-p1": 1, requeued: 1, "hub-silent": 1 } },
  {
    week: "a dead trigger beside a living healer",
    simulated: DEAD_TRIGGER,
    fires: { "hub-not-read": 1, "gaps-healed": 1 },
  },
  { week: "the first hours after installation", simulated: FIRST_HOURS, fires: {} },
  {
    week: "an app that never starts",
    simulated: NEVER_STARTED,
    fires: { "app-silent": 1, "ledger-silent": 1 },
  },
  { week: "an app that dies later", simulated: DIED_LATER, fires: { "app-silent": 1, "ledger-silent": 1 } },
])("$week: $fires", ({ simulated, fires }) => {
  expect(counted(firedAlerts(simulated))).toEqual(fires);
});

test("the alert of a storm states how many incidents there are, and has the severity of its priority", () => {
  const atOnce = storm().map((row) => ({ ...row, _arrived: MONDAY + 10 * HOUR + 10 * MINUTE }));
  const fired = firedAlerts(pipeline({ until: MONDAY + DAY, incidents: atOnce }));

  expect(
    fired.map(({ alert, severity, value, dimensions }) => [alert, severity, value, dimensions["RuleName"]]),
  ).toEqual([
    ["incident-p1", 0, 200, "Changes to PIM Settings"],
    ["incident-p2", 2, 100, "Role assigned outside of PIM"],
    ["incident-p2", 2, 100, "Changes to PIM Settings"],
  ]);
});

test("the alert about an app that never started fires an hour after the deployment, and about a dead one within the hour", () => {
  const minutesAfter = (time: number, simulated: Simulated) =>
    firedAlerts(simulated)
      .filter(({ alert }) => alert === "app-silent")
      .map((fired) => (fired.time - time) / MINUTE);

  expect(minutesAfter(MONDAY, NEVER_STARTED)).toEqual([75]);
  expect(minutesAfter(MONDAY + 10 * HOUR, DIED_LATER)).toEqual([30]);
});

const at = MONDAY + 2 * HOUR;
const lasting = (minutes: number, time: number): boolean => time >= at && time < at + minutes * MINUTE;
const unhealthy = (given: Partial<Pipeline>): Simulated => pipeline({ until: MONDAY + 8 * HOUR, ...given });
const stopped = { ...SWEPT, stopped: "answered 503" };
const minutes = (count: number): number[] => every(MINUTE, at, at + count * MINUTE);

const FAULTS: readonly {
  readonly fault: string;
  readonly simulated: Simulated;
  readonly fires: Record<string, number>;
}[] = [
  {
    fault: "a batch fails again and again",
    simulated: unhealthy({ requests: minutes(20).map((time) => request("audit-events", time, false)) }),
    fires: { "detector-failing": 1 },
  },
  {
    fault: "a batch fails twice",
    simulated: unhealthy({ requests: minutes(2).map((time) => request("audit-events", time, false)) }),
    fires: {},
  },
  {
    fault: "a timer misses its runs",
    simulated: unhealthy({ traces: minutes(30).map((time) => traceAt("timer late", time)) }),
    fires: { "timer-late": 1 },
  },
  {
    fault: "the timer of rules over several events fails, though its runs end",
    simulated: unhealthy({ requests: minutes(20).map((time) => request("window-timer", time, false)) }),
    fires: { "detector-failing": 1 },
  },
  {
    fault: "an hourly rule over several events cannot be evaluated for half a day",
    simulated: unhealthy({
      traces: every(HOUR, at, at + 12 * HOUR).map((time) => traceAt("window not evaluated", time)),
    }),
    fires: { "window-failed": 1 },
  },
  {
    fault: "AuditLogs stay away too long while sign-ins arrive",
    simulated: unhealthy({ traces: minutes(60).map((time) => traceAt("category silent", time)) }),
    fires: { "category-silent": 1 },
  },
  {
    fault: "AuditLogs stay away too long in a hub that gets no event",
    simulated: unhealthy({
      traces: minutes(60).map((time) => traceAt("category silent", time, { otherEvents: false })),
    }),
    fires: {},
  },
  {
    fault: "an event waits for an hour",
    simulated: unhealthy({
      ledger: (time) => (lasting(60, time) ? { oldestUnfinishedSeconds: Math.round((time - at) / 1_000), lag: 1 } : {}),
    }),
    fires: { "hub-lag": 1 },
  },
  {
    fault: "an event waits for half of the retention",
    simulated: unhealthy({
      ledger: (time) => (lasting(60, time) ? { headroomUsed: 0.5, oldestUnfinishedSeconds: 302_400 } : {}),
    }),
    fires: { "hub-lag": 1, "hub-headroom": 1 },
  },
  {
    fault: "a gap stays open for an hour",
    simulated: unhealthy({ ledger: (time) => (lasting(60, time) ? { gapEvents: 3 } : {}) }),
    fires: { "gaps-open": 1 },
  },
  {
    fault: "a gap is healed within a quarter of an hour",
    simulated: unhealthy({
      ledger: (time) => (lasting(15, time) ? { gapEvents: 3, healedEvents: time === at ? 3 : 0 } : {}),
    }),
    fires: { "gaps-healed": 1 },
  },
  {
    fault: "Microsoft renames an operation",
    simulated: unhealthy({ traces: [traceAt("batch detected", at, { unmatchedOperations: { "Lend role": 1 } })] }),
    fires: { "operation-unmatched": 1 },
  },
  {
    fault: "an event cannot be stored",
    simulated: unhealthy({ traces: [traceAt("event not stored", at), traceAt("event not stored", at + HOUR)] }),
    fires: { "events-stuck": 1 },
  },
  {
    fault: "two ranges of events are lost, each logged for half an hour",
    simulated: unhealthy({
      traces: minutes(30).flatMap((time) => [
        traceAt("events lost", time),
        traceAt("events lost", time, { partitionId: "3", first: 7, last: 7 }),
      ]),
    }),
    fires: { "events-lost": 2 },
  },
  {
    fault: "an incident is found late",
    simulated: unhealthy({ incidents: [incident(at, { EventHubEnqueuedTime: at - HOUR }), incident(at)] }),
    fires: { "slow-detection": 1 },
  },
  {
    fault: "ingestion is down for half an hour while an incident waits",
    simulated: unhealthy({
      sweep: (time) => ({
        sinks: { "log-analytics": lasting(30, time) ? { ...stopped, oldestSeconds: (time - at) / 1_000 } : SWEPT },
      }),
    }),
    fires: { "outbox-stopped": 1 },
  },
  {
    fault: "ingestion is down for three hours while an incident waits",
    simulated: unhealthy({
      sweep: (time) => ({
        sinks: { "log-analytics": lasting(180, time) ? { ...stopped, oldestSeconds: (time - at) / 1_000 } : SWEPT },
      }),
    }),
    fires: { "outbox-stopped": 1, "outbox-age": 1 },
  },
  {
    fault: "Log Analytics refuses a row",
    simulated: unhealthy({
      sweep: (time) => ({ sinks: { "log-analytics": time === at ? { ...SWEPT, refused: 1 } : SWEPT } }),
    }),
    fires: { "rows-refused": 1 },
  },
  {
    fault: "the webhook is down for an hour",
    simulated: unhealthy({
      sweep: (time) => ({ sinks: { "log-analytics": SWEPT, webhook: lasting(60, time) ? stopped : SWEPT } }),
    }),
    fires: { "sink-failing": 1 },
  },
  {
    fault: "an event cannot be read",
    simulated: unhealthy({ traces: [traceAt("batch detected", at, { deadLettered: 1 })] }),
    fires: { "dead-letters": 1 },
  },
  {
    fault: "accepted rows are not stored",
    simulated: unhealthy({
      others: {
        DCRLogErrors: [
          { TimeGenerated: at, InputStreamId: "Custom-PimwatchIncidents_CL", OperationName: "", Message: "" },
        ],
      },
    }),
    fires: { "ingestion-errors": 1 },
  },
  {
    fault: "the workspace reaches its cap",
    simulated: unhealthy({
      others: { _LogOperation: [{ TimeGenerated: at, Category: "Ingestion", Detail: "OverQuota" }] },
    }),
    fires: { "daily-cap": 1 },
  },
  {
    fault: "the hub refuses requests for an hour",
    simulated: unhealthy({ metrics: { ThrottledRequests: minutes(60) } }),
    fires: { "hub-throttled": 1 },
  },
  {
    fault: "the data collection rule drops a row",
    simulated: unhealthy({ metrics: { RowsDropped_Count: [at] } }),
    fires: { "rows-dropped": 1 },
  },
  {
    fault: "the data collection rule cannot transform a row",
    simulated: unhealthy({ metrics: { TransformationErrors_Count: [at] } }),
    fires: { "transformation-errors": 1 },
  },
];

test.each(FAULTS)("$fault: $fires", ({ simulated, fires }) => {
  expect(counted(firedAlerts(simulated))).toEqual(fires);
});

test("every alert fires in one of these and stays quiet in another", () => {
  const inWeeks = [
    "incident-p1",
    "incident-p2",
    "hub-silent",
    "hub-not-read",
    "requeued",
    "app-silent",
    "ledger-silent",
  ];
  const fires = new Set([...inWeeks, ...FAULTS.flatMap((each) => Object.keys(each.fires))]);
  const deployed = [...LOG_ALERTS, ...METRIC_ALERTS].map(alertNameOf).filter((name) => !NOT_SIMULATED.has(name));

  expect(fires).toEqual(new Set(deployed));
});
