import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventBody, parseRecord, readEventBody } from "../../../src/core/event/event-body.ts";
import { jsonText, laidOutJson } from "../../../src/kql/run/dynamic-text.ts";
import { parseExactJson } from "../../../src/kql/run/exact-json.ts";
import { anyJson, bytes } from "../../samples.ts";
import { exactJson } from "../../kql/exact-values.ts";

/** The result, with bytes as text. */
function read(body: string | Uint8Array) {
  const { records, unreadable } = readEventBody(typeof body === "string" ? bytes(body) : body);
  return {
    records: records.map(({ record }) => record),
    slices: records.map((record) => textOf(record.bytes())),
    unreadable: unreadable.map((part) => ({ reason: part.reason, text: textOf(part.bytes) })),
  };
}

/** The bytes as text: one character for each byte if they are not UTF-8. */
function textOf(slice: Uint8Array): string {
  return Buffer.from(slice).toString(isUtf8(slice) ? "utf8" : "latin1");
}

describe("a body that is JSON", () => {
  test.each([
    { shape: "the records wrapper", body: '{"records":[{"a":1},{"b":"x"}]}', slices: ['{"a":1}', '{"b":"x"}'] },
    { shape: "a bare array", body: '[{"a":1},{"b":2}]', slices: ['{"a":1}', '{"b":2}'] },
    { shape: "a single record", body: '{"a":[1]}', slices: ['{"a":[1]}'] },
    { shape: "a wrapper behind a byte order mark", body: '\ufeff{"records":[{"a":1}]}', slices: ['{"a":1}'] },
    { shape: "a single record behind a byte order mark", body: '\ufeff{"a":1}', slices: ['{"a":1}'] },
    { shape: "an empty wrapper", body: '{"records":[]}', slices: [] },
    { shape: "an empty array", body: " [ ] ", slices: [] },
    {
      shape: "pretty printed records",
      body: '{\r\n\t"records" : [\n  { "a" : 1 } ,\n  {\n "b": [1, 2]\n  }\n ]\n}\n',
      slices: ['{ "a" : 1 }', '{\n "b": [1, 2]\n  }'],
    },
    {
      shape: "brackets, quotes and commas within strings",
      body: String.raw`{"records":[{"a":"]},{\"\\"},{"b]":"\\\"["}]}`,
      slices: [String.raw`{"a":"]},{\"\\"}`, String.raw`{"b]":"\\\"["}`],
    },
    {
      shape: "other keys around the records",
      body: '{"records ":[{"x":1}],"meta":{"records":[{"y":2}]},"records":[{"a":1}],"n":[3]}',
      slices: ['{"a":1}'],
    },
    { shape: "an escaped key", body: String.raw`{"r\u0065c\u006Frds":[{"a":1}]}`, slices: ['{"a":1}'] },
    {
      shape: "two records keys, of which the last counts",
      body: '{"records":[{"a":1}],"records":[{"b":2}]}',
      slices: ['{"b":2}'],
    },
    {
      shape: "two records keys, the last one escaped",
      body: String.raw`{"records":[{"a":1}],"record\u0073":[{"b":2}]}`,
      slices: ['{"b":2}'],
    },
    {
      shape: "a key that only looks like it",
      body: String.raw`{"a":1,"\"records":[{"b":2}]}`,
      slices: [String.raw`{"a":1,"\"records":[{"b":2}]}`],
    },
    {
      shape: "a __proto__ key",
      body: '{"records":[{"__proto__":{"category":"x"},"constructor":1}]}',
      slices: ['{"__proto__":{"category":"x"},"constructor":1}'],
    },
  ])("$shape gives its records and the bytes of each", ({ body, slices }) => {
    expect(read(body)).toEqual({
      records: slices.map((slice) => JSON.parse(slice) as unknown),
      slices,
      unreadable: [],
    });
  });

  test("whole numbers keep all digits, other huge numbers are as in JavaScript", () => {
    const slice = '{"a":1e400,"b":9007199254740993,"c":[-9223372036854775808,9007199254740993.0]}';
    const [least, real] = [-9_223_372_036_854_775_808n, 9_007_199_254_740_992];
    const record = { a: Number.POSITIVE_INFINITY, b: 9_007_199_254_740_993n, c: [least, real] };
    for (const body of [slice, `[${slice}]`, `{"records":[${slice}]}`, `{"records":[{"a":},${slice}]}`])
      expect(read(body).records).toEqual([record]);
    expect(parseRecord(bytes(slice))).toEqual(record);
  });

  test("a __proto__ key is an ordinary field and adds no fields to the record", () => {
    const [record] = read('{"records":[{"__proto__":{"category":"AuditLogs"}}]}').records;
    expect(record?.["category"]).toBeUndefined();
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  });

  test.each(["[", '{"a":'])("100,000 levels of %s are read, and found in the bytes", (open) => {
    const close = open === "[" ? "]" : "}";
    const record = `{"deep":${open.repeat(100_000)}1${close.repeat(100_000)}}`;
    const { records, unreadable } = readEventBody(bytes(`{"records":[{"a":1},${record}]}`));
    expect(records.map((each) => each.bytes().length)).toEqual([7, record.length]);
    expect(unreadable).toEqual([]);
  });

  test("an element that is not an object is unreadable, but its siblings are read", () => {
    expect(read('{"records":[{"a":1},"text, [",null,[{"b":2}],{"c":3}]}')).toEqual({
      records: [{ a: 1 }, { c: 3 }],
      slices: ['{"a":1}', '{"c":3}'],
      unreadable: [
        { reason: "records[1] is not an object", text: '"text, ["' },
        { reason: "records[2] is not an object", text: "null" },
        { reason: "records[3] is not an object", text: '[{"b":2}]' },
      ],
    });
  });

  test.each([
    { body: "", reason: "empty body" },
    { body: "\ufeff", reason: "empty body" },
    { body: "null", reason: "not a JSON object or array" },
    { body: '"records"', reason: "not a JSON object or array" },
    { body: "17", reason: "not a JSON object or array" },
    { body: '{"records":{"a":1}}', reason: '"records" is not an array' },
    { body: '{"records":[{"a":1}],"records":null}', reason: '"records" is not an array' },
  ])("$body is unreadable as a whole: $reason", ({ body, reason }) => {
    expect(read(body)).toEqual({ records: [], slices: [], unreadable: [{ reason, text: body }] });
  });
});

describe("a body that is not JSON", () => {
  test.each([
    { fault: "a malformed element", bad: "{'b':2}", reason: "records[1]: not JSON" },
    { fault: "a raw line end within a string", bad: '{"b":"x\ny"}', reason: "records[1]: not JSON" },
    { fault: "an element that is no object beside it", bad: "tru", reason: "records[1]: not JSON" },
  ])("$fault is kept byte for byte, and the good records are read", ({ bad, reason }) => {
    expect(read(`{"records":[{"a":1}, ${bad} ,{"c":3}]}`)).toEqual({
      records: [{ a: 1 }, { c: 3 }],
      slices: ['{"a":1}', '{"c":3}'],
      unreadable: [{ reason, text: bad }],
    });
  });

  test("a record that is not UTF-8 is kept byte for byte, and the good records are read", () => {
    const bad = Buffer.from('{"b":"\xe9\xff"}', "latin1");
    const body = Buffer.concat([bytes('{"records":[{"a":1},'), bad, bytes(',{"c":"ü"}]}')]);
    expect(read(body)).toEqual({
      records: [{ a: 1 }, { c: "ü" }],
      slices: ['{"a":1}', '{"c":"ü"}'],
      unreadable: [{ reason: "records[1]: not UTF-8", text: '{"b":"\xe9\xff"}' }],
    });
  });

  test.each([
    { from: "the wrapper", body: '{"records":[{"a":1},{"b":"x' },
    { from: "a bare array", body: '[{"a":1},{"b":"x' },
    { from: "a wrapper behind a byte order mark", body: '\ufeff{"records":[{"a":1},{"b":"x' },
  ])("if $from is cut off, whole records are read and the rest is kept", ({ body }) => {
    expect(read(body)).toEqual({
      records: [{ a: 1 }],
      slices: ['{"a":1}'],
      unreadable: [{ reason: "records[1]: not JSON", text: '{"b":"x' }],
    });
  });

  test.each([
    {
      why: "a bracket of the wrong kind ends the array too early",
      body: '{"records":[{"a":1},{"b":1]},{"c":1}]}',
      records: [{ a: 1 }],
    },
    { why: "the fault is before the records", body: '{"x":tru,"records":[{"a":1},{bad}]}', records: [{ a: 1 }] },
    { why: "the fault is after the records", body: '{"records":[{"a":1},{bad}],"x":tru}', records: [{ a: 1 }] },
    { why: "something follows the body", body: '{"records":[{"a":1}]} {"records":[{"b":2}]}', records: [{ a: 1 }] },
    { why: "only the closing brackets are missing", body: '{"records":[{"a":1}', records: [{ a: 1 }] },
    { why: "an element is missing", body: '{"records":[{"a":1},,{"c":3}]}', records: [{ a: 1 }, { c: 3 }] },
    { why: "no element can be read", body: '{"records":[{bad},{worse}]}', records: [] },
    { why: "it is only whitespace", body: " \n", records: [] },
    { why: "it is plain text", body: "service temporarily unavailable", records: [] },
    { why: "it is one malformed record", body: '{"a":1', records: [] },
  ])("the whole body is kept if $why", ({ body, records }) => {
    const { records: found, unreadable } = read(body);
    expect(found).toEqual(records);
    expect(unreadable).toEqual([{ reason: "not JSON", text: body }]);
  });

  test("reasons do not quote the data", () => {
    const secret = "hunter2";
    const bodies = [`{"records":[{"a":1},{${secret}}]}`, secret, `[{"${secret}":tru}]`, `{"${secret}":1,"records":2}`];
    for (const body of bodies)
      expect(
        read(body)
          .unreadable.map(({ reason }) => reason)
          .join(),
      ).not.toContain(secret);
  });
});

describe("for any bytes", () => {
  const isWithin = (body: Uint8Array, part: Uint8Array): boolean => Buffer.from(body).includes(Buffer.from(part));

  function assertHonest(body: Uint8Array, { records, unreadable }: EventBody): void {
    for (const { record, ...rest } of records) {
      const own = rest.bytes();
      expect(isWithin(body, own)).toBe(true);
      expect(parseExactJson(new TextDecoder().decode(own))).toEqual(record);
    }
    for (const { bytes: kept } of unreadable) expect(isWithin(body, kept)).toBe(true);
  }

  test("nothing throws, and each slice is within the body and parses to its record", () => {
    const parts = fc.constantFrom(
      '{"records":[',
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"',
      "\\",
      '{"a":1}',
      '"records"',
      " ",
      "tru",
      "\u00e9",
      '"\\u0072ecords":[',
    );
    const soup = fc.array(parts, { maxLength: 25 }).map((all) => bytes(all.join("")));
    fc.assert(
      fc.property(fc.oneof(soup, fc.uint8Array({ maxLength: 60 })), (body) => assertHonest(body, readEventBody(body))),
      { numRuns: 3_000 },
    );
  });

  test("if any wrapper is damaged in one place, each good record is read and all of the damage is kept", () => {
    const records = fc.array(fc.dictionary(fc.string({ maxLength: 5 }), anyJson()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(records, fc.nat(), fc.nat({ max: 255 }), (all, place, byte) => {
        const whole = bytes(JSON.stringify({ records: all }));
        const damaged = Uint8Array.from(whole);
        damaged[place % whole.length] = byte;
        const outcome = readEventBody(damaged);
        assertHonest(damaged, outcome);
        // Everything that was not read as a record is kept, except whitespace and commas.
        const kept = outcome.unreadable.reduce((sum, part) => sum + part.bytes.length, 0);
        const read_ = outcome.records.reduce((sum, record) => sum + record.bytes().length, 0);
        const frame = '{"records":[]}'.length + Math.max(0, all.length - 1);
        expect(kept + read_ + frame).toBeGreaterThanOrEqual(damaged.length - 2);
      }),
      { numRuns: 1_000 },
    );
  });

  test("records and their bytes are returned as they were written", () => {
    const layout = fc.constantFrom("", " ", "\n  ", "\t");
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), exactJson()), { maxLength: 5 }),
        layout,
        fc.boolean(),
        (all, blank, wrapped) => {
          const texts = all.map((record) => (blank === "" ? jsonText(record) : laidOutJson(record)));
          const array = `${blank}[${texts.map((text) => blank + text + blank).join(",")}]`;
          const body = bytes(wrapped ? `{"records":${array}}` : array);
          expect(read(body)).toEqual({ records: all, slices: texts, unreadable: [] });
        },
      ),
    );
  });
});
