import { readFileSync } from "node:fs";
import { auditHub } from "./azure/audit-hub.ts";
import {
  containerClient,
  type Credential,
  hubConsumer,
  ingestionClient,
  managedIdentity,
  tableClient,
} from "./azure/clients.ts";
import type { DeadLetter } from "./azure/dead-letters.ts";
import { incidentChanges } from "./azure/incidents/incident-changes.ts";
import { incidentLists } from "./azure/incidents/incident-lists.ts";
import { incidentPages } from "./azure/incidents/incident-pages.ts";
import { incidentOutbox } from "./azure/incidents/incident-outbox.ts";
import { incidentTable } from "./azure/incidents/incident-table.ts";
import { ruleIds } from "./azure/incidents/rule-ids.ts";
import { categorySightingTable } from "./azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "./azure/ledger/evaluation-table.ts";
import { ledgerTable } from "./azure/ledger/ledger-table.ts";
import { sinkAcceptances } from "./azure/ledger/sink-acceptances.ts";
import { unmatchedOperationTable } from "./azure/ledger/unmatched-operation-table.ts";
import { suspectTable } from "./azure/ledger/suspect-table.ts";
import { tableRows } from "./azure/tables/table-rows.ts";
import { timerTable } from "./azure/ledger/timer-table.ts";
import { webhook } from "./azure/sinks/webhook.ts";
import { type Config, readConfig } from "./config.ts";
import { unmatchedOperations } from "./core/entra-lists/unmatched-operations.ts";
import { readyRule } from "./core/incident/ready-rule.ts";
import type { Rule } from "./core/incident/rule.ts";
import { expectedCategories } from "./core/ledger/category-sightings.ts";
import { categoryWatch } from "./core/ledger/category-watch.ts";
import { type RuleSet, ruleSetOf } from "./core/ledger/evaluations.ts";
import { ruleScan } from "./core/scan/rule-scan.ts";
import { skippedSample } from "./core/scan/skipped-sample.ts";
import { BACKUPS_CONTAINER, DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE, LEDGER_TABLE } from "./storage-names.ts";
import { VERSION } from "./version.ts";
import type { HubEvent } from "./workflows/detection/detect-batch.ts";
import { openSinks, type Senders } from "./workflows/delivery/sink.ts";

export type Services = Awaited<ReturnType<typeof connect>>;

let connected: Promise<Services> | undefined;

/**
 * The app's services, made at the first invocation that needs them and then kept. At load the app reads no setting and
 * makes no connection, so that the host can always index the functions.
 *
 * @throws {SettingsError} at each call until the settings are right
 */
export async function services(): Promise<Services> {
  connected ??= connect(readConfig(process.env));
  try {
    return await connected;
  } catch (error) {
    connected = undefined; // the next call tries again
    throw error;
  }
}

/** The compiled rules, from `rules.json` beside the bundle. */
function readRules(): readonly Rule[] {
  const rules: Rule[] = JSON.parse(readFileSync(new URL("./rules.json", import.meta.url), "utf8"));
  return rules;
}

async function connect(config: Config) {
  const known = readRules();
  const rules = known.filter(({ disabled }) => disabled !== true).map(readyRule);
  const { scan, summary } = config.scansEvents
    ? ruleScan(rules.map(({ rule }) => rule))
    : { scan: undefined, summary: "scan off: SCAN_EVENTS is false" };
  const credential = lazily(() => managedIdentity(config.identityClientId));
  const incidentRows = tableRows(await tableClient({ ...config.incidents, credential }, INCIDENTS_TABLE));
  // Most batches do not need these SDKs, so they are loaded when first needed.
  const letters = lazily(() => openDeadLetters(config, credential));
  const backup = lazily(() => openBackup(config, credential));
  const ingestion = lazily(() => openIngestion(config, credential));
  const senders: Senders = {
    "log-analytics": async (pack, timeoutMs) => (await ingestion()).send(pack, timeoutMs),
    webhook: config.webhook && webhook(fetch, config.webhook).send,
  };
  const incidents = incidentTable(incidentRows, config.sinks);
  const ledgerRows = tableRows(await tableClient({ ...config.incidents, credential }, LEDGER_TABLE));
  const ledger = ledgerTable(ledgerRows, config.auditEvents);
  const isSampled = skippedSample();
  const categories = categoryWatch(config.allowedTenantIds, config.expectedLogCategories);
  const expected = expectedCategories(config.allowedTenantIds, config.expectedLogCategories);
  const evaluations = evaluationTable(ledgerRows, config.auditEvents);
  let running: RuleSet | undefined;
  // Made when first needed, since it takes a hash of each plan.
  const ruleSet = () =>
    (running ??= ruleSetOf(
      VERSION,
      rules.map(({ rule }) => rule),
      config.allowedTenantIds,
    ));
  const sinks = openSinks(senders, {
    outboxOf: (sink) => incidentOutbox(incidentRows, sink),
    incidents,
    acceptances: sinkAcceptances(ledgerRows),
    firstBackOffMs: config.outboxMinimumAgeSeconds * 1_000,
    now: Date.now,
  });
  // In Azure, Bicep creates the tables, and the app has no right to.
  if (config.incidents.kind === "connectionString") await Promise.all([incidents.create(), ledger.create()]);
  return {
    config,
    allowedTenantIds: config.allowedTenantIds,
    tenantNames: config.tenantNames,
    rules,
    scan,
    categories,
    sightings: categorySightingTable(ledgerRows, config.auditEvents, expected),
    looksInto: (event: HubEvent, arrivedAt: string) =>
      isSampled(event.position, arrivedAt) || categories.mayHold(event.body, arrivedAt),
    evaluations: {
      evaluating: (at: Date) => evaluations.evaluating(ruleSet(), at),
      addDelays: evaluations.addDelays,
      read: evaluations.read,
    },
    /** The rules that this app runs. */
    ruleSet,
    unmatchedOperation: unmatchedOperations(rules),
    operations: unmatchedOperationTable(ledgerRows),
    /** The literals of the scan, or why the scan is off. */
    scanSummary: summary,
    ruleIds: ruleIds(incidentRows, { running: known.map(({ id }) => id) }),
    incidents,
    pages: incidentPages(incidentRows),
    changes: incidentChanges(incidentRows, config.sinks),
    portals: config.portals,
    guideOf: (ruleId: string) => known.find(({ id }) => id === ruleId)?.guide,
    sinks,
    deadLetters: {
      add: async (letter: DeadLetter) => (await letters()).add(letter),
      waiting: async (limit: number) => (await letters()).waiting(limit),
    },
    lists: incidentLists(incidentRows),
    /** Goes on with the export of the incident table, if it is due. */
    async backUp() {
      const { backUp, backups } = await backup();
      return backUp({ table: incidentRows, backups, now: Date.now });
    },
    ledger,
    suspects: suspectTable(ledgerRows),
    timers: timerTable(ledgerRows, config.auditEvents),
    /** A new client that reads ranges of the hub again. The caller closes it. */
    async openAuditHub() {
      const { endpoint, hub, healerConsumerGroup } = config.auditEvents;
      return auditHub(await hubConsumer({ ...endpoint, credential }, hub, healerConsumerGroup));
    },
    now: () => new Date(),
  };
}

/** Makes a thing at the first call and keeps it. If that fails, the next call tries again. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => {
    made ??= make();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
}

async function openDeadLetters(config: Config, credential: Credential) {
  const { deadLetters } = await import("./azure/dead-letters.ts");
  const letters = deadLetters(await containerClient({ ...config.deadLetters, credential }, DEAD_LETTERS_CONTAINER));
  // In Azure, Bicep creates the container.
  if (config.deadLetters.kind === "connectionString") await letters.create();
  return letters;
}

async function openBackup(config: Config, credential: Credential) {
  const { backUp } = await import("./azure/backup/back-up.ts");
  const { backupsIn } = await import("./azure/backup/backups.ts");
  const backups = backupsIn(await containerClient({ ...config.backups, credential }, BACKUPS_CONTAINER));
  // In Azure, Bicep creates the container.
  if (config.backups.kind === "connectionString") await backups.create();
  return { backUp, backups };
}

async function openIngestion({ logsIngestion: destination }: Config, credential: Credential) {
  const { logsIngestion } = await import("./azure/sinks/logs-ingestion.ts");
  return logsIngestion(await ingestionClient(destination, credential), destination);
}
