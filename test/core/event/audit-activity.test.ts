import { describe, expect, test } from "vitest";
import {
  actorOf,
  additionalDetail,
  clientIpAddressOf,
  modifiedPropertiesOf,
  roleOf,
  targetOf,
} from "../../../src/core/event/audit-activity.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { settingsChange } from "../../samples.ts";

const NOBODY = {
  userPrincipalName: "",
  userId: "",
  userDisplayName: "",
  appName: "",
  appId: "",
  servicePrincipalId: "",
  agent: { agentType: "", blueprintId: "" },
};
const UPN = "alex.rivera@fabrikam.example";

describe("the actor", () => {
  test.each<{ who: string; initiatedBy: Json | undefined; identity?: Json; expected: object }>([
    {
      who: "a user, by the principal name",
      initiatedBy: { user: { id: "u-1", displayName: "Alex Rivera", userPrincipalName: UPN } },
      expected: { type: "User", label: UPN, userPrincipalName: UPN, userId: "u-1", userDisplayName: "Alex Rivera" },
    },
    {
      who: "a user as Graph writes it, the app null",
      initiatedBy: { app: null, user: { id: "u-1", userPrincipalName: UPN } },
      expected: { type: "User", label: UPN, userPrincipalName: UPN, userId: "u-1" },
    },
    {
      who: "the PIM service, by its display name",
      initiatedBy: { user: { id: "u-2", displayName: "Azure AD PIM", userPrincipalName: null }, app: null },
      expected: { type: "User", label: "Azure AD PIM", userId: "u-2", userDisplayName: "Azure AD PIM" },
    },
    {
      who: "a user of whom only the id is known",
      initiatedBy: { user: { id: "u-3", displayName: " " } },
      expected: { type: "User", label: "u-3", userId: "u-3", userDisplayName: " " },
    },
    {
      who: "an application, by its name",
      initiatedBy: { app: { appId: null, displayName: "pim-automation", servicePrincipalId: "s-1" } },
      expected: { type: "Application", label: "pim-automation", appName: "pim-automation", servicePrincipalId: "s-1" },
    },
    {
      who: "an application without a name, by its service principal",
      initiatedBy: { user: null, app: { appId: "a-1", displayName: null, servicePrincipalId: "s-1" } },
      expected: { type: "Application", label: "s-1", appId: "a-1", servicePrincipalId: "s-1" },
    },
    {
      who: "an application of which only the client id is known",
      initiatedBy: { app: { appId: "a-1" } },
      expected: { type: "Application", label: "a-1", appId: "a-1" },
    },
    {
      who: "nobody named in the 2018 shape, by the identity",
      initiatedBy: {},
      identity: "MS-PIM",
      expected: { type: "Unknown", label: "MS-PIM" },
    },
    { who: "nobody at all", initiatedBy: null, identity: "", expected: { type: "Unknown", label: "unknown" } },
    {
      who: "nothing but blanks",
      initiatedBy: { user: { displayName: "  " } },
      identity: " ",
      expected: { type: "Unknown", label: "unknown", userDisplayName: "  " },
    },
    {
      who: "an initiator that is missing",
      initiatedBy: undefined,
      identity: null,
      expected: { type: "Unknown", label: "unknown" },
    },
    {
      who: "an initiator of another type",
      initiatedBy: [{ user: { id: "u-1" } }],
      identity: 7,
      expected: { type: "Unknown", label: "7" },
    },
  ])("$who", ({ initiatedBy, identity = "Someone", expected }) => {
    expect(actorOf(settingsChange({ identity }, { initiatedBy }))).toEqual({ ...NOBODY, ...expected });
  });
});

describe("the role", () => {
  const template = (newValue: Json) => [{ displayName: "TemplateId", oldValue: '""', newValue }];
  const roleTarget = (fields: Record<string, Json> = {}): Json => ({
    type: "Role",
    id: "r-1",
    displayName: "Reader",
    ...fields,
  });

  test.each<{ why: string; targetResources: Json | undefined; additionalDetails?: Json; expected: object }>([
    {
      why: "is found by type, not by place",
      targetResources: [{ type: "Request", id: "q" }, "text", roleTarget({ modifiedProperties: template('"t-1"') })],
      expected: { name: "Reader", id: "r-1", templateId: "t-1" },
    },
    {
      why: "takes its template id from the details if its own properties lack it",
      targetResources: [roleTarget({ modifiedProperties: template('""') })],
      additionalDetails: [{ key: "templateid", value: "t-2" }],
      expected: { name: "Reader", id: "r-1", templateId: "t-2" },
    },
    {
      why: "has its template id without quotes, if there are any",
      targetResources: [roleTarget({ modifiedProperties: template("t-3") })],
      expected: { name: "Reader", id: "r-1", templateId: "t-3" },
    },
    {
      why: "may have only a type",
      targetResources: [{ type: "ROLE" }],
      expected: { name: "", id: "", templateId: "" },
    },
    {
      why: "may be missing",
      targetResources: [{ type: "User", id: "u-1" }],
      expected: { name: "", id: "", templateId: "" },
    },
    {
      why: "is empty if all targets have another type",
      targetResources: "Role",
      expected: { name: "", id: "", templateId: "" },
    },
    { why: "is empty without targets", targetResources: undefined, expected: { name: "", id: "", templateId: "" } },
  ])("$why", ({ targetResources, additionalDetails = null, expected }) => {
    expect(roleOf(settingsChange({}, { targetResources, additionalDetails }))).toEqual(expected);
  });
});

describe("the target", () => {
  const role: Json = { type: "Role", id: "r-1", displayName: "Member" };
  test.each<{ why: string; targetResources: Json; expected: object }>([
    {
      why: "the role",
      targetResources: [{ type: "Request", id: "q" }, role],
      expected: { type: "Role", name: "Member", id: "r-1" },
    },
    {
      why: "the group, whose role is only Member or Owner",
      targetResources: [role, { type: "Request", id: "q" }, { type: "Group", id: "g-1", displayName: "sg-approvers" }],
      expected: { type: "Group", name: "sg-approvers", id: "g-1" },
    },
    {
      why: "the subscription",
      targetResources: [role, { type: "subscription", id: "s-1", displayName: "Production" }],
      expected: { type: "subscription", name: "Production", id: "s-1" },
    },
    {
      why: "an Azure scope recognized by its path",
      targetResources: [role, { type: "Other", id: "/providers/Microsoft.Management/managementGroups/root" }],
      expected: { type: "Other", name: "", id: "/providers/Microsoft.Management/managementGroups/root" },
    },
    {
      why: "an Azure scope named by its path",
      targetResources: [role, { type: "Other", id: "x", displayName: "/subscriptions/s-1/resourceGroups/rg" }],
      expected: { type: "Other", name: "/subscriptions/s-1/resourceGroups/rg", id: "x" },
    },
    {
      why: "the first target if there is no role",
      targetResources: [{ type: "User", id: "u-1", userPrincipalName: UPN }, { type: "Device" }],
      expected: { type: "User", name: UPN, id: "u-1" },
    },
    { why: "nothing", targetResources: [], expected: { type: "", name: "", id: "" } },
    { why: "nothing readable", targetResources: [1, null, []], expected: { type: "", name: "", id: "" } },
  ])("$why", ({ targetResources, expected }) => {
    expect(targetOf(settingsChange({}, { targetResources }))).toEqual(expected);
  });
});

describe("the client's address", () => {
  const addresses = (ipaddr: Json, user: Json, caller: Json) =>
    settingsChange(
      { callerIpAddress: caller },
      { additionalDetails: [{ key: "IPAddr", value: ipaddr }], initiatedBy: { user: { ipAddress: user } } },
    );

  test.each<{ ipaddr: Json; user: Json; caller: Json; expected: string }>([
    { ipaddr: "203.0.113.24", user: "192.0.2.7", caller: "198.51.100.9", expected: "203.0.113.24" },
    { ipaddr: "", user: "192.0.2.7", caller: "198.51.100.9", expected: "192.0.2.7" },
    { ipaddr: null, user: "null", caller: "198.51.100.9", expected: "198.51.100.9" },
    { ipaddr: " <null> ", user: "NULL", caller: "<null>", expected: "" },
    { ipaddr: " 203.0.113.24 ", user: null, caller: null, expected: "203.0.113.24" },
    {
      ipaddr: "::2001:db8:add:4002:91f2:a9b2:e09a:6fc6",
      user: null,
      caller: null,
      expected: "2001:db8:add:4002:91f2:a9b2:e09a:6fc6",
    },
    { ipaddr: "::2001:db8::1", user: null, caller: null, expected: "2001:db8::1" },
    { ipaddr: "::1", user: null, caller: null, expected: "::1" },
    { ipaddr: "::ffff:192.0.2.7", user: null, caller: null, expected: "::ffff:192.0.2.7" },
    { ipaddr: "2001:db8::1", user: null, caller: null, expected: "2001:db8::1" },
  ])("of $ipaddr, $user and $caller is $expected", ({ ipaddr, user, caller, expected }) => {
    expect(clientIpAddressOf(addresses(ipaddr, user, caller))).toBe(expected);
  });

  test("is empty if the record has none", () => {
    const record = settingsChange({ callerIpAddress: undefined }, { additionalDetails: "None", initiatedBy: {} });
    expect(clientIpAddressOf(record)).toBe("");
  });
});

test.each<{ additionalDetails: Json; expected: string }>([
  {
    additionalDetails: [null, 1, { key: "other", value: "x" }, { key: "AuditType", value: "UpdatePolicy" }],
    expected: "UpdatePolicy",
  },
  { additionalDetails: [{ key: "AUDITTYPE", value: true }], expected: "true" },
  { additionalDetails: [{ key: "AuditType" }], expected: "" },
  { additionalDetails: { AuditType: "x" }, expected: "" },
  { additionalDetails: "None", expected: "" },
])("the detail AuditType of $additionalDetails is $expected", ({ additionalDetails, expected }) => {
  expect(additionalDetail(settingsChange({}, { additionalDetails }), "AuditType")).toBe(expected);
});

test.each<{ targetResources: Json; expected: Json }>([
  {
    targetResources: [
      { type: "User", modifiedProperties: [1] },
      { type: "Role", modifiedProperties: [2] },
    ],
    expected: [2],
  },
  { targetResources: [{ type: "User", modifiedProperties: [1] }], expected: [1] },
  { targetResources: [{ type: "Role" }], expected: null },
  { targetResources: [], expected: null },
])("the modified properties of $targetResources are $expected", ({ targetResources, expected }) => {
  expect(modifiedPropertiesOf(settingsChange({}, { targetResources }))).toEqual(expected);
});
