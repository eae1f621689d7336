// Files that are larger than what is looked at as a whole: a few bytes here, so that the tests are small.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayElements } from "../../src/cli/array-elements.ts";
import { readEvents } from "../../src/cli/event-forms.ts";
import { elementSlices } from "../../src/core/json-slices.ts";

const LARGER_THAN = 8;

async function* chunked(text: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 5): Promise<string[]> {
  const found: string[] = [];
  for await (const { body } of readEvents("f", chunked(text, size), LARGER_THAN)) {
    found.push(Buffer.from(body).toString());
  }
  return found;
}

describe("a large file", () => {
  test.each([
    { form: "an array on one line", text: '[{"a":1},{"a":2}]', bodies: ['{"a":1}', '{"a":2}'] },
    { form: "an array over many lines", text: '[\n  {"a": 1},\n  {"a": 2}\n]\n', bodies: ['{"a": 1}', '{"a": 2}'] },
    { form: "an array with a byte order mark", text: '\uFEFF[{"a":1},{"b":1}]', bodies: ['{"a":1}', '{"b":1}'] },
    { form: "a malformed element", text: '[{"a":1},{"a":},{"a":2}]', bodies: ['{"a":1}', '{"a":}', '{"a":2}'] },
    { form: "an array that is cut short", text: '[{"a":1},{"a"', bodies: ['{"a":1}', '{"a"'] },
    { form: "something behind the array", text: '[{"a":1},{"a":2}] x', bodies: ['{"a":1}', '{"a":2}', " x"] },
    {
      form: "one object with records",
      text: '{"n": 1, "records": [{"a":1},\n{"a":2}], "m": 2}',
      bodies: ['{"a":1}', '{"a":2}'],
    },
    {
      form: "lines of bodies",
      text: '{"records":[]}\n{"records":[1]}\n',
      bodies: ['{"records":[]}', '{"records":[1]}'],
    },
    { form: "lines of arrays", text: '[{"a":1}]\n[{"a":2}]\n', bodies: ['[{"a":1}]', '[{"a":2}]'] },
    {
      form: "lines, the first malformed",
      text: '{"records":[\n{"records":[1]}\n',
      bodies: ['{"records":[', '{"records":[1]}'],
    },
    {
      form: "brackets and quotes in texts",
      text: '[{"a":"]},\\"["},{"a":"\\\\"}]',
      bodies: ['{"a":"]},\\"["}', '{"a":"\\\\"}'],
    },
  ])("$form", async ({ text, bodies }) => {
    expect(await read(text, 32)).toEqual(bodies);
  });

  test("is streamed: an element comes before the file is read to its end", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from("[");
      for (;;) {
        given += 1;
        yield Buffer.from(`{"a":${given}},`);
      }
    }
    const seen: string[] = [];
    for await (const { body, where } of readEvents("f", endless(), LARGER_THAN)) {
      seen.push(`${where}: ${Buffer.from(body).toString()}`);
      if (seen.length === 100) break;
    }
    expect(seen.at(-1)).toBe('f, element 100: {"a":100}');
    expect(given).toBeLessThan(110);
  });
});

test("elements are the same however the bytes come, and as where all bytes are there", async () => {
  const text = fc.oneof(
    fc.array(fc.jsonValue()).map((value) => JSON.stringify(value, null, 1)),
    fc.string().map((tail) => `[${tail}`),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (json, size) => {
      const bytes = Buffer.from(json);
      const found: string[] = [];
      for await (const element of arrayElements(chunked(bytes, size))) found.push(Buffer.from(element).toString());
      expect(found).toEqual(elementSlices(bytes, 0).map((slice) => Buffer.from(slice).toString()));
    }),
    { numRuns: 300 },
  );
});
