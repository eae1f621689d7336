import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../src/errors.ts";
import type { EventBlock, FileEvent } from "./event-forms.ts";
import { exportEvents, type NotUnderstood } from "./export-events.ts";
import { fileChunks, readBuffers, unreadable } from "./file-chunks.ts";

export type { FileEvent } from "./event-forms.ts";
export { misreadFiles, misreadText } from "./export-events.ts";

type Report = (file: NotUnderstood) => void;

/**
 * Reads events from files and folders, in the order of the paths, and by name within a folder.
 *
 * - NDJSON: each line is one event, either a body `{"records":[…]}` or a bare record. A line that is not JSON is
 *   an event too, so that the app decides what becomes of it.
 * - One JSON array: each element is one event. One JSON object over many lines: one event, or one event for each of its
 *   records if the object is larger than an event can be.
 * - A folder, such as an Azure Storage archive (`…/y=2026/m=03/d=04/h=09/m=00/PT1H.json`): all files
 *   below it that end in .json, .jsonl, .ndjson or .log, also with .gz.
 * - Audit logs in the forms of Microsoft Graph, the portal and Log Analytics: turned into export records.
 *
 * A file is gzip if its first bytes say so, whatever its name. Files are streamed; the largest event bounds the memory.
 *
 * @param report called for each file in which no event has a known form
 * @throws {UsageError} for a file that is missing, unreadable or damaged gzip, for one of a known form that holds no audit
 *   logs, and when the files hold no event
 */
export async function* readEventFiles(paths: readonly string[], report: Report): AsyncGenerator<FileEvent> {
  for await (const { events } of readEventBlocks(paths, report)) {
    for (const { body, where } of events) yield { body: Uint8Array.from(body), where };
  }
}

/** Events of a file that were read together. */
export interface FileBlock {
  readonly file: string;
  readonly events: EventBlock;
}

/**
 * Like `readEventFiles`, but faster, for callers that are done with an event when they ask for the next: it does not copy
 * the bytes, nor wait between the events of a block. Take all events of a block.
 */
export async function* readEventBlocks(paths: readonly string[], report: Report): AsyncGenerator<FileBlock> {
  const buffers = readBuffers();
  let hasEvents = false;
  const noted = function* (events: EventBlock): Generator<FileEvent> {
    for (const event of events) {
      hasEvents = true;
      yield event;
    }
  };
  for (const path of paths) {
    for (const file of await filesAt(path)) {
      for await (const events of exportEvents(file, fileChunks(file, buffers), report))
        yield { file, events: hasEvents ? events : noted(events) };
    }
  }
  if (!hasEvents)
    throw new UsageError(`${paths.join(", ")}: no events found. The files are empty or hold only whitespace`);
}

export interface EventFile {
  readonly file: string;
  /** Bytes on disk, compressed or not. */
  readonly size: number;
}

/** The files that `readEventFiles` reads, in its order, for showing the progress. */
export async function listEventFiles(paths: readonly string[]): Promise<readonly EventFile[]> {
  const files: EventFile[] = [];
  for (const path of paths) {
    for (const file of await filesAt(path)) files.push({ file, size: (await stat(file)).size });
  }
  return files;
}

const EVENT_FILE = /\.(json|jsonl|ndjson|log)(\.gz)?$/i;

/** The path itself, or the event files below it. */
async function filesAt(path: string): Promise<readonly string[]> {
  const stats = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!stats.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((error: unknown): Dirent[] => {
    throw unreadable(path, error);
  });
  const files = entries
    .filter((entry) => entry.isFile() && EVENT_FILE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    // Not by locale, so that y=2026/m=03/… sorts by time on every machine.
    .sort((a, b) => (a < b ? -1 : 1));
  if (files.length === 0)
    throw new UsageError(
      `${path}: no event files found. The folder has no .json, .jsonl, .ndjson or .log file (or .gz of one)`,
    );
  return files;
}
