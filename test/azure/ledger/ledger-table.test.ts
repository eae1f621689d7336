import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import fc from "fast-check";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { type LedgerTable, ledgerTable } from "../../../src/azure/ledger/ledger-table.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { assessLedger, type FinishedRun, type LedgerChanges } from "../../../src/core/ledger/partition-ledger.ts";
import { DependencyError } from "../../../src/errors.ts";
import { type Fault, startFaultProxy } from "../../fault-proxy.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const HUB = { namespace: "pimwatch.servicebus.windows.net", hub: "Insights-Logs_AuditLogs.1" };
const TIME = Date.UTC(2026, 2, 4);

function run(first: number, last: number, more: Partial<FinishedRun> = {}): FinishedRun {
  return { first, last, enqueuedAt: TIME + first, finishedAt: TIME + 500, latestAt: TIME + 900, ...more };
}

/** Changes that affect only these kinds of rows. */
function changes(some: {
  written?: Partial<LedgerChanges["written"]>;
  obsolete?: Partial<LedgerChanges["obsolete"]>;
}): LedgerChanges {
  return {
    written: { runs: [], lost: [], ...some.written },
    obsolete: { runs: [], lost: [], stuck: [], attempts: [], ...some.obsolete },
  };
}

async function open(timeoutMs?: number) {
  const name = `t${randomUUID().replaceAll("-", "")}`;
  const connect = (connectionString: string) =>
    TableClient.fromConnectionString(connectionString, name, {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 3, retryDelayInMs: 1, maxRetryDelayInMs: 5 },
      additionalPolicies: [answersOfTheTableService],
    });
  const direct = ledgerTable(tableRows(connect(azurite.connectionString)), HUB);
  await direct.create();
  const { origin } = new URL(azurite.tableEndpoint);
  const proxy = await startFaultProxy(origin);
  onTestFinished(() => proxy.close().catch(() => undefined));
  const behind = connect(azurite.connectionString.replaceAll(origin, proxy.origin));
  const another = (hub: typeof HUB) => ledgerTable(tableRows(connect(azurite.connectionString)), hub);
  return { direct, proxy, ledger: ledgerTable(tableRows(behind, timeoutMs), HUB), another };
}

test("each kind of row is read back separately", async () => {
  const { direct } = await open();
  const base = { hubCreatedAt: TIME, first: 3, seenAt: TIME + 7 };
  const lost = { first: 10, last: 12, hubCreatedAt: TIME, lostAt: TIME + 3 };
  const times = { since: TIME + 1, lastTriedAt: TIME + 2 };
  const stuck = { first: 7, last: 8, hubCreatedAt: TIME, attempts: 2, ...times, reason: "Table Storage: 500" };
  await direct.finished("0", run(0, 4));
  await direct.finished("0", run(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, { enqueuedAt: 0 }));
  await direct.begin("0", base);
  await direct.lost("0", lost);
  await direct.stuck("0", { ...stuck, attempts: 1, reason: "before" });
  await direct.stuck("0", stuck);
  await direct.beginAttempt("0", 5);

  expect(await direct.read("0")).toEqual({
    runs: [run(0, 4), run(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, { enqueuedAt: 0 })],
    lost: [lost],
    stuck: [stuck],
    bases: [base],
    attempts: [5],
  });
});

test("a note written twice is there once, with its first content", async () => {
  const { direct } = await open();
  for (const finishedAt of [TIME, TIME + 1]) await direct.finished("0", run(0, 4, { finishedAt }));
  for (const first of [3, 9]) await direct.begin("0", { hubCreatedAt: TIME, first, seenAt: TIME });
  expect(await direct.read("0")).toMatchObject({ runs: [{ finishedAt: TIME }], bases: [{ first: 3 }] });
});

test("partitions and hubs of the same name in other namespaces have nothing in common", async () => {
  const { direct, another } = await open();
  await direct.finished("1", run(0, 4));
  await another({ ...HUB, namespace: "other.servicebus.windows.net" }).finished("0", run(0, 4));
  await another({ ...HUB, hub: "other" }).finished("0", run(0, 4));
  expect((await direct.read("0")).runs).toEqual([]);
});

test("more rows than a page holds are read and replaced", async () => {
  const { direct } = await open();
  const runs = Array.from({ length: 1_050 }, (_, index) => run(index * 2, index * 2));
  await Promise.all(runs.map((one) => direct.finished("0", one)));
  expect((await direct.read("0")).runs).toEqual(runs);
  await direct.replace("0", changes({ written: { runs: [run(0, 2_100)] }, obsolete: { runs } }));
  expect((await direct.read("0")).runs).toEqual([run(0, 2_100)]);
});

test("attempts are counted until they are ended", async () => {
  const { direct } = await open();
  expect([await direct.beginAttempt("0", 5), await direct.beginAttempt("0", 5)]).toEqual([0, 1]);
  expect(await direct.beginAttempt("0", 6)).toBe(0);
  await direct.endAttempt("0", 5);
  await direct.endAttempt("0", 5);
  expect(await direct.beginAttempt("0", 5)).toBe(0);
});

test("each partition has its latest status", async () => {
  const { direct, another } = await open();
  const status = {
    partitionId: "0",
    checkedAt: "2026-03-04T00:00:00.000Z",
    lag: 5,
    gapEvents: 2,
    stuckEvents: 1,
    stuck: [{ number: 5, attempts: 2, since: "2026-03-03T00:00:00.000Z", reason: "Table Storage: 500" }],
    lostEvents: 0,
    failure: undefined,
    oldestUnfinishedAt: "2026-03-03T00:00:00.000Z",
    lastEnqueuedAt: undefined,
    evaluation: {
      since: "2026-03-01T00:00:00.000Z",
      through: "2026-03-03T23:59:00.000Z",
      openEvents: 2,
      open: [{ first: 5, last: 6 }],
      lost: [{ first: 1, last: 1, before: "" }],
    },
  };
  await direct.writeStatus({ ...status, lag: 9 });
  await direct.writeStatus(status);
  const older = { ...status, partitionId: "1", oldestUnfinishedAt: undefined, evaluation: undefined };
  await direct.writeStatus(older);
  await another({ ...HUB, hub: "other" }).writeStatus(status);
  expect(await direct.statuses()).toEqual([status, older]);
});

test("a failed check is shown beside the result of the last good one, until the next good one", async () => {
  const { direct } = await open();
  const status = {
    partitionId: "0",
    checkedAt: "2026-03-04T00:00:00.000Z",
    lag: 5,
    gapEvents: 2,
    stuckEvents: 0,
    stuck: [],
    lostEvents: 1,
    oldestUnfinishedAt: undefined,
    lastEnqueuedAt: undefined,
    evaluation: undefined,
    failure: undefined,
  };
  const failure = { at: "2026-03-04T00:01:00.000Z", reason: "Event hub: did not answer within 20 s" };
  await direct.writeStatus(status);
  for (const id of ["0", "1"]) await direct.writeFailure(id, failure);
  const never = { ...status, partitionId: "1", checkedAt: "", lag: 0, gapEvents: 0, lostEvents: 0, failure };
  expect(await direct.statuses()).toEqual([{ ...status, failure }, never]);

  await direct.writeStatus(status);
  await direct.forgetStatuses(["0", "2"]);
  expect(await direct.statuses()).toEqual([status]);
});

test("rows of lost events, stuck events and attempts are removed when they are replaced", async () => {
  const { direct } = await open();
  const range = (first: number, last: number) => ({ first, last, hubCreatedAt: TIME, lostAt: TIME });
  const stuck = { ...range(7, 8), attempts: 0, since: TIME, lastTriedAt: TIME, reason: "" };
  for (const part of [range(0, 3), range(4, 5)]) await direct.lost("0", part);
  await direct.stuck("0", stuck);
  await direct.beginAttempt("0", 5);
  await direct.replace(
    "0",
    changes({
      written: { lost: [range(0, 5)] },
      obsolete: { lost: [range(0, 3), range(4, 5)], stuck: [stuck], attempts: [5] },
    }),
  );
  expect(await direct.read("0")).toEqual({ runs: [], lost: [range(0, 5)], stuck: [], bases: [], attempts: [] });
});

const CALLS: readonly { name: string; call: (ledger: LedgerTable) => Promise<unknown> }[] = [
  { name: "finished", call: (ledger) => ledger.finished("0", run(5, 9)) },
  { name: "read", call: (ledger) => ledger.read("0") },
  { name: "begin", call: (ledger) => ledger.begin("0", { hubCreatedAt: TIME, first: 0, seenAt: TIME }) },
  { name: "lost", call: (ledger) => ledger.lost("0", { first: 1, last: 2, hubCreatedAt: TIME, lostAt: TIME }) },
  {
    name: "replace",
    call: (ledger) => ledger.replace("0", changes({ written: { runs: [run(0, 9)] }, obsolete: { runs: [run(0, 4)] } })),
  },
  { name: "beginAttempt", call: (ledger) => ledger.beginAttempt("0", 1) },
  {
    name: "stuck",
    call: (ledger) =>
      ledger.stuck("0", {
        first: 1,
        last: 1,
        hubCreatedAt: TIME,
        attempts: 1,
        since: TIME,
        lastTriedAt: TIME,
        reason: "",
      }),
  },
  { name: "writeFailure", call: (ledger) => ledger.writeFailure("0", { at: "", reason: "" }) },
  { name: "forgetStatuses", call: (ledger) => ledger.forgetStatuses([]) },
  { name: "endAttempt", call: (ledger) => ledger.endAttempt("0", 1) },
  { name: "statuses", call: (ledger) => ledger.statuses() },
];

test.each(CALLS)("$name ends in time if nothing answers", async ({ call }) => {
  const { ledger, proxy } = await open(300);
  proxy.failAll({ kind: "hang" });
  await expect(call(ledger)).rejects.toThrow("did not answer within 0.3 s");
});

test.each(CALLS)("$name throws if a page is the answer: it never reads as an empty ledger", async ({ call }) => {
  const { ledger, direct, proxy } = await open();
  await direct.finished("0", run(0, 4));
  const page = (status: number): Fault => ({
    kind: "answer",
    status,
    headers: { "content-type": "text/html" },
    body: "<html>",
  });
  for (const status of [200, 404, 409]) {
    proxy.failAll(page(status));
    await expect(call(ledger)).rejects.toThrow(Error);
  }
  proxy.restore();
  expect((await direct.read("0")).runs).toEqual([run(0, 4)]);
});

test("a failure to write a run is a DependencyError, whatever the SDK calls it", async () => {
  const { ledger, proxy } = await open();
  proxy.failAll({ kind: "answer", status: 403 });
  await expect(ledger.finished("0", run(0, 4))).rejects.toBeInstanceOf(DependencyError);
  proxy.failAll({ kind: "cut" });
  await expect(ledger.finished("0", run(0, 4))).rejects.toBeInstanceOf(DependencyError);
});

test("a run whose answer is lost is written; the second try finds its own row", async () => {
  const { ledger, direct, proxy } = await open();
  proxy.failNext({ kind: "cut", effect: true });
  await ledger.finished("0", run(0, 4));
  expect((await direct.read("0")).runs).toEqual([run(0, 4)]);
});

test("a compaction that stops anywhere loses nothing", async () => {
  const state = { hubCreatedAt: TIME, first: 0, last: 99, lastEnqueuedAt: TIME };
  const patience = { graceMs: 0, stallMs: 0, now: TIME + 10_000 };
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat({ max: 30 }), { minLength: 1, maxLength: 12 }),
      fc.nat({ max: 15 }),
      async (numbers, survives) => {
        const { ledger, direct, proxy } = await open();
        await direct.begin("0", { hubCreatedAt: TIME, first: 0, seenAt: TIME });
        for (const number of numbers) await direct.finished("0", run(number, number));
        const found = assessLedger(await direct.read("0"), state, patience);
        const before = proxy.requests();
        const broken: Fault = { kind: "answer", status: 403 };
        const watch = setInterval(() => proxy.requests() - before >= survives && proxy.failAll(broken), 1);
        await ledger.replace("0", found.changes).catch(() => undefined);
        clearInterval(watch);
        expect(assessLedger(await direct.read("0"), state, patience).finished).toEqual(found.finished);
      },
    ),
    { numRuns: 15 },
  );
});
