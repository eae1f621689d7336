import { ContainerClient } from "@azure/storage-blob";
import incidentColumns from "../infra/incident-columns.json" with { type: "json" };
import { startAzurite, type Azurite } from "./azurite.ts";
import { startEventHub, type EventHubStandIn } from "./event-hub/event-hub.ts";
import { BACKUPS_CONTAINER, DEAD_LETTERS_CONTAINER } from "../src/storage-names.ts";
import { DependencyError } from "../src/errors.ts";
import { startLogsIngestion, type LogsIngestion } from "./logs-ingestion/logs-ingestion.ts";

/** Names of the local services, which are the defaults of the Azure deployment. */
export const LOCAL_HUB = "insights-logs-auditlogs";
export const LOCAL_CONSUMER_GROUP = "pimwatch";
export const LOCAL_HEALER_CONSUMER_GROUP = "pimwatch-healer";
export const LOCAL_PARTITIONS = 4;
const RULE_ID = "dcr-00000000000000000000000000000000";

export interface StackOptions {
  /** Entra tenants whose events the app accepts. */
  readonly allowedTenantIds: readonly string[];
  /** URL that the app posts new incidents to. */
  readonly webhook?: { readonly url: string; readonly format?: "json" | "teams-card" } | undefined;
  /** LOCAL_PARTITIONS by default. */
  readonly partitions?: number | undefined;
  /** 0 or undefined takes a free port. */
  readonly hubPort?: number | undefined;
  readonly tablePort?: number | undefined;
  readonly blobPort?: number | undefined;
  readonly ingestionPort?: number | undefined;
}

/** The services around the app, all on 127.0.0.1 and in memory. */
export interface Stack {
  /** The app's settings, for the environment of its function host. */
  readonly settings: Readonly<Record<string, string>>;
  readonly eventHub: EventHubStandIn;
  readonly azurite: Azurite;
  readonly ingestion: LogsIngestion;
  /** Rejects if a service ends before `stop` is called; the error names it. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Starts storage, event hub and logs ingestion, without a function host.
 *
 * @throws {UsageError} if a wanted port is taken; services already started are stopped
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const failing = Promise.withResolvers<never>();
  failing.promise.catch(() => undefined); // not everyone waits for it
  let stopping = false;
  const watch = async (service: string, { ended }: { readonly ended: Promise<string> }): Promise<void> => {
    const how = await ended;
    if (!stopping) failing.reject(new DependencyError(service, `${how}. Start the local stack again`));
  };
  const started: { close(): Promise<void> }[] = [];
  const keep = <Service extends { close(): Promise<void> }>(service: Service): Service => {
    started.push(service);
    return service;
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    while (started.length > 0) await started.pop()?.close();
  };
  try {
    const starting = [
      startAzurite({ tablePort: options.tablePort, blobPort: options.blobPort }).then(keep),
      startEventHub({
        hubs: [
          {
            name: LOCAL_HUB,
            partitions: options.partitions ?? LOCAL_PARTITIONS,
            consumerGroups: [LOCAL_CONSUMER_GROUP, LOCAL_HEALER_CONSUMER_GROUP],
          },
        ],
        port: options.hubPort ?? 0,
      }).then(keep),
      startLogsIngestion({
        columns: incidentColumns.columns,
        ruleId: RULE_ID,
        stream: incidentColumns.stream,
        port: options.ingestionPort ?? 0,
      }).then(keep),
    ] as const;
    await Promise.allSettled(starting); // no service may start after a failure was reported
    const [azurite, eventHub, ingestion] = await Promise.all(starting);
    void watch("Azurite (tables and blobs)", azurite);
    void watch("The local event hub", eventHub);
    void watch("The local logs ingestion", ingestion);
    // Like Bicep: the app creates them at the first dead letter or backup, but tools look for them earlier.
    for (const name of [DEAD_LETTERS_CONTAINER, BACKUPS_CONTAINER])
      await new ContainerClient(azurite.connectionString, name).createIfNotExists();
    const settings = settingsFor({ azurite, eventHub, ingestion }, options);
    return { settings, azurite, eventHub, ingestion, failed: failing.promise, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function settingsFor(
  { azurite, eventHub, ingestion }: Pick<Stack, "azurite" | "eventHub" | "ingestion">,
  { allowedTenantIds, webhook }: StackOptions,
): Record<string, string> {
  return {
    AzureWebJobsStorage: azurite.connectionString,
    FUNCTIONS_WORKER_RUNTIME: "node",
    AUDIT_EVENTS: eventHub.connectionString,
    AUDIT_EVENTS_HUB: LOCAL_HUB,
    AUDIT_EVENTS_CONSUMER_GROUP: LOCAL_CONSUMER_GROUP,
    AUDIT_EVENTS_HEALER_CONSUMER_GROUP: LOCAL_HEALER_CONSUMER_GROUP,
    INCIDENTS_STORAGE: azurite.connectionString,
    LOGS_INGESTION_ENDPOINT: ingestion.endpoint,
    LOGS_INGESTION_RULE_ID: RULE_ID,
    LOGS_INGESTION_STREAM: incidentColumns.stream,
    ALLOWED_TENANT_IDS: allowedTenantIds.join(","),
    OUTBOX_TIMER_SCHEDULE: "0 * * * * *",
    DASHBOARD_LOCAL_USER: "local user",
    LEDGER_TIMER_SCHEDULE: "30 * * * * *",
    RECONCILIATION_TIMER_SCHEDULE: "0 7 * * * *",
    WINDOW_TIMER_SCHEDULE: "15 * * * * *",
    BACKUP_TIMER_SCHEDULE: "0 37 * * * *",
    ...(webhook && { WEBHOOK_URL: webhook.url, WEBHOOK_FORMAT: webhook.format ?? "json" }),
    // The ingestion stand-in's certificate and tokens; the app itself is the same as in Azure.
    NODE_EXTRA_CA_CERTS: ingestion.caFile,
    IDENTITY_ENDPOINT: ingestion.identityEndpoint,
    IDENTITY_HEADER: ingestion.identityHeader,
  };
}
