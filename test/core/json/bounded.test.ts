import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundedJson, boundedText } from "../../../src/core/json/bounded.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { hardText } from "../../samples.ts";
import { exactJson } from "../../kql/exact-values.ts";

const ROOMY = { characters: 1_000, bytes: 10_000 };
const wireBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));
const bounds = fc.record({ characters: fc.nat({ max: 60 }), bytes: fc.integer({ min: 6, max: 200 }) });

describe("text", () => {
  test.each([
    { why: "as it is where it fits", text: "字😀", bound: ROOMY, value: "字😀", truncated: false },
    {
      why: "cut at the characters",
      text: "abcdef",
      bound: { characters: 4, bytes: 100 },
      value: "abcd",
      truncated: true,
    },
    {
      why: "not cut where it just fits",
      text: "abcd",
      bound: { characters: 4, bytes: 6 },
      value: "abcd",
      truncated: false,
    },
    {
      why: "cut at the bytes, quotes counted",
      text: "字字字",
      bound: { characters: 9, bytes: 8 },
      value: "字字",
      truncated: true,
    },
    {
      why: "cut at the bytes of its escapes",
      text: "\u0000\u0000",
      bound: { characters: 9, bytes: 13 },
      value: "\u0000",
      truncated: true,
    },
    {
      why: "cut before a pair of surrogates, not within",
      text: "a😀b",
      bound: { characters: 2, bytes: 100 },
      value: "a",
      truncated: true,
    },
    { why: "made well formed", text: "a\ud800b", bound: ROOMY, value: "a\ufffdb", truncated: false },
    { why: "empty where nothing fits", text: "字", bound: { characters: 9, bytes: 2 }, value: "", truncated: true },
  ])("is $why", ({ text, bound, value, truncated }) => {
    expect(boundedText(text, bound)).toEqual({ value, truncated });
  });

  test("of any kind is the longest beginning within the bound", () => {
    fc.assert(
      fc.property(hardText(80), bounds, (text, bound) => {
        const wellFormed = text.toWellFormed();
        const fits = (part: string) => part.length <= bound.characters && wireBytes(part) <= bound.bytes;
        const { value, truncated } = boundedText(text, bound);

        expect(wellFormed.startsWith(value) && value.isWellFormed() && fits(value)).toBe(true);
        expect(truncated).toBe(value !== wellFormed);
        const longer = Array.from(wellFormed).slice(0, Array.from(value).length + 1);
        if (truncated) expect(fits(longer.join(""))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("JSON", () => {
  test.each<{ why: string; json: Json; bound?: typeof ROOMY; value: Json; truncated: boolean }>([
    { why: "as it is where it fits", json: { a: [1, null, "x"] }, value: { a: [1, null, "x"] }, truncated: false },
    {
      why: "the first elements that fit",
      json: ["aaaa", "bbbb", "c"],
      bound: { characters: 12, bytes: 100 },
      value: ["aaaa"],
      truncated: true,
    },
    {
      why: "the first members that fit",
      json: { a: 1, b: "x".repeat(50), c: 3 },
      bound: { characters: 30, bytes: 100 },
      value: { a: 1 },
      truncated: true,
    },
    {
      why: "null where a text does not fit",
      json: "x".repeat(50),
      bound: { characters: 30, bytes: 100 },
      value: null,
      truncated: true,
    },
    { why: "well formed, keys too", json: { "\ud800": ["\udc00"] }, value: { "\ufffd": ["\ufffd"] }, truncated: false },
  ])("is $why", ({ json, bound = ROOMY, value, truncated }) => {
    expect(boundedJson(json, bound)).toEqual({ value, truncated });
  });

  test("has text in the place of whole numbers that a JavaScript number cannot hold", () => {
    const json = { a: [9_007_199_254_740_993n, 9_007_199_254_740_991, "x"], b: { c: -(2n ** 63n) } };
    const value = { a: ["9007199254740993", 9_007_199_254_740_991, "x"], b: { c: "-9223372036854775808" } };
    expect(boundedJson(json, ROOMY)).toEqual({ value, truncated: false });
    expect(boundedJson(2n ** 60n, ROOMY)).toEqual({ value: "1152921504606846976", truncated: false });
    const bound = { characters: 26, bytes: 100 };
    expect(boundedJson([2n ** 60n, 2n ** 60n], bound)).toEqual({ value: ["1152921504606846976"], truncated: true });
  });

  test("keeps a __proto__ key as a key", () => {
    const json = JSON.parse('{"__proto__":{"a":1}}') as Json;
    expect(JSON.stringify(boundedJson(json, ROOMY).value)).toBe('{"__proto__":{"a":1}}');
    const long = JSON.parse(`{"__proto__":{"a":1},"b":"${"x".repeat(2_000)}"}`) as Json;
    expect(JSON.stringify(boundedJson(long, ROOMY).value)).toBe('{"__proto__":{"a":1}}');
  });

  test("is cut below 50 levels, and beside it nothing is", () => {
    const nested = (depth: number): Json => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as Json;
    expect(boundedJson({ a: 1, deep: nested(49) }, ROOMY)).toEqual({
      value: { a: 1, deep: nested(49) },
      truncated: false,
    });
    const { value, truncated } = boundedJson({ a: 1, deep: nested(100_000), b: 2 }, ROOMY);
    expect(truncated).toBe(true);
    expect(JSON.stringify(value)).toBe(`{"a":1,"deep":${"[".repeat(49)}null${"]".repeat(49)},"b":2}`);
  });

  test("of any shape is within the bound, well formed and a part of what it was", () => {
    fc.assert(
      fc.property(exactJson(), bounds, (exact, bound) => {
        const { value, truncated } = boundedJson(exact, bound);
        const text = JSON.stringify(value);
        const json = JSON.stringify(exact, (_key, member: unknown) =>
          typeof member === "bigint" ? String(member) : member,
        );
        if (bound.characters >= 4) expect(text.length).toBeLessThanOrEqual(bound.characters);
        expect(wireBytes(text)).toBeLessThanOrEqual(Math.max(bound.bytes, wireBytes("null")));
        expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/);
        const tame = JSON.parse(json.replaceAll(/(?<!\\)((?:\\\\)*)\\ud[89a-f]../g, "$1\ufffd")) as Json;
        if (truncated) expect(isPart(value, tame)).toBe(true);
        else expect(value).toEqual(tame);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Whether the first of an array's or object's members are what is left, or nothing is. */
function isPart(part: Json, whole: Json): boolean {
  if (part === null) return true;
  const texts = (value: Json) => Object.entries(value ?? {}).map(([key, member]) => `${key}:${JSON.stringify(member)}`);
  return texts(part).every((text, index) => text === texts(whole)[index]);
}
