import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/kql/run/values.ts";
import { assess, isSettingsChange } from "../../../src/core/pim-settings/assess.ts";
import type { ExpectedChange } from "../../../src/core/pim-settings/expected-changes.ts";
import { GLOBAL_ADMINISTRATOR, settingsRecord } from "./settings-record.ts";

const role = (displayName: string, templateId = ""): Json => ({
  id: "r-1",
  displayName,
  type: "Role",
  modifiedProperties: [{ displayName: "TemplateId", oldValue: '""', newValue: JSON.stringify(templateId) }],
});
const onRole = (target: Json): Parameters<typeof settingsRecord>[1] => ({ properties: { targetResources: [target] } });

describe("the assessment in plain words", () => {
  test.each([
    {
      text: "Approval disabled.",
      assessment:
        "Approval switched off for Global Administrator; CISA MS.AAD.7.6, CIS Microsoft 365 5.3.4, Microsoft SecOps guide for PIM",
      effect: "weakens",
      priority: "P1",
    },
    {
      text: "MFA on activation requirement enabled. Permanently active assignments enabled.",
      assessment:
        "Permanent active assignments allowed for Global Administrator; CISA MS.AAD.7.4, CIPP PIM settings floor. Also: MFA on activation switched on",
      effect: "weakens",
      priority: "P1",
    },
    {
      text: "MFA on activation requirement enabled. Approval enabled with approvers Pat Roe.",
      assessment: "MFA on activation switched on and approval switched on for Global Administrator",
      effect: "strengthens",
      priority: "P3",
    },
    {
      text: "Maximum activation duration updated to 02:00:00.",
      assessment: "Maximum activation duration set to 2 h for Global Administrator; not a weakening",
      effect: "neutral",
      priority: "P3",
    },
    {
      text: "Frobnication enabled. Approval enabled.",
      assessment: "Settings changed for Global Administrator, direction unknown: 1 sentence was not understood",
      effect: "unknown",
      priority: "P2",
    },
    {
      text: "Approvers updated to Sam.",
      assessment: "Settings changed for Global Administrator, direction unknown: Approvers changed",
      effect: "unknown",
      priority: "P2",
    },
    {
      text: null,
      assessment:
        "Settings changed for Global Administrator, direction unknown: the event does not say what was changed",
      effect: "unknown",
      priority: "P2",
    },
    {
      text: "CustomExtension_PreApproval_EndUser_Assignment added:  ().",
      assessment: "No setting changed for Global Administrator",
      effect: "neutral",
      priority: "P3",
    },
    {
      text: "MFA on activation requirement disabled. Authentication context enabled with claim value c1.",
      assessment:
        "MFA on activation switched off and authentication context on activation switched on for Global Administrator; not a weakening",
      effect: "neutral",
      priority: "P3",
    },
  ])("$text", ({ text, assessment, effect, priority }) => {
    expect(assess(settingsRecord(text))).toMatchObject({ assessment, effect, priority });
  });

  test("a failed attempt says so and is less urgent", () => {
    expect(assess(settingsRecord("Approval disabled.", { properties: { result: "failure" } }))).toMatchObject({
      assessment: expect.stringMatching(/^Failed attempt: Approval switched off for Global Administrator/),
      failed: true,
      priority: "P2",
    });
  });

  test("an approval by the actor alone is not a strengthening", () => {
    expect(assess(settingsRecord("Approval enabled with approvers Alex Rivera."))).toMatchObject({
      effect: "unknown",
      assessment: expect.stringContaining("the actor as the only approver"),
    });
    expect(assess(settingsRecord("Approval enabled with approvers Alex Rivera, Pat Roe."))).toMatchObject({
      effect: "strengthens",
    });
  });
});

test("the text is the first of three fields that is not empty", () => {
  const weakening = "Approval disabled.";
  expect(assess(settingsRecord("", { resultDescription: weakening })).text).toBe(weakening);
  expect(assess(settingsRecord(" ", { properties: { resultDescription: weakening } })).text).toBe(weakening);
});

describe("only baselines for the role apply", () => {
  test.each([
    ["Global Administrator", ["CISA MS.AAD.7.6", "CIS Microsoft 365 5.3.4", "Microsoft SecOps guide for PIM"]],
    ["Privileged Role Administrator", ["CIS Microsoft 365 5.3.5", "Microsoft SecOps guide for PIM"]],
    ["Reports Reader", ["Microsoft SecOps guide for PIM"]],
  ])("approval off for %s", (name, ids) => {
    const { findings } = assess(settingsRecord("Approval disabled", onRole(role(name))));
    expect(findings[0]?.baselines.map(({ id }) => id)).toEqual(ids);
  });
});

const planned: ExpectedChange = {
  who: ["alex.rivera@fabrikam.example"],
  roles: ["Reports Reader"],
  settings: ["Approval_EndUser_Assignment"],
  ticket: "CHG-7",
  from: "2026-03-04T08:00:00Z",
  until: "2026-03-04T18:00:00Z",
};

describe("planned changes", () => {
  const change = (text: string, overrides = onRole(role("Reports Reader"))) => settingsRecord(text, overrides);
  const byUser = (user: Record<string, Json>) => ({
    properties: { ...onRole(role("Reports Reader"))?.properties, initiatedBy: { user } },
  });
  const expectation = (entry: Partial<ExpectedChange>, record = change("Approval disabled")) =>
    assess(record, { expectedChanges: [{ ...planned, ...entry }] }).expectation;

  test("one that covers the whole change lowers its priority and is named", () => {
    expect(assess(change("Approval disabled"))).toMatchObject({ priority: "P2" });
    expect(assess(change("Approval disabled"), { expectedChanges: [planned] })).toMatchObject({
      priority: "P3",
      expectation: { expected: true, ticket: "CHG-7" },
      assessment: expect.stringMatching(/Expected: CHG-7$/),
    });
  });

  test.each([
    { spelled: "the principal name in another case", entry: { who: [" ALEX.Rivera@fabrikam.EXAMPLE "] } },
    { spelled: "the object id in upper case", entry: { who: ["0B1C2D3E-4F50-4617-8283-94A5B6C7D8E9"] } },
    { spelled: "the role in another case", entry: { roles: ["reports READER"] } },
  ])("$spelled is the same", ({ entry }) => {
    const user = { id: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9", userPrincipalName: "Alex.Rivera@fabrikam.example" };
    const record = change("Approval disabled", byUser(user));
    expect(expectation(entry, record)).toMatchObject({ expected: true });
  });

  test("another letter that looks alike is another person", () => {
    const user = { userPrincipalName: "\u212Aim@fabrikam.example" }; // the Kelvin sign
    const record = change("Approval disabled", byUser(user));
    expect(expectation({ who: ["kim@fabrikam.example"] }, record)).toMatchObject({ expected: false });
  });

  test("Global Administrator keeps its priority", () => {
    const record = settingsRecord("Approval disabled");
    const expectedChanges = [{ ...planned, roles: ["62E90394-69F5-4237-9190-012177145E10"] }];
    expect(assess(record, { expectedChanges })).toMatchObject({
      priority: "P1",
      expectation: { expected: true },
    });
  });

  test.each([
    { why: "another actor", entry: { who: ["pat@fabrikam.example"] }, nearMiss: "" },
    { why: "a display name is not an identity", entry: { who: ["Alex Rivera"] }, nearMiss: "" },
    { why: "another role", entry: { roles: ["Security Reader"] }, nearMiss: "CHG-7: not planned for Reports Reader" },
    {
      why: "another setting",
      entry: { settings: ["Expiration_EndUser_Assignment"] },
      nearMiss: "CHG-7: Approval_EndUser_Assignment is not among the planned settings",
    },
    { why: "ended", entry: { until: "2026-03-04T09:12:41Z" }, nearMiss: "CHG-7: planned until 2026-03-04T09:12:41Z" },
    {
      why: "not started",
      entry: { from: "2026-03-04T10:00:00Z" },
      nearMiss: "CHG-7: planned from 2026-03-04T10:00:00Z on",
    },
  ])("not expected: $why", ({ entry, nearMiss }) => {
    expect(expectation(entry)).toEqual({ expected: false, nearMiss });
  });

  test('only "any" covers a sentence that is not understood', () => {
    const record = change("Approval disabled. Frobnication enabled");
    expect(expectation({}, record)).toMatchObject({ expected: false });
    expect(expectation({ settings: ["any"] }, record)).toMatchObject({ expected: true });
    expect(expectation({}, change(""))).toMatchObject({ expected: false });
  });

  test("a later entry can cover a change that an earlier one does not", () => {
    const expectedChanges = [{ ...planned, ticket: "CHG-6", roles: ["Security Reader"] }, planned];
    expect(assess(change("Approval disabled"), { expectedChanges }).expectation).toMatchObject({ ticket: "CHG-7" });
  });

  test("the name of a group's role does not cover any group", () => {
    const group = settingsRecord("Approval disabled", {
      properties: {
        category: "GroupManagement",
        targetResources: [role("Member"), { type: "Group", id: "g-1", displayName: "sg-tier1" }],
      },
    });
    expect(expectation({ roles: ["Member"] }, group)).toMatchObject({ expected: false });
    expect(expectation({ roles: ["Member of group sg-tier1"] }, group)).toMatchObject({ expected: true });
  });
});

describe("modified properties", () => {
  const withRule = (setting: string, oldValue: string, newValue: string) =>
    onRole({
      type: "Role",
      displayName: "Reports Reader",
      modifiedProperties: [{ displayName: setting, oldValue, newValue }],
    });

  test("provide the old value of a rule that the text names", () => {
    const record = settingsRecord("Approval disabled", withRule("Approval_EndUser_Assignment", '"true"', '"false"'));
    expect(assess(record).findings).toMatchObject([{ effect: "weakens", oldValue: "true" }]);
  });

  test("a rule that only they name is a finding with unknown direction", () => {
    const record = settingsRecord("", withRule("Expiration_EndUser_Assignment", '"PT8H"', '"PT24H"'));
    expect(assess(record)).toMatchObject({
      effect: "unknown",
      findings: [{ setting: "Expiration_EndUser_Assignment", oldValue: "PT8H", newValue: "PT24H" }],
    });
  });
});

test.each([
  ["Update role setting in PIM", true],
  ["UPDATE ROLE SETTING IN PIM", true],
  ["Add member to role", false],
])("%s is a settings change: %s", (operationName, expected) => {
  expect(isSettingsChange(settingsRecord("", { operationName }))).toBe(expected);
});

test("any record is assessed without throwing", () => {
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => value as Json);
  const properties = fc.dictionary(
    fc.constantFrom(
      "resultReason",
      "resultDescription",
      "targetResources",
      "initiatedBy",
      "additionalDetails",
      "category",
      "result",
      "activityDateTime",
    ),
    fc.oneof(
      json,
      fc.array(fc.dictionary(fc.constantFrom("type", "displayName", "id", "modifiedProperties", "key", "value"), json)),
    ),
  );
  fc.assert(
    fc.property(properties, (overrides) => {
      const { assessment, scope } = assess(settingsRecord("", { properties: overrides }), {
        expectedChanges: [planned],
      });
      expect(assessment).not.toBe("");
      expect(scope.label).not.toBe("");
    }),
  );
});

test("the same record always gets the same assessment", () => {
  const record = settingsRecord("Approval disabled. Frobnication enabled", onRole(GLOBAL_ADMINISTRATOR));
  expect(assess(record)).toEqual(assess(structuredClone(record)));
});
