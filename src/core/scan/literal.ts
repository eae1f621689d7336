import { jsonText } from "../../kql/run/dynamic-text.ts";
import type { Json } from "../../kql/run/values.ts";

/**
 * A text without which a rule cannot match a record: the decoded strings of the record hold it. Printable ASCII
 * without quotes, slashes and backslashes, so that JSON writes each character as itself or as `\u00XX`.
 */
export interface Literal {
  readonly text: string;
  /** Whether ASCII letters of either case count. */
  readonly ignoreCase: boolean;
  /**
   * The key in whose value the text must stand, where that is known, to be searched for instead of a shorter text. With its
   * quotes if it is a key of the record itself; a key of `properties` may stand in JSON text, where quotes have backslashes.
   */
  readonly key?: string;
}

/** The scan samples whole words that lie on four bytes: a shorter text may hold none. */
export const MINIMUM_LITERAL_LENGTH = 7;
/** Of a text whose key is searched for. */
export const MINIMUM_KEYED_LENGTH = 3;

/** Runs of characters that JSON writes as themselves or as `\u00XX`; a slash has a third form. */
const WRITABLE = /[ !#-.0-[\]-~]+/g;
/** What valid JSON holds outside strings. A text with any other character, and no quote, lies within a string. */
const OUTSIDE_STRINGS = /^[-+.0-9eEtrufalsn \t\r\n{}[\]:,]*$/;
/** A number too large for JavaScript is the text `Infinity`, which its bytes are not. */
const OVERFLOW = "-infinity";
/** How an escape in JSON text may end: `\n`, or `\u001f`. */
const END_OF_ESCAPE = /^(?:u?[0-9a-f]{1,4}|[bfnrt])/i;

/**
 * The longest part of a text that can be searched for in bytes, or undefined.
 *
 * @param inJsonText whether the text may be found in a value's JSON text, where it may begin within an escape
 * @param minimum the least number of characters
 */
export function searchablePart(text: string, inJsonText: boolean, minimum: number): string | undefined {
  const parts = (text.match(WRITABLE) ?? []).map((part) => (inJsonText ? part.replace(END_OF_ESCAPE, "") : part));
  const usable = parts.filter(
    (part) => part.length >= minimum && !OUTSIDE_STRINGS.test(part) && !OVERFLOW.includes(part.toLowerCase()),
  );
  return usable.toSorted((a, b) => b.length - a.length)[0];
}

/** An escape in JSON text, or in JSON text that is a string in JSON, where it has more backslashes. */
const ESCAPE = /\\+u00([0-9a-f]{2})/gi;

/** Whether a value holds one of the literals, in its own strings or in JSON text that stands in them. Slow: for rare use. */
export function holdsLiteral(value: Json, literals: readonly Literal[]): boolean {
  const text = jsonText(value).replaceAll(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const lower = text.toLowerCase();
  return literals.some((literal) =>
    literal.ignoreCase ? lower.includes(literal.text.toLowerCase()) : text.includes(literal.text),
  );
}
