import fc from "fast-check";
import { expect, test } from "vitest";
import { recordsArrayStart, sliceArray } from "../../../src/core/json/json-slices.ts";
import { anyJson, bytes } from "../../samples.ts";

const whitespace = fc.constantFrom("", " ", "\r\n", "\t ");

test("the slices of any JSON array are its elements, in order", () => {
  fc.assert(
    fc.property(fc.array(anyJson(), { maxLength: 8 }), whitespace, (elements, space) => {
      const texts = elements.map((element) => JSON.stringify(element, null, space));
      const array = bytes(`[${texts.map((text) => space + text + space).join(",")}]`);
      expect(sliceArray(array, 0).slices.map((slice) => Buffer.from(slice).toString())).toEqual(texts);
    }),
    { numRuns: 500 },
  );
});

test("the records of any JSON object are found where JSON.parse finds them", () => {
  const key = fc.constantFrom("records", "recor\\u0064s", "Records", "record", "meta", '\\"records');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.oneof(fc.array(anyJson()), anyJson())), { maxLength: 6 }),
      whitespace,
      (members, space) => {
        const text = `${space}{${members.map(([name, value]) => `"${name}"${space}:${space}${JSON.stringify(value)}`).join(",")}}`;
        const { records } = JSON.parse(text) as { records?: unknown };
        const start = recordsArrayStart(bytes(text));
        const found =
          start === undefined
            ? undefined
            : sliceArray(bytes(text), start).slices.map(
                (slice) => JSON.parse(Buffer.from(slice).toString()) as unknown,
              );
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
