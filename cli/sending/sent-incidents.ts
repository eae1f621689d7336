import { setTimeout as sleep } from "node:timers/promises";
import type { EventHubProducerClient } from "@azure/event-hubs";
import { rowOfEntity } from "../../src/azure/incidents/incident-entity.ts";
import { incidentKeys } from "../../src/azure/tables/row-keys.ts";
import { isMissingTable } from "../../src/azure/tables/table-errors.ts";
import type { TableRows } from "../../src/azure/tables/table-rows.ts";
import { tenantOf } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import { counted } from "../../src/core/counted.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { SEND_WAIT_POLL_MS } from "../../src/core/timing.ts";
import { detectBatch, KEEPS_NOTHING, type ReadyRule } from "../../src/workflows/detection/detect-batch.ts";
import { callHub, type OutgoingEvent } from "./event-sender.ts";
import { incidentText, textOf } from "../incidents/incident-text.ts";
import { byTime } from "../incidents/summary-text.ts";
import { spread, spreadText } from "./latency.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

type IncidentSource = Pick<TableRows, "get">;

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

export interface Followed {
  readonly table: IncidentSource;
  readonly rules: readonly ReadyRule[];
  /** When the newest event reached the hub before ours, by the hub's clock, in milliseconds since 1970. */
  readonly newestBefore: number;
  /** The tenants that the app allows, in lower case, if the settings name them. */
  readonly allowedTenantIds?: readonly string[] | undefined;
}

/** The part of the SDK's client that describes a hub. */
export type HubProperties = Pick<EventHubProducerClient, "getPartitionIds" | "getPartitionProperties">;

/** When the newest event of any partition reached the hub; 0 for an empty hub. */
export async function newestEnqueued(hub: HubProperties): Promise<number> {
  const ids = await callHub(() => hub.getPartitionIds());
  const partitions = await Promise.all(ids.map((id) => callHub(() => hub.getPartitionProperties(id))));
  return Math.max(
    0,
    ...partitions.map(({ isEmpty, lastEnqueuedOnUtc }) => (isEmpty ? 0 : lastEnqueuedOnUtc.getTime())),
  );
}

/**
 * Follows events while they are sent, up to their incidents. It runs the rules here too: an incident's id depends only on
 * tenant, rule and record, so the ids are known before the incidents appear.
 */
export function followSent({ table, rules, newestBefore, allowedTenantIds = [] }: Followed) {
  const awaited = new Map<string, Awaited>();

  return {
    /** Passes the events on, and notes which incidents they will become. */
    async *noting(events: AsyncIterable<OutgoingEvent>): AsyncGenerator<OutgoingEvent> {
      for await (const event of events) {
        for (const row of await incidentsOf(event.body, rules, allowedTenantIds))
          awaited.set(textOf(row, "IncidentId"), { row, where: event.where });
        yield event;
      }
    },

    /** Prints the awaited incidents as they appear, oldest first. @returns those that appeared, and whether all did */
    async untilFound(
      { timeoutSeconds }: { readonly timeoutSeconds: number },
      terminal: Terminal,
    ): Promise<{ readonly rows: readonly IncidentRow[]; readonly isComplete: boolean }> {
      const wanted = [...awaited].toSorted(([, a], [, b]) => byTime(a.row, b.row));
      const deadline = Date.now() + timeoutSeconds * 1_000;
      const found = new Map<string, Found>();
      let next = 0;
      while (found.size < wanted.length && Date.now() < deadline && !terminal.stopping.aborted) {
        for (const [id, { row }] of wanted) {
          const one = found.has(id) ? undefined : await find(table, textOf(row, "RuleId"), id);
          if (one !== undefined) found.set(id, one);
          terminal.progress(`${found.size} of ${counted(wanted.length, "incident")} found …`);
        }
        // One that appeared early waits for those before it.
        for (let one = foundAt(next); one !== undefined; one = foundAt(next)) {
          print(one);
          next += 1;
        }
        if (found.size < wanted.length)
          await sleep(SEND_WAIT_POLL_MS, undefined, { signal: terminal.stopping }).catch(() => undefined);
      }
      for (const [id] of wanted.slice(next)) {
        const one = found.get(id);
        if (one !== undefined) print(one);
      }
      const milliseconds = [...found.values()].flatMap((one) => passageTime(one, newestBefore) ?? []);
      terminal.note(
        `${found.size} of ${counted(wanted.length, "incident")} found; hub → table: ${spreadText(spread(milliseconds))}`,
      );
      for (const [id, { row, where }] of wanted) {
        if (found.has(id)) continue;
        const record = visible(textOf(row, "AuditLogId"));
        terminal.note(`pimwatch: ${visible(where)}: no incident for record ${record} within ${timeoutSeconds} s`);
      }
      return { rows: [...found.values()].map(({ row }) => row), isComplete: found.size === wanted.length };

      function foundAt(index: number): Found | undefined {
        return found.get(wanted[index]?.[0] ?? "");
      }

      function print(one: Found): void {
        const took = passageTime(one, newestBefore);
        const remark =
          took === undefined ? "already stored, from an earlier run" : `${took} ms from the hub to the table`;
        terminal.out(`${incidentText(one.row, terminal)}    ${remark}\n\n`);
      }
    },
  };
}

interface Awaited {
  /** As the rules make it here; the table's has more. */
  readonly row: IncidentRow;
  /** The place of its record in a file. */
  readonly where: string;
}

/** The incidents that the app will make of an event, if it allows the known tenants and all that the event names. */
async function incidentsOf(
  body: Uint8Array,
  rules: readonly ReadyRule[],
  allowedTenantIds: readonly string[],
): Promise<IncidentRow[]> {
  const rows: IncidentRow[] = [];
  const named = readEventBody(body).records.map(({ record }) => tenantOf(record));
  await detectBatch([{ body, position: NOWHERE }], {
    rules,
    allowedTenantIds: new Set([...allowedTenantIds, ...named.filter((tenant) => tenant !== "")]),
    incidents: {
      async addAll(found) {
        for (const { row } of found) rows.push(row);
        return found.map(() => "known");
      },
    },
    kept: KEEPS_NOTHING,
    deadLetters: { add: async () => undefined },
    now: () => new Date(),
  });
  return rows;
}

interface Found {
  readonly row: IncidentRow;
  /** By the table's clock. */
  readonly storedAt: number;
}

async function find(table: IncidentSource, ruleId: string, id: string): Promise<Found | undefined> {
  try {
    const entity = await table.get(incidentKeys(ruleId, id));
    return entity && { row: rowOfEntity(entity), storedAt: Date.parse(String(entity["timestamp"])) };
  } catch (error) {
    if (isMissingTable(error)) return undefined;
    throw error;
  }
}

/** Milliseconds from hub to table; undefined if the event was in the hub before ours. */
function passageTime({ row, storedAt }: Found, newestBefore: number): number | undefined {
  const enqueued = Date.parse(textOf(row, "EventHubEnqueuedTime"));
  return Number.isNaN(enqueued) || enqueued <= newestBefore ? undefined : storedAt - enqueued;
}
