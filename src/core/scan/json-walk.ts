/*
 * Ways over JSON in bytes, without parsing it. All of them end at the end of the bytes, whatever these hold.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
/** A bracket of either kind, folded: `[` and `{` differ in this bit, as `]` and `}` do. */
const FOLD = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A byte in each of a word's four. */
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const ONES = 0x01010101;
const TOPS = 0x80808080 | 0;

/** A body as bytes and as words at any place. */
export interface Walked {
  readonly json: Uint8Array;
  readonly view: DataView;
}

export function walked(json: Uint8Array): Walked {
  return { json, view: new DataView(json.buffer, json.byteOffset, json.length) };
}

/** Where the quote is that closes the string whose inside begins at `from`, or the length where none is. */
export function closingQuote({ json, view }: Walked, from: number): number {
  const lastWord = json.length - 4;
  let at = from;
  for (;;) {
    for (; at <= lastWord; at += 4) {
      const word = view.getInt32(at, true);
      const [quotes, backslashes] = [word ^ QUOTES, word ^ BACKSLASHES];
      // The lowest of these bits is that of the first byte that is a quote or a backslash.
      const found = (((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes)) & TOPS;
      if (found !== 0) {
        at += (31 - Math.clz32(found & -found)) >> 3;
        break;
      }
    }
    while (at < json.length && json[at] !== QUOTE && json[at] !== BACKSLASH) at += 1;
    if (json[at] !== BACKSLASH) return Math.min(at, json.length);
    at += 2;
  }
}

/** Where the bracket is that closes the array or object that opens at `from`, of whichever kind; -1 where none is. */
export function closingBracket(walk: Walked, from: number): number {
  const { json } = walk;
  let depth = 0;
  for (let at = from; at < json.length; at += 1) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) {
      at = closingQuote(walk, at + 1);
      // Mostly another string follows: a key's value, or the next element.
      while ((json[at + 1] === COLON || json[at + 1] === COMMA) && json[at + 2] === QUOTE)
        at = closingQuote(walk, at + 3);
    } else if (byte >= (OPEN & ~FOLD)) {
      const folded = byte | FOLD;
      if (folded === OPEN) depth += 1;
      else if (folded === CLOSE) {
        depth -= 1;
        if (depth === 0) return at;
      }
    }
  }
  return -1;
}

export function skipBlanks(json: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(json[at])) at += 1;
  return at;
}

/** The last place up to `from` that is not blank, or -1. */
export function skipBlanksBack(json: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(json[at])) at -= 1;
  return at;
}

/** The bytes without the blanks around them. */
export function withoutBlanks(json: Uint8Array): Uint8Array {
  const start = skipBlanks(json, 0);
  return json.subarray(start, Math.max(start, skipBlanksBack(json, json.length - 1) + 1));
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
