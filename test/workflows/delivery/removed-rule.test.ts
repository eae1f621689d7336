// A rule was removed, renamed or switched off: none of its earlier incidents is lost.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentChanges } from "../../../src/azure/incidents/incident-changes.ts";
import { incidentLists } from "../../../src/azure/incidents/incident-lists.ts";
import { incidentOutbox } from "../../../src/azure/incidents/incident-outbox.ts";
import { incidentPages } from "../../../src/azure/incidents/incident-pages.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { ruleIds } from "../../../src/azure/incidents/rule-ids.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { AZURE_CLOUDS } from "../../../src/core/azure-clouds.ts";
import { valueText } from "../../../src/core/value-text.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import { pipelineHealth } from "../../../src/workflows/health/pipeline-health.ts";
import type { Send } from "../../../src/core/incident/sinks.ts";
import { openSinks } from "../../../src/workflows/delivery/sink.ts";
import { reconcile } from "../../../src/workflows/delivery/reconcile.ts";
import { sweepOutbox } from "../../../src/workflows/delivery/sweep-outbox.ts";
import { openTable } from "../../azure/tables/open-table.ts";
import { memoryEvaluations, RULE_SET } from "../memory-stores.ts";
import { ofRule, RULE_ID, storedIncident } from "../../stored-incident.ts";
import type { RouteName } from "../../../src/api/routes.ts";
import { askRoute, connecting } from "../../api/asking.ts";

const REMOVED = "11111111-2222-4333-8444-555555555555";
const QUEUED = Date.parse("2026-03-04T09:12:46.000Z");
const LATER = new Date("2100-01-01");

let azurite: Azurite;
let app: Awaited<ReturnType<typeof open>>;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());
beforeEach(async () => void (app = await open()));

const kept = storedIncident("kept");
const orphans = ["a", "b"].map((name) => ofRule(REMOVED, storedIncident(name)));
const idOf = ({ row }: { readonly row: IncidentRow }) => valueText(row["IncidentId"]);
const ALL_IDS = [kept, ...orphans].map(idOf).toSorted();

/** An app that runs one rule, on a table with two incidents of another. */
async function open() {
  const { client } = await openTable(azurite.connectionString);
  const incidents = incidentTable(tableRows(client), ["log-analytics", "webhook"]);
  await incidents.addAll([kept, ...orphans]);
  const forwarded: string[] = [];
  const told: string[] = [];
  const sendTo =
    (taken: string[]): Send =>
    (rows) => {
      taken.push(...rows.map((row) => idOf({ row })));
      return Promise.resolve({ outcome: "accepted" });
    };
  return {
    client,
    forwarded,
    told,
    incidents,
    ruleIds: ruleIds(tableRows(client), { running: [RULE_ID] }),
    lists: incidentLists(tableRows(client)),
    pages: incidentPages(tableRows(client)),
    changes: incidentChanges(tableRows(client)),
    portals: AZURE_CLOUDS.AzureCloud.portals,
    guideOf: () => undefined,
    sinks: openSinks(
      { "log-analytics": sendTo(forwarded), webhook: sendTo(told) },
      {
        outboxOf: (sink) => incidentOutbox(tableRows(client), sink),
        incidents,
        acceptances: { latest: () => Promise.resolve(undefined), note: () => Promise.resolve() },
        firstBackOffMs: 60_000,
        now: () => QUEUED + 90_000,
      },
    ),
    deadLetters: { waiting: () => Promise.resolve([]) },
    evaluations: memoryEvaluations(),
    ruleSet: () => RULE_SET,
    ledger: { statuses: () => Promise.resolve([]) },
    sightings: { read: () => Promise.resolve([]) },
    operations: { seen: () => Promise.resolve([]) },
    timers: { runs: () => Promise.resolve({ firstAt: undefined, latestAt: {} }) },
    now: () => new Date(QUEUED + 90_000),
  };
}

const SCHEDULES = {
  "outbox-timer": "* * * * *",
  "ledger-timer": "* * * * *",
  "reconciliation-timer": "* * * * *",
  "window-timer": "* * * * *",
  "backup-timer": "* * * * *",
};

async function ask(name: RouteName, { id, query = "" }: { id?: string; query?: string }) {
  const params = id === undefined ? {} : { id };
  const { status, body } = await askRoute(name, { query, params }, { connect: connecting(app) });
  return { status, body: JSON.parse(String(body)) };
}

test("the sweep sends its rows to Log Analytics and to the webhook", async () => {
  const { figures, errors } = await sweepOutbox(app, LATER);
  expect({ figures, errors }).toMatchObject({
    figures: { sinks: { "log-analytics": { forwarded: 3 }, webhook: { forwarded: 3 } } },
    errors: [],
  });
  expect([app.forwarded.toSorted(), app.told.toSorted()]).toEqual([ALL_IDS, ALL_IDS]);
});

test("the sweep reads the rule ids afresh, so it includes a rule that came a moment ago", async () => {
  await app.ruleIds();
  await app.incidents.addAll([ofRule("another", storedIncident("c"))]);
  expect((await sweepOutbox(app, LATER)).figures).toMatchObject({
    sinks: { "log-analytics": { forwarded: 4 }, webhook: { forwarded: 4 } },
  });
});

test("reconciliation counts its incidents and queues rows again that left the outbox unacknowledged", async () => {
  const [lost] = orphans.map(idOf);
  await app.client.deleteEntity(REMOVED, `outbox|log-analytics|${lost}|1`);
  expect(await reconcile(app)).toMatchObject({ figures: { incidents: 3, waiting: 2, requeued: 1 }, errors: [] });
  expect(await app.incidents.waiting(REMOVED)).toMatchObject({ pending: 2, refused: 0 });
});

test("the health check counts its rows and their age", async () => {
  await app.incidents.markForwarded(kept.row);
  expect(await pipelineHealth(app, { retentionHours: 24, schedules: SCHEDULES })).toMatchObject({
    sinks: {
      "log-analytics": { pending: 2, refused: 0, oldestSeconds: 90 },
      webhook: { pending: 3, refused: 0 },
    },
  });
});

test("a list and a summary show its incidents, each with the rule's name", async () => {
  const { body } = await ask("incidents-list", { query: "?order=newest" });
  expect(body.incidents.map(({ IncidentId }: IncidentRow) => valueText(IncidentId)).toSorted()).toEqual(ALL_IDS);
  expect(body.incidents.map(({ RuleName }: IncidentRow) => RuleName)).toEqual(
    Array.from({ length: 3 }, () => "Changes to PIM Settings"),
  );
  expect((await ask("incidents-summary", {})).body).toMatchObject({ total: 3, complete: true });
});

test("its incidents are found by id, without a guide, in a burst with those of other rules", async () => {
  for (const id of orphans.map(idOf))
    expect(await ask("incidents-show", { id })).toMatchObject({
      status: 200,
      body: { incident: { IncidentId: id, RuleId: REMOVED }, guide: null, burst: { count: 3, complete: true } },
    });
});
