import { auditHub, type HubClient } from "./azure/audit-hub.ts";
import type { BackupContainer } from "./azure/backup/backups.ts";
import type { Container, DeadLetter } from "./azure/dead-letters.ts";
import { incidentChanges } from "./azure/incidents/incident-changes.ts";
import { incidentLists } from "./azure/incidents/incident-lists.ts";
import { incidentPages } from "./azure/incidents/incident-pages.ts";
import { incidentOutbox } from "./azure/incidents/incident-outbox.ts";
import { incidentTable } from "./azure/incidents/incident-table.ts";
import { ruleIds } from "./azure/incidents/rule-ids.ts";
import { categorySightingTable } from "./azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "./azure/ledger/evaluation-table.ts";
import { keptTable } from "./azure/windows/kept-table.ts";
import { ledgerTable } from "./azure/ledger/ledger-table.ts";
import { sinkAcceptances } from "./azure/ledger/sink-acceptances.ts";
import { unmatchedOperationTable } from "./azure/ledger/unmatched-operation-table.ts";
import { suspectTable, type WorkerProcess } from "./azure/ledger/suspect-table.ts";
import { type TableAccess, tableRows } from "./azure/tables/table-rows.ts";
import { timerTable } from "./azure/ledger/timer-table.ts";
import type { Ingestion } from "./azure/sinks/logs-ingestion.ts";
import { type Request, webhook } from "./azure/sinks/webhook.ts";
import type { Config } from "./config.ts";
import { unmatchedOperations } from "./core/entra-lists/unmatched-operations.ts";
import { readyRule } from "./core/incident/ready-rule.ts";
import { hasWindow, type Rule } from "./core/incident/rule.ts";
import { expectedCategories } from "./core/ledger/category-sightings.ts";
import { categoryWatch } from "./core/ledger/category-watch.ts";
import { type RuleSet, ruleSetOf } from "./core/ledger/evaluations.ts";
import { ruleScan } from "./core/scan/rule-scan.ts";
import { skippedSample } from "./core/scan/skipped-sample.ts";
import { CALL_TIMEOUT_MS } from "./core/timing.ts";
import type { Machine } from "./machine.ts";
import { INCIDENTS_TABLE, KEPT_TABLE, LEDGER_TABLE } from "./storage-names.ts";
import { VERSION } from "./version.ts";
import type { HubEvent } from "./workflows/detection/detect-batch.ts";
import { openSinks, type Senders } from "./workflows/delivery/sink.ts";

export type Services = Awaited<ReturnType<typeof wire>>;

/** Everything outside the app: the machine, and a client for each service. */
export interface Outside {
  readonly machine: Machine;
  /** Identifies this worker process. */
  readonly worker: WorkerProcess;
  table(name: string): Promise<TableAccess>;
  /** The client that reads the hub again. The caller closes it. */
  hub(): Promise<HubClient>;
  deadLetters(): Promise<Container>;
  backups(): Promise<BackupContainer>;
  ingestion(): Promise<Ingestion>;
  readonly post: Request;
}

/**
 * Wires the app: each service gets its client and the machine, each workflow what it needs.
 *
 * @param known all compiled rules, switched off or not
 */
export async function wire(config: Config, known: readonly Rule[], outside: Outside) {
  const { machine } = outside;
  const rules = known.filter(({ disabled }) => disabled !== true).map(readyRule);
  const { scan, summary } = config.scansEvents
    ? ruleScan(rules.map(({ rule }) => rule))
    : { scan: undefined, summary: "scan off: SCAN_EVENTS is false" };
  const rowsOf = async (table: string) => tableRows(await outside.table(table), CALL_TIMEOUT_MS, machine);
  const incidentRows = await rowsOf(INCIDENTS_TABLE);
  // Most batches do not need these SDKs, so they are loaded when first needed.
  const letters = lazily(() => openDeadLetters(config, outside));
  const backup = lazily(() => openBackup(config, outside));
  const ingestion = lazily(() => openIngestion(config, outside));
  const senders: Senders = {
    "log-analytics": async (pack, timeoutMs) => (await ingestion()).send(pack, timeoutMs),
    webhook: config.webhook && webhook(outside.post, config.webhook, machine).send,
  };
  const incidents = incidentTable(incidentRows, config.sinks);
  const ledgerRows = await rowsOf(LEDGER_TABLE);
  const ledger = ledgerTable(ledgerRows, config.auditEvents);
  const kept = keptTable(await rowsOf(KEPT_TABLE), machine);
  const isSampled = skippedSample();
  const categories = categoryWatch(config.allowedTenantIds, config.expectedLogCategories);
  const expected = expectedCategories(config.allowedTenantIds, config.expectedLogCategories);
  const evaluations = evaluationTable(ledgerRows, config.auditEvents);
  let running: RuleSet | undefined;
  // Made when first needed, since it takes a hash of each plan.
  const ruleSet = () =>
    (running ??= ruleSetOf(
      VERSION,
      // A rule over several events finds nothing until its next instant, so no statement about events holds for it.
      rules.map(({ rule }) => rule).filter((rule) => !hasWindow(rule)),
      config.allowedTenantIds,
    ));
  const sinks = openSinks(senders, {
    outboxOf: (sink) => incidentOutbox(incidentRows, sink),
    incidents,
    acceptances: sinkAcceptances(ledgerRows),
    firstBackOffMs: config.outboxMinimumAgeSeconds * 1_000,
    now: machine.now,
  });
  // In Azure, Bicep creates the tables, and the app has no right to.
  if (config.incidents.kind === "connectionString")
    await Promise.all([incidents.create(), ledger.create(), kept.create()]);
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
    ruleIds: ruleIds(incidentRows, { running: known.map(({ id }) => id), now: machine.now }),
    incidents,
    pages: incidentPages(incidentRows),
    changes: incidentChanges(incidentRows, config.sinks, machine),
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
      return backUp({ table: incidentRows, backups, now: machine.now });
    },
    ledger,
    kept,
    suspects: suspectTable(ledgerRows, { self: outside.worker, now: machine.now }),
    timers: timerTable(ledgerRows, config.auditEvents),
    /** A new client that reads ranges of the hub again. The caller closes it. */
    openAuditHub: async () => auditHub(await outside.hub(), CALL_TIMEOUT_MS, machine),
    machine,
    now: () => new Date(machine.now()),
  };
}

/** Makes a thing at the first call and keeps it. If that fails, the next call tries again. */
export function lazily<T>(make: () => Promise<T>): () => Promise<T> {
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

async function openDeadLetters(config: Config, outside: Outside) {
  const { deadLetters } = await import("./azure/dead-letters.ts");
  const letters = deadLetters(await outside.deadLetters(), CALL_TIMEOUT_MS, outside.machine);
  // In Azure, Bicep creates the container.
  if (config.deadLetters.kind === "connectionString") await letters.create();
  return letters;
}

async function openBackup(config: Config, outside: Outside) {
  const { backUp } = await import("./azure/backup/back-up.ts");
  const { backupsIn } = await import("./azure/backup/backups.ts");
  const backups = backupsIn(await outside.backups(), CALL_TIMEOUT_MS, outside.machine);
  // In Azure, Bicep creates the container.
  if (config.backups.kind === "connectionString") await backups.create();
  return { backUp, backups };
}

async function openIngestion({ logsIngestion: destination }: Config, outside: Outside) {
  const { logsIngestion } = await import("./azure/sinks/logs-ingestion.ts");
  return logsIngestion(await outside.ingestion(), destination, outside.machine);
}
