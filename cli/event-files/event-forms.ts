import { recordsArrayStart, withoutByteOrderMark } from "../../src/core/json/json-slices.ts";
import {
  CLOSE_OBJECT,
  OPEN_ARRAY,
  OPEN_OBJECT,
  skipWhitespace,
  skipWhitespaceBack,
} from "../../src/core/json/json-walk.ts";
import { arrayElements } from "./array-elements.ts";
import { gatheredBytes } from "./gathered-bytes.ts";

/** One event to send: its bytes as in the file, whether the app can read them or not. */
export interface FileEvent {
  readonly body: Uint8Array;
  /** Its place, for messages: `events.ndjson:17`, or `events.json, element 3`. */
  readonly where: string;
}

/** Events that end in the same chunk of a file. Take all of them; each body is valid until you ask for the next. */
export type EventBlock = Iterable<FileEvent>;

/**
 * Up to this size, the form of a file is told from all of it: sixteen times the largest event of the hub. A larger file
 * is lines or an array, and is streamed.
 */
const WHOLE_BYTES = 16 * 1_048_576;

/** The events in a file's bytes, in any form of `readEventFiles`. A chunk is used until the next is asked for. */
export async function* readEvents(
  file: string,
  chunks: AsyncGenerator<Buffer>,
  wholeBytes = WHOLE_BYTES,
): AsyncGenerator<EventBlock> {
  const head = gatheredBytes();
  const areLines = lineForm();
  try {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) {
        yield wholeFile(file, head.joined(NOTHING));
        return;
      }
      if (areLines(value) === true) {
        yield* eventLines(file, joined(head.joined(value), chunks));
        return;
      }
      head.add(value);
      if (head.length > wholeBytes) break;
    }
    yield* largeFile(file, head.joined(NOTHING), chunks);
  } finally {
    await chunks.return(undefined);
  }
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/**
 * Tells from a file's first chunks whether it is lines of objects: one line ends in `}` and the next begins with `{`,
 * which never happens in a document over many lines.
 *
 * @returns undefined if it needs the next chunk; false proves nothing
 */
function lineForm(): (chunk: Buffer) => boolean | undefined {
  let [hasBegun, hasEnded] = [false, false];
  let last: number | undefined;
  let answer: boolean | undefined;
  const look = (chunk: Buffer): boolean | undefined => {
    let at = 0;
    if (!hasBegun) {
      at = skipWhitespace(chunk, withoutByteOrderMark(chunk) === chunk ? 0 : 3);
      if (at === chunk.length) return undefined;
      if (chunk[at] !== OPEN_OBJECT) return false;
      hasBegun = true;
    }
    if (!hasEnded) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline < 0 ? chunk.length : newline;
      last = trimmedEnd(chunk.subarray(at, end)).at(-1) ?? last;
      if (newline < 0) return undefined;
      if (last !== CLOSE_OBJECT) return false;
      hasEnded = true;
      at = newline + 1;
    }
    at = skipWhitespace(chunk, at);
    return at === chunk.length ? undefined : chunk[at] === OPEN_OBJECT;
  };
  return (chunk) => (answer ??= look(chunk));
}

function* wholeFile(file: string, content: Buffer): Generator<FileEvent> {
  const lines = [...linesIn(content)].filter(({ bytes }) => !isWhitespace(bytes));
  const [first] = lines;
  if (first === undefined) return;
  // A first line that is not a JSON object begins a document over many lines or an array, or is malformed.
  const document = withoutByteOrderMark(content);
  const isOne = lines.length === 1;
  const isDocument = !isOne && !isWholeEvent(first.bytes) && isJson(document);
  // Several lines that are arrays are bodies; a single line that is an array is an array of events.
  const startsArray = startsWithArray(first.bytes);
  if (isDocument && !startsArray) {
    yield { body: trimmedEnd(document), where: `${file}:${first.number}` };
  } else if (startsArray && (isOne || isDocument || !lines.some(({ bytes }) => isJson(bytes)))) {
    const start = recordsArrayStart(document) ?? 0;
    yield* elementsIn(file, content.subarray(content.length - document.length + start));
  } else {
    for (const { bytes, number } of lines) yield { body: bytes, where: `${file}:${number}` };
  }
}

/** The elements of an array that is in memory as a whole. */
function* elementsIn(file: string, array: Buffer): Generator<FileEvent> {
  const elements = arrayElements();
  let count = 0;
  for (const bodies of [elements.in(array), elements.rest()])
    for (const body of bodies) yield { body, where: `${file}, element ${(count += 1)}` };
}

/** Holds only `head` and the current event in memory. */
async function* largeFile(file: string, head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<EventBlock> {
  const document = withoutByteOrderMark(head);
  const start = recordsArrayStart(document);
  if (start === undefined || isFileOfLines(head)) yield* eventLines(file, joined(head, rest));
  else
    yield* eventElements(
      file,
      joined(head.subarray(head.length - document.length + start), rest),
      startsWithArray(head),
    );
}

/** @param isAll whether the file should hold only the array: then anything behind it is reported as a malformed event */
async function* eventElements(file: string, chunks: AsyncIterable<Buffer>, isAll: boolean): AsyncGenerator<EventBlock> {
  const elements = arrayElements();
  let count = 0;
  const events = function* (bodies: Iterable<Uint8Array>): Generator<FileEvent> {
    for (const body of bodies) yield { body, where: `${file}, element ${(count += 1)}` };
  };
  for await (const chunk of chunks) {
    yield events(elements.in(chunk));
    const { behind } = elements;
    if (behind === undefined) continue;
    if (isAll && !isWhitespace(behind)) yield [{ body: behind, where: `${file}, behind element ${count}` }];
    return;
  }
  yield events(elements.rest());
}

/**
 * Whether one of the first two lines is JSON; the other may be malformed. A single line proves nothing, since it may be
 * a whole array or object.
 */
function isFileOfLines(content: Buffer): boolean {
  const [first, second] = firstTwoLines(content);
  if (first === undefined || second === undefined || isOpeningBracket(first.bytes)) return false;
  return isJson(first.bytes) || (second.isEnded && isJson(second.bytes));
}

function firstTwoLines(content: Buffer): readonly Line[] {
  const lines: Line[] = [];
  for (const line of linesIn(content)) {
    if (!isWhitespace(line.bytes)) lines.push(line);
    if (lines.length === 2) break;
  }
  return lines;
}

/** Whether the line only opens an array over many lines, in which each element may be a line. */
function isOpeningBracket(line: Uint8Array): boolean {
  return startsWithArray(line) && trimmedEnd(line).length === skipWhitespace(line, 0) + 1;
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** Lines as events, without blank lines. A line within one chunk is not copied. */
async function* eventLines(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<EventBlock> {
  const open = gatheredBytes();
  let number = 0;
  for await (const chunk of chunks) {
    yield (function* () {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        number += 1;
        const body = lineOf(open.joined(chunk.subarray(from, end)), number);
        from = end + 1;
        if (!isWhitespace(body)) yield { body, where: `${file}:${number}` };
      }
      open.add(chunk.subarray(from));
    })();
  }
  const body = lineOf(open.joined(NOTHING), number + 1);
  if (!isWhitespace(body)) yield [{ body, where: `${file}:${number + 1}` }];
}

interface Line {
  readonly bytes: Uint8Array;
  /** Counted from 1. */
  readonly number: number;
  readonly isEnded: boolean;
}

function* linesIn(content: Buffer): Generator<Line> {
  let from = 0;
  for (let number = 1; from < content.length; number += 1) {
    const newline = content.indexOf(NEWLINE, from);
    const end = newline < 0 ? content.length : newline;
    yield { bytes: lineOf(content.subarray(from, end), number), number, isEnded: newline >= 0 };
    from = end + 1;
  }
}

/** A line without LF or CRLF, and without the file's byte order mark. */
function lineOf(bytes: Uint8Array, number: number): Uint8Array {
  const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  return number === 1 ? withoutByteOrderMark(line) : line;
}

function startsWithArray(bytes: Uint8Array): boolean {
  const json = withoutByteOrderMark(bytes);
  return json[skipWhitespace(json, 0)] === OPEN_ARRAY;
}

/** Whether the line is a JSON object by itself, so that the file is lines of events. */
function isWholeEvent(bytes: Uint8Array): boolean {
  return !startsWithArray(bytes) && isJson(bytes);
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return true;
  } catch {
    // The parser or the decoder refused the bytes; nothing else can throw here.
    return false;
  }
}

function isWhitespace(bytes: Uint8Array): boolean {
  return skipWhitespace(bytes, 0) === bytes.length;
}

function trimmedEnd(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, skipWhitespaceBack(bytes, bytes.length - 1) + 1);
}
