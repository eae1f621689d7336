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

const RECORDS_KEY = new TextEncoder().encode('"records"');

/** The bytes without a leading UTF-8 byte order mark. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Position of the `[` that opens the records: the body's own, or that of the top-level key `records`. */
export function recordsArrayStart(json: Uint8Array): number | undefined {
  const first = skipBlanks(json, 0);
  if (json[first] === OPEN_ARRAY) return first;
  if (json[first] !== OPEN_OBJECT) return undefined;
  let depth = 0;
  for (let at = first; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      const end = endOfString(json, at);
      if (depth === 1 && end - at === RECORDS_KEY.length && RECORDS_KEY.every((key, i) => json[at + i] === key)) {
        const colon = skipBlanks(json, end);
        const value = skipBlanks(json, colon + 1);
        if (json[colon] === COLON && json[value] === OPEN_ARRAY) return value;
      }
      at = end - 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
  }
  return undefined;
}

/** The elements of the array that opens at `start`, without the blanks around them. */
export function elementSlices(json: Uint8Array, start: number): Uint8Array[] {
  const slices: Uint8Array[] = [];
  let depth = 0;
  let from = start + 1;
  const close = (end: number): void => {
    const slice = trimBlanks(json, from, end);
    if (slice.length > 0) slices.push(slice);
  };
  for (let at = start; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at) - 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) {
        close(at);
        return slices;
      }
    } else if (byte === COMMA && depth === 1) {
      close(at);
      from = at + 1;
    }
  }
  close(json.length); // cut short: the last element is what is left
  return slices;
}

/** Just behind the closing quote of the string that opens at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    if (json[at] === BACKSLASH) at += 1;
    else if (json[at] === QUOTE) return at + 1;
  }
  return json.length;
}

function skipBlanks(json: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(json[at])) at += 1;
  return at;
}

function trimBlanks(json: Uint8Array, from: number, end: number): Uint8Array {
  const start = skipBlanks(json, from);
  let last = end;
  while (last > start && isBlank(json[last - 1])) last -= 1;
  return json.subarray(start, last);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
