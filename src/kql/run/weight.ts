import { isArray, isBag } from "./dynamic-text.ts";
import type { Json } from "./values.ts";

/**
 * About how long a value is as JSON text. What is shared counts wherever it stands, as it does in text, but is looked
 * at once: `pack_array(a, a)` over and over is found to be huge without being built.
 */
export function weightOf(value: Json): number {
  return knownWeight(value) ?? weigh(value);
}

const weights = new WeakMap<object, number>();

/** What JSON writes as two characters or six. */
// eslint-disable-next-line no-control-regex -- the range of control characters is what is meant
const ESCAPED = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** Weight of a plain value, or of an array or bag that was weighed before. */
function knownWeight(value: Json): number | undefined {
  if (typeof value === "string") return ESCAPED.test(value) ? JSON.stringify(value).length : value.length + 2;
  if (isArray(value) || isBag(value)) return weights.get(value);
  // whole numbers are short as a rule, others are written with all of their digits
  if (typeof value === "bigint") return 40;
  return typeof value === "number" && !Number.isSafeInteger(value) ? 20 : 5;
}

/** Children before parents, on a stack of our own: an event may nest deeper than the call stack. */
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
