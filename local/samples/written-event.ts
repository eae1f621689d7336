import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../src/kql/run/values.ts";
import type { Chance } from "./chance.ts";

/*
 * One event in any form in which a hub can deliver it: how JSON writes its values, what surrounds its records, and
 * where its bytes lie in memory. Everything is drawn, so the same draws give the same bytes.
 */

/** How values are written. */
export interface Style {
  /** Whitespace between tokens. */
  readonly whitespace: string;
  /** Percentage of characters that are escaped. */
  readonly escapes: number;
  /** Whether the body begins with a byte order mark. */
  readonly withByteOrderMark: boolean;
  /** Whether keys keep their order. */
  readonly keepsOrder: boolean;
}

export function anyStyle(draw: Chance): Style {
  return {
    whitespace: draw.pick(["", "", "", "", " ", "\n\t", "\r\n  "]),
    escapes: draw.pick([0, 0, 0, 3, 40, 100]),
    withByteOrderMark: draw.between(0, 3) === 0,
    keepsOrder: draw.between(0, 3) > 0,
  };
}

/** A value as a whole body. */
export function writtenBody(value: Json, style: Style, draw: Chance): Buffer {
  return framed(written(value, style, draw), style);
}

function framed(text: string, { whitespace, withByteOrderMark }: Style): Buffer {
  return Buffer.from(`${withByteOrderMark ? "\uFEFF" : ""}${whitespace}${text}${whitespace}`);
}

function written(value: Json, style: Style, draw: Chance): string {
  if (typeof value === "string") return quoted(value, style, draw);
  if (typeof value !== "object" || value === null) return jsonText(value);
  if (isList(value))
    return `[${listed(
      value.map((element) => written(element, style, draw)),
      style,
    )}]`;
  const entries = Object.entries(value).map(([key, member], index) => ({
    text: `${quoted(key, style, draw)}${style.whitespace}:${style.whitespace}${written(member, style, draw)}`,
    place: style.keepsOrder ? index : draw.between(0, 999),
  }));
  const texts = entries.toSorted((a, b) => a.place - b.place).map(({ text }) => text);
  return `{${listed(texts, style)}}`;
}

function listed(texts: readonly string[], { whitespace }: Style): string {
  return texts.map((text) => `${whitespace}${text}${whitespace}`).join(",");
}

function quoted(text: string, { escapes }: Style, draw: Chance): string {
  if (escapes === 0) return JSON.stringify(text);
  // An escape in JSON text gets more backslashes, as every writer of JSON does it: none writes a backslash as `\u005c`.
  const parts = text.split(/(\\+u[0-9a-f]{4})/i);
  const writtenParts = parts.map((part, index) =>
    index % 2 === 1
      ? JSON.stringify(part).slice(1, -1)
      : Array.from(part, (character) => writtenCharacter(character, escapes, draw)).join(""),
  );
  return `"${writtenParts.join("")}"`;
}

function writtenCharacter(character: string, escapes: number, draw: Chance): string {
  const short = JSON.stringify(character).slice(1, -1);
  if (character === "\\") return short;
  if (character === "/" && draw.between(0, 1) === 0) return String.raw`\/`;
  if (draw.between(0, 99) >= escapes) return short;
  return Array.from({ length: character.length }, (_, index) => {
    const hex = character.charCodeAt(index).toString(16).padStart(4, "0");
    return `\\u${draw.between(0, 1) === 0 ? hex : hex.toUpperCase()}`;
  }).join("");
}

/** What surrounds the records of an event. */
export const WRAPPINGS = ["records", "records among other keys", "records twice", "array", "single record"] as const;
export type Wrapping = (typeof WRAPPINGS)[number];

export interface EventForm extends Style {
  readonly wrapping: Wrapping;
}

export function anyForm(draw: Chance): EventForm {
  return { ...anyStyle(draw), wrapping: draw.pick(WRAPPINGS) };
}

export interface EventRecords {
  readonly record: Json;
  /** Records before and after it; a single record has none. */
  readonly before: readonly Json[];
  readonly behind: readonly Json[];
}

export function writtenEvent({ record, before, behind }: EventRecords, form: EventForm, draw: Chance): Buffer {
  const textOf = (value: Json) => written(value, form, draw);
  if (form.wrapping === "single record") return framed(textOf(record), form);
  const array = (records: readonly Json[]) => `[${listed(records.map(textOf), form)}]`;
  const records = array([...before, record, ...behind]);
  if (form.wrapping === "array") return framed(records, form);
  const member = (key: string, text: string) => `${textOf(key)}${form.whitespace}:${form.whitespace}${text}`;
  const members = {
    records: () => [member("records", records)],
    "records among other keys": () => [
      member("before", textOf(before)),
      member("records", records),
      member("behind", textOf('"]}{[')),
    ],
    "records twice": () => [member("records", array(behind)), member("records", records)],
  }[form.wrapping]();
  return framed(`{${listed(members, form)}}`, form);
}

/** Fields of an audit record, from the outside in, that a relay may write as JSON text. */
const TEXT_FIELDS = new Set([
  "properties",
  "initiatedBy",
  "targetResources",
  "additionalDetails",
  "modifiedProperties",
]);

/** The record with some of its structured fields as JSON text, written in any style, and that perhaps in JSON text again. */
export function withFieldsAsText(value: Json, draw: Chance): Json {
  if (isList(value)) return value.map((element) => withFieldsAsText(element, draw));
  if (!isBag(value)) return value;
  const entries = Object.entries(value).map(([key, member]) => {
    const inner = withFieldsAsText(member, draw);
    const isText = TEXT_FIELDS.has(key) && typeof member === "object" && draw.between(0, 2) === 0;
    return [key, isText ? written(inner, anyStyle(draw), draw) : inner];
  });
  return Object.fromEntries(entries);
}

const ALL = 0;

/**
 * The record with the keys that lead to a literal moved to its start or end, at any distance from there. Usually only
 * one text keeps a literal: the scan would find a second one instead.
 */
export function withLiteralAtAnEnd(record: Json, literals: readonly string[], draw: Chance): Json {
  const wanted = literals.map((literal) => literal.toLowerCase());
  const holds = (text: string) => wanted.some((literal) => text.toLowerCase().includes(literal));
  const [kept, end] = [draw.pick([ALL, 1, 1, 2]), draw.pick(["front", "end", "end"] as const)];
  let seen = 0;
  const thinned = mapTexts(record, (text) => (holds(text) && (seen += 1) !== kept && kept !== ALL ? "another" : text));
  const moved = withKeysMoved(thinned, holds, end);
  if (!isBag(moved)) return moved;
  // Mostly at the other end: this moves the literal in memory but keeps the distance to its own end.
  const filling = { [draw.pick(["", "f", "filling"])]: "f".repeat(draw.between(0, 40)) };
  const isBeside = draw.between(0, 3) === 0;
  return (end === "front") === isBeside ? { ...filling, ...moved } : { ...moved, ...filling };
}

function mapTexts(value: Json, map: (text: string) => string): Json {
  if (typeof value === "string") return map(value);
  if (isList(value)) return value.map((element) => mapTexts(element, map));
  if (!isBag(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapTexts(member, map)]));
}

function withKeysMoved(value: Json, holds: (text: string) => boolean, end: "front" | "end"): Json {
  if (isList(value)) return value.map((element) => withKeysMoved(element, holds, end));
  if (!isBag(value)) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, withKeysMoved(member, holds, end)] as const);
  const isMoved = ([, member]: readonly [string, Json]) => holds(JSON.stringify(member));
  const [moved, others] = [entries.filter(isMoved), entries.filter((entry) => !isMoved(entry))];
  return Object.fromEntries(end === "front" ? [...moved, ...others] : [...others, ...moved]);
}

/**
 * The bytes inside a buffer, at any distance from a word boundary, and often at the buffer's end. Around them lie parts
 * of literals, quotes and backslashes that do not belong to them.
 */
export function inMemory(bytes: Uint8Array, literals: readonly string[], draw: Chance): Uint8Array {
  const before = draw.between(0, 3) === 0 ? "" : neighbour(literals, draw);
  const behind = draw.between(0, 3) > 0 ? "" : neighbour(literals, draw);
  const all = new Uint8Array(before.length + bytes.length + behind.length);
  all.set(Buffer.from(before));
  all.set(bytes, before.length);
  all.set(Buffer.from(behind), before.length + bytes.length);
  return all.subarray(before.length, before.length + bytes.length);
}

/** ASCII, so that characters and bytes have the same count. */
function neighbour(literals: readonly string[], draw: Chance): string {
  const text = draw.pick([...literals, String.raw`\u0050\\\\\\"\\`, "00000000"]);
  const at = draw.between(0, text.length);
  return draw.between(0, 1) === 0 ? text.slice(at) : text.slice(0, at);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isBag(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !isList(value);
}
