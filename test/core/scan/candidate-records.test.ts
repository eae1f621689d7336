import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { valueText } from "../../../src/core/value-text.ts";
import { isRecord, readEventBody } from "../../../src/core/event/event-body.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { candidateRecords } from "../../../src/core/scan/candidate-records.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { judge } from "../../../src/workflows/detection/judge-record.ts";
import { anyJson, anySettingsChange, bytes, POSITION, settingsChange, TENANT } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS, readyRule } from "../../shipped-rule.ts";
import { writtenJson } from "./written-json.ts";

const rule = readyRule();
const deps = { rules: [rule], allowedTenantIds: new Set([TENANT]), now: () => new Date("2026-03-04T09:14:01Z") };
const { scan } = ruleScan([CHANGES_TO_PIM_SETTINGS]);
if (scan === undefined) throw new Error("the shipped rule has a literal");

/** The incidents of a body, by its records' bytes. */
function found(records: ReturnType<typeof readEventBody>["records"]) {
  return records.flatMap((source) => {
    const verdict = judge(source, POSITION, deps);
    return verdict.found.map(({ incident }) => ({ incident, bytes: Buffer.from(source.bytes()).toString() }));
  });
}

/** As of large bodies: of small ones all is read. */
function candidates(body: Uint8Array) {
  return scan && candidateRecords(body, scan, { withoutLiteral: 0, withLiteral: 0 });
}

describe("the scan finds what reading everything finds", () => {
  const caseOf = (name: string) =>
    fc
      .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
      .map((upper) =>
        Array.from(name, (letter, at) => (upper[at] ? letter.toUpperCase() : letter.toLowerCase())).join(""),
      );
  const match = fc
    .tuple(caseOf("Update role setting in PIM"), caseOf("RoleManagement"), anySettingsChange())
    .map(([operationName, category, record]): Json => {
      const { properties } = record;
      const changed = isRecord(properties) ? { ...properties, category } : properties;
      return { ...record, operationName, properties: changed ?? null };
    });
  const decoy = anyJson().map((json): Json => ({
    category: "SignInLogs",
    properties: [{ records: [settingsChange()], json }],
  }));
  const other = fc.constant<Json>(settingsChange({ operationName: "Add member to role" }));
  const element = fc.oneof(match, decoy, other, anyJson());
  const elements = fc.array(element, { maxLength: 5 });
  const body = fc.oneof(
    elements.map((records): Json => ({ records })),
    fc.tuple(elements, anyJson(), anyJson()).map(([records, before, behind]): Json => ({ before, records, behind })),
    elements,
    match,
  );

  test("in all encodings of JSON", () => {
    fc.assert(
      fc.property(
        body.chain((value) => writtenJson(value)),
        fc.nat({ max: 7 }),
        (written, shift) => {
          // In the middle of a buffer, at any distance from a word's boundary, with a match right before and behind it.
          const neighbour = bytes("Update role setting in PIM");
          const whole = Buffer.concat([Buffer.alloc(shift), neighbour, written, neighbour]);
          const place = shift + neighbour.length;
          const part = whole.subarray(place, place + written.length);
          expect(found(candidates(part)?.records ?? [])).toEqual(found(readEventBody(part).records));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("also where the body is damaged, if not all of what is damaged", () => {
    const damaged = fc
      .tuple(
        body.chain((value) => writtenJson(value)),
        fc.nat(),
        fc.nat({ max: 255 }),
      )
      .map(([written, place, byte]) => {
        if (written.length > 0) written[place % written.length] = byte;
        return written;
      });
    fc.assert(
      fc.property(damaged, (written) => {
        const ids = (records: ReturnType<typeof found>) =>
          records.map(({ incident }) => valueText(incident.row["IncidentId"]));
        expect(ids(found(candidates(written)?.records ?? []))).toEqual(
          expect.arrayContaining(ids(found(readEventBody(written).records))),
        );
      }),
      { numRuns: 500 },
    );
  });
});

const change = JSON.stringify(settingsChange());
const plain = JSON.stringify(
  settingsChange({ operationName: "Add member to role" }, { activityDisplayName: "Add member to role" }),
);

test.each([
  { why: "of two keys `records` the last counts", body: `{"records":[${change}],"records":[${plain}]}`, candidates: 0 },
  {
    why: "however its letters are escaped",
    body: `{"records":[${plain}],"\\u0072ecords":[${change},${plain}]}`,
    candidates: 1,
  },
  {
    why: "a literal in a string of brackets",
    body: `{"records":[{"a":"]}{[","b":"update role setting in pim"},${plain}]}`,
    candidates: 1,
  },
  {
    why: "an escaped backslash is no escape",
    body: `{"records":[{"a":"\\\\u0055pdate role setting in PIM"},${plain}]}`,
    candidates: 1,
  },
  {
    why: "a record that ends with text may hold properties that were cut off: all is read",
    body: `{"records":[${change},${plain},{"properties":"{"}]}`,
    candidates: 3,
  },
])("$why", ({ body, candidates: count }) => {
  expect(candidates(bytes(body))).toMatchObject({ unreadable: [] });
  expect(candidates(bytes(body))?.records).toHaveLength(count);
  expect(found(candidates(bytes(body))?.records ?? [])).toEqual(found(readEventBody(bytes(body)).records));
});

test.each([
  { why: "a candidate is not JSON", body: `{"records":[${plain},{"a":"Update role setting in PIM",}]}` },
  { why: "a record is no object", body: `{"records":[${plain},"Update role setting in PIM"]}` },
  { why: "the body is cut off", body: `{"records":[${change},${plain.slice(0, -9)}` },
  { why: "a key stands within a value", body: `{"records":[${plain},${change}],"x":y"records":[1]}` },
  { why: "it ends as JSON does, and is not JSON", body: `{"records":[${plain} ${change}]}` },
])("where $why, all of the body is read", ({ body }) => {
  const all = readEventBody(bytes(body));
  const some = candidates(bytes(body));
  expect(some?.unreadable).toEqual(all.unreadable);
  expect(some?.records.map(({ record }) => record)).toEqual(all.records.map(({ record }) => record));
  expect(some?.skipped).toBe(0);
});

test.each([
  { why: "a number among records", body: `{"records":[17,${plain}]}` },
  { why: "a number behind records", body: `{"records":[${plain},17]}` },
  { why: "a key without quotes", body: `{records:[${plain}]}` },
  { why: "an array that is cut off", body: `[${plain}` },
  { why: "a second record behind a single one", body: `${plain}\n${plain}` },
  { why: "records that are no array", body: `{"records":{"first":${plain}}}` },
])("$why is noticed without any literal", ({ body }) => {
  expect(candidates(bytes(body))?.unreadable).toEqual(readEventBody(bytes(body)).unreadable);
  expect(readEventBody(bytes(body)).unreadable).toHaveLength(1);
});

describe("an event that is cut off at any byte is noticed without any literal", () => {
  const inner = { id: "1", targetResources: [{ modifiedProperties: [{ newValue: '"]}]}"' }] }] };
  const records = [JSON.stringify({ properties: inner, text: "x".repeat(300) }), plain, JSON.stringify(inner), plain];
  const list = records.join(",");

  test.each([
    { form: "wrapped", body: `{"records":[${list}]}` },
    { form: "pretty-printed", body: JSON.stringify(JSON.parse(`{"records":[${list}]}`), null, 1) },
    { form: "wrapped behind another key", body: `{"version":1,"records":[${list}]}` },
    { form: "an array", body: `[${list}]` },
    { form: "a single record", body: plain },
  ])("$form", ({ body }) => {
    const whole = bytes(body);
    const cuts = Array.from({ length: whole.length - 257 }, (_, index) => whole.subarray(0, 257 + index));
    const unnoticed = cuts.filter((cut) => candidateRecords(cut, scan)?.unreadable.length !== 1);
    expect(unnoticed.map((cut) => Buffer.from(cut.subarray(-20)).toString())).toEqual([]);
  });

  test("the whole event is passed over: the control", () => {
    for (const body of [`{"records":[${list}]}`, `{"version":1,"records":[${list}]}`, `[${list}]`, plain])
      expect(candidateRecords(bytes(body), scan)).toBeUndefined();
  });
});

test("of small bodies all is read: bad records beside a candidate, and in what is too short for an event", () => {
  const bodies = [`{"records":[${change},{"a":1,}]}`, '{"records":[{"a":1,}]}'].map(bytes);
  const unreadable = (body: Uint8Array) => candidateRecords(body, scan)?.unreadable;
  expect(bodies.map(unreadable)).toEqual(bodies.map((body) => readEventBody(body).unreadable));
  expect(bodies.map((body) => unreadable(body)?.length)).toEqual([1, 1]);
});
