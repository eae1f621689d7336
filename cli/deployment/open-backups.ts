import { backupsIn } from "../../src/azure/backup/backups.ts";
import type { Manifest } from "../../src/azure/backup/manifest.ts";
import { restore, type RestoreOptions, type Restored } from "../../src/azure/backup/restore.ts";
import { incidentLists } from "../../src/azure/incidents/incident-lists.ts";
import { UsageError } from "../../src/errors.ts";
import { settingsFor } from "./app-settings.ts";
import { backupsDestination, type StorageChoice, tableDestination } from "./destinations.ts";
import type { Terminal } from "../terminal.ts";

/** @throws {UsageError} when no storage is named */
export async function openBackups(choice: StorageChoice, terminal: Terminal) {
  const settings = await settingsFor(choice, terminal);
  const backups = backupsIn(await backupsDestination(choice, settings));
  return {
    list: backups.list,
    manifest: backups.manifest,

    /** @throws {UsageError} when no table is named */
    async restore(manifest: Manifest, options: RestoreOptions): Promise<Restored> {
      const table = await tableDestination(choice, settings);
      return restore(manifest, { table, backups, lists: incidentLists(table) }, options);
    },

    /**
     * The latest whole export, or the one whose name begins with this.
     *
     * @throws {UsageError} when no export fits, several do, or the one that does is not whole
     */
    async chosen(beginning: string | undefined): Promise<{ readonly id: string; readonly manifest: Manifest }> {
      const exports = await backups.list();
      const named = exports.filter(({ id, isWhole }) => (beginning === undefined ? isWhole : id.startsWith(beginning)));
      const one = named.at(-1);
      if (one === undefined)
        throw new UsageError(
          beginning === undefined
            ? `There is no whole export among ${exports.length}. The app writes the first one within an hour of its start`
            : `No export begins with ${beginning}. See: pimwatch restore --list`,
        );
      if (beginning !== undefined && named.length > 1)
        throw new UsageError(`More than one export begins with ${beginning}. Give more characters`);
      const manifest = await backups.manifest(one.id);
      if (manifest === undefined)
        throw new UsageError(
          `The export ${one.id} is not whole: it has no manifest. Choose another one: pimwatch restore --list`,
        );
      return { id: one.id, manifest };
    },
  };
}
