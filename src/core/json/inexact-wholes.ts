/** The shortest whole number that a JavaScript number may not hold has 16 digits. */
const MANY_DIGITS = 16;
const WORD_BYTES = 4;
/** A run of 16 digits holds a whole word at one of any 13 neighbouring places. */
const STRIDE = MANY_DIGITS - WORD_BYTES + 1;

/** Four bytes from 0x30 to 0x3f: digits, or signs that stand behind them. */
const HIGH_HALVES = 0xf0f0f0f0 | 0;
const LIKE_DIGITS = 0x30303030;

/**
 * Whether JSON holds a whole number that a JavaScript number cannot hold. Sometimes also true for text inside a string
 * that looks like one.
 *
 * Every event is asked before it is parsed, so only one word in 13 bytes is looked at.
 */
export function holdsInexactWhole(json: Uint8Array): boolean {
  const view = new DataView(json.buffer, json.byteOffset, json.length);
  const last = json.length - WORD_BYTES;
  for (let at = 0; at <= last; at += STRIDE) {
    if ((view.getInt32(at) & HIGH_HALVES) !== LIKE_DIGITS) continue;
    const end = endOfDigits(json, at);
    if (isInexactWhole(json, startOfDigits(json, at), end)) return true;
    at = Math.max(at, end - STRIDE); // the run is done with, however long it is
  }
  return false;
}

const BEFORE_NUMBER = new Set(Buffer.from(":,[ \t\r\n"));
const AFTER_NUMBER = new Set(Buffer.from(",]} \t\r\n"));
const MINUS = 0x2d;

/** Whether digits are a whole number by themselves, and one that would be rounded. */
function isInexactWhole(json: Uint8Array, start: number, end: number): boolean {
  if (end - start < MANY_DIGITS) return false;
  const before = json[start - 1] === MINUS ? start - 2 : start - 1;
  const isNumber = isIn(BEFORE_NUMBER, json[before]) && isIn(AFTER_NUMBER, json[end]);
  return isNumber && !Number.isSafeInteger(Number(Buffer.from(json.subarray(start, end)).toString("latin1")));
}

/** Undefined: the text begins or ends there. */
function isIn(bytes: ReadonlySet<number>, byte: number | undefined): boolean {
  return byte === undefined || bytes.has(byte);
}

function startOfDigits(json: Uint8Array, at: number): number {
  let start = at;
  while (isDigit(json[start - 1])) start -= 1;
  return start;
}

function endOfDigits(json: Uint8Array, at: number): number {
  let end = at;
  while (isDigit(json[end])) end += 1;
  return end;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
