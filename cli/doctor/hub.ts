import type { AuditHub, HubEvent } from "../../src/azure/audit-hub.ts";
import { isAuditLog, tenantOf } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import type { Config } from "../../src/config.ts";
import { SILENT_HUB_HOURS } from "../../src/core/timing.ts";
import { fieldOf } from "../errors/failure.ts";
import { examine, type Finding, type Subject, unchecked } from "./finding.ts";

export interface HubToCheck {
  readonly config: Pick<Config, "auditEvents" | "allowedTenantIds">;
  /** The consumer group of the trigger. The app does not read this setting; the Functions host does. */
  readonly triggerConsumerGroup: string;
  /** Opens the hub in one consumer group. The caller closes it. */
  open(consumerGroup: string): Promise<AuditHub>;
  now(): Date;
}

interface Newest {
  readonly partitionId: string;
  readonly last: number;
  readonly at: number | undefined;
}

const TRIGGER_GROUP = "AUDIT_EVENTS_CONSUMER_GROUP";
const HEALER_GROUP = "AUDIT_EVENTS_HEALER_CONSUMER_GROUP";

/** Checks the hub, its two consumer groups and its last record. Reads one event in each group, without a checkpoint. */
export async function hubFindings(hub: HubToCheck): Promise<Finding[]> {
  const { healerConsumerGroup } = hub.config.auditEvents;
  const triggerGroup = groupSubject(hub, TRIGGER_GROUP, hub.triggerConsumerGroup);
  const healerGroup = groupSubject(hub, HEALER_GROUP, healerConsumerGroup);
  const records = { ...hubSubject(hub), check: "last record in the hub" };
  let newest: Newest | undefined;
  const found = await examine(hubSubject(hub), async () => {
    newest = await using(hub, healerConsumerGroup, newestPartition);
    return { found: `${hub.config.auditEvents.hub} at ${hub.config.auditEvents.namespace} answers` };
  });
  if (newest === undefined)
    return [found, ...[triggerGroup, healerGroup, records].map((subject) => unchecked(subject, found.check))];
  const last = newest;
  const readBy = (group: string) => using(hub, group, (opened) => readLast(opened, last));
  let event: HubEvent | undefined;
  const groups = await Promise.all([
    examine(triggerGroup, async () => {
      try {
        await readBy(hub.triggerConsumerGroup);
        return { found: `${hub.triggerConsumerGroup} can be read; nothing else is reading it now` };
      } catch (error) {
        // A reader with an owner level, such as the Functions host, keeps others out.
        if (fieldOf(error, "code") !== "ReceiverDisconnectedError") throw error;
        return { found: `${hub.triggerConsumerGroup} exists and is being read` };
      }
    }),
    examine(healerGroup, async () => {
      event = await readBy(healerConsumerGroup);
      return { found: `${healerConsumerGroup} can be read` };
    }),
  ]);
  return [found, ...groups, await examine(records, () => Promise.resolve(lastRecord(event, last, hub)))];
}

function hubSubject({ config: { auditEvents } }: HubToCheck): Subject {
  const isByKey = auditEvents.endpoint.kind === "connectionString";
  const connection = isByKey ? "AUDIT_EVENTS" : "AUDIT_EVENTS__fullyQualifiedNamespace";
  return {
    check: "event hub",
    settings: [connection, "AUDIT_EVENTS_HUB"],
    remedies: {
      unreachable: `Check the host name in ${connection}, and that this network can reach it (AMQP, port 5671)`,
      refused: isByKey
        ? "Copy the connection string again: its key or policy is not accepted, or the namespace does not allow keys"
        : "Give this sign-in and the app's identity the role Azure Event Hubs Data Receiver on the hub",
      missing: `The namespace has no hub ${auditEvents.hub}. Correct AUDIT_EVENTS_HUB (or EntityPath in AUDIT_EVENTS), or create the hub`,
      other: "Check in the Azure portal that the namespace is active",
    },
  };
}

function groupSubject(hub: HubToCheck, setting: string, group: string): Subject {
  return {
    check: setting === TRIGGER_GROUP ? "consumer group of the trigger" : "consumer group of the healer",
    settings: [setting],
    remedies: {
      ...hubSubject(hub).remedies,
      missing: `The hub has no consumer group ${group}. Correct ${setting}, or create the group (azd provision does)`,
      other: `Something else reads the group ${group}. Give it a group of its own, or name another in ${setting}`,
    },
  };
}

async function using<T>(hub: HubToCheck, group: string, work: (opened: AuditHub) => Promise<T>): Promise<T> {
  const opened = await hub.open(group);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** The partition that received the last event. */
async function newestPartition(opened: AuditHub): Promise<Newest> {
  const { partitionIds } = await opened.describe();
  const partitions = await Promise.all(
    partitionIds.map(async (partitionId) => ({ partitionId, ...(await opened.partition(partitionId)) })),
  );
  const [newest] = partitions.toSorted((a, b) => (b.lastEnqueuedAt ?? 0) - (a.lastEnqueuedAt ?? 0));
  return { partitionId: newest?.partitionId ?? "0", last: newest?.last ?? -1, at: newest?.lastEnqueuedAt };
}

async function readLast(opened: AuditHub, { partitionId, last }: Newest): Promise<HubEvent | undefined> {
  const number = Math.max(0, last);
  const { events } = await opened.read(partitionId, { first: number, last: number }, 1);
  return events[0];
}

const DIAGNOSTIC_SETTING =
  "Check the diagnostic setting of Entra ID (Monitoring & health): it must have AuditLogs ticked and this hub chosen";

function lastRecord(event: HubEvent | undefined, { at }: Newest, { config, now }: HubToCheck) {
  const warning = (found: string, remedy: string) => ({ status: "warning" as const, found, remedy });
  if (at === undefined) return warning("no event has ever reached the hub", DIAGNOSTIC_SETTING);
  const came = `the last event arrived at ${new Date(at).toISOString()}`;
  if (now().getTime() - at > SILENT_HUB_HOURS * 3_600_000)
    return warning(`${came}, more than ${SILENT_HUB_HOURS} hours ago`, DIAGNOSTIC_SETTING);
  if (event === undefined) return { found: `${came}; it could not be read or has left the hub` };
  const records = readEventBody(event.body).records.map(({ record }) => record);
  const audits = records.filter(isAuditLog);
  if (audits.length === 0) return warning(`${came}, and holds no record of AuditLogs`, DIAGNOSTIC_SETTING);
  const tenant = audits.map(tenantOf).find((id) => id !== "" && !config.allowedTenantIds.has(id));
  return tenant === undefined
    ? { found: `${came}, with a record of AuditLogs` }
    : warning(
        `${came}, from the tenant ${tenant}, which ALLOWED_TENANT_IDS does not name`,
        "Add the tenant to ALLOWED_TENANT_IDS, or export its logs to another hub: records that match become dead letters",
      );
}
