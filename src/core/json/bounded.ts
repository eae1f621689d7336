import { isArray } from "../../kql/run/dynamic-text.ts";
import type { Json, PlainJson } from "../../kql/run/values.ts";
import { oncePer } from "../once-per.ts";

/** How much of a value is kept: in UTF-16 units, and in bytes of JSON text as sent over the wire. */
export interface Bound {
  readonly characters: number;
  readonly bytes: number;
}

export interface Bounded<T> {
  readonly value: T;
  readonly truncated: boolean;
}

/** The longest beginning of a text that is within the bound, well formed; no surrogate pair is split. */
export function boundedText(text: string, bound: Bound): Bounded<string> {
  const wellFormed = text.toWellFormed();
  if (isWithin(wellFormed, bound)) return { value: wellFormed, truncated: false };
  let [length, bytes] = [0, 2];
  while (length < wellFormed.length) {
    const point = wellFormed.codePointAt(length) ?? 0;
    const next = length + (point > 0xffff ? 2 : 1);
    bytes += bytesOf(point);
    if (next > bound.characters || bytes > bound.bytes) break;
    length = next;
  }
  return { value: wellFormed.slice(0, length), truncated: true };
}

/** The bytes of a character in a JSON string. */
function bytesOf(point: number): number {
  if (point < 0x20) return "\b\f\n\r\t".includes(String.fromCharCode(point)) ? 2 : 6;
  if (point < 0x80) return point === 0x22 || point === 0x5c ? 2 : 1;
  if (point < 0x800) return 2;
  return point > 0xffff ? 4 : 3;
}

/** Levels of nesting kept. Readers of JSON give up at 64, of which a row of a pack takes two. */
const MAX_DEPTH = 50;

/**
 * A JSON value within the bound, well formed, and at most MAX_DEPTH levels deep: what is deeper becomes null. Whole
 * numbers that a JavaScript number cannot hold become text: the services would round them. Of an array or object the
 * first members that fit are kept, in order; any other value that does not fit becomes null.
 */
export function boundedJson(value: Json, bound: Bound): Bounded<PlainJson> {
  if (isLonger(value, bound.characters)) return { value: firstMembers(value, bound), truncated: true };
  const shallow = isSendable(value, MAX_DEPTH) ? { value, truncated: false } : sendable(value, MAX_DEPTH);
  if (isWithin(JSON.stringify(shallow.value), bound)) return shallow;
  return { value: firstMembers(shallow.value, bound), truncated: true };
}

function firstMembers(value: Json, bound: Bound): PlainJson {
  if (value === null || typeof value !== "object") return null;
  const members: [string, Json][] = Object.entries(value);
  const kept: [string, PlainJson][] = [];
  const left = { characters: bound.characters - 2, bytes: bound.bytes - 4 };
  for (const [key, given] of members) {
    if (leastLengthOf(given) > left.characters) break;
    const member = sendable(given, MAX_DEPTH - 1).value;
    const text = JSON.stringify(Array.isArray(value) ? member : { [key.toWellFormed()]: member });
    left.characters -= text.length + 1;
    left.bytes -= wireBytes(text) + 1;
    if (left.characters < 0 || left.bytes < 0) break;
    kept.push([key.toWellFormed(), member]);
  }
  return Array.isArray(value) ? kept.map(([, member]) => member) : Object.fromEntries(kept);
}

/** Whether the value's JSON is surely longer than that, told without writing it. */
function isLonger(value: Json, characters: number): boolean {
  if (typeof value !== "object" || value === null) return leastLengthOf(value) > characters;
  let length = 2;
  return membersOf(value).some(([key, member]) => {
    length += key.length + leastLengthOf(member);
    return length > characters;
  });
}

function leastLengthOf(value: Json): number {
  if (typeof value === "object" && value !== null) return leastLengthWithin(value);
  return typeof value === "string" ? value.length + 2 : 1;
}

/** A value need not be known to be longer than this: no bound is wider. */
const LONGEST = 60_000;

/** Of a member: what is too deep to be kept does not count. */
const leastLengthWithin = oncePer((root: object & Json): number => {
  let length = 0;
  const add = (value: Json, depth: number): boolean => {
    length += typeof value === "string" ? value.length + 2 : 1;
    if (typeof value === "object" && value !== null && depth > 0)
      membersOf(value).some(([key, member]) => {
        length += key.length;
        return add(member, depth - 1);
      });
    return length > LONGEST;
  };
  add(root, MAX_DEPTH - 2);
  return length;
});

/** The members with their keys, "" in an array. */
function membersOf(value: object & Json): readonly (readonly [string, Json])[] {
  return isArray(value) ? value.map((member) => ["", member] as const) : Object.entries(value);
}

/** Whether nothing of the value would change in what `sendable` makes of it: then it need not be copied. */
function isSendable(value: Json, depth: number): value is PlainJson {
  if (typeof value === "string") return value.isWellFormed();
  if (value === null || typeof value !== "object") return typeof value !== "bigint";
  if (depth === 0) return false;
  if (isArray(value)) return value.every((member) => isSendable(member, depth - 1));
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed() || !isSendable(value[key] ?? null, depth - 1)) return false;
  }
  return true;
}

/** A copy without lone surrogates, which endpoints refuse, without bigints and without what is nested deeper than `depth`. */
function sendable(value: Json, depth: number): Bounded<PlainJson> {
  if (typeof value === "string") return { value: value.toWellFormed(), truncated: false };
  if (typeof value === "bigint") return { value: String(value), truncated: false };
  if (value === null || typeof value !== "object") return { value, truncated: false };
  if (depth === 0) return { value: null, truncated: true };
  let truncated = false;
  const copy = (member: Json): PlainJson => {
    const inner = sendable(member, depth - 1);
    truncated ||= inner.truncated;
    return inner.value;
  };
  const copied = isArray(value)
    ? value.map(copy)
    : Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), copy(member)]));
  return { value: copied, truncated };
}

function isWithin(text: string, bound: Bound): boolean {
  if (text.length > bound.characters) return false;
  // No UTF-16 unit takes more than six bytes, `\u0000`: most texts need not be written to be counted.
  return 6 * text.length + 2 <= bound.bytes || wireBytes(text) <= bound.bytes;
}

/** Bytes of the text as a JSON string, quotes and escapes included. */
function wireBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
