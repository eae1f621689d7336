import { counted } from "../../src/core/counted.ts";
import type { KeptRow, Restored } from "../../src/azure/backup/restore.ts";
import { visible } from "../../src/core/visible-text.ts";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import { jsonLine } from "../json-line.ts";
import type { Terminal } from "../terminal.ts";

export const restoreCommand = command({
  name: "restore",
  summary: "Brings incidents back from a backup into the incident table, or lists the backups.",
  operands: "[options] [EXPORT]",
  options: {
    storage: STORAGE_OPTIONS.storage,
    "container-url": {
      ...STORAGE_OPTIONS["container-url"],
      help: "https://ACCOUNT.blob.core.windows.net/backups, with your own sign-in (az login)",
    },
    "table-endpoint": STORAGE_OPTIONS["table-endpoint"],
    list: { type: "boolean", help: "list the exports, oldest first" },
    "dry-run": { type: "boolean", help: "verify the export and say what would be restored; write nothing" },
    json: { type: "boolean", help: "print the list, the rows that differ and the figures as JSON, one to a line" },
  },
  notes: `EXPORT is the time at which an export began, as --list shows it; its beginning will do. Without it, the latest whole
export is restored.

First the command reads the whole export and checks the sizes, hashes and row counts that its manifest names. It writes
nothing if one is wrong. Then it adds the rows that the table lacks. It never changes a row that the table has: if that
differs, it says so, and the table's row stays. So you can stop the command and run it again, as often as you like.

A row that a sink had acknowledged is not sent again. A row that waited is sent, unless the table says that it
was since.

Stop the app first. Your own sign-in needs Storage Table Data Contributor on the table and Storage Blob Data Reader on
the container. docs/backup.md describes the whole way back, also for what came after the export.

  npx pimwatch restore --dry-run --container-url https://ACCOUNT.blob.core.windows.net/backups \\
    --table-endpoint https://ACCOUNT.table.core.windows.net`,
  exitCodes: {
    0: "the table has everything that is in the export, or would have it after a restore; or the exports were listed",
    1: "the table has rows that differ from the export, or the command was stopped before its end",
    2: "there is no whole export, or it is damaged",
  },
  async run({ values, operands }, terminal) {
    const [name, ...more] = operands;
    if (more.length > 0) throw new UsageError("Give one EXPORT, or none for the latest");
    if (values.list === true && (name !== undefined || values["dry-run"] === true))
      throw new UsageError("--list takes neither EXPORT nor --dry-run");
    const { openBackups } = await import("../deployment/open-backups.ts"); // the SDKs are loaded when first needed
    const backups = await openBackups(values, terminal);
    const isJson = values.json === true;
    if (values.list === true) {
      terminal.progress("Listing exports …");
      const exports = await backups.list();
      for (const { id, isWhole } of exports) {
        const manifest = isWhole ? await backups.manifest(id) : undefined;
        const figures = { rows: manifest?.rows, bytes: manifest?.parts.reduce((sum, { bytes }) => sum + bytes, 0) };
        terminal.out(isJson ? jsonLine({ export: id, isWhole, ...figures }) : exportLine(id, figures));
      }
      terminal.note(counted(exports.length, "export"));
      return 0;
    }
    const isDryRun = values["dry-run"] === true;
    const { id, manifest } = await backups.chosen(name);
    terminal.note(
      `Export ${id}: ${counted(manifest.rows, "row")} in ${counted(manifest.parts.length, "part")}, written by ${visible(manifest.version)}`,
    );
    const restored = await backups.restore(manifest, {
      isDryRun,
      stopping: terminal.stopping,
      onProgress: (stage, rows) => terminal.progress(`${stage} ${rows} of ${counted(manifest.rows, "row")} …`),
      onKept: (row) => terminal.out(isJson ? jsonLine({ kind: "differs", ...row }) : keptLine(row)),
    });
    if (isJson) terminal.out(jsonLine({ kind: "restored", export: id, isDryRun, ...restored }));
    tell(restored, isDryRun, terminal);
    return restored.kept > 0 || restored.isStopped ? 1 : 0;
  },
});

function exportLine(
  id: string,
  { rows, bytes }: { readonly rows: number | undefined; readonly bytes: number | undefined },
): string {
  return rows === undefined ? `${id}  not whole\n` : `${id}  ${counted(rows, "row")}, ${counted(bytes ?? 0, "byte")}\n`;
}

function keptLine({ ruleId, rowKey, differsIn, revision }: KeptRow): string {
  const which =
    revision && `: revision ${String(revision.table)} in the table, ${String(revision.backup)} in the export`;
  return `differs, kept as it is  ${visible(ruleId)}  ${visible(rowKey)}${which ?? ""}  (${visible(differsIn.join(", "))})\n`;
}

function tell(
  { added, same, kept, leftOut, relisted, isStopped }: Restored,
  isDryRun: boolean,
  terminal: Terminal,
): void {
  const parts = [
    `${counted(added, "row")} ${isDryRun ? "would be added" : "added"}`,
    `${counted(same, "row")} there already`,
    kept > 0 && counted(kept, "row differs and stays as it is", "rows differ and stay as they are"),
    leftOut > 0 && `${counted(leftOut, "row")} of later states left out`,
    relisted > 0 && `${counted(relisted, "incident")} put back into lists`,
  ].filter((part) => part !== false);
  terminal.note(parts.join(", "));
  if (isStopped) terminal.note("Stopped before the end. Run the command again: it adds what is still missing");
}
