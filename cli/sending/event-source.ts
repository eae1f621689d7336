import { sampleDay } from "../../local/samples/sample-day.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { tenantOf } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { judge } from "../../src/workflows/detection/judge-record.ts";
import type { ExpectedIncident } from "./delivery-check.ts";
import { readEventFiles } from "../event-files/event-files.ts";
import type { OutgoingEvent } from "./event-sender.ts";
import { textOf } from "../incidents/incident-text.ts";

/** What a local run sends, and what is known of it beforehand. */
export interface EventSource {
  /** For the terminal: what is sent. */
  readonly description: string;
  readonly count: number;
  /** The Entra tenants that the events come from, in lower case. */
  readonly tenantIds: readonly string[];
  /** The incidents that the app must make of it, where that is known. */
  readonly expected: readonly ExpectedIncident[] | undefined;
  /** How many dead letters it must give, where that is known. */
  readonly expectedDeadLetters: number | undefined;
  events(): AsyncIterable<OutgoingEvent> | Iterable<OutgoingEvent>;
}

/** A day of invented events that ends now, and what these rules must find in it. */
export function sampleSource(day: Date, rules: readonly ReadyRule[]): EventSource {
  const { bodies, figures } = sampleDay({ day });
  return {
    description: `a day of invented events: ${bodies.length} events with ${figures.delivered} records`,
    count: bodies.length,
    tenantIds: [TENANT_ID],
    expected: expectedIncidents(bodies, rules),
    expectedDeadLetters: figures.unreadable,
    events: () => bodies.map((body, index) => ({ body, where: `sample ${index + 1}` })),
  };
}

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/**
 * What rules make of event bodies, found by the code that the app runs, without hub and stores. A record that names no
 * tenant belongs to that of the samples, as in an app that allows no other.
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
 * A person's own file or folder. It is read twice: the app takes events of the tenants it is told, and
 * here these are the ones that the file names.
 *
 * @throws {UsageError} when there is nothing to read
 */
export async function fileSource(path: string): Promise<EventSource> {
  const tenants = new Set<string>();
  let count = 0;
  for await (const { body } of readEventFiles([path])) {
    count += 1;
    for (const { record } of readEventBody(body).records) {
      const tenant = tenantOf(record);
      if (GUID.test(tenant)) tenants.add(tenant);
    }
  }
  const named =
    tenants.size === 0
      ? `no tenant is named in it, so that of the samples is allowed (${TENANT_ID})`
      : `tenants allowed: ${[...tenants].join(", ")}`;
  return {
    description: `${path}: ${count} events; ${named}`,
    count,
    tenantIds: tenants.size === 0 ? [TENANT_ID] : [...tenants],
    expected: undefined,
    expectedDeadLetters: undefined,
    events: () => readEventFiles([path]),
  };
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
