import { createHash } from "node:crypto";
import { isRecord } from "./event-body.ts";

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * sha256 of a JSON value, in hex: the same for every order of keys and every layout.
 *
 * @throws {RangeError} when the value is nested some thousand levels deep
 */
export function contentHash(value: unknown): string {
  return sha256Hex(JSON.stringify(canonical(value)));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  // Pairs, not an object: an own `__proto__` key or one that looks like an index must keep its place.
  const pairs = Object.keys(value)
    .sort()
    .map((key) => [key, canonical(value[key])]);
  return { pairs };
}
