import type { WordingStatus } from "../finding.ts";
import type { SettingKey } from "../settings.ts";

/** How the text after the subject of a sentence is read. */
export type Reading =
  "switch" | "approval" | "approvers" | "context" | "duration" | "recipients" | "extension" | "rule";

/**
 * How an event names a setting. A sentence is a subject from this table, then a predicate from
 * predicates.ts: "MFA on activation requirement" + "disabled".
 */
export interface Wording {
  readonly setting: SettingKey;
  readonly reading: Reading;
  /** Source of a case-insensitive pattern, matched at the beginning of a sentence with single spaces. */
  readonly subject: string;
  readonly status: WordingStatus;
  /** Where it is documented, or its basis if it is inferred. */
  readonly source: string;
}

/** The one public capture of the event's own text: a saved member policy of PIM for Groups, September 2026. */
const CAPTURE = "https://github.com/raymond0mir/district.local, evidence/13";
const HUNTING =
  "https://github.com/alexverboon/Hunting-Queries-Detection-Rules/blob/main/Entra%20ID/EntraID-PIMRoleSettingChanges.md";
const SECOPS =
  "https://learn.microsoft.com/entra/architecture/security-operations-privileged-identity-management, example of a status reason";
const SETTINGS_PAGE =
  "inferred from the labels of https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings";
const GRAPH_NAMES = "inferred from https://learn.microsoft.com/graph/identity-governance-pim-rules-overview";
const SIBLINGS = "inferred from the published wordings of the sibling settings";

const MFA = "(?:azure |microsoft entra )?(?:mfa|multi-?factor authentication|multi factor authentication)";
const ON_ACTIVATION = "(?:(?:on|for|at|during|upon) (?:role )?activation|to activate(?: the role)?)";
const ON_ACTIVE = "(?:on|for) active (?:role )?assignments?";
const ON_ELIGIBLE = "(?:on|for) eligible (?:role )?assignments?";
const REQUIREMENT = "(?: requirement)?";
const REQUIRE = "(?:requirement (?:of|for) |requires? )?";
const JUSTIFICATION = "(?:business )?justification";
const TICKET = "ticket(?:ing)?(?: system)?(?: info(?:rmation)?| number)?";
const CONTEXT =
  "(?:(?:on activation, )?require )?(?:(?:microsoft )?(?:entra|azure ad) )?(?:conditional access )?(?:auth(?:entication)? context(?: class reference)?|acrs)(?: \\(?(?:claim(?: value)? )?c\\d{1,2}\\)?)?";
const DASH = " ?[-–—:] ?";
const EVENT =
  "notifications?(?: updates)?(?: in| when| for| to)? ?(?<event>(?:eligible )?members (?:are assigned as (?:eligible|active) to|activate) (?:the|this) role)";
const AUDIENCE = "(?<audience>admin|requestor|requester|assignee|approver) settings?";
const NOTIFICATION = `(?:${EVENT}${DASH})?${AUDIENCE}${DASH}`;
const ANY_NOTIFICATION = `(?:${EVENT}${DASH})?(?:${AUDIENCE}${DASH})?`;
const UNIT = "(?: ?\\((?<unit>\\w{1,10})\\))?";

/** Tried in this order: the first whose predicate can be read as well wins. */
const ROWS: readonly (readonly [SettingKey, Reading, string, WordingStatus, string])[] = [
  ["mfaOnActivation", "switch", "MFA on activation requirement", "published", CAPTURE],
  ["mfaOnActivation", "switch", "MFA on activation", "published", SECOPS],
  ["mfaOnActive", "switch", "MFA on active assignment requirement", "published", CAPTURE],
  ["ticketOnActivation", "switch", "Ticket info requirement", "published", HUNTING],
  ["approval", "approval", "Approval", "published", CAPTURE],
  ["activationDuration", "duration", "Maximum activation duration", "published", CAPTURE],
  ["activeDuration", "duration", "Maximum active assignment duration", "published", HUNTING],
  ["eligibleDuration", "duration", "Maximum eligible assignment duration", "published", HUNTING],
  ["permanentActive", "switch", "Permanently active assignments", "published", HUNTING],
  ["permanentEligible", "switch", "Permanently eligible assignments", "published", HUNTING],
  ["defaultRecipients", "switch", `${NOTIFICATION}Default recipients? settings?`, "published", HUNTING],
  ["customExtension", "extension", "CustomExtension_(?<extension>\\w{1,100})", "published", CAPTURE],

  ["mfaOnActive", "switch", `${REQUIRE}${MFA}${REQUIREMENT} ${ON_ACTIVE}${REQUIREMENT}`, "inferred", SETTINGS_PAGE],
  ["mfaOnEligible", "switch", `${REQUIRE}${MFA}${REQUIREMENT} ${ON_ELIGIBLE}${REQUIREMENT}`, "inferred", GRAPH_NAMES],
  [
    "mfaOnActivation",
    "switch",
    `(?:on activation, )?${REQUIRE}${MFA}${REQUIREMENT}(?: ${ON_ACTIVATION})?${REQUIREMENT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  [
    "justificationOnActive",
    "switch",
    `${REQUIRE}${JUSTIFICATION}${REQUIREMENT} ${ON_ACTIVE}${REQUIREMENT}`,
    "inferred",
    SIBLINGS,
  ],
  [
    "justificationOnEligible",
    "switch",
    `${REQUIRE}${JUSTIFICATION}${REQUIREMENT} ${ON_ELIGIBLE}${REQUIREMENT}`,
    "inferred",
    GRAPH_NAMES,
  ],
  [
    "justificationOnActivation",
    "switch",
    `${REQUIRE}${JUSTIFICATION}${REQUIREMENT}(?: ${ON_ACTIVATION})?${REQUIREMENT}`,
    "inferred",
    SIBLINGS,
  ],
  [
    "ticketOnActivation",
    "switch",
    `${REQUIRE}${TICKET}${REQUIREMENT}(?: ${ON_ACTIVATION})?${REQUIREMENT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  [
    "authenticationContext",
    "context",
    `${CONTEXT}${REQUIREMENT}(?: ${ON_ACTIVATION})?${REQUIREMENT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  ["authenticationContext", "context", "AuthenticationContext_EndUser_Assignment", "inferred", GRAPH_NAMES],
  [
    "approval",
    "approval",
    `(?:${REQUIRE}approvals?|Approval_EndUser_Assignment|isApprovalRequired)${REQUIREMENT}(?: ${ON_ACTIVATION})?${REQUIREMENT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  ["approvers", "approvers", "(?:(?:list of|selected|primary) )?approvers?(?: list)?", "inferred", SETTINGS_PAGE],
  [
    "activationDuration",
    "duration",
    `(?:(?:maximum )?activation (?:maximum )?(?:duration|time)|Expiration_EndUser_Assignment(?: maximumDuration)?)${UNIT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  [
    "activeDuration",
    "duration",
    `(?:maximum (?:duration (?:of|for) )?active assignments?(?: duration)?|expire active assignments? after|active assignments? expires? after|Expiration_Admin_Assignment maximumDuration)${UNIT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  [
    "eligibleDuration",
    "duration",
    `(?:maximum (?:duration (?:of|for) )?eligible assignments?(?: duration)?|expire eligible assignments? after|eligible assignments? expires? after|Expiration_Admin_Eligibility maximumDuration)${UNIT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  ["permanentActive", "switch", "(?:allow )?permanent(?:ly)? active assignments?", "inferred", SETTINGS_PAGE],
  ["permanentEligible", "switch", "(?:allow )?permanent(?:ly)? eligible assignments?", "inferred", SETTINGS_PAGE],
  [
    "activeExpiration",
    "switch",
    `(?:${REQUIRE}(?:expiration|expiry) (?:of|for|on) active assignments?|active assignments? (?:expiration|expiry)|expire active assignments?)${REQUIREMENT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  [
    "eligibleExpiration",
    "switch",
    `(?:${REQUIRE}(?:expiration|expiry) (?:of|for|on) eligible assignments?|eligible assignments? (?:expiration|expiry)|expire eligible assignments?)${REQUIREMENT}`,
    "inferred",
    SETTINGS_PAGE,
  ],
  ["defaultRecipients", "switch", `${ANY_NOTIFICATION}Default recipients?(?: settings?)?`, "inferred", SIBLINGS],
  [
    "additionalRecipients",
    "recipients",
    `${ANY_NOTIFICATION}Additional recipients?(?: settings?)?`,
    "inferred",
    SIBLINGS,
  ],
  [
    "criticalOnly",
    "switch",
    `${ANY_NOTIFICATION}Critical (?:emails?|notifications?)(?: only)?(?: settings?)?`,
    "inferred",
    SETTINGS_PAGE,
  ],
  [
    "policyRule",
    "rule",
    "(?<rule>(?:Enablement|Expiration|Approval|AuthenticationContext|Notification)_\\w{1,100})",
    "inferred",
    GRAPH_NAMES,
  ],
];

export const WORDINGS: readonly Wording[] = ROWS.map(([setting, reading, subject, status, source]) => ({
  setting,
  reading,
  subject,
  status,
  source,
}));
