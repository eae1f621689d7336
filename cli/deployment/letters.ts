import { deadLetters, type DeadLetterEntry } from "../../src/azure/dead-letters.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { keptTable } from "../../src/azure/windows/kept-table.ts";
import { untakenRows } from "../../src/azure/incidents/incident-outbox.ts";
import { sinksSetUp } from "../../src/core/incident/sinks.ts";
import { UsageError } from "../../src/errors.ts";
import type { RedriveDependencies } from "../../src/workflows/detection/redrive.ts";
import { readTenants, TENANT_LIST } from "../../src/core/event/tenants.ts";
import { KEPT_TABLE } from "../../src/storage-names.ts";
import { settingsFor } from "./app-settings.ts";
import { containerDestination, tableDestination } from "./destinations.ts";
import { readyRules } from "../rules/ready-rules.ts";
import type { STORAGE_OPTIONS } from "./storage-options.ts";
import type { Terminal } from "../terminal.ts";

type StorageChoice = { readonly [Name in keyof typeof STORAGE_OPTIONS]?: string };

/** @throws {UsageError} when no storage is named */
export async function openLetters(choice: StorageChoice, terminal: Terminal) {
  const settings = await settingsFor(choice, terminal);
  const letters = deadLetters(await containerDestination(choice, settings));
  const table = await tableDestination(choice, settings);
  return {
    letters,
    untaken: untakenRows(table),
    /** @throws {UsageError} when no tenants are named, or a rule does not compile */
    async detecting(tenants: string | undefined): Promise<RedriveDependencies> {
      const named = readTenants(tenants ?? settings["ALLOWED_TENANT_IDS"] ?? "");
      // The app sends the queued rows, so only the names of its sinks matter here, not their settings.
      const sinks = sinksSetUp(settings);
      if ("expected" in named) {
        const expected = named.expected === TENANT_LIST ? TENANT_LIST : `${TENANT_LIST}; ${named.expected}`;
        throw new UsageError(`No tenants named. Give --tenants or set ALLOWED_TENANT_IDS: ${expected}`);
      }
      return {
        rules: await readyRules(),
        allowedTenantIds: new Set(named.keys()),
        tenantNames: named,
        incidents: incidentTable(table, sinks),
        kept: keptTable(await tableDestination(choice, settings, KEPT_TABLE)),
        deadLetters: letters,
        now: () => new Date(),
      };
    },
  };
}

/**
 * The one dead letter whose name begins with this.
 *
 * @throws {UsageError} when none does, or more than one
 */
export async function theOne(letters: AsyncIterable<DeadLetterEntry>, beginning: string): Promise<DeadLetterEntry> {
  let found: DeadLetterEntry | undefined;
  for await (const entry of letters) {
    if (!entry.name.startsWith(beginning)) continue;
    if (found !== undefined)
      throw new UsageError(`More than one dead letter begins with ${beginning}. Give more characters`);
    found = entry;
  }
  if (found === undefined) throw new UsageError(`No dead letter begins with ${beginning}. See: pimwatch dead-letters`);
  return found;
}
