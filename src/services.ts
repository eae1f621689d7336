import { readFileSync } from "node:fs";
import { TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { ContainerClient } from "@azure/storage-blob";
import { acknowledgements } from "./azure/incidents/acknowledgements.ts";
import { type AuditHub, auditHub } from "./azure/audit-hub.ts";
import { RETRIES } from "./azure/calls.ts";
import type { DeadLetter } from "./azure/dead-letters.ts";
import { incidentChanges } from "./azure/incidents/incident-changes.ts";
import { incidentLists } from "./azure/incidents/incident-lists.ts";
import { incidentPages } from "./azure/incidents/incident-pages.ts";
import { incidentOutbox } from "./azure/incidents/incident-outbox.ts";
import { incidentTable } from "./azure/incidents/incident-table.ts";
import { ruleIds } from "./azure/incidents/rule-ids.ts";
import { ledgerTable } from "./azure/ledger/ledger-table.ts";
import { sinkAcceptances } from "./azure/ledger/sink-acceptances.ts";
import { suspectTable } from "./azure/ledger/suspect-table.ts";
import { answersOfTheTableService } from "./azure/tables/table-answers.ts";
import { timerTable } from "./azure/ledger/timer-table.ts";
import { webhook } from "./azure/sinks/webhook.ts";
import { type Config, readConfig } from "./config.ts";
import { readyRule } from "./core/incident/ready-rule.ts";
import type { Rule } from "./core/incident/rule.ts";
import { queuedByIds } from "./core/incident/sinks.ts";
import { ruleScan } from "./core/scan/rule-scan.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE, LEDGER_TABLE } from "./storage-names.ts";
import { openSinks, type Senders } from "./workflows/delivery/sink.ts";

/** One retry: what fails after it is sent again by the delivery loop, in other packs. */
const INGESTION_RETRIES = { ...RETRIES, maxRetries: 1 };

export type Services = Awaited<ReturnType<typeof connect>>;

let connected: Promise<Services> | undefined;

/**
 * The app's services, made at the first invocation that needs them and kept: at load nothing is read
 * and nothing is connected, so that the host can always index the functions.
 *
 * @throws {SettingsError} at each call until the settings are right
 */
export async function services(): Promise<Services> {
  connected ??= connect(readConfig(process.env));
  try {
    return await connected;
  } catch (error) {
    connected = undefined; // a table that could not be made now may be later
    throw error;
  }
}

/** The compiled rules: `rules.json` lies beside the bundle. */
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
  const credential = lazily(async () => {
    const { ManagedIdentityCredential } = await import("@azure/identity");
    return config.identityClientId === undefined
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId: config.identityClientId });
  });
  const incidentsClient = await tableClient(config, INCIDENTS_TABLE, credential);
  // The SDKs that most batches do without are loaded when first needed.
  const letters = lazily(() => openDeadLetters(config, credential));
  const ingestion = lazily(() => openIngestion(config, credential));
  const senders: Senders = {
    "log-analytics": async (pack, timeoutMs) => (await ingestion()).send(pack, timeoutMs),
    webhook: config.webhook && webhook(fetch, config.webhook).send,
  };
  const incidents = incidentTable(incidentsClient, undefined, { otherSinks: queuedByIds(config.sinks) });
  const ledgerClient = await tableClient(config, LEDGER_TABLE, credential);
  const ledger = ledgerTable(ledgerClient, config.auditEvents);
  const sinks = openSinks(senders, {
    outboxOf: (sink) => incidentOutbox(incidentsClient, sink),
    accountsOf: (sink) => acknowledgements(incidentsClient, sink),
    incidents,
    acceptances: sinkAcceptances(ledgerClient),
    firstBackOffMs: config.outboxMinimumAgeSeconds * 1_000,
    now: Date.now,
  });
  // In Azure, Bicep makes them, and the app has no right to.
  if (config.incidents.kind === "connectionString") await Promise.all([incidents.create(), ledger.create()]);
  return {
    config,
    allowedTenantIds: config.allowedTenantIds,
    rules,
    scan,
    /** What the scan looks for, or why it is off. */
    scanSummary: summary,
    ruleIds: ruleIds(incidentsClient, { running: known.map(({ id }) => id) }),
    incidents,
    pages: incidentPages(incidentsClient),
    changes: incidentChanges(incidentsClient),
    guideOf: (ruleId: string) => known.find(({ id }) => id === ruleId)?.guide,
    sinks,
    deadLetters: {
      add: async (letter: DeadLetter) => (await letters()).add(letter),
      count: async (limit: number) => (await letters()).count(limit),
    },
    lists: incidentLists(incidentsClient),
    ledger,
    suspects: suspectTable(ledgerClient),
    timers: timerTable(ledgerClient, config.auditEvents),
    /** The hub for reading ranges of it again: a client of its own each time, to be closed. */
    openAuditHub: () => openAuditHub(config, credential),
    now: () => new Date(),
  };
}

export type Credential = () => Promise<TokenCredential>;

/** Makes it when first asked and keeps it; what could not be made is tried again at the next call. */
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
  const letters = deadLetters(await containerClient(config, credential));
  // In Azure, Bicep makes the container.
  if (config.deadLetters.kind === "connectionString") await letters.create();
  return letters;
}

async function openIngestion({ logsIngestion: { endpoint, ...destination } }: Config, credential: Credential) {
  const [{ LogsIngestionClient }, { logsIngestion }] = await Promise.all([
    import("@azure/monitor-ingestion"),
    import("./azure/sinks/logs-ingestion.ts"),
  ]);
  const client = new LogsIngestionClient(endpoint, await credential(), { retryOptions: INGESTION_RETRIES });
  return logsIngestion(client, destination);
}

export async function tableClient(
  { incidents }: Pick<Config, "incidents">,
  name: string,
  credential: Credential,
): Promise<TableClient> {
  const options = { retryOptions: RETRIES, additionalPolicies: [answersOfTheTableService] };
  const client =
    incidents.kind === "connectionString"
      ? TableClient.fromConnectionString(incidents.connectionString, name, {
          ...options,
          allowInsecureConnection: true,
        })
      : new TableClient(incidents.url, name, await credential(), options);
  // No call sends a form; to ask whether one does, Node would load all of fetch at the first (20 ms).
  client.pipeline.removePolicy({ name: "formDataPolicy" });
  return client;
}

/** Its SDK, the largest of them, is loaded only where something is to be read again. */
export async function openAuditHub(
  { auditEvents: { endpoint, namespace, hub, healerConsumerGroup } }: Pick<Config, "auditEvents">,
  credential: Credential,
): Promise<AuditHub> {
  const { EventHubConsumerClient } = await import("@azure/event-hubs");
  const options = { retryOptions: { maxRetries: 2, retryDelayInMs: 500, timeoutInMs: 10_000 } };
  const client =
    endpoint.kind === "identity"
      ? new EventHubConsumerClient(healerConsumerGroup, namespace, hub, await credential(), options)
      : endpoint.connectionString.includes("EntityPath=")
        ? new EventHubConsumerClient(healerConsumerGroup, endpoint.connectionString, options)
        : new EventHubConsumerClient(healerConsumerGroup, endpoint.connectionString, hub, options);
  return auditHub(client);
}

export async function containerClient(
  { deadLetters: { ...target } }: Pick<Config, "deadLetters">,
  credential: Credential,
): Promise<ContainerClient> {
  const { ContainerClient } = await import("@azure/storage-blob");
  const options = { retryOptions: { maxTries: 4, retryDelayInMs: 500, tryTimeoutInMs: 10_000 } };
  return target.kind === "connectionString"
    ? new ContainerClient(target.connectionString, DEAD_LETTERS_CONTAINER, options)
    : new ContainerClient(target.url, await credential(), options);
}
