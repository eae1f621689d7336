import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEventFiles, type FileEvent } from "../../../cli/event-files/event-files.ts";
import { UsageError } from "../../../src/errors.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-events-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const BOM = "\uFEFF";

describe("one file", () => {
  test.each([
    {
      form: "lines of bodies",
      text: '{"records":[{"a":1}]}\n{"records":[]}\n',
      bodies: ['{"records":[{"a":1}]}', '{"records":[]}'],
    },
    { form: "lines of bare records", text: '{"a":1}\n{"a":2}', bodies: ['{"a":1}', '{"a":2}'] },
    { form: "Windows line ends", text: '{"a":1}\r\n{"a":2}\r\n', bodies: ['{"a":1}', '{"a":2}'] },
    { form: "a byte order mark", text: `${BOM}{"a":1}\n{"a":2}`, bodies: ['{"a":1}', '{"a":2}'] },
    { form: "blank lines", text: '\n \n{"a":1}\n\t\n\n{"a":2}\n\n', bodies: ['{"a":1}', '{"a":2}'] },
    {
      form: "a malformed line between good ones",
      text: '{"a":1}\n{"a":\n{"a":2}',
      bodies: ['{"a":1}', '{"a":', '{"a":2}'],
    },
    { form: "a malformed first line", text: 'oops\n{"a":2}', bodies: ["oops", '{"a":2}'] },
    { form: "nothing but malformed lines", text: "oops\nagain", bodies: ["oops", "again"] },
    { form: "an array on one line", text: '[{"a":1},{"a":2}]', bodies: ['{"a":1}', '{"a":2}'] },
    { form: "an array over many lines", text: '[\n  {"a": 1},\n  {"a": 2}\n]\n', bodies: ['{"a": 1}', '{"a": 2}'] },
    { form: "an array with a byte order mark", text: `${BOM}[{"a":1}]`, bodies: ['{"a":1}'] },
    {
      form: "an array with a malformed element",
      text: '[{"a":1},{"a":},{"a":2}]',
      bodies: ['{"a":1}', '{"a":}', '{"a":2}'],
    },
    { form: "an array that is cut short", text: '[{"a":1},{"a"', bodies: ['{"a":1}', '{"a"'] },
    { form: "lines of arrays, each one body", text: '[{"a":1}]\n[{"a":2}]', bodies: ['[{"a":1}]', '[{"a":2}]'] },
    { form: "one body over many lines", text: '{\n"records": [\n{"a": 1}]}', bodies: ['{\n"records": [\n{"a": 1}]}'] },
    {
      form: "numbers as they are written",
      text: '[{"a":1.0e2},{"a":9007199254740993}]',
      bodies: ['{"a":1.0e2}', '{"a":9007199254740993}'],
    },
  ])("$form", async ({ text, bodies }) => {
    expect(await read(await file("one.json", text))).toEqual(bodies);
    expect(await read(await file("one.json", gzipSync(text)))).toEqual(bodies);
  });

  test("gives the place of each event", async () => {
    const lines = await file("lines.ndjson", '{"a":1}\n\n{"a":2}\n');
    const array = await file("array.json", '[{"a":1},{"a":2}]');

    expect(await places([lines, array])).toEqual([
      `${lines}:1`,
      `${lines}:3`,
      `${array}, element 1`,
      `${array}, element 2`,
    ]);
  });

  test("bytes that are not UTF-8 arrive unchanged", async () => {
    const bytes = Uint8Array.of(0x7b, 0xff, 0x00, 0x7d);
    const path = await file("bytes.ndjson", bytes);

    const [event] = await all(readEventFiles([path], () => undefined));

    expect(Uint8Array.from(event?.body ?? [])).toEqual(bytes);
  });

  test("lines longer than a chunk arrive whole", async () => {
    const long = JSON.stringify({ a: "x".repeat(300_000) });

    expect(await read(await file("long.ndjson", `${long}\n${long}`))).toEqual([long, long]);
  });
});

test("a folder of an Azure Storage archive is read in order of time", async () => {
  const root = join(folder, "archive");
  await file("archive/y=2026/m=03/d=04/h=10/m=00/PT1H.json", '{"a":2}\n');
  await file("archive/y=2026/m=03/d=04/h=09/m=00/PT1H.json", '{"a":1}\n{"b":1}\n');
  await file("archive/y=2026/m=03/d=05/h=00/m=00/PT1H.json.gz", gzipSync('{"a":3}'));
  await file("archive/y=2026/m=03/d=05/h=01/m=00/PT1H.json", "");
  await file("archive/README.txt", "not an event");

  expect(await read(root)).toEqual(['{"a":1}', '{"b":1}', '{"a":2}', '{"a":3}']);
});

describe("a path that cannot be read gives one clear line", () => {
  test.each([
    {
      what: "a missing file",
      path: async () => join(folder, "missing.ndjson"),
      message: /missing\.ndjson: no such file or folder\. Check the path$/,
    },
    {
      what: "an empty file",
      path: () => file("empty.json", ""),
      message: /empty\.json: no events found\. The files are empty or hold only whitespace$/,
    },
    { what: "a file of blanks", path: () => file("blank.json", `${BOM}\r\n \n`), message: /no events/ },
    { what: "an empty array", path: () => file("none.json", "[]"), message: /no events/ },
    {
      what: "gzip cut short",
      path: () => file("cut.gz", gzipSync('{"a":1}\n'.repeat(50)).subarray(0, 30)),
      message: /cut\.gz: gzip is cut short\. Copy the file again$/,
    },
    {
      what: "damaged gzip",
      path: () => file("damaged.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff)),
      message: /damaged gzip\. Copy the file again$/,
    },
    {
      what: "a folder without events",
      path: async () => dirname(await file("nothing/here.txt", "x")),
      message: /no \.json, \.jsonl, \.ndjson or \.log file/,
    },
  ])("$what", async ({ path, message }) => {
    const reading = read(await path());

    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow(message);
  });
});

test("each line that is not blank arrives once and in order, whatever it holds", async () => {
  // A first object keeps the file from being one JSON document by chance.
  const text = fc.array(
    fc.oneof(fc.json(), fc.string(), fc.constant("")).map((line) => line.replaceAll(/[\r\n]/g, "")),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom("\n", "\r\n"), fc.boolean(), async (lines, end, packed) => {
      const wanted = ['{"first":true}', ...lines];
      const content = wanted.join(end);
      const path = await file("property.ndjson", packed ? gzipSync(content) : content);

      expect(await read(path)).toEqual(
        wanted.map((line) => line.toWellFormed()).filter((line) => /[^ \t\r\n]/.test(line)),
      );
    }),
    { numRuns: 200 },
  );
});

test("each element of an array arrives once and in order, whatever it holds", async () => {
  // Objects with these members are answers of Graph and Log Analytics.
  const name = fc.string().filter((text) => text !== "value" && text !== "tables");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(name, fc.jsonValue()), { minLength: 1 }),
      fc.constantFrom(0, 2),
      async (elements, indent) => {
        const path = await file("property.json", JSON.stringify(elements, null, indent));

        const bodies = await read(path);

        expect(bodies.map((body): unknown => JSON.parse(body))).toEqual(JSON.parse(JSON.stringify(elements)));
      },
    ),
    { numRuns: 200 },
  );
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function read(path: string): Promise<string[]> {
  const events = await all(readEventFiles([path], () => undefined));
  return events.map(({ body }) => Buffer.from(body).toString());
}

async function places(paths: string[]): Promise<string[]> {
  const events = await all(readEventFiles(paths, () => undefined));
  return events.map(({ where }) => where);
}

async function all(events: AsyncIterable<FileEvent>): Promise<FileEvent[]> {
  const collected: FileEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}
