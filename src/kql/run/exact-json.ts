import type { Json, PlainJson } from "./values.ts";

/** Digits that may be a whole number beyond ±(2^53 - 1), which has at least 16. */
const MANY_DIGITS = /(?:^|[:,[\s])-?\d{16}/;

/**
 * Reads JSON text as `JSON.parse` does, but keeps every digit of whole numbers: one beyond ±(2^53 - 1) becomes a bigint.
 * A number with a fraction or an exponent, or too large for a double, becomes the same number as with `JSON.parse`.
 *
 * @param mayBeInexact whether the text may contain such a whole number: then it is parsed a second time
 * @throws {SyntaxError} if the text is not JSON
 */
export function parseExactJson(text: string, mayBeInexact = MANY_DIGITS.test(text)): Json {
  const value: Json = JSON.parse(text);
  return mayBeInexact ? foldJson(text, EXACT) : value;
}

/** A whole number as a JSON value: a bigint only if a number would lose digits. */
export function wholeJson(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Whether a value contains no bigint, at any depth. */
export function isPlainJson(root: Json): root is PlainJson {
  const open: Json[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === "bigint") return false;
    if (typeof value === "object" && value !== null) for (const member of Object.values(value)) open.push(member);
  }
  return true;
}

const EXACT: JsonBuilder<Json> = {
  scalar: (token) => exactNumber(token) ?? JSON.parse(token),
  array: (items) => items,
  object: (members) => Object.fromEntries(members),
};

const WHOLE = /^-?\d{16,}$/;

function exactNumber(token: string): number | bigint | undefined {
  if (!WHOLE.test(token)) return undefined;
  const number = Number(token);
  return Number.isSafeInteger(number) || !Number.isFinite(number) ? number : BigInt(token);
}

/** Turns the parts of JSON text into values, inner parts first. */
export interface JsonBuilder<T> {
  /** @param token a string with its quotes, a number, `true`, `false` or `null`, as written */
  scalar(token: string): T;
  array(items: readonly T[]): T;
  /** A repeated key has the place of its first and the value of its last occurrence, as with `JSON.parse`. */
  object(members: ReadonlyMap<string, T>): T;
}

/** An array or object that is not closed yet. In an object without a pending key, the next string is a key. */
type Open<T> = { readonly items: T[] } | { readonly members: Map<string, T>; key: string | undefined };

/**
 * Builds a value from the parts of JSON text without recursion: an event can nest deeper than the call stack.
 *
 * @param text JSON that `JSON.parse` has accepted
 * @throws {SyntaxError} if the text ends too early
 */
export function foldJson<T>(text: string, build: JsonBuilder<T>): T {
  const open: Open<T>[] = [];
  for (const token of tokensOf(text)) {
    const inner = open.at(-1);
    if (token === "{") open.push({ members: new Map(), key: undefined });
    else if (token === "[") open.push({ items: [] });
    else if (inner !== undefined && "members" in inner && inner.key === undefined && token !== "}")
      inner.key = textOf(token);
    else {
      const value = token === "}" || token === "]" ? closed(open.pop(), build) : build.scalar(token);
      const around = open.at(-1);
      if (around === undefined) return value;
      put(value, around);
    }
  }
  throw new SyntaxError("the JSON text ends too early");
}

function textOf(token: string): string {
  const text: string = JSON.parse(token);
  return text;
}

function closed<T>(inner: Open<T> | undefined, { array, object }: JsonBuilder<T>): T {
  return inner !== undefined && "members" in inner ? object(inner.members) : array(inner?.items ?? []);
}

function put<T>(value: T, around: Open<T>): void {
  if ("items" in around) around.items.push(value);
  else {
    around.members.set(around.key ?? "", value);
    around.key = undefined;
  }
}

const SEPARATORS = /[\s,:]*/y;
const WORD = /[^\s,:[\]{}"]+/y;

/** Brackets, strings with their quotes, numbers and words, in order. */
function* tokensOf(text: string): Generator<string> {
  for (let at = endOf(SEPARATORS, text, 0); at < text.length; at = endOf(SEPARATORS, text, at)) {
    const start = at;
    const first = text.charAt(at);
    at = first === '"' ? endOfString(text, at) : Math.max(at + 1, endOf(WORD, text, at));
    yield text.slice(start, at);
  }
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Just after the closing quote of the string that opens at `start`. A regular expression fails on long strings. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0;
    while (text.charAt(quote - 1 - escapes) === "\\") escapes += 1;
    if (escapes % 2 === 0) return quote + 1;
  }
  return text.length;
}
