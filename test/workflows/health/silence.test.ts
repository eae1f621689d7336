// From events to the statement: the app's own stores over tables in memory.
import { beforeEach, expect, test } from "vitest";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { categorySightingTable } from "../../../src/azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "../../../src/azure/ledger/evaluation-table.ts";
import { ledgerTable } from "../../../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { expectedCategories } from "../../../src/core/ledger/category-sightings.ts";
import { categoryWatch } from "../../../src/core/ledger/category-watch.ts";
import type { WaitingLetter } from "../../../src/core/ledger/proof-of-silence.ts";
import type { DashboardAccess } from "../../../src/core/triage/dashboard-access.ts";
import { handleEvents } from "../../../src/workflows/detection/handle-events.ts";
import { askRoute, connecting, LOCAL } from "../../api/asking.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { eventBody, settingsChange, TENANT } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { memoryStores, memorySuspects, RULE_SET } from "../memory-stores.ts";
import { evaluationOf, partitionStatus } from "../../partition-status.ts";

const HUB = { namespace: "n", hub: "h" };
const OTHER_TENANT = "bbbbbbbb-1111-4222-8333-444444444444";
const RULE_ID = CHANGES_TO_PIM_SETTINGS.id;
const NOON = Date.UTC(2026, 2, 4, 12);
const at = (minutes: number): string => new Date(NOON + minutes * 60_000).toISOString();

let app: Awaited<ReturnType<typeof open>>;
beforeEach(async () => void (app = await open()));

/** An app whose ledger was checked half an hour after noon, and a clock. */
async function open() {
  const [incidentRows, ledgerRows] = [memoryTable().client, memoryTable().client];
  await Promise.all([incidentRows.createTable(), ledgerRows.createTable()]);
  const clock = { now: NOON };
  const now = () => new Date(clock.now);
  const ledger = ledgerTable(tableRows(ledgerRows), HUB);
  const evaluations = evaluationTable(tableRows(ledgerRows), HUB);
  const incidents = incidentTable(tableRows(incidentRows));
  const letters: WaitingLetter[] = [];
  const tenants = [TENANT, OTHER_TENANT];
  const ruleSet = { ...RULE_SET, tenants };
  const sightings = categorySightingTable(tableRows(ledgerRows), HUB, expectedCategories(tenants, ["AuditLogs"]));
  const evaluation = evaluationOf(at(-60), at(29));
  await ledger.writeStatus(partitionStatus({ checkedAt: at(30), lastEnqueuedAt: at(20), evaluation }));
  const deps = {
    ...memoryStores().deps,
    incidents,
    allowedTenantIds: new Set(tenants),
    ledger,
    suspects: memorySuspects().suspects,
    sinks: [],
    categories: categoryWatch(new Set(tenants), ["AuditLogs"]),
    sightings,
    evaluations: { ...evaluations, evaluating: (when: Date) => evaluations.evaluating(ruleSet, when) },
    now,
  };
  return {
    letters,
    /** An event that reaches the hub, and is stored, so many minutes after noon. */
    async event(minutes: number, ...records: ReturnType<typeof settingsChange>[]) {
      clock.now = NOON + minutes * 60_000;
      const position = { partitionId: "0", sequenceNumber: minutes, enqueuedTime: at(minutes) };
      return handleEvents([{ body: eventBody(...records), position }], deps);
    },
    async ask(query = `?rule=${RULE_ID}`, access = LOCAL) {
      const connect = connecting({
        ledger,
        incidents,
        evaluations,
        sightings,
        deadLetters: { waiting: () => Promise.resolve(letters) },
        ruleSet: () => ruleSet,
        now,
      });
      const { status, body } = await askRoute("silence", { query }, { access, connect });
      return { status, body: JSON.parse(String(body)) };
    },
  };
}

const change = (id: string) => settingsChange({}, { id });
/** A record that no rule matches. */
const harmless = (tenant = TENANT) => settingsChange({ operationName: "Add member to group", tenantId: tenant });

test("a rule that found nothing is silent in a tenant whose records came, and unproven in one of which none came", async () => {
  await app.event(0, harmless());
  const { body } = await app.ask();
  const [silent, unseen] = body.statements;
  expect(silent).toMatchObject({
    ruleId: RULE_ID,
    tenant: TENANT,
    status: "complete",
    from: at(0),
    through: at(29),
    incidents: 0,
    exceptions: [],
  });
  expect(silent.sentence).toMatch(/^Rule ".+" found nothing in tenant .+\. Every event .+ in pimwatch 1\.0\.0\.$/);
  expect(unseen).toMatchObject({ tenant: OTHER_TENANT, status: "unproven" });
  expect(unseen.sentence).toContain("no audit record of this tenant was ever read");
});

test("incidents count if their events reached the hub within that time", async () => {
  await app.event(0, harmless(), harmless(OTHER_TENANT));
  await app.event(10, change("PIM_1"));
  await app.event(20, change("PIM_2"));
  await app.event(40, change("PIM_3")); // after the check
  const { body } = await app.ask();
  expect(body.statements).toMatchObject([
    { tenant: TENANT, incidents: 2 },
    { tenant: OTHER_TENANT, incidents: 0, status: "complete" },
  ]);
  expect(body.statements[0].sentence).toContain(`found 2 incidents, the latest in an event of ${at(20)},`);
});

test("a dead letter of that time is an exception", async () => {
  await app.event(0, harmless());
  app.letters.push({ reason: "not JSON", enqueuedTime: at(5) });
  expect((await app.ask(`?rule=${RULE_ID}&tenant=${TENANT}`)).body.statements).toMatchObject([
    { tenant: TENANT, status: "with exceptions", exceptions: ["up to 1 dead letter"] },
  ]);
});

test("before any event was evaluated nothing is proven", async () => {
  const { body } = await app.ask();
  expect(body.statements.map(({ status }: { status: string }) => status)).toEqual(["unproven", "unproven"]);
});

test("an id may be in capital letters", async () => {
  const { status, body } = await app.ask(`?rule=${RULE_ID.toUpperCase()}&tenant=${TENANT.toUpperCase()}`);
  expect({ status, count: body.statements.length }).toEqual({ status: 200, count: 1 });
});

test.each<{ why: string; query: string; access?: DashboardAccess; status: number }>([
  { why: "no rule is named", query: "", status: 400 },
  { why: "a rule without a name is named", query: "?rule=", status: 400 },
  { why: "two rules are named", query: `?rule=${RULE_ID}&rule=x`, status: 400 },
  { why: "there is no such parameter", query: `?rule=${RULE_ID}&colour=red`, status: 400 },
  { why: "no such rule runs", query: "?rule=x", status: 404 },
  { why: "no such tenant is allowed", query: `?rule=${RULE_ID}&tenant=x`, status: 404 },
  { why: "page and API are off", query: `?rule=${RULE_ID}`, access: { kind: "off" }, status: 404 },
  { why: "nobody is signed in", query: `?rule=${RULE_ID}`, access: { kind: "entra", clientId: "c" }, status: 401 },
])("it is refused if $why: $status", async ({ query, access, status }) => {
  expect((await app.ask(query, access)).status).toBe(status);
});
