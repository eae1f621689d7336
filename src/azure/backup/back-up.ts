import { BACKUP_ABANDONED_MS, BACKUP_BUDGET_MS, BACKUP_EVERY_MS, BACKUP_OVERDUE_MS } from "../../core/timing.ts";
import { INCIDENTS_TABLE } from "../../storage-names.ts";
import { VERSION } from "../../version.ts";
import { partitionAfter } from "../incidents/rule-ids.ts";
import { EXPORT_RANGES } from "../tables/row-keys.ts";
import type { TableRows } from "../tables/table-rows.ts";
import { type Backups, exportId, exportTime, type ListedExport } from "./backups.ts";
import { type ExactRow, exactRows } from "./exact-rows.ts";
import type { Part, Position, Progress } from "./manifest.ts";

export interface BackUpDependencies {
  readonly table: Pick<TableRows, "exactPage" | "list">;
  readonly backups: Omit<Backups, "create" | "readPart" | "manifest">;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface BackUpLimits {
  /** No page is read after this. */
  readonly milliseconds: number;
  /** A part is written once its lines have this many characters: the most that is kept in memory, but for a page. */
  readonly partCharacters: number;
}

/** About 1 MB of blob. A page has at most 4 MB. */
const LIMITS: BackUpLimits = { milliseconds: BACKUP_BUDGET_MS, partCharacters: 8_000_000 };

export interface BackedUp {
  /** `unfinished`: the next run goes on. `not due`: the latest whole export is younger than a day. */
  readonly outcome: "whole" | "unfinished" | "not due";
  /** The export that this run worked on, or the latest. */
  readonly export: string;
  /** Of the export, so far. */
  readonly rows: number;
  readonly parts: number;
  readonly bytes: number;
  /** The latest whole export; undefined if there is none. */
  readonly latestWhole: string | undefined;
  /** No whole export began within two days although the timer has run for as long. */
  readonly isOverdue: boolean;
}

/**
 * Exports the whole incident table once a day, over as many runs of the timer as it takes.
 *
 * Writes go on meanwhile. The export has each incident that was stored when the export read the incidents, in a state of
 * some moment since its beginning, with all rows of that state: see EXPORT_RANGES. It may have rows of later states and
 * of later incidents too; a restore leaves them out.
 */
export async function backUp(deps: BackUpDependencies, limits = LIMITS): Promise<BackedUp> {
  const { backups, now } = deps;
  const begun = now();
  const exports = await backups.list();
  const whole = exports.findLast(({ isWhole }) => isWhole);
  const isDue = whole === undefined || begun - timeOf(whole) >= BACKUP_EVERY_MS;
  const open = openExport(exports, begun);
  if (open === undefined && !isDue) return outcome("not due", { id: whole?.id ?? "", parts: [] });
  const id = open?.id ?? exportId(begun);
  const progress = (open && (await backups.progress(open.id))) ?? fresh(begun);
  const { parts, isWhole } = await goOn(id, progress, begun + limits.milliseconds, { deps, limits });
  if (!isWhole) return outcome("unfinished", { id, parts });
  const rows = sumOf(parts, "rows");
  const { position: _, ...begunAs } = progress;
  await backups.finish(id, { ...begunAs, parts, rows, endedAt: new Date(now()).toISOString() });
  return outcome("whole", { id, parts });

  function outcome(
    name: BackedUp["outcome"],
    { id: of, parts: made }: { id: string; parts: readonly Part[] },
  ): BackedUp {
    const latestWhole = name === "whole" ? of : whole?.id;
    // Without a whole export, the age of the first attempt counts.
    const since = latestWhole === undefined ? exports.at(0)?.id : latestWhole;
    const isOverdue = since !== undefined && begun - (exportTime(since) ?? begun) > BACKUP_OVERDUE_MS;
    const figures = { rows: sumOf(made, "rows"), parts: made.length, bytes: sumOf(made, "bytes") };
    return { outcome: name, export: of, ...figures, latestWhole, isOverdue };
  }
}

/** The latest export, if it is unfinished and young enough for its parts to still be there. */
function openExport(exports: readonly ListedExport[], now: number): ListedExport | undefined {
  const latest = exports.at(-1);
  const isOpen = latest !== undefined && !latest.isWhole && Math.abs(now - timeOf(latest)) < BACKUP_ABANDONED_MS;
  return isOpen ? latest : undefined;
}

function timeOf({ id }: ListedExport): number {
  return exportTime(id) ?? 0;
}

function fresh(at: number): Progress {
  const startedAt = new Date(at).toISOString();
  return { format: 1, table: INCIDENTS_TABLE, version: VERSION, startedAt, parts: [], position: { range: 0 } };
}

function sumOf(parts: readonly Part[], figure: "rows" | "bytes"): number {
  return parts.reduce((sum, part) => sum + part[figure], 0);
}

/** Writes parts until the table or the time is at its end. */
async function goOn(
  id: string,
  progress: Progress,
  until: number,
  { deps: { table, backups, now }, limits }: { readonly deps: BackUpDependencies; readonly limits: BackUpLimits },
): Promise<{ readonly parts: Part[]; readonly isWhole: boolean }> {
  const parts = [...progress.parts];
  let { position } = progress;
  let lines: string[] = [];
  let characters = 0;

  const save = (): Promise<void> => backups.saveProgress(id, { ...progress, parts, position });

  async function flush(): Promise<void> {
    if (lines.length === 0) return;
    parts.push(await backups.addPart(id, position.range, lines, parts.length + 1));
    [lines, characters] = [[], 0];
    await save();
  }

  // The export counts as begun from now on.
  await save();
  for await (const { rows, next } of pagesFrom(position, table)) {
    if (next.range !== position.range) await flush();
    position = next;
    for (const row of rows) {
      const line = JSON.stringify(row);
      lines.push(line);
      characters += line.length;
    }
    if (characters >= limits.partCharacters) await flush();
    if (now() >= until) {
      await flush();
      await save(); // the pages may have been empty
      return { parts, isWhole: false };
    }
  }
  await flush();
  return { parts, isWhole: true };
}

/** The pages of all ranges of all partitions, each with the position behind it. */
async function* pagesFrom(
  start: Position,
  table: BackUpDependencies["table"],
): AsyncGenerator<{ readonly rows: readonly ExactRow[]; readonly next: Position }> {
  let { partitionKey, after, isDone } = start;
  for (let range = start.range; range < EXPORT_RANGES.length; range += 1) {
    const keys = EXPORT_RANGES[range];
    if (partitionKey === undefined || isDone === true) {
      partitionKey = await partitionAfter(partitionKey ?? "", table);
      after = undefined;
    }
    while (partitionKey !== undefined) {
      let token: string | undefined;
      do {
        const page = await table.exactPage({ partitionKey, ...keys, after }, token);
        const rows = exactRows(page.json);
        token = page.token;
        const last = rows.at(-1)?.RowKey ?? after;
        yield { rows, next: { range, partitionKey, after: last, isDone: token === undefined } };
      } while (token !== undefined);
      [after, isDone] = [undefined, undefined];
      partitionKey = await partitionAfter(partitionKey, table);
    }
  }
}
