import { expect, test } from "vitest";
import type { UntakenRow, WaitingRows } from "../../../src/core/incident/outbox.ts";
import type { PartitionStatus } from "../../../src/core/ledger/partition-ledger.ts";
import type { Evaluations, RuleSet } from "../../../src/core/ledger/evaluations.ts";
import { DependencyError } from "../../../src/errors.ts";
import { TENANT } from "../../samples.ts";
import { type HealthDependencies, pipelineHealth } from "../../../src/workflows/health/pipeline-health.ts";
import { evaluationOf, partitionStatus } from "../../partition-status.ts";

const NOW = Date.UTC(2026, 2, 4, 12);
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString();
const SCHEDULES = {
  "outbox-timer": "0 * * * * *",
  "ledger-timer": "30 * * * * *",
  "reconciliation-timer": "0 7 * * * *",
  "window-timer": "15 * * * * *",
  "backup-timer": "0 37 * * * *",
};
const RETENTION = { retentionHours: 1, schedules: SCHEDULES };
/** Runs that ended this many seconds ago. */
function runs(secondsAgo: Partial<Record<keyof typeof SCHEDULES, number>>, firstSecondsAgo = 86_400) {
  const latest = Object.entries(secondsAgo).map(([timer, seconds]) => [timer, NOW - seconds * 1_000]);
  const found = { firstAt: NOW - firstSecondsAgo * 1_000, latestAt: Object.fromEntries(latest) };
  return { timers: { runs: () => Promise.resolve(found) } };
}
const IN_TIME = {
  "outbox-timer": 50,
  "ledger-timer": 25,
  "reconciliation-timer": 3_150,
  "window-timer": 35,
  "backup-timer": 1_350,
};

function partition(more: Partial<PartitionStatus> = {}): PartitionStatus {
  const evaluation = evaluationOf(ago(7_200), ago(90));
  return partitionStatus({ checkedAt: ago(30), lastEnqueuedAt: ago(100), evaluation, ...more });
}

/** A sink with what waits for it of each rule. */
function sink(name: string, title: string, waiting: (ruleId: string) => Partial<WaitingRows> = () => ({})) {
  const nothing = { pending: 0, failing: 0, refused: 0, untaken: [], oldest: undefined };
  return { name, title, outbox: { waiting: (ruleId: string) => Promise.resolve({ ...nothing, ...waiting(ruleId) }) } };
}

/** Log Analytics with what waits for it of each rule. */
const logAnalytics = (waiting: Partial<WaitingRows>): Partial<HealthDependencies> => ({
  sinks: [sink("log-analytics", "Log Analytics", () => waiting)],
});

/** AuditLogs, last seen so many minutes ago. */
const auditLogs = (minutesAgo: number) => ({
  tenantId: TENANT,
  category: "AuditLogs",
  expectedSince: NOW - 86_400_000,
  minutes: [NOW / 60_000 - minutesAgo],
});
const RULE_SET: RuleSet = {
  appVersion: "1.0.0",
  tenants: [TENANT],
  rules: [{ id: "a", name: "A", version: "1.0.0", plan: "p1" }],
};
const EVALUATIONS: Evaluations = {
  sets: [{ ...RULE_SET, firstAt: NOW - 3_600_000, lastAt: NOW - 300_000 }],
  forgottenAt: undefined,
  delaysSince: NOW - 3_600_000,
  occurredToHub: { 60: 3, 120: 1 },
  hubToStored: { 1: 3 },
};
const LETTER = { name: "1f", reason: "not JSON", partition: "", sequenceNumber: "", enqueuedTime: "" };

function untaken(incidentId: string): UntakenRow {
  const rest = { ruleId: "a", rowKey: "", sink: "one", revision: "1", reason: "400", attempts: 0, retryAt: undefined };
  return { state: "refused", incidentId, ...rest };
}

function dependencies(more: Partial<HealthDependencies> = {}): HealthDependencies {
  return {
    ruleIds: () => Promise.resolve(["a", "b"]),
    sinks: [
      sink("log-analytics", "Log Analytics", (ruleId) => (ruleId === "a" ? { pending: 2, oldest: ago(40) } : {})),
      sink("webhook", "the webhook"),
    ],
    deadLetters: { waiting: () => Promise.resolve([]) },
    evaluations: { read: () => Promise.resolve(EVALUATIONS) },
    ruleSet: () => RULE_SET,
    ledger: {
      statuses: () => Promise.resolve([partition(), partition({ partitionId: "1", lastEnqueuedAt: ago(200) })]),
    },
    sightings: { read: () => Promise.resolve([auditLogs(5)]) },
    operations: { seen: () => Promise.resolve([{ operation: "Add agent to role", lastSeenAt: ago(60) }]) },
    ...runs(IN_TIME),
    now: () => new Date(NOW),
    ...more,
  };
}

const statuses = (...found: PartitionStatus[]) => ({ ledger: { statuses: () => Promise.resolve(found) } });

test("a healthy pipeline reports its figures", async () => {
  expect(await pipelineHealth(dependencies(), RETENTION)).toEqual({
    status: "ok",
    problems: [],
    sinks: {
      "log-analytics": { pending: 2, failing: 0, refused: 0, untaken: [], oldestSeconds: 40 },
      webhook: { pending: 0, failing: 0, refused: 0, untaken: [], oldestSeconds: 0 },
    },
    deadLetters: 0,
    latestDeadLetters: [],
    hub: {
      lastEventAt: ago(100),
      silentMinutes: 1,
      lag: 0,
      gapEvents: 0,
      stuckEvents: 0,
      lostEvents: 0,
      oldestUnfinishedSeconds: 0,
      headroomUsed: 0,
      checkedSecondsAgo: 30,
      partitions: [
        { id: "0", lag: 0, gapEvents: 0 },
        { id: "1", lag: 0, gapEvents: 0 },
      ],
    },
    categories: [
      {
        tenantId: TENANT,
        category: "AuditLogs",
        lastSeenAt: ago(300),
        silentMinutes: 5,
        allowedMinutes: 1_440,
        isSilent: false,
        otherEvents: true,
      },
    ],
    unmatchedOperations: [{ operation: "Add agent to role", lastSeenAt: ago(60) }],
    silence: {
      evaluatedThrough: ago(90),
      completeThrough: ago(90),
      openEvents: 0,
      open: [],
      lostEvents: 0,
      lost: [],
      deadLetters: 0,
      app: [{ version: "1.0.0", from: ago(3_600), until: ago(180) }],
      rules: [{ id: "a", name: "A", version: "1.0.0", plan: "p1", since: ago(3_600), deadLetters: 0, earlier: [] }],
      tenants: [{ id: TENANT, since: ago(3_600), lastRecordAt: ago(300) }],
      delays: {
        since: ago(3_600),
        occurredToHub: { count: 4, medianSeconds: 60, p95Seconds: 120 },
        hubToStored: { count: 3, medianSeconds: 1, p95Seconds: 1 },
      },
    },
  });
});

test.each([
  [1, "1 dead letter waits for a person"],
  [1_000, "1000 or more dead letters wait for a person"],
])("with %i dead letters it is degraded", async (count, what) => {
  const found = await pipelineHealth(
    dependencies({
      deadLetters: {
        waiting: (limit) => Promise.resolve(Array.from({ length: Math.min(count, limit) }, () => LETTER)),
      },
    }),
    RETENTION,
  );
  expect(found).toMatchObject({ status: "degraded", problems: [{ what }], deadLetters: count });
  expect(found.latestDeadLetters).toHaveLength(Math.min(count, 20));
});

test("the latest dead letters are named, with the rules that their reasons blame", async () => {
  const letter = (name: string, minutes: number, reason: string) => ({
    name,
    reason,
    partition: "0",
    sequenceNumber: name,
    enqueuedTime: ago(60 * minutes),
  });
  const failed = 'rule a ("A") failed: too many steps; incident 0f of rule gone cannot be stored';
  const letters = [letter("1", 3, failed), { ...LETTER, name: "2" }, letter("3", 1, "not JSON")];
  const found = await pipelineHealth(
    dependencies({ deadLetters: { waiting: () => Promise.resolve(letters) } }),
    RETENTION,
  );
  expect(found.latestDeadLetters?.map(({ name, rules }) => ({ name, rules }))).toEqual([
    { name: "3", rules: [] },
    { name: "1", rules: ["A", "gone"] },
    { name: "2", rules: [] },
  ]);
});

test("before the first check of the ledger it is degraded, without figures of the hub", async () => {
  const unknown = partition({ checkedAt: "", failure: { at: ago(9), reason: "Event hub: answered 401" } });
  for (const more of [statuses(), statuses(unknown)]) {
    const found = await pipelineHealth(dependencies(more), RETENTION);
    expect(found).toMatchObject({ status: "degraded" });
    expect(found.problems[0]?.what).toBe(
      "the ledger has not been checked yet: whether events are missing is unknown until ledger-timer has run once",
    );
    expect(found).not.toHaveProperty("hub");
  }
});

test("a hub that never had an event is not silent", async () => {
  const { hub } = await pipelineHealth(dependencies(statuses(partition({ lastEnqueuedAt: undefined }))), RETENTION);
  expect(hub).toMatchObject({ lastEventAt: undefined, silentMinutes: undefined });
});

test.each<{ why: string; more: Partial<HealthDependencies>; problem: string }>([
  {
    why: "rows are refused",
    more: logAnalytics({ refused: 1 }),
    problem: "Log Analytics refused 2 rows",
  },
  {
    why: "rows wait for a long time",
    more: logAnalytics({ pending: 1, oldest: ago(901) }),
    problem: "incidents have waited for Log Analytics for 901 s",
  },
  {
    why: "rows fail alone",
    more: logAnalytics({ pending: 1, failing: 1, oldest: ago(5) }),
    problem: "2 rows fail at Log Analytics while it accepts others",
  },
  {
    why: "rows wait a long time for the webhook",
    more: {
      sinks: [
        sink("log-analytics", "Log Analytics"),
        sink("webhook", "the webhook", () => ({ pending: 1, oldest: ago(901) })),
      ],
    },
    problem: "incidents have waited for the webhook for 901 s",
  },
  {
    why: "a log category is silent",
    more: { sightings: { read: () => Promise.resolve([auditLogs(1_441)]) } },
    problem:
      `no AuditLogs for 1441 minutes, although other events arrive (the last arrived at ${ago(86_460)}; 1440 minutes ` +
      "are allowed)",
  },
  {
    why: "events are lost",
    more: statuses(partition({ lostEvents: 2 })),
    problem: "2 events left the hub before being stored",
  },
  {
    why: "half of the retention is used up",
    more: statuses(partition({ lag: 1, oldestUnfinishedAt: ago(1_800) }), partition({ oldestUnfinishedAt: ago(5) })),
    problem: "the oldest event that is not stored has used up 50 % of the hub's retention",
  },
  {
    why: "a timer never ran, though others did",
    more: runs({ "outbox-timer": 50, "ledger-timer": 25, "window-timer": 35, "backup-timer": 1_350 }, 4 * 3_600),
    problem:
      "reconciliation-timer has missed at least 3 runs, the first at 2026-03-04T08:07:00.000Z; no run of it has ended yet",
  },
  {
    why: "a timer has missed its runs",
    more: runs({ ...IN_TIME, "ledger-timer": 420 }),
    problem:
      "ledger-timer has missed at least 3 runs, the first at 2026-03-04T11:53:30.000Z; its last run ended at " +
      "2026-03-04T11:53:00.000Z",
  },
  {
    why: "a partition cannot be checked",
    more: statuses(
      partition(),
      partition({ partitionId: "1", checkedAt: ago(90), failure: { at: ago(30), reason: "Event hub: answered 401" } }),
    ),
    problem: `partition 1 could not be checked at ${ago(30)} (last checked at ${ago(90)}): Event hub: answered 401`,
  },
  {
    why: "an event cannot be stored",
    more: statuses(partition({ stuckEvents: 1, stuck: [{ number: 7, attempts: 4, since: ago(600), reason: "500" }] })),
    problem: `event 7 of partition 0 could not be stored since ${ago(600)} (attempts: 4): 500`,
  },
  {
    why: "stuck events are not narrowed down to single ones yet",
    more: statuses(partition({ stuckEvents: 16 })),
    problem: "16 events could not be stored",
  },
  {
    why: "the platform skipped events",
    more: statuses(partition({ gapEvents: 4 })),
    problem: "4 events that the platform skipped must be read again",
  },
  {
    why: "the ledger does not answer",
    more: { ledger: { statuses: () => Promise.reject(new DependencyError("Table Storage", "https://secret")) } },
    problem: "the ledger table does not answer",
  },
])("a person should look if $why", async ({ more, problem }) => {
  expect(await pipelineHealth(dependencies(more), RETENTION)).toMatchObject({
    status: "degraded",
    problems: [{ what: problem, next: expect.stringMatching(/^[A-Z].*\.$/) }],
  });
});

test("for each sink, over all rules, rows are counted only up to the number that is a problem", async () => {
  const asked: string[] = [];
  const named = (count: number) => Array.from({ length: count }, (_, index) => untaken(`${index}`));
  const full = (name: string) => ({
    name,
    title: name,
    outbox: {
      waiting(ruleId: string, limit = Infinity) {
        asked.push(`${name} ${ruleId} ${limit}`);
        const refused = Math.min(100, limit);
        const pending = Math.min(600, limit) - refused;
        return Promise.resolve({ pending, failing: 0, refused, untaken: named(20), oldest: undefined });
      },
    },
  });
  const ruleIds = () => Promise.resolve(["a", "b", "c"]);
  const found = await pipelineHealth(dependencies({ ruleIds, sinks: [full("one"), full("webhook")] }), RETENTION);
  expect(asked.toSorted()).toEqual(["one a 1000", "one b 400", "webhook a 1000", "webhook b 400"]);
  expect(found).toMatchObject({
    status: "degraded",
    sinks: { one: { pending: 800, refused: 200, untaken: named(20) } },
  });
  expect(found.problems.map(({ what }) => what)).toContain("1000 rows or more are in the outbox for webhook");
});

test("just below half of the retention there is no problem", async () => {
  const found = await pipelineHealth(dependencies(statuses(partition({ oldestUnfinishedAt: ago(1_796) }))), RETENTION);
  expect(found).toMatchObject({ status: "ok", hub: { oldestUnfinishedSeconds: 1_796, headroomUsed: 0.499 } });
});

test("if table or container do not answer, it is down and gives no details", async () => {
  const down = () => Promise.reject(new DependencyError("Table Storage", "https://secret"));
  const found = await pipelineHealth(
    dependencies({
      sinks: [{ ...sink("log-analytics", ""), outbox: { waiting: down } }],
      deadLetters: { waiting: down },
    }),
    RETENTION,
  );
  expect(found).toMatchObject({
    status: "down",
    problems: [
      { what: "the container of dead letters does not answer" },
      { what: "the incident table does not answer" },
    ],
  });
  expect(JSON.stringify(found)).not.toContain("secret");
});

test("a bug is not reported as a dependency that is down", async () => {
  const bug = () => Promise.reject(new TypeError("a bug"));
  await expect(pipelineHealth(dependencies({ deadLetters: { waiting: bug } }), RETENTION)).rejects.toThrow("a bug");
});

test("of many events that cannot be stored, the three oldest are named", async () => {
  const stuck = [1, 2, 3, 4].map((number) => ({ number, attempts: 1, since: ago(number), reason: "500" }));
  const { problems } = await pipelineHealth(
    dependencies(
      statuses(partition({ stuckEvents: 4, stuck }), partition({ partitionId: "1", stuckEvents: 4, stuck })),
    ),
    RETENTION,
  );
  expect(problems.map(({ what }) => what.slice(0, 24))).toEqual([
    "event 4 of partition 0 c",
    "event 4 of partition 1 c",
    "event 3 of partition 0 c",
    "5 more events could not ",
  ]);
});
