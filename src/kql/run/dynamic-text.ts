import { parseExactJson } from "./exact-json.ts";
import type { Json } from "./values.ts";

/** Texts from this length on are cached: a rule may need the text of a large array for every row of one event. */
const LONG_TEXT = 1000;

const longTexts = new WeakMap<object, string>();

/** A dynamic value as compact JSON text: keys in their own order, whole numbers with all digits. */
export function jsonText(value: Json): string {
  if (typeof value !== "object" || value === null) return writeJson(value);
  const known = longTexts.get(value);
  if (known !== undefined) return known;
  const text = writeJson(value);
  if (text.length >= LONG_TEXT) longTexts.set(value, text);
  return text;
}

/** JSON.stringify fails on values nested thousands deep and on bigints. An event can contain both. */
function writeJson(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    return ownJsonText(value, {});
  }
}

/** A dynamic value as compact JSON text, with the keys of every bag sorted. */
export function sortedJsonText(value: Json): string {
  return ownJsonText(value, { isSorted: true });
}

/** A JSON value as indented text, whole numbers with all digits. */
export function laidOutJson(value: Json): string {
  return ownJsonText(value, { isLaidOut: true });
}

interface Layout {
  readonly isLaidOut?: boolean;
  readonly isSorted?: boolean;
}

type Piece = string | { readonly value: Json; readonly depth: number };

function ownJsonText(root: Json, layout: Layout): string {
  const parts: string[] = [];
  const stack: Piece[] = [{ value: root, depth: 0 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (typeof top === "string") parts.push(top);
    else pushPieces(top, layout, stack);
  }
  return parts.join("");
}

/** Pushes the pieces of a value's text onto the stack, the first one on top. */
function pushPieces({ value, depth }: Exclude<Piece, string>, layout: Layout, stack: Piece[]): void {
  if (!isArray(value) && !isBag(value)) {
    stack.push(typeof value === "bigint" ? String(value) : JSON.stringify(value));
    return;
  }
  const members = Object.entries(value);
  if (layout.isSorted === true && !isArray(value)) members.sort(([left], [right]) => (left < right ? -1 : 1));
  const lineBreak = lineBreakAt(depth + 1, layout);
  const isBroken = lineBreak !== "" && members.length > 0;
  stack.push(`${isBroken ? lineBreakAt(depth, layout) : ""}${isArray(value) ? "]" : "}"}`);
  for (let index = members.length - 1; index >= 0; index -= 1) {
    const [key, member] = members[index] ?? ["", null];
    const name = isArray(value) ? "" : `${JSON.stringify(key)}:${layout.isLaidOut === true ? " " : ""}`;
    stack.push({ value: member, depth: depth + 1 }, `${index > 0 ? "," : ""}${lineBreak}${name}`);
  }
  stack.push(isArray(value) ? "[" : "{");
}

/** Number of levels that are indented: any deeper, there would be more spaces than text. */
const MAX_INDENTED = 50;

function lineBreakAt(depth: number, { isLaidOut }: Layout): string {
  return isLaidOut === true && depth <= MAX_INDENTED ? `\n${"  ".repeat(depth)}` : "";
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

export function isBag(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The result of tostring() for a dynamic value: a string unchanged, "" for null, JSON for anything else. */
export function textOfDynamic(value: Json): string {
  if (typeof value === "string") return value;
  return value === null ? "" : jsonText(value);
}

/** Reads JSON text, keeping all digits of whole numbers; undefined if the text is not JSON. */
export function readJson(text: string): Json | undefined {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
