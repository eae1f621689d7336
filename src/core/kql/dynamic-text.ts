import type { Json } from "./values.ts";

/**
 * A dynamic value as compact JSON text, keys in the order in which they stand.
 *
 * JSON.stringify recurses and gives up on values nested some thousands deep; an event can hold such a value, so the
 * text is then made with a stack of our own.
 */
export function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return deepJsonText(value);
  }
}

function deepJsonText(root: Json): string {
  const parts: string[] = [];
  const stack: (string | { readonly value: Json })[] = [{ value: root }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (typeof top === "string") parts.push(top);
    else pushValue(top.value, parts, stack);
  }
  return parts.join("");
}

function pushValue(value: Json, parts: string[], stack: (string | { readonly value: Json })[]): void {
  if (isArray(value)) {
    parts.push("[");
    stack.push("]");
    for (let index = value.length - 1; index >= 0; index -= 1) {
      stack.push({ value: value[index] ?? null });
      if (index > 0) stack.push(",");
    }
  } else if (isBag(value)) {
    const entries = Object.entries(value);
    parts.push("{");
    stack.push("}");
    for (let index = entries.length - 1; index >= 0; index -= 1) {
      const [key, member] = entries[index] ?? ["", null];
      stack.push({ value: member }, `${JSON.stringify(key)}:`);
      if (index > 0) stack.push(",");
    }
  } else {
    parts.push(JSON.stringify(value));
  }
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

export function isBag(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What tostring() makes of a dynamic value: a string is itself, null is "", the rest is JSON. */
export function textOfDynamic(value: Json): string {
  if (typeof value === "string") return value;
  return value === null ? "" : jsonText(value);
}

/** Sixteen digits in a row: a whole number may be too large to be exact as a JavaScript number. */
const MANY_DIGITS = /\d{16}/;

/**
 * Reads JSON text, or undefined where it is none.
 *
 * Whole numbers that a JavaScript number cannot hold become text, so that none of their digits is lost: Kusto has them
 * as longs, and rules read ids with tostring().
 */
export function readJson(text: string): Json | undefined {
  try {
    const value: Json = MANY_DIGITS.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
    return value;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    return undefined;
  }
}

function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isInexact = typeof value === "number" && source !== undefined && /^-?\d+$/.test(source);
  return isInexact && !Number.isSafeInteger(value) ? source : value;
}
