import { describe, expect, test } from "vitest";
import { sampleDay } from "../../local/samples/sample-day.ts";
import { expectedIncidents } from "../../cli/sending/event-source.ts";
import { readyRule } from "../../src/core/incident/ready-rule.ts";
import { compileAllRules } from "../../src/sentinel/compile-rules.ts";
import { SETTINGS_CHANGES } from "../../local/samples/settings-changes.ts";

const DAY = new Date("2026-03-05T00:00:00Z");
const day = sampleDay({ day: DAY });
const records = day.bodies.flatMap(recordsIn);

test("the same seed and day give the same bytes, another seed or day gives others", () => {
  expect(sampleDay({ seed: 1, day: DAY })).toEqual(day);
  expect(sampleDay({ seed: 2, day: DAY }).bodies[0]).not.toEqual(day.bodies[0]);
  expect(sampleDay({ seed: 1, day: new Date(1) }).bodies[0]).not.toEqual(day.bodies[0]);
});

test("each delivered record is expected once, and no other record", () => {
  const delivered = records.map((record) => record.properties.id);

  expect(delivered.length).toBe(day.figures.delivered);
  expect(day.expected.map(({ recordId }) => recordId).sort()).toEqual([...new Set(delivered)].sort());
});

const found = (rule: string) =>
  day.expected.filter(({ rules }) => rules.includes(rule)).map(({ recordId }) => recordId);

test("the expected matches fulfil the official rule's two conditions, repeated here by hand", () => {
  const byHand = records.filter(
    (record) =>
      record["category"] === "AuditLogs" &&
      /^rolemanagement$/i.test(String(record.properties["category"])) &&
      /^update role setting in pim$/i.test(String(record["operationName"])),
  );

  expect(new Set(found("changes-to-pim-settings"))).toEqual(new Set(byHand.map((record) => record.properties.id)));
  expect(found("changes-to-pim-settings")).toHaveLength(
    SETTINGS_CHANGES.filter(({ matches }) => matches).reduce((sum, { roles }) => sum + roles.length, 0),
  );
});

test("each rule finds exactly its expected records in the day", async () => {
  const { sourced } = await compileAllRules("rules");
  const named = new Set(["pim-for-groups-settings-changed", ...day.expected.flatMap(({ rules }) => rules)]);
  const byCode = sourced
    .filter(({ files }) => named.has(files.name))
    .map(({ rule, files }) => {
      const incidents = expectedIncidents(day.bodies, rule.disabled === true ? [] : [readyRule(rule)]);
      return { rule: files.name, records: incidents.map(({ recordId }) => recordId).toSorted() };
    });

  expect(byCode).toEqual([...named].toSorted().map((rule) => ({ rule, records: found(rule).toSorted() })));
  expect(byCode.filter(({ records: ids }) => ids.length === 0).map(({ rule }) => rule)).toEqual([
    "pim-for-groups-settings-changed",
  ]);
});

test("times lie within the day asked for", () => {
  const times = records.map((record) => Date.parse(String(record["time"])));

  expect(Math.max(...times)).toBeLessThan(DAY.getTime());
  expect(Math.min(...times)).toBeGreaterThanOrEqual(DAY.getTime() - 24 * 3_600_000);
});

test("most records are of other operations and categories", () => {
  const matching = day.expected.filter(({ rules }) => rules.length > 0).length;

  expect(day.expected.length / matching).toBeGreaterThan(50);
  expect(new Set(records.map((record) => record["category"]))).toEqual(
    new Set([
      "AuditLogs",
      "SignInLogs",
      "NonInteractiveUserSignInLogs",
      "ManagedIdentitySignInLogs",
      "ServicePrincipalSignInLogs",
      "ProvisioningLogs",
    ]),
  );
});

test("some matches are delivered more than once", () => {
  const matches = new Set(day.expected.filter(({ rules }) => rules.length > 0).map(({ recordId }) => recordId));
  const deliveries = records.filter((record) => matches.has(record.properties.id)).length;

  expect(deliveries).toBeGreaterThan(matches.size);
});

describe("bodies", () => {
  const texts = day.bodies.map((body) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body));

  test.each([
    { form: "wrapped in records", begins: /^\{"records":\[/ },
    { form: "a bare array", begins: /^\[\{/ },
    { form: "a single record", begins: /^\{"time"/ },
    { form: "a leading byte order mark", begins: /^\uFEFF\{"records"/ },
    { form: "printed on many lines", begins: /^\{\n {2}"records"/ },
    { form: "not JSON at all", begins: /^\{'records'/ },
  ])("some are $form", ({ begins }) => {
    expect(texts.some((text) => begins.test(text))).toBe(true);
  });

  test("none is larger than a message of a basic hub", () => {
    expect(Math.max(...day.bodies.map((body) => body.length))).toBeLessThan(256 * 1024);
  });

  test("name nobody real: mail domains and addresses are reserved", () => {
    const text = texts.join("\n");

    expect(new Set(text.match(/(?<=@)[a-z0-9.-]+/g))).toEqual(new Set(["fabrikam.example"]));
    expect(
      (text.match(/\b\d{1,3}(\.\d{1,3}){3}\b/g) ?? []).filter(
        (address) => !/^(192\.0\.2|198\.51\.100|203\.0\.113)\./.test(address),
      ),
    ).toEqual([]);
  });
});

/** Reads a body with the platform's parser alone, so that these tests do not rely on the code that they feed. */
function recordsIn(
  body: Uint8Array,
): { properties: { id: string; [name: string]: unknown }; [field: string]: unknown }[] {
  const text = new TextDecoder().decode(body);
  if (text.startsWith("{'")) return [];
  const value = JSON.parse(text);
  const elements = Array.isArray(value) ? value : (value.records ?? [value]);
  return elements.filter((element: unknown) => typeof element === "object");
}
