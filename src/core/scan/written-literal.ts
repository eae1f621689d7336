import type { Literal } from "./literal.ts";

/*
 * The ways in which JSON can write a literal: each character as itself or as `\u00XX`. Bytes are those of UTF-8,
 * which for ASCII are the characters' codes.
 */

const ESCAPE_LENGTH = 6;
/** Makes ASCII letters of both cases equal, and some other characters: good for looking up, not for comparing. */
const FOLD = 0x20;

/** A literal and the way in which a written form of it is compared: from one of its characters outwards. */
export interface Needle {
  /** Codes of the characters, letters in lower case where case does not count. */
  readonly codes: Uint8Array;
  readonly ignoreCase: boolean;
}

export function needleOf({ text, ignoreCase }: Literal): Needle {
  const codes = Uint8Array.from(ignoreCase ? text.toLowerCase() : text, (character) => character.charCodeAt(0));
  return { codes, ignoreCase };
}

/** A word of a needle's written form: its four bytes begin `offset` bytes into the written character `index`. */
export interface Place {
  readonly needle: Needle;
  readonly index: number;
  readonly offset: number;
  /** Whether its bytes are four characters, each as itself. */
  readonly isPlain: boolean;
}

/** Calls back for every four bytes, folded, that a written form of the needle can hold. */
export function eachWord(needle: Needle, take: (bytes: readonly number[], place: Place) => void): void {
  const { codes, ignoreCase } = needle;
  const forms = Array.from(codes, (code) => formsOf(code, ignoreCase));
  const grow = (bytes: readonly number[], next: number, place: Place): void => {
    if (bytes.length >= 4) return take(bytes.slice(0, 4), place);
    for (const form of forms[next] ?? [])
      grow([...bytes, ...form], next + 1, { ...place, isPlain: place.isPlain && form.length === 1 });
  };
  for (const [index, all] of forms.entries()) {
    for (const form of all) {
      for (let offset = 0; offset < form.length; offset += 1)
        grow(form.slice(offset), index + 1, { needle, index, offset, isPlain: form.length === 1 });
    }
  }
}

/** A character's written forms, folded. */
function formsOf(code: number, ignoreCase: boolean): readonly (readonly number[])[] {
  const isLetter = code >= 0x61 && code <= 0x7a;
  const codes = ignoreCase && isLetter ? [code, code - FOLD] : [code];
  const escapes = codes.map((each) =>
    Array.from(`\\u00${each.toString(16).padStart(2, "0")}`, (character) => character.charCodeAt(0) | FOLD),
  );
  return [[code | FOLD], ...escapes];
}

/** Whether a written form of the needle stands where `place` says that the word at `at` lies in it. */
export function standsAt(body: Uint8Array, at: number, { needle, index, offset }: Place): boolean {
  const start = at - offset;
  return endsBefore(body, start, needle, index - 1) && beginsAt(body, start, needle, index);
}

function beginsAt(body: Uint8Array, start: number, { codes, ignoreCase }: Needle, from: number): boolean {
  let at = start;
  for (let index = from; index < codes.length; index += 1) {
    if (isWanted(body[at], codes[index], ignoreCase)) at += 1;
    else if (isWanted(escapedAt(body, at), codes[index], ignoreCase)) at += ESCAPE_LENGTH;
    else return false;
  }
  return true;
}

/** Backwards, a `0` may be itself or the end of an escape: both are tried. */
function endsBefore(body: Uint8Array, end: number, needle: Needle, index: number): boolean {
  if (index < 0) return true;
  const code = needle.codes[index];
  if (isWanted(body[end - 1], code, needle.ignoreCase) && endsBefore(body, end - 1, needle, index - 1)) return true;
  const escaped = escapedAt(body, end - ESCAPE_LENGTH);
  return isWanted(escaped, code, needle.ignoreCase) && endsBefore(body, end - ESCAPE_LENGTH, needle, index - 1);
}

function isWanted(byte: number | undefined, code: number | undefined, ignoreCase: boolean): boolean {
  if (byte === undefined) return false;
  return byte === code || (ignoreCase && byte >= 0x41 && byte <= 0x5a && (byte | FOLD) === code);
}

const ESCAPE_START = [0x5c, 0x75, 0x30, 0x30] as const;

/** The code that `\u00XX` at a place stands for. */
function escapedAt(body: Uint8Array, at: number): number | undefined {
  if (ESCAPE_START.some((byte, index) => body[at + index] !== byte)) return undefined;
  const [high, low] = [hexDigit(body[at + 4]), hexDigit(body[at + 5])];
  return high === undefined || low === undefined ? undefined : high * 16 + low;
}

function hexDigit(byte: number | undefined): number | undefined {
  if (byte === undefined) return undefined;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = (byte | FOLD) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : undefined;
}
