import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chance } from "../../../local/samples/chance.ts";
import { anyForm, writtenEvent } from "../../../local/samples/written-event.ts";
import { compileRule, formatProblem } from "../../../src/sentinel/compile-rules.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { readEventBody } from "../../../src/core/event/event-body.ts";
import { incidentId } from "../../../src/core/incident/incident-identity.ts";
import { jsonText } from "../../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { readyRule, type ReadyRule } from "../../../src/core/incident/ready-rule.ts";
import { judge } from "../../../src/workflows/detection/judge-record.ts";
import { ruleText } from "../../sentinel/rule-text.ts";
import { anyJson, bytes, settingsChange, TENANT } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { exactJson } from "../../kql/exact-values.ts";

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };
const OTHER_TENANT = "bbbbbbbb-1111-4222-8333-444444444444";
const RULE = readyRule(CHANGES_TO_PIM_SETTINGS);

interface Given {
  readonly rule?: ReadyRule;
  readonly tenants?: readonly string[];
}

/** The ids of the incidents that an event makes. */
function idsOf(body: string | Uint8Array, { rule = RULE, tenants = [TENANT] }: Given = {}): string[] {
  const deps = { rules: [rule], allowedTenantIds: new Set(tenants), now: () => new Date(0) };
  const { records, unreadable } = readEventBody(typeof body === "string" ? bytes(body) : body);
  expect(unreadable).toEqual([]);
  return records.flatMap((source) =>
    judge(source, NOWHERE, deps).found.map(({ incident: { row } }) => valueText(row["IncidentId"])),
  );
}

const ofRecord = (record: Json, given?: Given) => idsOf(jsonText({ records: [record] }), given);

/** The text of an event whose record has this id, written as JSON. */
const withIdText = (id: string) => JSON.stringify(settingsChange({}, { id: "the id" })).replace('"the id"', id);

type Fields = Parameters<typeof settingsChange>[0];
const withoutId = (fields: Fields = {}, properties: Fields = {}) =>
  settingsChange(fields, { id: undefined, ...properties });

const hashOfId = (id: string) =>
  createHash("sha256")
    .update(JSON.stringify([TENANT, CHANGES_TO_PIM_SETTINGS.id, "id", id, 0]))
    .digest("hex");

describe("an id that is a text", () => {
  test("gives the incident the same id as in earlier versions", () => {
    expect(ofRecord(settingsChange())).toEqual(["aabc43e7aa9192a7565179f0964e8421a46c4df59d9c3451337fdbd05b9d7f7a"]);
  });

  test("counts exactly as written, no matter what else the record contains", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), anyJson(), (id, correlationId) => {
        expect(ofRecord(settingsChange({ correlationId, time: null }, { id }))).toEqual([hashOfId(id)]);
      }),
    );
  });

  test.each([" ", "  ", "\t", "\u00a0"])("counts even if it is blank: %j", (id) => {
    expect(ofRecord(settingsChange({}, { id }))).toEqual([hashOfId(id)]);
  });
});

describe("these ids identify different records", () => {
  const ids = [
    [
      '" "',
      '"  "',
      '"5"',
      '"5 "',
      '"5.0"',
      '"05"',
      "5",
      "-5",
      "5.5",
      "0.5",
      "50",
      "0",
      '"0"',
      '""',
      "null",
      '"null"',
      "true",
      '"true"',
      "false",
    ],
    ["[]", "[5]", '["5"]', "{}", '{"id":5}', '"a"', '"A"', '"é"', '"e\u0301"', '"\\ud800"', '"\\udc00"'],
    ["9007199254740991", "9007199254740992", "9007199254740993", "9007199254740994", '"9007199254740993"'],
    [
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "12345678901234567890",
      "12345678901234567891",
    ],
    [
      "1.0000000000000000001",
      "1.0000000000000000002",
      "9007199254740993.5",
      "9007199254740993.25",
      "1e400",
      "1e401",
      "-1e400",
      "1e-400",
    ],
    [`1${"0".repeat(400)}1`, `1${"0".repeat(400)}2`],
  ].flat();

  test("each makes an incident of its own", () => {
    const found = ids.flatMap((id) => idsOf(withIdText(id)));
    expect(found).toHaveLength(ids.length);
    expect(new Set(found).size).toBe(ids.length);
  });

  test("a record without an id differs from all of them", () => {
    expect(ids.flatMap((id) => idsOf(withIdText(id)))).not.toContain(ofRecord(withoutId())[0]);
  });
});

test.each([
  ["5", "5.0", "5e0", "50e-1", "0.5E+1", "500e-2"],
  ["0", "-0", "0.0", "0e9", "-0e99999999999999999999"],
  ["9007199254740993", "9007199254740993.0", "9.007199254740993e15", "9007199254740993000e-3"],
  ["-120", "-1.2e2", "-120.000"],
  [`1${"0".repeat(400)}`, "1e400", "0.1e401"],
  ['"é"', '"\\u00e9"', '"\\u00E9"'],
  ['{"a":[1,{"b":2,"c":3}]}', '{ "a" : [{"c":3.0,"b":2e0}, 1] }'],
  ["null", "null "],
])("%s and its other forms are one id", (first, ...others) => {
  const [id] = idsOf(withIdText(first));
  expect(others.map((other) => idsOf(withIdText(other)))).toEqual(others.map(() => [id]));
});

test("if an id occurs twice, the last one counts, as with JSON.parse", () => {
  const twice = withIdText('1,"id":9007199254740993');
  expect(idsOf(twice)).toEqual(idsOf(withIdText("9007199254740993")));
});

test("a record without an id is read for its identity once, however many rules and rows it has", () => {
  let reads = 0;
  const record = withoutId();
  const source = { record, bytes: () => ((reads += 1), bytes(jsonText(record))) };
  const ids = ["one", "another"].flatMap((ruleId) =>
    [0, 1].map((ordinal) => incidentId({ tenant: TENANT, ruleId, source, ordinal })),
  );
  expect(new Set(ids).size).toBe(4);
  expect(reads).toBe(1);
});

describe("a record without an id that is sent again", () => {
  test.each<[why: string, again: Json]>([
    ["with another time", withoutId({ time: "2026-03-05T00:00:00Z" })],
    ["without its time", withoutId({ time: undefined })],
    ["with its tenant only in the resource id", withoutId({ tenantId: undefined })],
    ["with its tenant in upper case", withoutId({ tenantId: TENANT.toUpperCase() })],
    ["with another resource id", withoutId({ resourceId: `/tenants/${TENANT}` })],
    [
      "with its tenant only in its properties",
      withoutId({ tenantId: undefined, resourceId: undefined }, { tenantId: TENANT }),
    ],
    ["without its tenant", withoutId({ tenantId: undefined, resourceId: undefined })],
    ["with a tenant that is blank", withoutId({ tenantId: " ", resourceId: "" })],
    ["with its lists in another order", turned(withoutId())],
  ])("%s makes the same incident", (_why, again) => {
    expect(ofRecord(again)).toEqual(ofRecord(withoutId()));
  });

  test.each<[what: string, other: Json]>([
    ["time of the activity", withoutId({}, { activityDateTime: "2026-03-04T09:12:41.790419+00:00" })],
    ["actor", withoutId({}, { initiatedBy: { user: { userPrincipalName: "x@fabrikam.example" } } })],
    ["level", withoutId({ Level: 3 })],
    ["result", withoutId({}, { result: "failure" })],
    ["correlation id", withoutId({ correlationId: "x" })],
    ["field that nobody knows", withoutId({}, { surprise: null })],
    ["tenant", withoutId({ tenantId: OTHER_TENANT })],
    ["number behind the 17th digit", withoutId({ durationMs: 12_345_678_901_234_567_891n })],
  ])("another %s makes another incident", (_what, other) => {
    const tenants = [TENANT, OTHER_TENANT];
    const before = withoutId({ durationMs: 12_345_678_901_234_567_890n });
    expect(ofRecord(other, { tenants })).toHaveLength(1);
    expect(ofRecord(other, { tenants })).not.toEqual(ofRecord(before, { tenants }));
    expect(ofRecord(other, { tenants })).not.toEqual(ofRecord(withoutId(), { tenants }));
  });

  test.each([undefined, null, "", "soon", 17])(
    "its time tells it apart where the activity's is %j",
    (activityDateTime) => {
      const at = (time: string) => ofRecord(withoutId({ time }, { activityDateTime }));
      expect(at("2026-03-05T00:00:00Z")).toEqual(at("2026-03-05T00:00:00Z"));
      expect(at("2026-03-05T00:00:00Z")).not.toEqual(at("2026-03-05T00:00:01Z"));
    },
  );
});

describe("a record that names no tenant", () => {
  const named = settingsChange();
  const unnamed = settingsChange({ tenantId: undefined, resourceId: undefined });

  test("belongs to the only allowed tenant", () => {
    expect(ofRecord(unnamed)).toEqual(ofRecord(named));
    expect(ofRecord(unnamed, { tenants: [OTHER_TENANT] })).not.toEqual(ofRecord(named));
  });

  test("is a separate record if several are allowed, since it may belong to any of them", () => {
    const tenants = [TENANT, OTHER_TENANT];
    expect(ofRecord(named, { tenants })).toEqual(ofRecord(named));
    expect(ofRecord(unnamed, { tenants })).toHaveLength(1);
    expect(ofRecord(unnamed, { tenants })).not.toEqual(ofRecord(named));
  });

  test("has that tenant in its incident", () => {
    const deps = { rules: [RULE], allowedTenantIds: new Set([TENANT]), now: () => new Date(0) };
    const [first, second] = [named, unnamed].map((record) => {
      const [read] = readEventBody(bytes(jsonText(record))).records;
      return read && judge(read, NOWHERE, deps).found[0]?.incident.row;
    });
    expect(second?.["EntraTenantId"]).toBe(TENANT);
    expect(second?.["BurstId"]).toBe(first?.["BurstId"]);
  });
});

describe("if a rule finds several rows in a record", () => {
  const QUERY = `AuditLogs
| mv-expand target = TargetResources
| extend Name = tostring(target.displayName)
| where Name != "none"`;
  const ruleWith = (overlay?: string, query = QUERY): ReadyRule => {
    const files = overlay === undefined ? {} : { overlay: { name: "overlay.yaml", text: overlay } };
    const { rule, problems } = compileRule(ruleText({ query }), "rule.yaml", files);
    if (rule === undefined) throw new Error(problems.map(formatProblem).join("\n"));
    return readyRule(rule);
  };
  const [plain, excluding] = [ruleWith(), ruleWith(`exclude: ["Name startswith 'excluded'"]`)];
  const recordOf = (names: readonly string[], id: Json = "r-1") =>
    settingsChange(
      {},
      { id, targetResources: names.map((displayName, index) => ({ displayName, type: "User", n: index % 2 })) },
    );
  const ids = (names: readonly string[], rule: ReadyRule) => ofRecord(recordOf(names), { rule });

  test("the rows are numbered in the order of the query, as in earlier versions", () => {
    const expected = [0, 1, 2].map((ordinal) => {
      const hashed = JSON.stringify([TENANT, plain.rule.id, "id", "r-1", ordinal]);
      return createHash("sha256").update(hashed).digest("hex");
    });
    expect(ids(["b", "a", "c"], plain)).toEqual(expected);
    expect(ids(["b", "a", "c"], excluding)).toEqual(expected);
  });

  test("a new exclusion makes no new incident", () => {
    const names = fc.array(fc.constantFrom("a", "b", "c", "excluded 1", "excluded 2"), { maxLength: 6 });
    fc.assert(
      fc.property(names, (given) => {
        const before = new Set(ids(given, plain));
        expect(ids(given, excluding).filter((id) => !before.has(id))).toEqual([]);
      }),
    );
  });

  test("the kept rows have the same ids for any order of the elements", () => {
    const shuffled = fc
      .uniqueArray(fc.constantFrom("a", "b", "c", "d", "none", "excluded 1", "excluded 2", "excluded 3"), {
        minLength: 1,
      })
      .chain((names) => fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })));
    fc.assert(
      fc.property(shuffled, ([names, again]) => {
        const [one, other] = [names, again].map((each) =>
          ofRecord(settingsChange({}, { id: "r-1", targetResources: each.map((displayName) => ({ displayName })) }), {
            rule: excluding,
          }),
        );
        expect(new Set(other)).toEqual(new Set(one));
        expect(new Set(one).size).toBe(names.filter((name) => /^[a-d]$/.test(name)).length);
      }),
    );
  });

  test("two equal rows are two incidents", () => {
    expect(new Set(ids(["a", "a", "excluded"], ruleWith(`exclude: ["Name == 'excluded'"]`))).size).toBe(2);
  });

  test("a record without an id is read once for all its rows", () => {
    let reads = 0;
    const record = withoutId();
    const read = () => bytes(jsonText(record));
    const source = { record, bytes: () => ((reads += 1), read()) };
    const idOf = (ordinal: number) => incidentId({ tenant: TENANT, ruleId: "rule", source, ordinal });
    expect(new Set(Array.from({ length: 1_000 }, (_, ordinal) => idOf(ordinal))).size).toBe(1_000);
    expect(reads).toBe(1);
    expect(idOf(0)).toBe(incidentId({ tenant: TENANT, ruleId: "rule", source: { record, bytes: read }, ordinal: 0 }));
  });

  test("tenants and rules that share a record have different ids, in any order of calls", () => {
    const record = settingsChange();
    const source = { record, bytes: () => bytes(jsonText(record)) };
    const keys = [TENANT, OTHER_TENANT].flatMap((tenant) => ["rule a", "rule b"].map((ruleId) => ({ tenant, ruleId })));
    const idsFrom = (shared: boolean) =>
      [...keys, ...keys].map((key) => incidentId({ ...key, source: shared ? source : { ...source }, ordinal: 0 }));
    expect(new Set(idsFrom(true)).size).toBe(keys.length);
    expect(idsFrom(true)).toEqual(idsFrom(false));
  });
});

describe("for any record", () => {
  const anyRecord = fc
    .tuple(
      fc.constantFrom<Json | undefined>(undefined, "", "r-1", " ", 5, 9_007_199_254_740_993n, true),
      exactJson(),
      exactJson(),
    )
    .map(([id, additionalDetails, userAgent]) => settingsChange({}, { id, additionalDetails, userAgent }));

  test("it makes the same incident in every form of delivery", () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), (record, seed) => {
        const draw = chance(`identity ${seed}`);
        const body = writtenEvent({ record, before: [], behind: [] }, { ...anyForm(draw), wrapping: "records" }, draw);
        const single = writtenEvent(
          { record, before: [], behind: [] },
          { ...anyForm(draw), wrapping: "single record" },
          draw,
        );
        expect(idsOf(body)).toEqual(ofRecord(record));
        expect(idsOf(single)).toEqual(ofRecord(record));
      }),
    );
  });

  test("another value makes another incident if there is no id, and the same one if there is", () => {
    fc.assert(
      fc.property(exactJson(), exactJson(), (a, b) => {
        const ofDetails = (additionalDetails: Json, id?: string) =>
          ofRecord(settingsChange({}, { id, additionalDetails }));
        const isSame = unordered(a) === unordered(b);
        expect(jsonText(ofDetails(a)) === jsonText(ofDetails(b))).toBe(isSame);
        expect(ofDetails(a, "r-1")).toEqual(ofDetails(b, "r-1"));
      }),
    );
  });

  test("a record of 100,000 levels and one of 300,000 elements have an identity", () => {
    const deep = JSON.parse(`${'{"a":['.repeat(50_000)}1${"]}".repeat(50_000)}`) as Json;
    const wide = Array.from({ length: 300_000 }, (_, index) => index);
    expect(ofRecord(withoutId({}, { additionalDetails: deep }))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(ofRecord(withoutId({}, { additionalDetails: wide }))).toEqual(
      ofRecord(withoutId({}, { additionalDetails: wide.toReversed() })),
    );
  });
});

/** All lists in the opposite order. */
function turned(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((element: Json) => turned(element)).toReversed();
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, turned(member)]));
}

/** Equal for values that differ only in the order of keys and elements. */
function unordered(value: Json): string {
  if (value === null || typeof value !== "object") return jsonText(value);
  if (Array.isArray(value))
    return `[${value
      .map((element: Json) => unordered(element))
      .toSorted()
      .join(" ")}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${unordered(member)}`);
  return `{${members.toSorted().join(" ")}}`;
}
