import { skipBlanks, withoutBlanks } from "../scan/json-walk.ts";

/*
 * Where the elements of a JSON array lie within bytes, without parsing them. Strings are skipped as
 * strings, so brackets inside them do not count; nothing recurses, so depth does not matter; and text
 * that is not JSON only gives slices that will not parse.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The bytes without a leading UTF-8 byte order mark. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/**
 * Position of the `[` that opens the records: the body's own, or that of the top-level key `records`, however
 * its letters are escaped. Of several such keys it is the last, as for `JSON.parse`.
 */
export function recordsArrayStart(json: Uint8Array): number | undefined {
  const first = skipBlanks(json, 0);
  if (json[first] === OPEN_ARRAY) return first;
  if (json[first] !== OPEN_OBJECT) return undefined;
  let found: number | undefined;
  let depth = 0;
  for (let at = first; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      const end = endOfString(json, at);
      const colon = skipBlanks(json, end);
      if (depth === 1 && json[colon] === COLON && isRecordsKey(json.subarray(at, end))) {
        const value = skipBlanks(json, colon + 1);
        found = json[value] === OPEN_ARRAY ? value : undefined;
      }
      at = end - 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) return found;
    }
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

/** The elements of the array that opens at `start`, without the blanks around them. */
export function elementSlices(json: Uint8Array, start: number): Uint8Array[] {
  return sliceArray(json, start).slices;
}

export interface SlicedArray {
  /** Together they hold all of the array's bytes but blanks and commas. */
  readonly slices: Uint8Array[];
  /** What follows the last element, from the bracket that closes the array; empty where it is cut short. */
  readonly after: Uint8Array;
}

/**
 * The elements of the array that opens at `start`, and what follows. In text that is not JSON any bracket closes, and a
 * backslash escapes a quote wherever it stands: so the scan finds the same elements (element-walk.wat).
 */
export function sliceArray(json: Uint8Array, start: number): SlicedArray {
  const slices: Uint8Array[] = [];
  let depth = 0;
  let from = start + 1;
  const close = (end: number): void => {
    const slice = withoutBlanks(json.subarray(from, end));
    if (slice.length > 0) slices.push(slice);
  };
  for (let at = start; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at) - 1;
    else if (byte === BACKSLASH && (json[at + 1] === QUOTE || json[at + 1] === BACKSLASH)) at += 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) {
        close(at);
        return { slices, after: json.subarray(at) };
      }
    } else if (byte === COMMA && depth === 1) {
      close(at);
      from = at + 1;
    }
  }
  close(json.length);
  return { slices, after: new Uint8Array() };
}

/** Just behind the closing quote of the string that opens at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    if (json[at] === BACKSLASH) at += 1;
    else if (json[at] === QUOTE) return at + 1;
  }
  return json.length;
}
