// Files above the size that is read as a whole, which is a few bytes here so that the tests are small.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayElements } from "../../../cli/event-files/array-elements.ts";
import { readEvents } from "../../../cli/event-files/event-forms.ts";
import { sliceArray } from "../../../src/core/json/json-slices.ts";

const LARGER_THAN = 8;

/** Like `fileChunks`, it reuses the memory of a chunk when the next is asked for. */
async function* chunked(text: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    yield chunk;
    chunk.fill("?");
  }
}

async function read(text: string, size = 5, largerThan = LARGER_THAN): Promise<string[]> {
  const found: string[] = [];
  for await (const block of readEvents("f", chunked(text, size), largerThan)) {
    for (const { body } of block) found.push(Buffer.from(body).toString());
  }
  return found;
}

describe("a large file", () => {
  test.each([
    { form: "an array on one line", text: '[{"a":1},{"a":2}]', bodies: ['{"a":1}', '{"a":2}'] },
    { form: "an array over many lines", text: '[\n  {"a": 1},\n  {"a": 2}\n]\n', bodies: ['{"a": 1}', '{"a": 2}'] },
    { form: "an array on one line that ends", text: '[{"a":1},{"a":2}]\r\n', bodies: ['{"a":1}', '{"a":2}'] },
    { form: "records on one line that ends", text: '{"records":[{"a":1}]}\n', bodies: ['{"a":1}'] },
    {
      form: "an array with elements of one line and of many",
      text: '\n [\n{"a":1}\n,\n{"a":\n2}\n]\n',
      bodies: ['{"a":1}', '{"a":\n2}'],
    },
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

  test("is streamed: an element arrives before the file has been read to its end", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from("[");
      for (;;) {
        given += 1;
        yield Buffer.from(`{"a":${given}},`);
      }
    }
    const seen: string[] = [];
    for await (const block of readEvents("f", endless(), LARGER_THAN)) {
      for (const { body, where } of block) seen.push(`${where}: ${Buffer.from(body).toString()}`);
      if (seen.length >= 100) break;
    }
    expect(seen.at(-1)).toBe('f, element 100: {"a":100}');
    expect(given).toBeLessThan(110);
  });
});

test("elements do not depend on how the bytes are cut into chunks", async () => {
  const text = fc.oneof(
    fc.array(fc.jsonValue()).map((value) => JSON.stringify(value, null, 1)),
    fc.string().map((tail) => `[${tail}`),
    fc.array(fc.constantFrom("[", "]", "{", "}", ",", '"', "\\", '\\"', "a")).map((tail) => `[${tail.join("")}`),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 40 }), async (json, size) => {
      const bytes = Buffer.from(json);
      const found: string[] = [];
      const elements = arrayElements();
      const take = (bodies: Iterable<Uint8Array>) => {
        for (const body of bodies) found.push(Buffer.from(body).toString());
      };
      for await (const chunk of chunked(bytes, size)) {
        take(elements.in(chunk));
        if (elements.behind !== undefined) break;
      }
      if (elements.behind === undefined) take(elements.rest());
      expect(found).toEqual(sliceArray(bytes, 0).slices.map((slice) => Buffer.from(slice).toString()));
    }),
    { numRuns: 300 },
  );
});

test("lines do not depend on how the bytes are cut into chunks, and each is passed on as soon as it ends", async () => {
  const line = fc.oneof(
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc.constantFrom("", " \t", '{"records":[', "oops", "[1]", "}", "{"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.constantFrom("\n", "\r\n"),
      fc.constantFrom("", "\uFEFF"),
      fc.integer({ min: 3, max: 40 }),
      async (more, end, mark, size) => {
        const lines = ['{"first":true}', '{"second":true}', ...more];
        const whole = Number.POSITIVE_INFINITY;
        for (const largerThan of [LARGER_THAN, whole])
          expect(await read(`${mark}${lines.join(end)}`, size, largerThan)).toEqual(
            lines.filter((text) => text.trim() !== ""),
          );
      },
    ),
    { numRuns: 300 },
  );
});

test("lines of objects are streamed from the first one, before the rest of the file is read", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      given += 1;
      yield Buffer.from(`{"a":${given}}\n`);
    }
  }
  const seen: string[] = [];
  for await (const block of readEvents("f", endless())) {
    for (const { body, where } of block) seen.push(`${where}: ${Buffer.from(body).toString()}`);
    if (seen.length >= 100) break;
  }
  expect(seen.at(-1)).toBe('f:100: {"a":100}');
  expect(given).toBeLessThan(110);
});
