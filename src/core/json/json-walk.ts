/*
 * The one walker over JSON in bytes. It parses nothing: it skips strings as strings, so that brackets inside them do not
 * count, and it does not recurse, so that depth does not matter. The same rules hold for bytes that are not JSON: any
 * closing bracket closes any opening one, and a backslash escapes a quote wherever it stands.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;

/** A walk over the elements of an array, or the members of an object. */
export interface JsonWalk {
  json: Uint8Array;
  view: DataView;
  /** ONE_BRACKET for each open bracket, with OPEN_QUOTE within a string and ESCAPED behind a backslash. */
  state: number;
}

const OPEN_QUOTE = 1;
const ESCAPED = 2;
const ONE_BRACKET = 4;

/** State before and behind the array. */
export const OUTSIDE = 0;
/** State at the array's own level, between its elements. */
export const BETWEEN_ELEMENTS = ONE_BRACKET;
const WITHIN_ELEMENT = 2 * ONE_BRACKET;

export function jsonWalk(json: Uint8Array, state: typeof OUTSIDE | typeof BETWEEN_ELEMENTS): JsonWalk {
  return { json, view: viewOf(json), state };
}

/** Goes on in the next chunk of an array whose bytes come in chunks. */
export function enterChunk(walk: JsonWalk, chunk: Uint8Array): void {
  walk.json = chunk;
  walk.view = viewOf(chunk);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Where the next element ends, from `from` on: the comma behind it or the bracket that closes the array; the length if neither follows. */
export function nextElementEnd(walk: JsonWalk, from: number): number {
  const { json } = walk;
  let at = nextEdge(walk, from);
  while (walk.state !== OUTSIDE && at < json.length && json[at] !== COMMA) at = nextEdge(walk, at + 1);
  return at;
}

/** Where the bracket is that closes the array or object that opens at `from`; the length if none does. */
export function closingBracket(json: Uint8Array, from: number): number {
  return nextEdge(jsonWalk(json, BETWEEN_ELEMENTS), from);
}

const WORD_BYTES = 4;

/**
 * The next edge, from `from` on: a comma between elements, the bracket that closes an element, or the one that closes the
 * array; the length if none follows.
 */
export function nextEdge(walk: JsonWalk, from: number): number {
  const { json, view } = walk;
  const lastWord = json.length - WORD_BYTES;
  let { state } = walk;
  let at = from;
  while (at < json.length) {
    // Within an element, most words hold neither bracket nor backslash: of them only the quotes count.
    if (state >= WITHIN_ELEMENT && (state & ESCAPED) === 0) {
      for (; at <= lastWord; at += WORD_BYTES) {
        const word = view.getInt32(at, true);
        const low = PAIRS[word & 0xffff] ?? 0;
        const high = PAIRS[word >>> 16] ?? 0;
        if ((low | high) >= NOT_PLAIN) break;
        state ^= low ^ high;
      }
    }
    for (const end = Math.min(at + WORD_BYTES, json.length); at < end; at += 1) {
      const byte = json[at] ?? 0;
      state = behind(byte, state);
      if (state <= BETWEEN_ELEMENTS && (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT)) {
        walk.state = state;
        return at;
      }
    }
  }
  walk.state = state;
  return at;
}

/** The state behind a byte. */
function behind(byte: number, state: number): number {
  if ((state & ESCAPED) !== 0 && (byte === QUOTE || byte === BACKSLASH)) return state ^ ESCAPED;
  const unescaped = state & ~ESCAPED;
  if (byte === QUOTE) return unescaped ^ OPEN_QUOTE;
  if (byte === BACKSLASH) return unescaped | ESCAPED;
  return (unescaped & OPEN_QUOTE) === 0 ? unescaped + (BRACKETS[byte] ?? 0) : unescaped;
}

/** By a byte's value: how a bracket changes the state outside a string. */
const BRACKETS = new Int8Array(256);
for (const byte of [OPEN_ARRAY, OPEN_OBJECT]) BRACKETS[byte] = ONE_BRACKET;
for (const byte of [CLOSE_ARRAY, CLOSE_OBJECT]) BRACKETS[byte] = -ONE_BRACKET;

const NOT_PLAIN = 2;
const PAIRS = pairTable();

/** By the value of two bytes: NOT_PLAIN if either is a bracket or a backslash, else OPEN_QUOTE if just one is a quote. */
function pairTable(): Uint8Array {
  const pairs = new Uint8Array(0x1_0000);
  const put = (byte: number, kind: number): void => {
    pairs.fill(kind, byte << 8, (byte + 1) << 8);
    for (let pair = byte; pair < pairs.length; pair += 0x100) pairs[pair] = kind;
  };
  put(QUOTE, OPEN_QUOTE);
  pairs[(QUOTE << 8) | QUOTE] = 0;
  for (const byte of [BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) put(byte, NOT_PLAIN);
  return pairs;
}

/** Just behind the closing quote of the string that opens at `from`. */
export function endOfString(json: Uint8Array, from: number): number {
  for (let at = from + 1; at < json.length; at += 1) {
    if (json[at] === BACKSLASH) at += 1;
    else if (json[at] === QUOTE) return at + 1;
  }
  return json.length;
}

export function skipWhitespace(json: Uint8Array, from: number): number {
  let at = from;
  while (isWhitespace(json[at])) at += 1;
  return at;
}

/** The last place up to `from` that is not whitespace, or -1. */
export function skipWhitespaceBack(json: Uint8Array, from: number): number {
  let at = from;
  while (isWhitespace(json[at])) at -= 1;
  return at;
}

/** The bytes without the whitespace around them. */
export function trimmed(json: Uint8Array): Uint8Array {
  const start = skipWhitespace(json, 0);
  return json.subarray(start, Math.max(start, skipWhitespaceBack(json, json.length - 1) + 1));
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
