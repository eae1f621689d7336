import { COLON, QUOTE, skipWhitespace } from "../json/json-walk.ts";
import type { Literal } from "./literal.ts";

const BACKSLASH = 0x5c;
/** No name of an operation is as long. A value that is longer counts as holding a text. */
const LONGEST_VALUE = 256;
/** Makes ASCII letters of both cases equal, and some other characters: good for a first look. */
const FOLD = 0x20;
const BYTES = 256;

/**
 * Whether the value of a key may hold one of some texts. A key stands once in a record, so this is quick even for a text that
 * is too short to be searched for in all bytes, and for many texts.
 *
 * What is not plain is said to hold one: a value that is no string, one with escapes, a long one, and what stands in JSON
 * text that is a string in JSON, where each quote has a backslash.
 *
 * @returns a function of the body and the place behind the key's last letter or behind its quote
 */
export function valueTest(literals: readonly Literal[]): (body: Uint8Array, behindKey: number) => boolean {
  const codesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const texts = literals.map(({ text, ignoreCase }) => ({
    codes: codesOf(ignoreCase ? text.toLowerCase() : text),
    ignoreCase,
  }));
  const byFirst = Array.from({ length: BYTES }, (_, byte) =>
    texts.filter(({ codes }) => ((codes[0] ?? 0) | FOLD) === (byte | FOLD)),
  );
  return (body, behindKey) => {
    const colon = skipWhitespace(body, body[behindKey] === QUOTE ? behindKey + 1 : behindKey);
    if (body[colon] !== COLON) return true;
    const start = skipWhitespace(body, colon + 1) + 1;
    if (body[start - 1] !== QUOTE) return true;
    let end = start;
    for (; body[end] !== QUOTE; end += 1)
      if (end === body.length || body[end] === BACKSLASH || end - start === LONGEST_VALUE) return true;
    for (let at = start; at < end; at += 1) {
      for (const { codes, ignoreCase } of byFirst[body[at] ?? 0] ?? [])
        if (at + codes.length <= end && stands(body, at, codes, ignoreCase)) return true;
    }
    return false;
  };
}

// eslint-disable-next-line max-params -- called for each letter: an object would cost more than the comparison
function stands(body: Uint8Array, at: number, codes: Uint8Array, ignoreCase: boolean): boolean {
  for (let index = 0; index < codes.length; index += 1) {
    const byte = body[at + index] ?? 0;
    const isUpper = ignoreCase && byte >= 0x41 && byte <= 0x5a;
    if ((isUpper ? byte | FOLD : byte) !== codes[index]) return false;
  }
  return true;
}
