import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { ContainerClient } from "@azure/storage-blob";
import { backUp, type BackUpDependencies, type BackUpLimits } from "../../../src/azure/backup/back-up.ts";
import { backupsIn } from "../../../src/azure/backup/backups.ts";
import { type ExactRow, exactRows } from "../../../src/azure/backup/exact-rows.ts";
import { type KeptRow, restore, type RestoreOptions } from "../../../src/azure/backup/restore.ts";
import { incidentChanges } from "../../../src/azure/incidents/incident-changes.ts";
import { incidentLists } from "../../../src/azure/incidents/incident-lists.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { IncidentRow, StoredIncident } from "../../../src/core/incident/incident-row.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { ofRule, storedIncident } from "../../stored-incident.ts";

export const START = Date.parse("2026-11-30T02:37:00Z");
export const HOUR = 3_600_000;
/** A part for every few rows, so that small tables have many parts. */
export const SMALL_PARTS: BackUpLimits = { milliseconds: 60_000, partCharacters: 20_000 };

/** A table of incidents in the emulator with its container of backups, both new. */
export async function backupWorld(connectionString: string) {
  const name = `t${randomUUID().replaceAll("-", "")}`;
  const options = { allowInsecureConnection: true, additionalPolicies: [answersOfTheTableService] };
  const client = TableClient.fromConnectionString(connectionString, name, options);
  const table = tableRows(client);
  const backups = backupsIn(new ContainerClient(connectionString, name));
  const world = {
    client,
    container: new ContainerClient(connectionString, name),
    table,
    backups,
    incidents: incidentTable(table, ["log-analytics", "webhook"]),
    changes: incidentChanges(table),
    time: START,
    backUp(limits: BackUpLimits = SMALL_PARTS, more: Partial<BackUpDependencies> = {}) {
      return backUp({ table, backups, now: () => world.time, ...more }, limits);
    },
    async restore(more: Partial<RestoreOptions> = {}) {
      const kept: KeptRow[] = [];
      const whole = (await backups.list()).findLast(({ isWhole }) => isWhole);
      const manifest = await backups.manifest(whole?.id ?? "");
      if (manifest === undefined) throw new Error("no whole export");
      const restored = await restore(
        manifest,
        { table, backups, lists: incidentLists(table) },
        {
          isDryRun: false,
          stopping: new AbortController().signal,
          onProgress: () => undefined,
          onKept: (row) => void kept.push(row),
          ...more,
        },
      );
      return { ...restored, keptRows: kept };
    },
    /** Every row with its exact types, in the order of the keys. */
    async rows(): Promise<ExactRow[]> {
      const rows: ExactRow[] = [];
      let token: string | undefined;
      do {
        const page = await table.exactPage({}, token);
        rows.push(...exactRows(page.json));
        token = page.token;
      } while (token !== undefined);
      return rows;
    },
    /** Removes the table with all rows. */
    async destroy(): Promise<void> {
      await client.deleteTable();
    },
  };
  await table.make();
  await backups.create();
  return world;
}

export type BackupWorld = Awaited<ReturnType<typeof backupWorld>>;

export const RULES = ["rule-a", "rule-b", "rule-c"];

export function incidentOf(ruleId: string, name: string): StoredIncident {
  return ofRule(ruleId, storedIncident(`${ruleId} ${name}`));
}

/** The next state of an incident, as an analyst makes it. */
export async function takeIncident({ changes }: BackupWorld, row: IncidentRow): Promise<IncidentRow> {
  const revision = Number(row["Revision"]) + 1;
  const next = { ...row, Revision: revision, RowKind: "updated", Status: "Active", Owner: `analyst ${revision}` };
  const outcome = await changes.change(next, {
    revision,
    time: "2026-11-30T01:00:00.000Z",
    by: { name: "an analyst", id: "1", kind: "entra" },
    changes: [{ field: "Owner", from: valueText(row["Owner"]), to: `analyst ${revision}` }],
    comment: "",
  });
  if (outcome !== "changed") throw new Error(`the change met a ${outcome}`);
  return next;
}
