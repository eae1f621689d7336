import { isArray, isBag } from "./dynamic-text.ts";
import type { Json } from "./values.ts";

/**
 * Approximate length of a value as JSON text. A shared part counts at each of its places, as in the text, but is visited
 * once: a repeated `pack_array(a, a)` is known to be huge without building its text.
 */
export function weightOf(value: Json): number {
  return knownWeight(value) ?? weigh(value);
}

const weights = new WeakMap<object, number>();

/** Characters that JSON writes as two or six. */
// eslint-disable-next-line no-control-regex -- the range of control characters is intended
const ESCAPED = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** Weight of a scalar, or of an array or bag that was weighed before. */
function knownWeight(value: Json): number | undefined {
  if (typeof value === "string") return ESCAPED.test(value) ? JSON.stringify(value).length : value.length + 2;
  if (isArray(value) || isBag(value)) return weights.get(value);
  // Most whole numbers are short; other numbers are written with all digits.
  if (typeof value === "bigint") return 40;
  return typeof value === "number" && !Number.isSafeInteger(value) ? 20 : 5;
}

/** Weighs children before parents, without recursion: an event can nest deeper than the call stack. */
function weigh(root: Json): number {
  const stack: (readonly Json[] | Readonly<Record<string, Json>>)[] = isContainer(root) ? [root] : [];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const children = isArray(top) ? top : Object.values(top);
    const unknown = children.filter((child) => isContainer(child) && !weights.has(child));
    if (unknown.length === 0) {
      const keys = isArray(top) ? 0 : Object.keys(top).reduce((sum, key) => sum + key.length + 3, 0);
      weights.set(
        top,
        children.reduce<number>((sum, child) => sum + (knownWeight(child) ?? 0) + 1, keys + 2),
      );
      stack.pop();
    } else {
      for (const child of unknown) if (isContainer(child)) stack.push(child);
    }
  }
  return knownWeight(root) ?? 0;
}

function isContainer(value: Json): value is readonly Json[] | Readonly<Record<string, Json>> {
  return isArray(value) || isBag(value);
}
