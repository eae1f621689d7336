import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../../src/kql/run/values.ts";
import { explain, explanationText, unknownWordingReport } from "../../../src/core/pim-settings/wording/explain.ts";
import { redactRecord } from "../../../src/core/pim-settings/redact.ts";
import { GLOBAL_ADMINISTRATOR, settingsRecord } from "./settings-record.ts";

const asIs = (value: string): string => value;
const TEXT = "Approval disabled. Frobnication set to Maximal. CustomExtension_X added:  ().";

test("an explanation lists the sentences that were understood and those that were not, with reasons", () => {
  const lines = explanationText(explain(settingsRecord(TEXT)), asIs).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "priority    P1",
      "effect      weakens",
      "role        Global Administrator (Microsoft recommends an alert on any change to this role.)",
      "Understood: 1",
      '  "Approval disabled"',
      "      means     Approval: disabled [Approval_EndUser_Assignment]",
      "Not understood: 1",
      '  "Frobnication set to Maximal"',
      "Without a change: 1",
      '  "CustomExtension_X added:  ()"',
    ]),
  );
});

test("a record of another operation is named as such", () => {
  const explanation = explain(settingsRecord("", { operationName: "Add member to role" }));
  expect(explanation.isSettingsChange).toBe(false);
  expect(explanationText(explanation, asIs)).toMatch(/^This record is of "Add member to role"/);
});

test("values of the event are shown only through the given function", () => {
  const escape = "\u001b[31m";
  const record = settingsRecord(`Approval enabled with approvers ${escape}. ${escape} disabled`, {
    operationName: escape,
    properties: {
      result: escape,
      initiatedBy: { user: { userPrincipalName: escape } },
      targetResources: [{ type: "Role", displayName: escape }],
    },
  });
  expect(explanationText(explain(record), (value) => value.replaceAll("\u001b", "?"))).not.toContain("\u001b");
});

/** None of these may appear in a post. */
const SECRETS = [
  "alex.rivera@fabrikam-corp.example",
  "Alex Rivera",
  "Fabrikam Corp",
  "Contoso Break Glass",
  "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
  "aaaaaaaa-1111-4222-8333-444444444444",
  "203.0.113.24",
  "2001:db8:1:2:3:4:5:6",
  "rg-payroll",
  "Payroll Admin",
  "J. R. Doe",
  "134331936526770240",
  "2026-03-04",
];

const secretive = settingsRecord(
  "Setting changes in this session: Approval enabled with approvers J. R. Doe, alex.rivera@fabrikam-corp.example. Delegation to Contoso Break Glass by Alex Rivera (203.0.113.24) set to 0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9.",
  {
    properties: {
      initiatedBy: {
        user: {
          id: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
          displayName: "Alex Rivera",
          userPrincipalName: "alex.rivera@fabrikam-corp.example",
          ipAddress: "2001:db8:1:2:3:4:5:6",
        },
      },
      targetResources: [
        GLOBAL_ADMINISTRATOR,
        { type: "Role", id: "r", displayName: "Payroll Admin" },
        { type: "Directory", id: "aaaaaaaa-1111-4222-8333-444444444444", displayName: "Fabrikam Corp" },
        { type: "Subscription", id: "/subscriptions/aaaaaaaa-1111-4222-8333-444444444444/resourceGroups/rg-payroll" },
        { type: "Group", displayName: "Contoso Break Glass" },
      ],
      additionalDetails: [
        { key: "AuditType", value: "UpdatePolicy" },
        { key: "ipaddr", value: "203.0.113.24" },
        { key: "Justification", value: "for Alex Rivera" },
      ],
    },
  },
);

test("a redacted record contains no name, id, address or time of its tenant", () => {
  const json = JSON.stringify(redactRecord(secretive));
  expect(SECRETS.filter((secret) => json.includes(secret))).toEqual([]);
});

test("a redacted record keeps its structure, Microsoft's words and the sentences", () => {
  expect(redactRecord(secretive)).toMatchObject({
    category: "AuditLogs",
    operationName: "Update role setting in PIM",
    time: "2026-01-02T03:04:05.0000000Z",
    properties: {
      category: "RoleManagement",
      resultReason:
        "Setting changes in this session: Approval enabled with approvers [names]. Delegation to name2 by name5 (192.0.2.1) set to 00000000-0000-4000-8000-000000000008.",
      targetResources: [
        {
          displayName: "Global Administrator",
          type: "Role",
          modifiedProperties: [{ displayName: "TemplateId", newValue: '"62e90394-69f5-4237-9190-012177145e10"' }],
        },
        { type: "Role", displayName: expect.stringMatching(/^name\d+$/) },
        { type: "Directory" },
        { type: "Subscription", id: expect.stringMatching(/^\/subscriptions\/[0-9-]{36}\/resourceGroups\/name\d+$/) },
        { type: "Group", displayName: "name2" },
      ],
      additionalDetails: [
        { key: "AuditType", value: "UpdatePolicy" },
        { key: "ipaddr", value: "192.0.2.1" },
        { key: "Justification" },
      ],
    },
  });
});

test("the report for an unknown wording is one block of JSON, for any name", () => {
  const report = unknownWordingReport(settingsRecord("Approval of ``` and ```` disabled"));
  const fences = report.split("\n").filter((line) => /^`{3,}/.test(line));
  expect(fences).toHaveLength(2);
  const json = report.slice(report.indexOf("\n", report.indexOf("json")), report.lastIndexOf(fences[1] ?? ""));
  expect(JSON.parse(json)).toMatchObject({ category: "AuditLogs" });
});

test("a whole number of any size is redacted", () => {
  const report = unknownWordingReport({ ...settingsRecord("x"), durationMs: 9_007_199_254_740_993n });
  expect(report).toContain('"durationMs": 0');
});

test("any record can be redacted", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: "binary" }), (value, text) => {
      expect(() => redactRecord(settingsRecord(text, { properties: { anything: value as Json } }))).not.toThrow();
    }),
  );
});
