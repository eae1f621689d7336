import { sampleDay } from "../../local/samples/sample-day.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { tenantOf } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import { counted } from "../../src/core/counted.ts";
import { visible } from "../../src/core/visible-text.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../../src/errors.ts";
import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { judge } from "../../src/workflows/detection/judge-record.ts";
import type { ExpectedIncident } from "./delivery-check.ts";
import { misreadText, readEventFiles } from "../event-files/event-files.ts";
import type { OutgoingEvent } from "./event-sender.ts";
import { textOf } from "../incidents/incident-text.ts";

/** The events that a local run sends, and the results that are known beforehand. */
export interface EventSource {
  /** Describes the events, for the terminal. */
  readonly description: string;
  readonly count: number;
  /** The Entra tenants that the events come from, in lower case. */
  readonly tenantIds: readonly string[];
  /** The incidents that the app must make, if known. */
  readonly expected: readonly ExpectedIncident[] | undefined;
  /** The number of dead letters that the app must keep, if known. */
  readonly expectedDeadLetters: number | undefined;
  events(): AsyncIterable<OutgoingEvent> | Iterable<OutgoingEvent>;
}

/** A day of invented events that ends now, and the incidents that these rules must find in it. */
export function sampleSource(day: Date, rules: readonly ReadyRule[]): EventSource {
  const { bodies, figures } = sampleDay({ day });
  return {
    description: `a day of invented events: ${counted(bodies.length, "event")} with ${counted(figures.delivered, "record")}`,
    count: bodies.length,
    tenantIds: [TENANT_ID],
    expected: expectedIncidents(bodies, rules),
    expectedDeadLetters: figures.unreadable,
    events: () => bodies.map((body, index) => ({ body, where: `sample ${index + 1}` })),
  };
}

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/**
 * The incidents that rules find in event bodies, with the app's own code but without hub and stores. A record that names
 * no tenant belongs to the tenant of the samples, as in an app that allows no other.
 */
export function expectedIncidents(bodies: readonly Uint8Array[], rules: readonly ReadyRule[]): ExpectedIncident[] {
  const found = new Map<string, ExpectedIncident>();
  for (const { record, bytes } of bodies.flatMap((body) => readEventBody(body).records)) {
    const allowedTenantIds = new Set([tenantOf(record) || TENANT_ID]);
    const verdict = judge({ record, bytes }, NOWHERE, { rules, allowedTenantIds, now: () => new Date(0) });
    for (const { match, incident } of verdict.found) {
      const [incidentId, recordId] = [textOf(incident.row, "IncidentId"), textOf(incident.row, "AuditLogId")];
      found.set(incidentId, { incidentId, recordId, rule: match.rule.name });
    }
  }
  return [...found.values()];
}

/**
 * A person's own file or folder. It is read twice: first for the tenants that the app must allow, then to send.
 *
 * @throws {UsageError} when the file cannot be read, holds no event, or none that is understood
 */
export async function fileSource(path: string, terminal: Pick<Terminal, "progress">): Promise<EventSource> {
  const tenants = new Set<string>();
  let count = 0;
  const refuse = (file: Parameters<typeof misreadText>[0]): never => {
    throw new UsageError(misreadText(file));
  };
  for await (const { body } of readEventFiles([path], refuse)) {
    count += 1;
    terminal.progress(`Reading ${visible(path)}: ${counted(count, "event")} so far …`);
    for (const { record } of readEventBody(body).records) {
      const tenant = tenantOf(record);
      if (GUID.test(tenant)) tenants.add(tenant);
    }
  }
  const named =
    tenants.size === 0
      ? `it names no tenant, so the tenant of the samples is allowed (${TENANT_ID})`
      : `tenants allowed: ${[...tenants].join(", ")}`;
  return {
    description: `${path}: ${counted(count, "event")}; ${named}`,
    count,
    tenantIds: tenants.size === 0 ? [TENANT_ID] : [...tenants],
    expected: undefined,
    expectedDeadLetters: undefined,
    events: () => readEventFiles([path], () => undefined),
  };
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
