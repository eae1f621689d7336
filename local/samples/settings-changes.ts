import { ALEX, BREAK_GLASS, PIM_AUTOMATION, PIM_SERVICE, SAM, type Actor, type RoleName } from "./tenant.ts";

/** A saved change of PIM settings, and whether the official rule finds it. */
export interface SettingsChange {
  /** What the sample demonstrates. */
  readonly shows: string;
  readonly matches: boolean;
  /** Names of directory roles. Each gets one event, a few seconds apart. */
  readonly roles: readonly RoleName[];
  readonly by: Actor;
  /** `properties.resultReason`. Microsoft does not publish these sentences: see README.md. */
  readonly reason: string | null;
  readonly result?: "failure";
  /** Parts of text or shape that we inferred, beyond what README.md says of all samples. */
  readonly inferred?: string;
  /** Replaces top-level fields of the record. */
  readonly record?: Readonly<Record<string, unknown>>;
  /** Replaces fields of `properties`. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

const SESSION = "Setting changes in this session: ";

/** Every kind of PIM settings change that the sample day holds. */
export const SETTINGS_CHANGES: readonly SettingsChange[] = [
  // Weaker
  {
    shows: "one save removes everything that guards Global Administrator",
    matches: true,
    roles: ["Global Administrator"],
    by: { ...ALEX, tokenAddress: "192.0.2.66" },
    reason: `${SESSION}Maximum activation duration updated to 1.00:00:00. MFA on activation requirement disabled. Approval disabled. Permanently active assignments enabled.`,
    inferred: "24 hours as .NET writes them, 1.00:00:00",
  },
  {
    shows: "MFA and approval off for the role that may change all roles",
    matches: true,
    roles: ["Privileged Role Administrator"],
    by: { ...ALEX, tokenAddress: "192.0.2.66" },
    reason: `${SESSION}MFA on activation requirement disabled. Approval disabled.`,
  },
  {
    shows: "permanent eligible assignments allowed, ticket no longer required",
    matches: true,
    roles: ["User Administrator"],
    by: SAM,
    reason: `${SESSION}Permanently eligible assignments enabled. Ticket info requirement disabled.`,
  },
  {
    shows: "longer activation and longer assignments",
    matches: true,
    roles: ["Exchange Administrator"],
    by: SAM,
    reason: `${SESSION}Maximum activation duration updated to 12:00:00. Maximum active assignment duration set to 365 (Days).`,
    inferred: "where the number stands in `set to (Days)`",
  },
  {
    shows: "the short wording of Microsoft's own guide",
    matches: true,
    roles: ["Security Administrator"],
    by: SAM,
    reason: "MFA on activation disabled",
  },
  {
    shows: "nobody is notified of activations any more",
    matches: true,
    roles: ["Privileged Role Administrator", "SharePoint Administrator"],
    by: ALEX,
    reason: `${SESSION}Notification updates in eligible members activate the role - Admin settings - Default recipients settings disabled. Approver settings - Default recipients settings disabled. Requestor settings - Default recipients settings disabled.`,
  },
  // Stronger
  {
    shows: "hardening writes the same kind of event as weakening",
    matches: true,
    roles: ["Global Administrator"],
    by: SAM,
    reason: `${SESSION}Maximum activation duration updated to 02:00:00. CustomExtension_PreApproval_EndUser_Assignment added:  (). CustomExtension_PostApproval_EndUser_Assignment added:  (). MFA on activation requirement enabled. Approval enabled with approvers Noor Haddad. MFA on active assignment requirement enabled.`,
  },
  {
    shows: "approvers with dots in their names",
    matches: true,
    roles: ["Application Administrator"],
    by: SAM,
    reason: `${SESSION}Approval enabled with approvers noor.haddad@fabrikam.example, J. Q. Tanaka. Permanently active assignments disabled.`,
    inferred: "how several approvers are listed",
  },
  {
    shows: "notifications back on",
    matches: true,
    roles: ["SharePoint Administrator"],
    by: ALEX,
    reason: `${SESSION}Notification updates in members are assigned as active to the role - Admin settings - Default recipients settings enabled.`,
  },
  // Both, or neither
  {
    shows: "weaker and stronger in one save",
    matches: true,
    roles: ["Cloud Application Administrator"],
    by: ALEX,
    reason: `${SESSION}Maximum activation duration updated to 01:00:00. Approval disabled. Ticket info requirement enabled.`,
  },
  {
    shows: "only the noise that accompanies a save",
    matches: true,
    roles: ["Reports Reader"],
    by: ALEX,
    reason: `${SESSION}CustomExtension_PreApproval_EndUser_Assignment added:  (). CustomExtension_PostApproval_EndUser_Assignment added:  ().`,
  },
  {
    shows: "an unpublished sentence",
    matches: true,
    roles: ["Conditional Access Administrator"],
    by: SAM,
    reason: `${SESSION}Authentication context c2 on activation replaced by c1.`,
    inferred: "the whole sentence",
  },
  { shows: "no text at all", matches: true, roles: ["Reports Reader"], by: SAM, reason: "" },
  {
    shows: "the text only in resultDescription",
    matches: true,
    roles: ["Hybrid Identity Administrator"],
    by: SAM,
    reason: null,
    record: { resultDescription: `${SESSION}MFA on active assignment requirement disabled.` },
    inferred: "that both fields may carry the text",
  },
  // Who
  {
    shows: "settings as code: one service principal, many roles in a minute",
    matches: true,
    roles: ["User Administrator", "Exchange Administrator", "Security Administrator"],
    by: PIM_AUTOMATION,
    reason: `${SESSION}Maximum activation duration updated to 04:00:00. Approval enabled with approvers Noor Haddad.`,
    inferred: "the shape of initiatedBy.app for this operation",
  },
  {
    shows: "the break-glass account repairs a role that nobody could activate",
    matches: true,
    roles: ["Global Administrator"],
    by: BREAK_GLASS,
    reason: `${SESSION}Approval disabled.`,
  },
  {
    shows: "no address anywhere",
    matches: true,
    roles: ["Conditional Access Administrator"],
    by: PIM_SERVICE,
    reason: `${SESSION}Maximum eligible assignment duration set to 180 (Days).`,
    inferred: "that PIM itself may write this operation; where the number stands",
  },
  {
    shows: "names that try to forge a log line, a page and the text direction",
    matches: true,
    roles: ["Application Administrator"],
    by: {
      kind: "user",
      id: "a5b6c7d8-e9f0-4a1b-8c23-d4e5f6071829",
      displayName: "<img src=x onerror=alert(1)> \u001b[31mroot\r\n\u202etxt.exe",
      userPrincipalName: "guest_partner.example#EXT#@fabrikam.example",
      ipAddress: "null",
      tokenAddress: "::2001:db8:0:1:0:0:0:7",
    },
    reason: `${SESSION}Approval enabled with approvers \u202enimda\u202c <script>alert(1)</script>.`,
    inferred: "hostile text in names; the malformed address is seen in other audit events",
  },
  // How it ended, how it is written
  {
    shows: "a refused change still matches: the rule ignores the result",
    matches: true,
    roles: ["Global Administrator"],
    by: { ...ALEX, tokenAddress: "192.0.2.66" },
    reason: "RoleAssignmentRequestPolicyValidationFailed",
    result: "failure",
    inferred: "what a failed save writes",
  },
  {
    shows: "other casing: the rule compares with =~",
    matches: true,
    roles: ["Security Administrator"],
    by: SAM,
    reason: `${SESSION}Approval disabled.`,
    record: { operationName: "UPDATE ROLE SETTING IN PIM" },
    properties: { category: "rolemanagement", activityDisplayName: "Update Role Setting In PIM" },
  },
  {
    shows: 'numbers as text: durationMs "0", Level "4"',
    matches: true,
    roles: ["Exchange Administrator"],
    by: ALEX,
    reason: `${SESSION}Permanently active assignments enabled.`,
    record: { durationMs: "0", Level: "4" },
    properties: { result: "Success" },
  },
  {
    shows: "the shapes of 2018: level in words, result 0, nobody in initiatedBy, details as text",
    matches: true,
    roles: ["User Administrator"],
    by: ALEX,
    reason: `${SESSION}MFA on activation requirement disabled.`,
    record: {
      Level: undefined,
      level: "Informational",
      identity: "MS-PIM",
      callerIpAddress: "<null>",
      resultSignature: "-1",
      location: "WUS",
    },
    properties: { result: 0, initiatedBy: {}, additionalDetails: "None" },
    inferred: "that this operation was ever written in these shapes",
  },
  {
    shows: "initiatedBy is null",
    matches: true,
    roles: ["Reports Reader"],
    by: ALEX,
    reason: `${SESSION}Ticket info requirement enabled.`,
    record: { identity: undefined },
    properties: { initiatedBy: null },
    inferred: "that it can be null here",
  },
  // Near misses
  {
    shows: "a trailing space makes it another operation: =~ does not trim",
    matches: false,
    roles: ["Reports Reader"],
    by: SAM,
    reason: `${SESSION}Approval disabled.`,
    record: { operationName: "Update role setting in PIM " },
    inferred: "that such a name exists",
  },
  {
    shows: "PIM for Groups has another category, which the official rule does not see",
    matches: false,
    roles: ["Global Administrator"],
    by: ALEX,
    reason: `${SESSION}MFA on activation requirement disabled. Approval disabled.`,
    properties: {
      category: "GroupManagement",
      targetResources: [
        { id: "b6c7d8e9-f0a1-4b2c-9d34-e5f60718293a", displayName: "Member", type: "Role", administrativeUnits: [] },
        { id: "c7d8e9f0-a1b2-4c3d-ae45-f60718293a4b", type: "Request", administrativeUnits: [] },
        {
          id: "d8e9f0a1-b2c3-4d4e-bf56-0718293a4b5c",
          displayName: "sg-global-admins",
          type: "Group",
          administrativeUnits: [],
        },
        { id: "e9f0a1b2-c3d4-4e5f-8067-18293a4b5c6d", type: "Other", administrativeUnits: [] },
      ],
    },
  },
  {
    shows: "PIM for Azure resources has another category, which the official rule does not see",
    matches: false,
    roles: ["Global Administrator"],
    by: SAM,
    reason: `${SESSION}Maximum activation duration updated to 1.00:00:00. Approval disabled.`,
    properties: {
      category: "ResourceManagement",
      targetResources: [
        { id: "f0a1b2c3-d4e5-4f60-9178-293a4b5c6d7e", displayName: "Owner", type: "Role", administrativeUnits: [] },
        { id: "01b2c3d4-e5f6-4071-a289-3a4b5c6d7e8f", type: "Request", administrativeUnits: [] },
        {
          id: "/subscriptions/12c3d4e5-f607-4182-b39a-4b5c6d7e8f90",
          displayName: "Fabrikam production",
          type: "Subscription",
          administrativeUnits: [],
        },
      ],
    },
    inferred: "the targets",
  },
];
