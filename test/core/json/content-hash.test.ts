import fc from "fast-check";
import { expect, test } from "vitest";
import { contentHash, sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { anyJson } from "../../samples.ts";

test("sha256 is the one of the standard, in hex", () => {
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(sha256Hex(new Uint8Array([97, 98, 99]))).toBe(sha256Hex("abc"));
});

test("the hash of a value is the same for every order of its keys", () => {
  fc.assert(
    fc.property(anyJson(), (value) => {
      expect(contentHash(reordered(value))).toBe(contentHash(value));
    }),
  );
});

test("values that differ have hashes that differ", () => {
  fc.assert(
    fc.property(anyJson(), anyJson(), (a, b) => {
      expect(contentHash(a) === contentHash(b)).toBe(sorted(a) === sorted(b));
    }),
  );
});

test.each<[Json, Json]>([
  [
    [1, 2],
    [2, 1],
  ],
  [["a", "b"], ["a,b"]],
  [{ a: 1 }, [["a", 1]]],
  [{ a: { b: 1 } }, { a: {}, b: 1 }],
  [null, {}],
  [1, "1"],
  [[], {}],
  ["\ud800", "\udc00"],
  [{}, JSON.parse('{"__proto__":{}}') as Json],
])("%j and %j differ", (a, b) => {
  expect(contentHash(a)).not.toBe(contentHash(b));
});

test("a value of 100,000 levels and an array of 500,000 elements have a hash", () => {
  const deep = JSON.parse('{"a":['.repeat(50_000) + "]}".repeat(50_000)) as Json;
  expect(contentHash(deep)).toMatch(/^[0-9a-f]{64}$/);
  expect(contentHash(Array.from({ length: 500_000 }, () => 1))).toMatch(/^[0-9a-f]{64}$/);
});

/** The same value with the keys of every object in the opposite order. */
function reordered(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((element: Json) => reordered(element));
  const entries = Object.entries(value).map(([key, member]) => [key, reordered(member)] as const);
  return Object.fromEntries(entries.reverse());
}

function sorted(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((element: Json) => sorted(element)).join()}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${sorted(member)}`).join()}}`;
}
