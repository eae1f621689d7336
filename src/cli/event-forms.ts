import { elementSlices, recordsArrayStart, withoutByteOrderMark } from "../core/json-slices.ts";
import { arrayElements, isBlankByte } from "./array-elements.ts";

/** One event to send: the bytes as they stand in the file, readable or not. */
export interface FileEvent {
  readonly body: Uint8Array;
  /** For messages: `events.ndjson:17`, or `events.json, element 3`. */
  readonly where: string;
}

/**
 * As much of a file is looked at as a whole to tell its form: sixteen times what the hub takes as one event. What is
 * larger is a file of lines or an array, and is streamed.
 */
const WHOLE_BYTES = 16 * 1_048_576;

/** The events in a file's bytes, whatever their form; see `readEventFiles`. */
export async function* readEvents(
  file: string,
  chunks: AsyncGenerator<Buffer>,
  wholeBytes = WHOLE_BYTES,
): AsyncGenerator<FileEvent> {
  const head: Buffer[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) {
        yield* wholeFile(file, Buffer.concat(head));
        return;
      }
      head.push(value);
      size += value.length;
      if (size > wholeBytes) break;
    }
    yield* largeFile(file, Buffer.concat(head), chunks);
  } finally {
    await chunks.return(undefined);
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

async function* wholeFile(file: string, content: Buffer): AsyncGenerator<FileEvent> {
  const lines: Line[] = [];
  for await (const line of linesOf([content])) if (!isBlank(line.bytes)) lines.push(line);
  const [first] = lines;
  if (first === undefined) return;
  // The first line may be no JSON object by itself: a document over many lines, an array, or a malformed line.
  const document = withoutByteOrderMark(content);
  const isDocument = !isWholeEvent(first.bytes) && isJson(document);
  // Lines that are arrays are bodies of their own; a single line is an array of events.
  const startsArray = startsWithArray(first.bytes);
  if (isDocument && !startsArray) {
    yield { body: trimmedEnd(document), where: `${file}:${first.number}` };
  } else if (startsArray && (isDocument || !lines.some(({ bytes }) => isJson(bytes)))) {
    const start = recordsArrayStart(document);
    const elements = start === undefined ? [] : elementSlices(document, start);
    for (const [index, body] of elements.entries()) yield { body, where: `${file}, element ${index + 1}` };
  } else {
    for (const { bytes, number } of lines) yield { body: bytes, where: `${file}:${number}` };
  }
}

/** Nothing here is held as a whole but `head` and the event at hand. */
async function* largeFile(file: string, head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<FileEvent> {
  const content = Buffer.from(withoutByteOrderMark(head));
  const start = recordsArrayStart(content);
  if (start === undefined || (await isFileOfLines(content))) {
    for await (const { bytes, number } of linesOf(joined(content, rest))) {
      if (!isBlank(bytes)) yield { body: bytes, where: `${file}:${number}` };
    }
    return;
  }
  const elements = arrayElements(joined(content.subarray(start), rest));
  let count = 0;
  for (;;) {
    const { done, value } = await elements.next();
    if (done !== true) {
      count += 1;
      yield { body: value, where: `${file}, element ${count}` };
    } else {
      const isLost = startsWithArray(content) && !isBlank(value);
      if (isLost) yield { body: value, where: `${file}, behind element ${count}` };
      return;
    }
  }
}

/** Two lines are asked, since one of them may be malformed. */
async function isFileOfLines(content: Buffer): Promise<boolean> {
  let asked = 0;
  for await (const { bytes, isEnded } of linesOf([content])) {
    if (!isEnded) return false;
    if (isBlank(bytes)) continue;
    if (isJson(bytes)) return true;
    asked += 1;
    if (asked === 2) return false;
  }
  return false;
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** A file's lines without their ends (LF or CRLF), without a byte order mark at the start. */
async function* linesOf(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Line & { readonly isEnded: boolean }> {
  let rest: Buffer[] = [];
  let number = 0;
  const line = (parts: readonly Buffer[], isEnded: boolean) => {
    const whole = Buffer.concat(parts);
    number += 1;
    const bytes = whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
    return { number, isEnded, bytes: number === 1 ? withoutByteOrderMark(bytes) : bytes };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      yield line([...rest, chunk.subarray(from, at)], true);
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield line(rest, false);
}

function startsWithArray(bytes: Uint8Array): boolean {
  return bytes.find((byte) => !isBlankByte(byte)) === OPEN_ARRAY;
}

/** A JSON object on one line: the file is lines of events. */
function isWholeEvent(bytes: Uint8Array): boolean {
  return !startsWithArray(bytes) && isJson(bytes);
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

function trimmedEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (isBlankByte(bytes[end - 1])) end -= 1;
  return bytes.subarray(0, end);
}
