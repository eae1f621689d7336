import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonText, laidOutJson } from "../../src/kql/run/dynamic-text.ts";
import { isPlainJson, parseExactJson, wholeJson } from "../../src/kql/run/exact-json.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { anyJson } from "../samples.ts";
import { exactJson, INT64, smallJson } from "./exact-values.ts";

test.each<[text: string, value: Json]>([
  ["9007199254740991", 9_007_199_254_740_991],
  ["9007199254740992", 9_007_199_254_740_992n],
  ["9007199254740993", 9_007_199_254_740_993n],
  ["-9007199254740993", -9_007_199_254_740_993n],
  ["9223372036854775807", 9_223_372_036_854_775_807n],
  ["-9223372036854775808", -9_223_372_036_854_775_808n],
  ["9223372036854775808", 9_223_372_036_854_775_808n],
  ["123456789012345678901234567890", 123_456_789_012_345_678_901_234_567_890n],
  ["1000000000000000", 1_000_000_000_000_000],
  ["-0", -0],
  ["9007199254740993.0", 9_007_199_254_740_992],
  ["9007199254740993e0", 9_007_199_254_740_992],
  ["9007199254740993E+0", 9_007_199_254_740_992],
  ["0.9007199254740993", 0.9007199254740993],
  ["1e9007199254740993", Number.POSITIVE_INFINITY],
  [`1${"0".repeat(400)}`, Number.POSITIVE_INFINITY],
  ['"9007199254740993"', "9007199254740993"],
  ['"a, 9007199254740993 "', "a, 9007199254740993 "],
  ['[ 1,\n\t-9007199254740993 ,"\\"9007199254740993,"]', [1, -9_007_199_254_740_993n, '"9007199254740993,']],
  ['{"9007199254740993":9007199254740993}', { "9007199254740993": 9_007_199_254_740_993n }],
  ['{"a":9007199254740993,"b":1,"a":2}', { a: 2, b: 1 }],
  ['{"a":2,"\\u0061":9007199254740993}', { a: 9_007_199_254_740_993n }],
  [
    '{"a":{},"b":[],"c":9007199254740993,"d":{"e":[[],{}]}}',
    { a: {}, b: [], c: 9_007_199_254_740_993n, d: { e: [[], {}] } },
  ],
])("%s is read with all its digits", (text, value) => {
  expect(parseExactJson(text)).toStrictEqual(value);
});

test.each([
  "",
  "9007199254740993 1",
  "[9007199254740993",
  "{9007199254740993:1}",
  "09007199254740993",
  "[9007199254740993,]",
  '"9007199254740993',
  "{'a':9007199254740993}",
])("%j is not JSON, despite its digits", (text) => {
  expect(() => parseExactJson(text)).toThrow(SyntaxError);
});

test("a key __proto__ is an ordinary member", () => {
  const value = parseExactJson('{"__proto__":{"polluted":9007199254740993}}');
  expect(Object.entries(value ?? {})).toEqual([["__proto__", { polluted: 9_007_199_254_740_993n }]]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

describe("any value", () => {
  test("without whole numbers beyond 2^53 is read as by JSON.parse, in every layout", () => {
    fc.assert(
      fc.property(smallJson(), fc.constantFrom("", " ", "\n\t"), (value, space) => {
        const text = JSON.stringify([value, 1], null, space);
        expect(parseExactJson(text)).toEqual(JSON.parse(text));
        // The slow path must give the same result.
        const slowly = parseExactJson(text.replace(/1(?=\s*\]$)/, "9007199254740993"));
        expect(slowly).toEqual([...(JSON.parse(text) as Json[]).slice(0, 1), 9_007_199_254_740_993n]);
      }),
    );
  });

  test("is unchanged after writing and reading it, in every layout", () => {
    fc.assert(
      fc.property(exactJson(), (value) => {
        expect(parseExactJson(jsonText(value))).toEqual(value);
        expect(parseExactJson(laidOutJson(value))).toEqual(value);
        expect(isPlainJson(value)).toBe(!/n/.test(kinds(value)));
      }),
    );
  });

  test("is indented as by JSON.stringify", () => {
    fc.assert(
      fc.property(anyJson(), (value) => {
        expect(laidOutJson(value)).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });
});

test("every int64 keeps its digits, at any place in the text", () => {
  fc.assert(
    fc.property(INT64, fc.nat({ max: 40 }), fc.nat({ max: 40 }), (long, before, after) => {
      const text = `[${" ".repeat(before)}${long}${" ".repeat(after)},"${"x".repeat(before)}",${long}]`;
      const expected = wholeJson(long);
      expect(parseExactJson(text)).toStrictEqual([expected, "x".repeat(before), expected]);
      expect(typeof expected).toBe(Number.isSafeInteger(Number(long)) ? "number" : "bigint");
      expect(String(expected)).toBe(String(long));
    }),
  );
});

test("a value nested 100,000 levels deep, a string of 1 MB and a million digits can be read", () => {
  const depth = 100_000;
  const deep = `${'{"a":['.repeat(depth)}9007199254740993${"]}".repeat(depth)}`;
  const read = parseExactJson(deep);
  expect(jsonText(read)).toBe(deep);
  expect(laidOutJson(read).length).toBeLessThan(2 * deep.length);
  expect(isPlainJson(read)).toBe(false);
  const long = '\\"'.repeat(500_000);
  expect(parseExactJson(`["${long}",9007199254740993]`)).toStrictEqual(['"'.repeat(500_000), 9_007_199_254_740_993n]);
  expect(parseExactJson(`[${"9".repeat(1_000_000)}]`)).toStrictEqual([Number.POSITIVE_INFINITY]);
});

/** The kinds of scalars in a value: `n` for a bigint. */
function kinds(value: Json): string {
  if (typeof value === "bigint") return "n";
  return typeof value === "object" && value !== null ? Object.values(value).map(kinds).join("") : "-";
}
