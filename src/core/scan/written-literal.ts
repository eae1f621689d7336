import type { Literal } from "./literal.ts";

/*
 * The ways in which JSON can write a literal: each character as itself or as `\u00XX`. Where the literal stands in JSON
 * text that is itself a string in JSON, the escape has two backslashes, and four where that text is a string once more.
 * Bytes are those of UTF-8, which for ASCII are the characters' codes.
 */

/** How many backslashes an escape begins with, by how often the text is a string in JSON. */
const BACKSLASHES = [1, 2, 4] as const;
const MOST_BACKSLASHES = 4;
/** `u00XX`: an escape without its backslashes. */
const CODE_LENGTH = 5;
const LONGEST_ESCAPE = MOST_BACKSLASHES + CODE_LENGTH;
/** Makes ASCII letters of both cases equal, and some other characters: good for looking up, not for comparing. */
const FOLD = 0x20;

/** A literal and the way in which a written form of it is compared: from one of its characters outwards. */
export interface Needle {
  /** Codes of the characters, letters in lower case where case does not count. */
  readonly codes: Uint8Array;
  readonly ignoreCase: boolean;
  /** Of a key: whether what stands behind it may be a value that is looked for. */
  readonly mayBeFollowed?: (body: Uint8Array, behind: number) => boolean;
}

export function needleOf({ text, ignoreCase }: Pick<Literal, "text" | "ignoreCase">): Needle {
  const codes = Uint8Array.from(ignoreCase ? text.toLowerCase() : text, (character) => character.charCodeAt(0));
  return { codes, ignoreCase };
}

/** A needle's character at an index. */
export interface Place {
  readonly needle: Needle;
  readonly index: number;
}

export const WORD = 4;

const four = new Uint8Array(WORD);
const fourAsWord = new Int32Array(four.buffer);

/** Four bytes as a word in the machine's own byte order, as the body's words are. */
export function wordOf(byteAt: (index: number) => number): number {
  for (let index = 0; index < WORD; index += 1) four[index] = byteAt(index);
  return fourAsWord[0] ?? 0;
}

/**
 * Calls back for every four bytes, folded and as a word, that a written form can hold from within one of the characters
 * `from` to `from + length - 1` on, and for each with the byte that follows, folded; undefined behind the literal's end.
 */
export function eachWord(
  { codes, ignoreCase }: Needle,
  { from, length }: { readonly from: number; readonly length: number },
  take: (word: number, following: number | undefined) => void,
): void {
  const forms = Array.from(codes.subarray(from, from + length + WORD), (code) => formsOf(code, ignoreCase));
  const grow = (filled: number, next: number): void => {
    for (const form of forms[next] ?? []) fill(filled, form, { offset: 0, next });
  };
  const fill = (filled: number, form: readonly number[], at: { readonly offset: number; readonly next: number }) => {
    const taken = Math.min(WORD - filled, form.length - at.offset);
    for (let index = 0; index < taken; index += 1) four[filled + index] = form[at.offset + index] ?? 0;
    if (filled + taken < WORD) return grow(filled + taken, at.next + 1);
    const word = fourAsWord[0] ?? 0;
    const rest = form[at.offset + taken];
    if (rest !== undefined) return take(word, rest);
    for (const [following] of forms[at.next + 1] ?? [[undefined]]) take(word, following);
  };
  for (let next = 0; next < length; next += 1) {
    for (const form of forms[next] ?? []) {
      for (let offset = 0; offset < form.length; offset += 1) fill(0, form, { offset, next });
    }
  }
}

/** A character's written forms, folded. */
function formsOf(code: number, ignoreCase: boolean): readonly (readonly number[])[] {
  const isLetter = code >= 0x61 && code <= 0x7a;
  const codes = ignoreCase && isLetter ? [code, code - FOLD] : [code];
  const escapes = codes.flatMap((each) =>
    BACKSLASHES.map((count) =>
      Array.from(
        `${"\\".repeat(count)}u00${each.toString(16).padStart(2, "0")}`,
        (character) => character.charCodeAt(0) | FOLD,
      ),
    ),
  );
  return [[code | FOLD], ...escapes];
}

/** Where the character begins that the byte at a place belongs to: itself, or the escape that it lies in. */
export function startOfCharacter(body: Uint8Array, at: number): number {
  for (let start = at - LONGEST_ESCAPE + 1; start < at; start += 1)
    if (start + escapeLength(body, start) > at) return start;
  return at;
}

/** The four characters from a place on, folded, as a word; undefined where one of them is no single byte. */
export function decodedWord(body: Uint8Array, start: number): number | undefined {
  let at = start;
  for (let index = 0; index < WORD; index += 1) {
    const length = escapeLength(body, at);
    const code = length === 0 ? body[at] : codeBefore(body, at + length);
    if (code === undefined) return undefined;
    four[index] = code | FOLD;
    at += length === 0 ? 1 : length;
  }
  return fourAsWord[0];
}

/** Behind the written form of the needle whose character at an index begins at `start`; -1 where none stands there. */
export function endOfForm(body: Uint8Array, start: number, { needle, index }: Place): number {
  const isBehind = isPlainlyBehind(body, start, needle, index) ?? endsBefore(body, start, needle, index - 1);
  return isBehind ? endOfRest(body, start, needle, index) : -1;
}

/** Whether the first `count` characters stand before `end` as themselves; undefined where an escape may be one of them. */
function isPlainlyBehind(
  body: Uint8Array,
  end: number,
  { codes, ignoreCase }: Needle,
  count: number,
): boolean | undefined {
  let same = 0;
  while (same < count && isWanted(body[end - 1 - same], codes[count - 1 - same], ignoreCase)) same += 1;
  if (same === count) return true;
  for (let at = end - 1; at >= end - 1 - same - LONGEST_ESCAPE; at -= 1) if (body[at] === BACKSLASH) return undefined;
  return false;
}

/** Behind the needle's characters from an index on, which begin at `start`; -1 where other characters do. */
function endOfRest(body: Uint8Array, start: number, { codes, ignoreCase }: Needle, from: number): number {
  let at = start;
  for (let index = from; index < codes.length; index += 1) {
    if (isWanted(body[at], codes[index], ignoreCase)) {
      at += 1;
      continue;
    }
    at += escapeLength(body, at);
    if (!isWanted(codeBefore(body, at), codes[index], ignoreCase)) return -1;
  }
  return at;
}

/** Backwards, a `0` may be itself or the end of an escape: both are tried. */
function endsBefore(body: Uint8Array, end: number, needle: Needle, index: number): boolean {
  if (index < 0) return true;
  const code = needle.codes[index];
  if (isWanted(body[end - 1], code, needle.ignoreCase) && endsBefore(body, end - 1, needle, index - 1)) return true;
  return (
    isWanted(codeBefore(body, end), code, needle.ignoreCase) &&
    endsBefore(body, escapeStart(body, end), needle, index - 1)
  );
}

/** Whether a byte is a needle's character, as itself. */
export function isWanted(byte: number | undefined, code: number | undefined, ignoreCase: boolean): boolean {
  if (byte === undefined) return false;
  return byte === code || (ignoreCase && byte >= 0x41 && byte <= 0x5a && (byte | FOLD) === code);
}

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const ZERO = 0x30;

/** How long the escape is that begins at a place; 0 where none does. */
function escapeLength(body: Uint8Array, at: number): number {
  let letter = at;
  while (body[letter] === BACKSLASH && letter < at + MOST_BACKSLASHES) letter += 1;
  const end = letter + CODE_LENGTH;
  return letter > at && codeBefore(body, end) !== undefined ? end - at : 0;
}

/** The code of the escape that ends before a place; undefined where none does. */
function codeBefore(body: Uint8Array, end: number): number | undefined {
  const letter = end - CODE_LENGTH;
  if (body[letter] !== LETTER_U || body[letter - 1] !== BACKSLASH) return undefined;
  if (body[letter + 1] !== ZERO || body[letter + 2] !== ZERO) return undefined;
  const [high, low] = [hexDigit(body[letter + 3]), hexDigit(body[letter + 4])];
  return high === undefined || low === undefined ? undefined : high * 16 + low;
}

/** Where the escape begins that ends before a place: at the first of its backslashes. */
function escapeStart(body: Uint8Array, end: number): number {
  let start = end - CODE_LENGTH;
  while (body[start - 1] === BACKSLASH && start > end - CODE_LENGTH - MOST_BACKSLASHES) start -= 1;
  return start;
}

function hexDigit(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = (byte | FOLD) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : undefined;
}
