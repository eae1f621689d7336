import { createHash } from "node:crypto";
import { isRecord } from "../event/event-body.ts";
import { jsonText } from "../../kql/run/dynamic-text.ts";
import type { Json } from "../../kql/run/values.ts";

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** sha256 of a JSON value, in hex: the same for every order of keys and every layout, however deep it is nested. */
export function contentHash(value: Json): string {
  return sha256Hex(canonicalText(value));
}

/** JSON with sorted keys. A stack of our own, since an event can be nested deeper than the language's allows. */
function canonicalText(root: Json): string {
  const parts: string[] = [];
  const stack: (string | { readonly value: Json })[] = [{ value: root }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (typeof top === "string") parts.push(top);
    else for (const piece of pieces(top.value).reverse()) stack.push(piece);
  }
  return parts.join("");
}

/** A value's text where it holds no other values, else what its text consists of, in order. */
function pieces(value: Json): (string | { readonly value: Json })[] {
  if (Array.isArray(value)) return ["[", ...value.flatMap((element: Json) => [{ value: element }, ","]), "]"];
  if (!isRecord(value)) return [jsonText(value)];
  const members = Object.keys(value)
    .sort()
    .flatMap((key) => [`${JSON.stringify(key)}:`, { value: value[key] ?? null }, ","]);
  return ["{", ...members, "}"];
}
