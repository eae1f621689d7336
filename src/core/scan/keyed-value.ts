import { COLON, QUOTE, skipWhitespace } from "../json/json-walk.ts";
import type { Literal } from "./literal.ts";
import { isWanted, type Needle, needleOf } from "./written-literal.ts";

const BACKSLASH = 0x5c;
/** No name of an operation is as long. A value that is longer counts as holding a text. */
const LONGEST_VALUE = 256;
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
  const needles = literals.map(needleOf);
  const byFirst = Array.from({ length: BYTES }, (_, byte) =>
    needles.filter(({ codes, ignoreCase }) => isWanted(byte, codes[0], ignoreCase)),
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
      for (const needle of byFirst[body[at] ?? 0] ?? [])
        if (at + needle.codes.length <= end && stands(body, at, needle)) return true;
    }
    return false;
  };
}

/** Whether the needle stands at a place with all characters as themselves. */
function stands(body: Uint8Array, at: number, { codes, ignoreCase }: Needle): boolean {
  for (let index = 0; index < codes.length; index += 1)
    if (!isWanted(body[at + index], codes[index], ignoreCase)) return false;
  return true;
}
