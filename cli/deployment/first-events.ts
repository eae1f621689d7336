import { setTimeout } from "node:timers/promises";
import { latestSightings } from "../../src/azure/ledger/category-sighting-table.ts";
import { ledgerTable } from "../../src/azure/ledger/ledger-table.ts";
import type { HubName } from "../../src/azure/tables/row-keys.ts";
import { hasStatus, isMissingTable } from "../../src/azure/tables/table-errors.ts";
import type { TableRows } from "../../src/azure/tables/table-rows.ts";
import { FIRST_EVENTS_POLL_MS } from "../../src/core/timing.ts";
import { LEDGER_TABLE } from "../../src/storage-names.ts";
import type { Terminal } from "../terminal.ts";
import { settingsFor } from "./app-settings.ts";
import { type HubChoice, namedHub, type StorageChoice, tableDestination } from "./destinations.ts";

/** What the app has noted about the hub, in milliseconds since 1970. */
export interface Arrivals {
  readonly auditLogsAt: number | undefined;
  readonly lastEventAt: number | undefined;
  /** When the app last looked at the hub; undefined if it never has. */
  readonly checkedAt: number | undefined;
}

const NOTHING: Arrivals = { auditLogsAt: undefined, lastEventAt: undefined, checkedAt: undefined };

/** Waits for the first AuditLogs record. Says when it came, or what to check. @returns the exit code */
export async function waitForAuditLogs(
  choice: HubChoice & StorageChoice,
  minutes: number,
  terminal: Terminal,
): Promise<number> {
  const settings = await settingsFor(choice, terminal);
  const hub = namedHub(choice, settings);
  const table = await tableDestination(choice, settings, LEDGER_TABLE);
  const arrivals = await firstArrivals(() => arrivalsIn(table, hub), {
    minutes,
    terminal,
    now: Date.now,
    pause: () => setTimeout(FIRST_EVENTS_POLL_MS, undefined, { signal: terminal.stopping }).catch(() => undefined),
  });
  if (arrivals.auditLogsAt !== undefined) {
    terminal.out(`AuditLogs records reach the hub: the last one in the minute of ${iso(arrivals.auditLogsAt)}\n`);
    return 0;
  }
  terminal.out(
    terminal.stopping.aborted ? "Stopped waiting: no AuditLogs record has come yet\n" : advice(arrivals, hub),
  );
  return 1;
}

export interface Waiting {
  readonly minutes: number;
  readonly terminal: Pick<Terminal, "note" | "progress" | "stopping">;
  now(): number;
  pause(): Promise<unknown>;
}

/** Looks until AuditLogs records have come, the time is up, or the person stops it. The last look is the result. */
export async function firstArrivals(look: () => Promise<Arrivals>, waiting: Waiting): Promise<Arrivals> {
  const { minutes, terminal, now, pause } = waiting;
  const start = now();
  if (minutes > 0) terminal.note(`Waiting up to ${minutes} minutes for the first AuditLogs record; Ctrl-C stops it`);
  for (;;) {
    const isLast = now() - start >= minutes * 60_000;
    const arrivals = await look().catch((error: unknown) => {
      // The app makes the table when it first runs, and a role assignment can take minutes to take effect.
      if (isMissingTable(error) || (hasStatus(error, 403) && !isLast)) return NOTHING;
      throw error;
    });
    if (arrivals.auditLogsAt !== undefined || isLast || terminal.stopping.aborted) {
      terminal.progress("");
      return arrivals;
    }
    const passed = Math.floor((now() - start) / 60_000);
    terminal.progress(`Waiting for AuditLogs: minute ${passed} of ${minutes}; ${soFar(arrivals)}`);
    await pause();
  }
}

function soFar({ lastEventAt, checkedAt }: Arrivals): string {
  if (checkedAt === undefined) return "the app has not looked at the hub yet, or the table is not open to you yet";
  return lastEventAt === undefined ? "the hub has had no event yet" : "the hub has other events";
}

async function arrivalsIn(table: TableRows, hub: HubName): Promise<Arrivals> {
  const [sightings, statuses] = await Promise.all([latestSightings(table, hub), ledgerTable(table, hub).statuses()]);
  return {
    auditLogsAt: sightings.get("auditlogs"),
    lastEventAt: latest(statuses.map(({ lastEnqueuedAt }) => lastEnqueuedAt)),
    checkedAt: latest(statuses.map(({ checkedAt }) => checkedAt)),
  };
}

function latest(times: readonly (string | undefined)[]): number | undefined {
  const known = times.map((time) => Date.parse(time ?? "")).filter((time) => !Number.isNaN(time));
  return known.length === 0 ? undefined : Math.max(...known);
}

/** What can keep AuditLogs records away, the likeliest first. */
function advice({ lastEventAt, checkedAt }: Arrivals, { namespace, hub }: HubName): string {
  const settings = '"/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01"';
  const found =
    checkedAt === undefined
      ? `No AuditLogs record has come, and the app has not looked at the hub ${hub} at ${namespace} yet. Check`
      : lastEventAt === undefined
        ? `No event has reached the hub ${hub} at ${namespace}. Check`
        : `Events reach the hub ${hub} at ${namespace}, the last one at ${iso(lastEventAt)}, but none was an AuditLogs record. Check`;
  const checks = [
    ...(checkedAt === undefined
      ? ["The app: does it run? A timer looks at the hub every minute. npx pimwatch doctor, /api/health"]
      : []),
    `The tenant's diagnostic setting: does it exist, is AuditLogs ticked, and does it name this namespace and hub?\n     az rest --method get --url ${settings}`,
    "The categories: entraLogCategories names those that the template's own setting exports. AuditLogs must be among them",
    "The policy that the setting names (entra-audit-logs): is it in the namespace, with the right Send?",
    "Keys: Entra signs in with the policy's key. A namespace with disableLocalAuth may refuse it. Allow keys:\n     azd env set PIMWATCH_DISABLE_EVENT_HUB_LOCAL_AUTH false, then azd provision",
    "The namespace's network: are trusted Microsoft services allowed?",
    "Time: a new setting can take an hour or more, and a quiet tenant writes nothing. Change something, such as a group's name",
  ];
  const lines = checks.map((check, index) => `  ${index + 1}. ${check}`);
  return `${[found, ...lines].join("\n")}\nThen look again: npx pimwatch wait-for-events\n`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
