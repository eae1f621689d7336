import { EventHubProducerClient } from "@azure/event-hubs";
import type { FunctionHostOptions } from "../local/function-host/function-host.ts";
import { chance, type Chance } from "../local/samples/chance.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { LOCAL_HUB, startStack, type Stack } from "../local/stack.ts";
import { loopbackCertificate } from "../local/logs-ingestion/certificate.ts";
import type { AppVariants } from "./app-variants.ts";
import type { Director, Kill } from "./director.ts";
import { failingStore, type FailingStore } from "./faults/failing-store.ts";
import { startFaultProxy, type FaultProxyOptions } from "./faults/fault-proxy.ts";
import { startHostSlot, type HostSlot } from "./host/host-slot.ts";
import { startHubGate } from "./host/hub-gate.ts";
import type { Receiver } from "./forwarding.ts";
import { storedReader, type StoredReader } from "./stored.ts";
import type { Delivery } from "./traffic.ts";
import { startWebhookReceiver } from "./webhook-receiver.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly hosts: number;
  readonly partitions: number;
  readonly director: Director;
  readonly sparedSlot: number;
  readonly variants: AppVariants;
  readonly nodePath: string;
  readonly onKilled: (victim: Kill["victim"]) => void;
  readonly onRestarted: () => void;
  readonly onLine: (line: string) => void;
  readonly onFailedAttempt: (isGivenUp: boolean) => void;
}

/** The services, the fault proxies in front of them, and the hosts that compete for the hub's partitions. */
export interface World {
  readonly stored: StoredReader;
  /** The table's refusals and failures for single incidents. */
  readonly store: FailingStore["figures"];
  /** When each receiver first accepted a record's incident, by record id. */
  readonly takenAt: Readonly<Record<Receiver, ReadonlyMap<string, number>>>;
  send(deliveries: readonly Delivery[]): Promise<void>;
  lag(): Promise<number>;
  becomeStormy(): void;
  becomeCalm(): void;
  /** Lets the hosts finish their work. The services stay. */
  stopHosts(): Promise<void>;
  stop(): Promise<void>;
}

/** Hosts share partitions quickly and notice a dead host soon. */
const LOAD_BALANCING = { updateIntervalMs: 250, ownershipExpiryMs: 2_000 };
/** Worker deaths after which a host restarts itself: the third, as in Azure, or an earlier one. */
const WORKER_DEATHS = [1, 2, 3];
const RETRY_DELAY_SCALE = 0.05;
const CARELESS_ONE_IN = 3;
/** This host has no time-out: on a machine so busy that all others time out, it still heals the events they skip. */
const PATIENT_SLOT = 1;

export async function startWorld(options: WorldOptions): Promise<World> {
  const { director, partitions, seed } = options;
  const closing: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    const stack = await startStack({ allowedTenantIds: [TENANT_ID], partitions });
    closing.push(() => stack.stop());
    const takenAt = { logAnalytics: new Map<string, number>(), webhook: new Map<string, number>() };
    const note = (receiver: Receiver) => (auditLogId: string) => {
      if (!takenAt[receiver].has(auditLogId)) takenAt[receiver].set(auditLogId, performance.now());
    };
    const webhook = await startWebhookReceiver(note("webhook"));
    closing.push(() => webhook.close());
    const store = failingStore();
    const stored = storedReader(stack, webhook);
    await stored.prepare();
    const certificate = await loopbackCertificate();
    closing.push(() => certificate.remove());
    const gate = await startHubGate(stack.eventHub.port, director);
    closing.push(() => gate.close());
    const producer = new EventHubProducerClient(stack.eventHub.connectionString, LOCAL_HUB);
    closing.push(() => producer.close());

    const slots: HostSlot[] = [];
    for (let slot = 0; slot < options.hosts; slot += 1) {
      const settings = await settingsOf(slot, { stack, certificate, webhookUrl: webhook.url, gatePort: gate.port });
      const draw = chance(`${seed} host ${slot}`);
      slots.push(
        startHostSlot({
          next: () => ({ ...hostOptions(draw, options, slot === PATIENT_SLOT), settings }),
          compileCache: options.variants.compileCache,
          onRestarted: options.onRestarted,
          onLine: options.onLine,
          onKilled: options.onKilled,
          onFailedAttempt: options.onFailedAttempt,
          startKills: slot === options.sparedSlot ? undefined : draw,
        }),
      );
    }
    const stopHosts = async () => void (await Promise.all(slots.map((slot) => slot.stop())));
    closing.push(stopHosts);

    function onAccepted(json: Buffer): void {
      const rows: { AuditLogId: string }[] = JSON.parse(json.toString());
      for (const { AuditLogId } of rows) note("logAnalytics")(AuditLogId);
    }

    async function settingsOf(slot: number, made: Omit<Made, "ports">): Promise<Record<string, string>> {
      const ports: Record<string, number> = {};
      const kill = (victimSlot: number, victim: Kill["victim"]) => slots[victimSlot]?.kill(victim);
      for (const target of targets(stack, certificate)) {
        const proxy = await startFaultProxy({ ...target, slot, director, kill, store, onAccepted });
        closing.push(() => proxy.close());
        ports[target.service] = proxy.port;
      }
      return { ...behindProxies({ ...made, ports }), NODE_COMPILE_CACHE: options.variants.compileCache };
    }

    return {
      stored,
      store: store.figures,
      takenAt,
      send: (deliveries) => send(producer, deliveries),
      lag: () => stored.lag(producer.fullyQualifiedNamespace, partitions),
      becomeStormy() {
        director.becomeStormy();
        for (const slot of slots) slot.becomeStormy();
      },
      becomeCalm() {
        director.becomeCalm();
        for (const slot of slots) slot.becomeCalm();
      },
      stopHosts,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A realistic host: each kind in some starts. */
function hostOptions(
  draw: Chance,
  { variants, nodePath }: WorldOptions,
  isPatient: boolean,
): Omit<FunctionHostOptions, "settings"> {
  // A host that continues after a batch that failed or took too long: only the ledger recovers the events it skips.
  const isCareless = draw.between(1, CARELESS_ONE_IN) === 1 && !isPatient;
  return {
    appDirectory: draw.pick(isCareless ? variants.hasty : variants.patient),
    retries: !isCareless,
    nodePath,
    nodeOptions: ["--disallow-code-generation-from-strings"],
    retryDelayScale: RETRY_DELAY_SCALE,
    loadBalancing: LOAD_BALANCING,
    workerDeaths: { count: draw.pick(WORKER_DEATHS), withinMs: 600_000 },
    drainMs: 2_000,
    sequenceNumbers: draw.pick(["number", "long"] as const),
  };
}

type Certificate = Awaited<ReturnType<typeof loopbackCertificate>>;

interface Made {
  readonly stack: Stack;
  readonly certificate: Certificate;
  readonly webhookUrl: string;
  readonly gatePort: number;
  readonly ports: Readonly<Record<string, number>>;
}

function targets(
  { azurite, ingestion }: Stack,
  { key, pem }: Certificate,
): Pick<FaultProxyOptions, "service" | "target" | "tls">[] {
  return [
    { service: "table", target: new URL(azurite.tableEndpoint).origin },
    { service: "blob", target: new URL(azurite.blobEndpoint).origin },
    { service: "ingest", target: ingestion.endpoint, tls: { key, cert: pem, targetCa: ingestion.caPem } },
    { service: "token", target: new URL(ingestion.identityEndpoint).origin },
  ];
}

/** The stack's settings, with proxies in place of the services. The host's own storage stays direct. */
function behindProxies({ stack, certificate, webhookUrl, gatePort, ports }: Made): Record<string, string> {
  const { settings, azurite, eventHub, ingestion } = stack;
  const throughProxy = (url: string, service: string) => url.replace(/:\d+/, `:${ports[service]}`);
  return {
    ...settings,
    INCIDENTS_STORAGE: azurite.connectionString
      .replace(azurite.tableEndpoint, throughProxy(azurite.tableEndpoint, "table"))
      .replace(azurite.blobEndpoint, throughProxy(azurite.blobEndpoint, "blob")),
    AUDIT_EVENTS: eventHub.connectionString.replace(`:${eventHub.port}`, `:${gatePort}`),
    LOGS_INGESTION_ENDPOINT: throughProxy(ingestion.endpoint, "ingest"),
    IDENTITY_ENDPOINT: throughProxy(ingestion.identityEndpoint, "token"),
    NODE_EXTRA_CA_CERTS: certificate.file,
    WEBHOOK_URL: webhookUrl,
    OUTBOX_TIMER_SCHEDULE: "*/2 * * * * *",
    OUTBOX_MINIMUM_AGE_SECONDS: "1",
    LEDGER_TIMER_SCHEDULE: "*/3 * * * * *",
    LEDGER_GRACE_SECONDS: "2",
    LEDGER_STALL_SECONDS: "30",
    RECONCILIATION_TIMER_SCHEDULE: "*/7 * * * * *",
    WINDOW_TIMER_SCHEDULE: "*/5 * * * * *",
    BACKUP_TIMER_SCHEDULE: "*/11 * * * * *",
  };
}

/** Events of one portion, in their order within each partition. */
async function send(producer: EventHubProducerClient, deliveries: readonly Delivery[]): Promise<void> {
  for (const [partition, those] of Map.groupBy(deliveries, (delivery) => delivery.partition)) {
    const events = those.map(({ body }) => ({ body: Buffer.from(body) }));
    await producer.sendBatch(events, { partitionId: String(partition) });
  }
}
