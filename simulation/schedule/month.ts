import type { Chance } from "../../local/samples/chance.ts";
import type { DiagnosticRecord } from "../../src/core/event/event-body.ts";

/** A record, and when it reaches the hub, in milliseconds since 1970. */
export interface Arrival {
  readonly record: DiagnosticRecord;
  readonly at: number;
}

export const MONTH_START = Date.UTC(2026, 2, 1);
export const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

const OPERATIONS = [
  "Update role setting in PIM",
  "Add member to role completed (PIM activation)",
  "Add member to role",
  "Remove member from role",
] as const;
const ROLES = ["Global Administrator", "User Administrator", "Security Reader"] as const;
const ACTORS = 6;
const EPISODES_A_DAY = 12;

/** Some weeks of audit records of a tenant, in the order in which they reach the hub. */
export function arrivals(draw: Chance, days: number, tenantId: string): Arrival[] {
  const all: Arrival[] = [];
  for (let episode = 0; episode < days * EPISODES_A_DAY; episode += 1) {
    const start = MONTH_START + draw.between(0, days * DAY - 1);
    const actor = draw.between(1, ACTORS);
    const operation = draw.pick(OPERATIONS);
    // Now and then somebody does the same several times within two hours.
    const times = draw.pick([1, 1, 1, 4]);
    for (let turn = 0; turn < times; turn += 1) {
      const time = start + turn * draw.between(1, 30) * MINUTE;
      // Some at whole quarters of an hour, which are the borders of windows.
      const occurred = draw.between(0, 9) === 0 ? Math.ceil(time / (15 * MINUTE)) * 15 * MINUTE : time;
      const record = recordOf(draw, { serial: all.length, occurred, tenantId, actor, operation });
      all.push({ record, at: occurred + lateness(draw) });
    }
  }
  // Azure Monitor sends some records again.
  const again = all
    .filter(() => draw.between(1, 20) === 1)
    .map(({ record, at }) => ({ record, at: at + lateness(draw) }));
  return [...all, ...again].toSorted((one, other) => one.at - other.at);
}

/** Most records arrive within minutes; some take hours, as in a delay of the export. */
function lateness(draw: Chance): number {
  const most = draw.pick([2, 2, 2, 10, 10, 60, 360]);
  return draw.between(0, most * MINUTE);
}

interface Wanted {
  readonly serial: number;
  readonly occurred: number;
  readonly tenantId: string;
  readonly actor: number;
  readonly operation: string;
}

function recordOf(draw: Chance, { serial, occurred, tenantId, actor, operation }: Wanted): DiagnosticRecord {
  const time = new Date(occurred).toISOString();
  return {
    time,
    category: "AuditLogs",
    operationName: operation,
    tenantId,
    properties: {
      id: `record-${serial}`,
      activityDateTime: time,
      category: "RoleManagement",
      result: "success",
      initiatedBy: { user: { id: `actor-${actor}`, userPrincipalName: `actor${actor}@fabrikam.example` } },
      targetResources: [{ id: "", displayName: draw.pick(ROLES), type: "Role", modifiedProperties: [] }],
      additionalDetails: [],
    },
  };
}
