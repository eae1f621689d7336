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

/** One event to send: the bytes as they stand in the file, readable or not. */
export interface FileEvent {
  readonly body: Uint8Array;
  /** For messages: `events.ndjson:17`, or `events.json, element 3`. */
  readonly where: string;
}

/** Events that end in the same stretch of a file, to be taken to the last. Each body holds until the next is asked for. */
export type EventBlock = Iterable<FileEvent>;

/**
 * As much of a file is looked at as a whole to tell its form: sixteen times what the hub takes as one event. What is
 * larger is a file of lines or an array, and is streamed.
 */
const WHOLE_BYTES = 16 * 1_048_576;

/** The events in a file's bytes, whatever their form; see `readEventFiles`. A chunk is done with when the next is asked for. */
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
 * Tells from a file's first chunks, given one after the other, whether it is lines of objects: one ends in `}`, the next
 * begins with `{`, which no document over many lines does. Undefined where more must be seen; false says nothing.
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
  // The first line may be no JSON object by itself: a document over many lines, an array, or a malformed line.
  const document = withoutByteOrderMark(content);
  const isOne = lines.length === 1;
  const isDocument = !isOne && !isWholeEvent(first.bytes) && isJson(document);
  // Lines that are arrays are bodies of their own; a single line is an array of events.
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

/** The elements of an array that is there as a whole. */
function* elementsIn(file: string, array: Buffer): Generator<FileEvent> {
  const elements = arrayElements();
  let count = 0;
  for (const bodies of [elements.in(array), elements.rest()])
    for (const body of bodies) yield { body, where: `${file}, element ${(count += 1)}` };
}

/** Nothing here is held as a whole but `head` and the event at hand. */
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

/** @param isAll whether the array is all that the file should hold: what follows it is an event, too, and no good one */
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
 * Whether one of the first two lines is JSON, since the other may be malformed. A line that is alone proves nothing: it may
 * be all of an array or object, when the file ends within these bytes.
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

/** The first line of an array over many lines, in which each element may be a line. */
function isOpeningBracket(line: Uint8Array): boolean {
  return startsWithArray(line) && trimmedEnd(line).length === skipWhitespace(line, 0) + 1;
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** Lines as events, but blank ones. A line that lies in one chunk is not copied. */
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

/** A line without its end, be it LF or CRLF, and without the byte order mark of the file. */
function lineOf(bytes: Uint8Array, number: number): Uint8Array {
  const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  return number === 1 ? withoutByteOrderMark(line) : line;
}

function startsWithArray(bytes: Uint8Array): boolean {
  const json = withoutByteOrderMark(bytes);
  return json[skipWhitespace(json, 0)] === OPEN_ARRAY;
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

function isWhitespace(bytes: Uint8Array): boolean {
  return skipWhitespace(bytes, 0) === bytes.length;
}

function trimmedEnd(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, skipWhitespaceBack(bytes, bytes.length - 1) + 1);
}
