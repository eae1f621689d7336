// `pimwatch silence` against storage that an app has written.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../cli/pimwatch.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { type Stack, startStack } from "../../local/stack.ts";
import { tableClient } from "../../src/azure/clients.ts";
import { categorySightingTable } from "../../src/azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "../../src/azure/ledger/evaluation-table.ts";
import { ledgerTable } from "../../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { readConfig } from "../../src/config.ts";
import type { PartitionEvaluation } from "../../src/core/ledger/partition-ledger.ts";
import { INCIDENTS_TABLE, LEDGER_TABLE } from "../../src/storage-names.ts";
import { fakeTerminal } from "./fake-terminal.ts";
import { evaluationOf, partitionStatus } from "../partition-status.ts";

const NOON = Date.UTC(2026, 2, 4, 12);
const at = (minutes: number): string => new Date(NOON + minutes * 60_000).toISOString();
const RULES = [
  { id: "aaaa", name: "Changes to PIM Settings", version: "1.0.4", plan: "p1" },
  { id: "bbbb", name: "PIM alert disabled", version: "1.0.0", plan: "q1" },
];

let stack: Stack;
let app: Awaited<ReturnType<typeof storesOfApp>>;
beforeAll(async () => {
  stack = await startStack({ allowedTenantIds: [TENANT_ID] });
  app = await storesOfApp();
});
afterAll(() => stack.stop());
beforeEach(() => app.check({}));

/** An app that evaluated an event at noon, and a record of its tenant ten minutes later. */
async function storesOfApp() {
  const config = readConfig(stack.settings);
  const noCredential = () => Promise.reject(new Error("not needed"));
  const [incidents, rows] = await Promise.all(
    [INCIDENTS_TABLE, LEDGER_TABLE].map(async (name) =>
      tableRows(await tableClient({ ...config.incidents, credential: noCredential }, name)),
    ),
  );
  if (incidents === undefined || rows === undefined) throw new Error("no tables");
  await Promise.all([incidents.make(), rows.make()]);
  const set = { appVersion: "1.0.5", tenants: [TENANT_ID], rules: RULES };
  await evaluationTable(rows, config.auditEvents).evaluating(set, new Date(NOON));
  const sighting = { tenantId: TENANT_ID, category: "AuditLogs" };
  const minutes = [NOON / 60_000 + 10];
  await categorySightingTable(rows, config.auditEvents, [sighting]).add([{ ...sighting, minutes }]);
  return {
    /** The ledger timer checks the partition half an hour after noon. */
    check: (evaluation: Partial<PartitionEvaluation>) =>
      ledgerTable(rows, config.auditEvents).writeStatus(
        partitionStatus({
          checkedAt: at(30),
          lastEnqueuedAt: at(20),
          evaluation: evaluationOf(at(-60), at(29), evaluation),
        }),
      ),
  };
}

async function silence(...args: readonly string[]) {
  const terminal = fakeTerminal({ ...stack.settings });
  const code = await run(["silence", ...args], terminal);
  return { code, text: terminal.outs.join(""), notes: terminal.notes };
}

test("the overview has each rule and tenant, with code 0 if nothing is missing", async () => {
  const { code, text } = await silence();
  expect(code).toBe(0);
  expect(text.split("\n")).toEqual([
    `evaluated through  ${at(29)}`,
    "not stored yet     0 events",
    "lost               0 events of this hub",
    "set aside          0 dead letters",
    "occurred → hub     unknown: nothing was noted within a day",
    "hub → stored       unknown: nothing was noted within a day",
    `pimwatch           1.0.5, used from ${at(0)} to ${at(2)}`,
    "",
    `aaaa  Changes to PIM Settings  1.0.4 (plan p1) since ${at(0)}`,
    `bbbb  PIM alert disabled  1.0.0 (plan q1) since ${at(0)}`,
    "",
    `tenant ${TENANT_ID}  allowed since ${at(0)}, latest record read ${at(10)}`,
    "",
  ]);
});

test("open events are named, and make the code 1", async () => {
  await app.check({
    openEvents: 3,
    open: [
      { first: 4, last: 5 },
      { first: 8, last: 8 },
    ],
  });
  const { code, text } = await silence();
  expect(code).toBe(1);
  expect(text).toContain("not stored yet     3 events: partition 0, numbers 4 to 5; partition 0, number 8\n");
});

describe("a statement of one rule", () => {
  test.each(["aaaa", "Changes to PIM Settings", "changes", "AA"])("is found by %s", async (rule) => {
    expect(await silence(rule)).toEqual({
      code: 0,
      text: `Rule "Changes to PIM Settings" found nothing in tenant ${TENANT_ID} between ${at(0)} and ${at(29)}. Every event that reached the hub in that time was evaluated by version 1.0.4 (plan p1) in pimwatch 1.0.5.\n`,
      notes: [],
    });
  });

  test("has code 1 if nothing is proven", async () => {
    await app.check({ through: at(0) });
    const { code, text } = await silence("aaaa", "--json");
    expect({ code, ...JSON.parse(text) }).toMatchObject({ code: 1, ruleId: "aaaa", status: "unproven" });
  });

  test.each([
    { args: ["nosuch"], problem: 'No rule that runs has the id or name "nosuch". See: pimwatch silence' },
    { args: ["pim"], problem: 'More than one rule has "pim" in its id or name. Give more of it' },
    { args: ["aaaa", "bbbb"], problem: "Give one RULE, or none for the list. Quote a name with spaces" },
    {
      args: ["--tenant", "11111111-2222-4333-8444-555555555555"],
      problem: "ALLOWED_TENANT_IDS of the app does not name tenant 11111111-2222-4333-8444-555555555555",
    },
    {
      args: ["--settings", "missing.json"],
      problem: "--settings missing.json: no such file or folder. Check the path",
    },
  ])("$problem", async ({ args, problem }) => {
    expect(await silence(...args)).toEqual({ code: 2, text: "", notes: [`pimwatch: ${problem}`] });
  });
});
