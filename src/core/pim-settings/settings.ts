import type { BaselineKey } from "./baselines.ts";
import type { Weight } from "./finding.ts";

/**
 * One setting of a role, in the terms of Microsoft's policy rules.
 *
 * `protects`: on is the safer state. `exposes`: off is the safer state.
 */
export interface Setting {
  /** Id of the policy rule. */
  readonly rule: string;
  readonly name: string;
  readonly weight: Weight;
  readonly guards: "protects" | "exposes";
  readonly baselines: readonly BaselineKey[];
  /** The meaning of on and of off, one sentence each. */
  readonly on: string;
  readonly off: string;
  /** Replacements for "<name> switched on" and "… off", if those would not be English. */
  readonly switchedOn?: string;
  readonly switchedOff?: string;
}

/**
 * The settings of a role. Rule ids are Microsoft's. The weights are our reading of the published baselines; there is no
 * published scale.
 *
 * @see https://learn.microsoft.com/graph/identity-governance-pim-rules-overview
 */
export const SETTINGS = {
  mfaOnActivation: {
    rule: "Enablement_EndUser_Assignment",
    name: "MFA on activation",
    weight: "high",
    guards: "protects",
    baselines: ["secOps", "pimMfaAlert", "cippFloor"],
    on: "An activation needs a second factor.",
    off: "Anyone with the account's password or session can activate the role without a second factor.",
  },
  justificationOnActivation: {
    rule: "Enablement_EndUser_Assignment",
    name: "Justification on activation",
    weight: "medium",
    guards: "protects",
    baselines: ["secOps", "cippFloor"],
    on: "An activation has to give a reason, which the audit log keeps.",
    off: "Activations no longer leave a reason in the audit log.",
  },
  ticketOnActivation: {
    rule: "Enablement_EndUser_Assignment",
    name: "Ticket information on activation",
    weight: "low",
    guards: "protects",
    baselines: ["pimSettings"],
    on: "An activation has to name a ticket; PIM does not check it.",
    off: "Activations no longer name a ticket; the field is for information only.",
  },
  authenticationContext: {
    rule: "AuthenticationContext_EndUser_Assignment",
    name: "Authentication context on activation",
    weight: "high",
    guards: "protects",
    baselines: ["pimSettings", "cippFloor"],
    on: "An activation has to meet the Conditional Access policies of the context, if one is enabled for it.",
    off: "Activations no longer have to meet the Conditional Access policies of the context.",
  },
  approval: {
    rule: "Approval_EndUser_Assignment",
    name: "Approval",
    weight: "high",
    guards: "protects",
    baselines: ["cisa76", "cis534", "cis535", "secOps"],
    on: "Somebody else must approve an activation.",
    off: "The role can be activated without anyone else's approval.",
  },
  approvers: {
    rule: "Approval_EndUser_Assignment",
    name: "Approvers",
    weight: "high",
    guards: "protects",
    baselines: ["pimSettings"],
    on: "",
    off: "",
  },
  activationDuration: {
    rule: "Expiration_EndUser_Assignment",
    name: "Maximum activation duration",
    weight: "medium",
    guards: "protects",
    baselines: ["secOps", "cippFloor"],
    on: "",
    off: "",
  },
  activeDuration: {
    rule: "Expiration_Admin_Assignment",
    name: "Maximum active assignment duration",
    weight: "medium",
    guards: "protects",
    baselines: ["cippFloor"],
    on: "",
    off: "",
  },
  eligibleDuration: {
    rule: "Expiration_Admin_Eligibility",
    name: "Maximum eligible assignment duration",
    weight: "medium",
    guards: "protects",
    baselines: ["cippFloor"],
    on: "",
    off: "",
  },
  permanentActive: {
    rule: "Expiration_Admin_Assignment",
    name: "Permanent active assignments",
    weight: "high",
    guards: "exposes",
    baselines: ["cisa74", "cippFloor"],
    on: "The role can be held for ever without activating it, without any activation check.",
    off: "Active assignments have to end.",
    switchedOn: "Permanent active assignments allowed",
    switchedOff: "Permanent active assignments forbidden",
  },
  permanentEligible: {
    rule: "Expiration_Admin_Eligibility",
    name: "Permanent eligible assignments",
    weight: "medium",
    guards: "exposes",
    baselines: ["cippFloor"],
    on: "Accounts can stay eligible for the role for ever, without a renewal that would reveal them.",
    off: "Eligible assignments have to be renewed.",
    switchedOn: "Permanent eligible assignments allowed",
    switchedOff: "Permanent eligible assignments forbidden",
  },
  activeExpiration: {
    rule: "Expiration_Admin_Assignment",
    name: "Expiry of active assignments",
    weight: "high",
    guards: "protects",
    baselines: ["cisa74", "cippFloor"],
    on: "Active assignments have to end.",
    off: "The role can be held for ever without activating it, without any activation check.",
  },
  eligibleExpiration: {
    rule: "Expiration_Admin_Eligibility",
    name: "Expiry of eligible assignments",
    weight: "medium",
    guards: "protects",
    baselines: ["cippFloor"],
    on: "Eligible assignments have to be renewed.",
    off: "Accounts can stay eligible for the role for ever, without a renewal that would reveal them.",
  },
  mfaOnActive: {
    rule: "Enablement_Admin_Assignment",
    name: "MFA on active assignment",
    weight: "medium",
    guards: "protects",
    baselines: ["pimSettings"],
    on: "Whoever assigns the role as active needs a second factor.",
    off: "The role can be assigned as active without a second factor.",
  },
  justificationOnActive: {
    rule: "Enablement_Admin_Assignment",
    name: "Justification on active assignment",
    weight: "medium",
    guards: "protects",
    baselines: ["cippFloor"],
    on: "Whoever assigns the role as active has to give a reason.",
    off: "Active assignments no longer leave a reason in the audit log.",
  },
  mfaOnEligible: {
    rule: "Enablement_Admin_Eligibility",
    name: "MFA on eligible assignment",
    weight: "low",
    guards: "protects",
    baselines: [],
    on: "Whoever makes an account eligible needs a second factor.",
    off: "An account can be made eligible without a second factor.",
  },
  justificationOnEligible: {
    rule: "Enablement_Admin_Eligibility",
    name: "Justification on eligible assignment",
    weight: "low",
    guards: "protects",
    baselines: [],
    on: "Whoever makes an account eligible has to give a reason.",
    off: "Eligible assignments no longer leave a reason in the audit log.",
  },
  defaultRecipients: {
    rule: "Notification_*_*",
    name: "Notification to the default recipients",
    weight: "medium",
    guards: "protects",
    baselines: [],
    on: "PIM's default recipients are notified.",
    off: "PIM's default recipients are no longer notified, which hides later activity.",
  },
  additionalRecipients: {
    rule: "Notification_*_*",
    name: "Additional notification recipients",
    weight: "medium",
    guards: "protects",
    baselines: [],
    on: "Additional recipients are notified.",
    off: "The additional recipients are no longer notified, which hides later activity.",
  },
  criticalOnly: {
    rule: "Notification_*_*",
    name: "Notification of critical events only",
    weight: "medium",
    guards: "exposes",
    baselines: [],
    on: "Only mails that require an action are sent, so assignments and activations go unseen.",
    off: "All mails are sent, not only those that require an action.",
  },
  customExtension: {
    rule: "CustomExtension_*",
    name: "Custom extension",
    weight: "info",
    guards: "protects",
    baselines: [],
    on: "",
    off: "",
  },
  policyRule: {
    rule: "*",
    name: "Policy rule",
    weight: "medium",
    guards: "protects",
    baselines: [],
    on: "",
    off: "",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingKey = keyof typeof SETTINGS;

export function settingOf(key: SettingKey): Setting {
  return SETTINGS[key];
}

/**
 * The longest maximum, in minutes, within the published baselines: 8 h of activation (Microsoft's SecOps guide), 365 days of
 * assignment (CIPP's floor).
 */
export const MAXIMUM_MINUTES: ReadonlyMap<SettingKey, number> = new Map<SettingKey, number>([
  ["activationDuration", 8 * 60],
  ["activeDuration", 365 * 24 * 60],
  ["eligibleDuration", 365 * 24 * 60],
]);

/** The unit of a bare number: hours of activation, days of assignment, as on Microsoft's settings page. */
export const BARE_UNITS: ReadonlyMap<SettingKey, string> = new Map<SettingKey, string>([
  ["activationDuration", "hours"],
  ["activeDuration", "days"],
  ["eligibleDuration", "days"],
]);

/** The longest activation on Microsoft's platform. */
export const PLATFORM_MAXIMUM_ACTIVATION_MINUTES = 24 * 60;
