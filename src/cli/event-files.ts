import { createReadStream, type Dirent } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { elementSlices, recordsArrayStart, withoutByteOrderMark } from "../core/json-slices.ts";
import { UsageError } from "../errors.ts";

/** One event to send: the bytes as they stand in the file, readable or not. */
export interface FileEvent {
  readonly body: Uint8Array;
  /** For messages: `events.ndjson:17`, or `events.json, element 3`. */
  readonly where: string;
}

/**
 * Reads events from files and folders, in order of the paths given and by name within a folder.
 *
 * - NDJSON: each line is one event, be it a body `{"records":[…]}` or a bare record. A line that is not
 *   JSON is an event all the same: what becomes of it is for the app to decide.
 * - One JSON array: each element is one event. One JSON object over many lines: one event.
 * - A folder, such as an Azure Storage archive (`…/y=2026/m=03/d=04/h=09/m=00/PT1H.json`): all files
 *   below it that end in .json, .jsonl, .ndjson or .log, also with .gz.
 *
 * Gzip is known by its first bytes, whatever the name. Files of lines are streamed.
 *
 * @throws {UsageError} for a file that is missing, unreadable or damaged gzip, and when there is no event at all
 */
export async function* readEventFiles(paths: readonly string[]): AsyncGenerator<FileEvent> {
  let events = 0;
  for (const path of paths) {
    for (const file of await filesAt(path)) {
      for await (const event of readEventFile(file)) {
        events += 1;
        yield event;
      }
    }
  }
  if (events === 0) throw new UsageError(`${paths.join(", ")}: no events, only blanks or nothing at all`);
}

export interface EventFile {
  readonly file: string;
  /** Bytes on disk, packed or not. */
  readonly size: number;
}

/** The files that `readEventFiles` reads, in its order, for showing how far it is. */
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
    // Not by locale: y=2026/m=03/… sorts by time on every machine.
    .sort((a, b) => (a < b ? -1 : 1));
  if (files.length === 0)
    throw new UsageError(`${path}: no .json, .jsonl, .ndjson or .log file (or .gz of one) below this folder`);
  return files;
}

async function* readEventFile(file: string): AsyncGenerator<FileEvent> {
  const lines = linesOf(file);
  try {
    const first = await nextFilled(lines);
    if (first === undefined) return;
    if (isWholeEvent(first.bytes)) {
      yield { body: first.bytes, where: `${file}:${first.number}` };
      for await (const { bytes, number } of lines)
        if (!isBlank(bytes)) yield { body: bytes, where: `${file}:${number}` };
      return;
    }
    // The first line is no JSON object by itself: a document over many lines, an array, or a malformed line.
    const rest: Line[] = [first];
    for await (const line of lines) rest.push(line);
    yield* documentOrLines(file, rest);
  } finally {
    await lines.return(undefined);
  }
}

interface Line {
  readonly bytes: Uint8Array;
  /** Counted from 1. */
  readonly number: number;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN_ARRAY = 0x5b;

function* documentOrLines(file: string, lines: readonly Line[]): Generator<FileEvent> {
  const document = Buffer.concat(
    lines.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [Uint8Array.of(NEWLINE), bytes])),
  );
  const filled = lines.filter(({ bytes }) => !isBlank(bytes));
  const isDocument = isJson(document);
  // Lines that are arrays are bodies of their own; a single line is an array of events.
  const startsArray = filled[0]?.bytes.find((byte) => !isBlankByte(byte)) === OPEN_ARRAY;
  if (isDocument && !startsArray) {
    yield { body: document, where: `${file}:${filled[0]?.number ?? 1}` };
  } else if (startsArray && (isDocument || !filled.some(({ bytes }) => isJson(bytes)))) {
    const start = recordsArrayStart(document);
    const elements = start === undefined ? [] : elementSlices(document, start);
    for (const [index, body] of elements.entries()) yield { body, where: `${file}, element ${index + 1}` };
  } else {
    for (const { bytes, number } of filled) yield { body: bytes, where: `${file}:${number}` };
  }
}

/** Streams a file's lines without their ends (LF or CRLF), unpacked, without a byte order mark at the start. */
async function* linesOf(file: string): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  let number = 0;
  const line = (...parts: Buffer[]): Line => {
    const whole = Buffer.concat(parts);
    number += 1;
    const bytes = whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
    return { number, bytes: number === 1 ? withoutByteOrderMark(bytes) : bytes };
  };
  try {
    for await (const chunk of await unpacked(file)) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        yield line(...rest, chunk.subarray(from, at));
        rest = [];
        from = at + 1;
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (rest.length > 0) yield line(...rest);
}

async function unpacked(file: string): Promise<AsyncIterable<Buffer>> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    const packed = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    const raw = createReadStream(file);
    if (!packed) return raw;
    const gunzip = createGunzip();
    raw.on("error", (error) => gunzip.destroy(error));
    gunzip.on("close", () => raw.destroy());
    return raw.pipe(gunzip);
  } finally {
    await handle.close();
  }
}

async function nextFilled(lines: AsyncGenerator<Line>): Promise<Line | undefined> {
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return undefined;
    if (!isBlank(value.bytes)) return value;
  }
}

/** A JSON object on one line: the file is lines of events, and can be streamed. */
function isWholeEvent(bytes: Uint8Array): boolean {
  return bytes.find((byte) => !isBlankByte(byte)) !== OPEN_ARRAY && isJson(bytes);
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return true;
  } catch {
    // Only the parser's and the decoder's "no" can come: that is the answer asked for.
    return false;
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isBlankByte);
}

function isBlankByte(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === CARRIAGE_RETURN;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "no permission to read it",
  EISDIR: "is a folder",
  Z_DATA_ERROR: "damaged gzip",
  Z_BUF_ERROR: "gzip is cut short",
};

function unreadable(path: string, error: unknown): UsageError {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? String(error.code) : "";
  return new UsageError(`${path}: ${REASONS[code] ?? error.message}`, { cause: error });
}
