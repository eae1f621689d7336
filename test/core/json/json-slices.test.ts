import fc from "fast-check";
import { expect, test } from "vitest";
import { elementSlices, recordsArrayStart, sliceArray } from "../../../src/core/json/json-slices.ts";
import { elementBounds } from "../../../src/core/scan/element-bounds.ts";
import { anyJson, bytes } from "../../samples.ts";

const blanks = fc.constantFrom("", " ", "\r\n", "\t ");

test("the slices of any JSON array are its elements, in order", () => {
  fc.assert(
    fc.property(fc.array(anyJson(), { maxLength: 8 }), blanks, (elements, blank) => {
      const texts = elements.map((element) => JSON.stringify(element, null, blank));
      const array = bytes(`[${texts.map((text) => blank + text + blank).join(",")}]`);
      expect(elementSlices(array, 0).map((slice) => Buffer.from(slice).toString())).toEqual(texts);
    }),
    { numRuns: 500 },
  );
});

test("the scan finds the same elements, also in text that is not JSON", () => {
  const piece = fc.constantFrom("[", "]", "{", "}", ",", ":", '"', "\\", '\\"', "a", " ", '{"a":1}', "[2]");
  let compared = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const json = bytes(`[${pieces.join("")}`);
      const { slices, after } = sliceArray(json, 0);
      const { bounds, end } = elementBounds(json, 0);
      // The scan reports only elements in brackets. Where commas do not divide them, it leaves the body to the full read.
      const found = Array.from({ length: bounds.length / 2 }, (_, index) =>
        json.subarray(bounds[2 * index], (bounds[2 * index + 1] ?? 0) + 1),
      );
      const isDivided =
        slices.length === found.length && slices.every(({ length }, at) => length === found[at]?.length);
      if (end >= 0 && isDivided) compared += 1;
      expect(end < 0 ? 0 : json.length - end).toBe(after.length);
      if (isDivided) expect(slices).toEqual(found);
    }),
    { numRuns: 5_000 },
  );
  expect(compared).toBeGreaterThan(0);
});

test("the records of any JSON object are found where JSON.parse finds them", () => {
  const key = fc.constantFrom("records", "recor\\u0064s", "Records", "record", "meta", '\\"records');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.oneof(fc.array(anyJson()), anyJson())), { maxLength: 6 }),
      blanks,
      (members, blank) => {
        const text = `${blank}{${members.map(([name, value]) => `"${name}"${blank}:${blank}${JSON.stringify(value)}`).join(",")}}`;
        const { records } = JSON.parse(text) as { records?: unknown };
        const start = recordsArrayStart(bytes(text));
        const found =
          start === undefined
            ? undefined
            : elementSlices(bytes(text), start).map((slice) => JSON.parse(Buffer.from(slice).toString()) as unknown);
        expect(found).toEqual(Array.isArray(records) ? records : undefined);
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  "",
  " ",
  "null",
  '"records"',
  "{",
  '{"records"',
  '{"records":',
  '{"records":1}',
  '{"other":[1]}',
  '{"a":{"records":[1]}}',
])("%s holds no records", (json) => {
  expect(recordsArrayStart(bytes(json))).toBeUndefined();
});
