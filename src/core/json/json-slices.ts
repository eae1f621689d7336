import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  closingBracket,
  COLON,
  endOfString,
  jsonWalk,
  nextElementEnd,
  OPEN_ARRAY,
  OPEN_OBJECT,
  OUTSIDE,
  QUOTE,
  skipWhitespace,
  trimmed,
} from "./json-walk.ts";

/*
 * Where the records lie in the bytes of a body. Text that is not JSON only gives slices that will not parse.
 */

/** The bytes without a leading UTF-8 byte order mark. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/**
 * Position of the `[` that opens the records: the body's own, or that of the top-level key `records`, however
 * its letters are escaped. Of several such keys it is the last, as for `JSON.parse`.
 */
export function recordsArrayStart(json: Uint8Array): number | undefined {
  const first = skipWhitespace(json, 0);
  if (json[first] === OPEN_ARRAY) return first;
  if (json[first] !== OPEN_OBJECT) return undefined;
  let found: number | undefined;
  for (let at = first + 1; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      const end = endOfString(json, at);
      const colon = skipWhitespace(json, end);
      if (json[colon] === COLON && isRecordsKey(json.subarray(at, end))) {
        const value = skipWhitespace(json, colon + 1);
        found = json[value] === OPEN_ARRAY ? value : undefined;
      }
      at = end - 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) at = closingBracket(json, at);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return found;
  }
  return found;
}

/** Each letter as itself or as six bytes, `\u0072`, between quotes. */
const LONGEST_RECORDS_KEY = 2 + 6 * "records".length;

/** Whether a string, with its quotes, is `records`, however its letters are escaped. */
export function isRecordsKey(quoted: Uint8Array): boolean {
  if (quoted.length > LONGEST_RECORDS_KEY) return false;
  const text = Buffer.from(quoted).toString("latin1");
  const plain = text.replaceAll(/\\u([0-9a-f]{4})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return plain === '"records"';
}

export interface SlicedArray {
  /** The elements without the whitespace around them. Together they hold all of the array's bytes but whitespace and commas. */
  readonly slices: Uint8Array[];
  /** What follows the last element, from the bracket that closes the array; empty where it is cut short. */
  readonly after: Uint8Array;
}

/** The elements of the array that opens at `start`, and what follows. */
export function sliceArray(json: Uint8Array, start: number): SlicedArray {
  const slices: Uint8Array[] = [];
  const walk = jsonWalk(json, OUTSIDE);
  let from = start + 1;
  for (let end = nextElementEnd(walk, start); ; end = nextElementEnd(walk, from)) {
    const slice = trimmed(json.subarray(from, end));
    if (slice.length > 0) slices.push(slice);
    if (end === json.length || walk.state === OUTSIDE) return { slices, after: json.subarray(end) };
    from = end + 1;
  }
}
