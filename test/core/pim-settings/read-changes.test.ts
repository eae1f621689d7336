import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readChanges } from "../../../src/core/pim-settings/read-changes.ts";
import { WORDINGS } from "../../../src/core/pim-settings/wording/wordings.ts";

/** One line of a table: sentence, policy rule, new value, effect, weight. */
type Row = readonly [text: string, setting: string, newValue: string, effect: string, weight: string];

/** Every published wording, in each of its states. */
const PUBLISHED: readonly Row[] = [
  ["MFA on activation requirement enabled", "Enablement_EndUser_Assignment", "enabled", "strengthens", "high"],
  ["MFA on activation requirement disabled", "Enablement_EndUser_Assignment", "disabled", "weakens", "high"],
  ["MFA on activation disabled", "Enablement_EndUser_Assignment", "disabled", "weakens", "high"],
  ["MFA on activation enabled", "Enablement_EndUser_Assignment", "enabled", "strengthens", "high"],
  ["Ticket info requirement enabled", "Enablement_EndUser_Assignment", "enabled", "strengthens", "low"],
  ["Ticket info requirement disabled", "Enablement_EndUser_Assignment", "disabled", "weakens", "low"],
  ["Approval enabled", "Approval_EndUser_Assignment", "enabled", "strengthens", "high"],
  ["Approval disabled", "Approval_EndUser_Assignment", "disabled", "weakens", "high"],
  ["Approval enabled with approvers Pat Roe", "Approval_EndUser_Assignment", "enabled: Pat Roe", "strengthens", "high"],
  ["Maximum activation duration updated to 02:00:00", "Expiration_EndUser_Assignment", "2 h", "neutral", "medium"],
  ["Maximum activation duration updated to 08:00:00", "Expiration_EndUser_Assignment", "8 h", "neutral", "medium"],
  [
    "Maximum activation duration updated to 08:30:00",
    "Expiration_EndUser_Assignment",
    "8 h 30 min",
    "weakens",
    "medium",
  ],
  ["Maximum activation duration updated to 1.00:00:00", "Expiration_EndUser_Assignment", "24 h", "weakens", "medium"],
  ["Maximum activation duration updated to 00:00:00", "Expiration_EndUser_Assignment", "00:00:00", "unknown", "medium"],
  ["Maximum active assignment duration set to (Days)", "Expiration_Admin_Assignment", "(Days)", "unknown", "medium"],
  [
    "Maximum active assignment duration set to 15 (Days)",
    "Expiration_Admin_Assignment",
    "15 days",
    "neutral",
    "medium",
  ],
  [
    "Maximum active assignment duration set to (Days) 400",
    "Expiration_Admin_Assignment",
    "400 days",
    "weakens",
    "medium",
  ],
  [
    "Maximum eligible assignment duration set to 365 days",
    "Expiration_Admin_Eligibility",
    "365 days",
    "neutral",
    "medium",
  ],
  [
    "Maximum eligible assignment duration set to 730.00:00:00",
    "Expiration_Admin_Eligibility",
    "730 days",
    "weakens",
    "medium",
  ],
  ["Maximum activation duration set to PT10H", "Expiration_EndUser_Assignment", "10 h", "weakens", "medium"],
  ["Maximum activation duration updated to 3.00:00:00", "Expiration_EndUser_Assignment", "3 days", "weakens", "high"],
  [
    "Maximum eligible assignment duration set to permanent",
    "Expiration_Admin_Eligibility",
    "no end",
    "weakens",
    "high",
  ],
  ["MFA on active assignment requirement enabled", "Enablement_Admin_Assignment", "enabled", "strengthens", "medium"],
  ["MFA on active assignment requirement disabled", "Enablement_Admin_Assignment", "disabled", "weakens", "medium"],
  ["Permanently active assignments enabled", "Expiration_Admin_Assignment", "enabled", "weakens", "high"],
  ["Permanently active assignments disabled", "Expiration_Admin_Assignment", "disabled", "strengthens", "high"],
  ["Permanently eligible assignments enabled", "Expiration_Admin_Eligibility", "enabled", "weakens", "medium"],
  ["Permanently eligible assignments disabled", "Expiration_Admin_Eligibility", "disabled", "strengthens", "medium"],
  [
    "Approver settings - Default recipients settings disabled",
    "Notification_Approver_*",
    "disabled",
    "weakens",
    "medium",
  ],
  [
    "Requestor settings - Default recipients settings enabled",
    "Notification_Requestor_*",
    "enabled",
    "strengthens",
    "medium",
  ],
  [
    "Requestor settings - Default recipients settings disabled",
    "Notification_Requestor_*",
    "disabled",
    "weakens",
    "medium",
  ],
  ...(
    [
      ["eligible members activate the role", "Notification_Admin_EndUser_Assignment"],
      ["members are assigned as active to the role", "Notification_Admin_Admin_Assignment"],
      ["members are assigned as eligible to the role", "Notification_Admin_Admin_Eligibility"],
    ] as const
  ).flatMap(([event, setting]): Row[] => {
    const subject = `Notification updates in ${event} - Admin settings - Default recipients settings`;
    return [
      [`${subject} enabled`, setting, "enabled", "strengthens", "medium"],
      [`${subject} disabled`, setting, "disabled", "weakens", "medium"],
    ];
  }),
];

/** Unpublished wordings, inferred from the settings page and Graph's names. */
const INFERRED: readonly Row[] = [
  [
    "Justification on activation requirement disabled",
    "Enablement_EndUser_Assignment",
    "disabled",
    "weakens",
    "medium",
  ],
  ["Justification requirement enabled", "Enablement_EndUser_Assignment", "enabled", "strengthens", "medium"],
  ["Require justification on activation: off", "Enablement_EndUser_Assignment", "disabled", "weakens", "medium"],
  [
    "Justification on active assignment requirement disabled",
    "Enablement_Admin_Assignment",
    "disabled",
    "weakens",
    "medium",
  ],
  [
    "Ticket information on activation requirement disabled",
    "Enablement_EndUser_Assignment",
    "disabled",
    "weakens",
    "low",
  ],
  ["Ticketing requirement removed", "Enablement_EndUser_Assignment", "disabled", "weakens", "low"],
  ["Azure MFA on activation has been disabled", "Enablement_EndUser_Assignment", "disabled", "weakens", "high"],
  [
    "Multi-factor authentication on activation turned off",
    "Enablement_EndUser_Assignment",
    "disabled",
    "weakens",
    "high",
  ],
  ["MFA requirement disabled", "Enablement_EndUser_Assignment", "disabled", "weakens", "high"],
  ["Disabled MFA on activation", "Enablement_EndUser_Assignment", "disabled", "weakens", "high"],
  ["MFA on eligible assignment requirement disabled", "Enablement_Admin_Eligibility", "disabled", "weakens", "low"],
  ["Approval requirement disabled", "Approval_EndUser_Assignment", "disabled", "weakens", "high"],
  ["Approval to activate is no longer required", "Approval_EndUser_Assignment", "disabled", "weakens", "high"],
  ["Approvers updated to Pat Roe", "Approval_EndUser_Assignment", "Pat Roe", "unknown", "high"],
  [
    "Authentication context on activation requirement disabled",
    "AuthenticationContext_EndUser_Assignment",
    "disabled",
    "weakens",
    "high",
  ],
  [
    "Authentication context enabled with claim value c1",
    "AuthenticationContext_EndUser_Assignment",
    "enabled: c1",
    "strengthens",
    "high",
  ],
  [
    "Conditional Access authentication context updated to c2",
    "AuthenticationContext_EndUser_Assignment",
    "c2",
    "unknown",
    "high",
  ],
  ["Authentication context set to none", "AuthenticationContext_EndUser_Assignment", "disabled", "weakens", "high"],
  [
    "ACRS on activation requirement disabled",
    "AuthenticationContext_EndUser_Assignment",
    "disabled",
    "weakens",
    "high",
  ],
  ["Activation maximum duration (hours) set to 4", "Expiration_EndUser_Assignment", "4 h", "neutral", "medium"],
  ["Maximum activation duration reduced to 4 hours", "Expiration_EndUser_Assignment", "4 h", "strengthens", "medium"],
  ["Activation duration updated to 12:00:00", "Expiration_EndUser_Assignment", "12 h", "weakens", "medium"],
  [
    "Maximum activation duration increased from 4 to 12 hours",
    "Expiration_EndUser_Assignment",
    "12 h",
    "weakens",
    "medium",
  ],
  [
    "Maximum active assignment duration (Days) set to 400",
    "Expiration_Admin_Assignment",
    "400 days",
    "weakens",
    "medium",
  ],
  ["Eligible assignments expire after 400 days", "Expiration_Admin_Eligibility", "400 days", "weakens", "medium"],
  ["MFA on activation requirement disabled for guests", "Enablement_EndUser_Assignment", "disabled", "weakens", "high"],
  ["Authentication context c1 enabled", "AuthenticationContext_EndUser_Assignment", "enabled", "strengthens", "high"],
  ["Expire active assignments after: 15 days", "Expiration_Admin_Assignment", "15 days", "neutral", "medium"],
  ["Allow permanent active assignment enabled", "Expiration_Admin_Assignment", "enabled", "weakens", "high"],
  ["Expiration of active assignments disabled", "Expiration_Admin_Assignment", "disabled", "weakens", "high"],
  [
    "Admin settings - Additional recipients removed: soc@fabrikam.example",
    "Notification_Admin_*",
    "disabled: soc@fabrikam.example",
    "weakens",
    "medium",
  ],
  ["Admin settings - Critical emails only enabled", "Notification_Admin_*", "enabled", "weakens", "medium"],
  [
    "CustomExtension_PreApproval_EndUser_Assignment added: Risk check (0b1c)",
    "CustomExtension_PreApproval_EndUser_Assignment",
    "added: Risk check (0b1c)",
    "unknown",
    "info",
  ],
  ["Enablement_EndUser_Assignment changed", "Enablement_EndUser_Assignment", "changed", "unknown", "medium"],
];

describe.each([
  ["published", PUBLISHED],
  ["inferred", INFERRED],
] as const)("%s wordings", (wording, rows) => {
  test.each(rows)("%s", (...row) => {
    const [text, setting, newValue, effect, weight] = row;
    const { findings, unrecognized, noise } = readChanges(text);
    expect(findings).toMatchObject([{ setting, newValue, effect, weight, wording, text }]);
    expect(unrecognized).toEqual([]);
    expect(noise).toEqual([]);
  });

  test.each(rows)("in other casing and with extra blanks: %s", (text, setting, _newValue, effect) => {
    const shouted = `  ${text.toUpperCase().replaceAll(" ", " \t ")} .\n`;
    expect(readChanges(shouted).findings).toMatchObject([{ effect }]);
    expect(readChanges(shouted).findings[0]?.setting.toLowerCase()).toBe(setting.toLowerCase());
  });
});

test("the public capture: a hardening, with preview sentences that state no change", () => {
  const text =
    "Setting changes in this session: Maximum activation duration updated to 02:00:00. CustomExtension_PreApproval_EndUser_Assignment added:  (). CustomExtension_PostApproval_EndUser_Assignment added:  (). MFA on activation requirement enabled. Approval enabled with approvers [redacted]. MFA on active assignment requirement enabled.";
  const { findings, unrecognized, noise } = readChanges(text);
  expect(findings.map(({ summary, effect }) => [summary, effect])).toEqual([
    ["Maximum activation duration set to 2 h", "neutral"],
    ["MFA on activation switched on", "strengthens"],
    ["Approval switched on", "strengthens"],
    ["MFA on active assignment switched on", "strengthens"],
  ]);
  expect(unrecognized).toEqual([]);
  expect(noise).toEqual([
    "CustomExtension_PreApproval_EndUser_Assignment added:  ()",
    "CustomExtension_PostApproval_EndUser_Assignment added:  ()",
  ]);
});

test.each([
  {
    text: "Approval enabled with approvers J. R. Roe, Dr. Pat Doe, alex.rivera@fabrikam.example. Approval disabled.",
    count: 2,
  },
  { text: "Approval enabled with approvers St. John, Sam. MFA on activation disabled.", count: 2 },
  { text: "Approvers updated to Fabrikam Inc. Security Team. Ticket info requirement disabled.", count: 2 },
  { text: "Approvers updated to Team Blue. Second shift. Ticket info requirement disabled.", count: 2 },
  { text: "Maximum activation duration updated to 1.00:00:00. Approval disabled.", count: 2 },
  { text: "Approval disabled.MFA on activation disabled.", count: 2 },
  { text: "Approval disabled; MFA on activation disabled", count: 2 },
  { text: "Approval disabled\nMFA on activation disabled\n", count: 2 },
  { text: "MFA on activation requirement disabled and approval disabled", count: 2 },
  { text: "Approval disabled, MFA on activation disabled", count: 2 },
])("dots inside names do not end a sentence: $text", ({ text, count }) => {
  const { findings, unrecognized } = readChanges(text);
  expect([findings.length, unrecognized]).toEqual([count, []]);
});

test.each(["", " ", ".", "Setting changes in this session: ", "Setting changes in this session: . "])(
  "no change in %j",
  (text) => {
    expect(readChanges(text)).toEqual({ findings: [], unrecognized: [], noise: [] });
  },
);

test("an unknown sentence is kept, and its neighbours are read", () => {
  const text =
    "Approval disabled. Frobnication of the role set to Maximal (v1.2). MFA on activation frobnicated. RoleAssignmentExists";
  const { findings, unrecognized } = readChanges(text);
  expect(findings).toMatchObject([{ setting: "Approval_EndUser_Assignment" }]);
  expect(unrecognized).toEqual([
    "Frobnication of the role set to Maximal (v1.2)",
    "MFA on activation frobnicated",
    "RoleAssignmentExists",
  ]);
});

test.each([
  { mfa: "disabled", context: "enabled with claim value c1", effects: ["neutral", "neutral"] },
  { mfa: "enabled", context: "disabled", effects: ["neutral", "neutral"] },
  { mfa: "disabled", context: "disabled", effects: ["weakens", "weakens"] },
  { mfa: "enabled", context: "enabled", effects: ["strengthens", "strengthens"] },
])("MFA $mfa with authentication context $context in one save", ({ mfa, context, effects }) => {
  const sentences = [`MFA on activation requirement ${mfa}`, `Authentication context on activation ${context}`];
  expect(readChanges(sentences.join(". ")).findings.map(({ effect }) => effect)).toEqual(effects);
  expect(readChanges(sentences.toReversed().join(". ")).findings.map(({ effect }) => effect)).toEqual(
    effects.toReversed(),
  );
});

test("a replacement inside the name of an approver replaces nothing", () => {
  const spoofed =
    "MFA on activation requirement disabled. Approval enabled with approvers Pat. Authentication context enabled. Sam";
  expect(readChanges(spoofed).findings[0]).toMatchObject({ effect: "weakens" });
});

test("a context that is switched on and off in one save does not replace MFA", () => {
  const text = "Authentication context enabled. Authentication context disabled. MFA on activation disabled";
  expect(readChanges(text).findings.at(-1)).toMatchObject({ effect: "weakens" });
});

test.each([
  ["from 04:00:00 to 12:00:00", "weakens", "4 h"],
  ["from 1.00:00:00 to 12:00:00", "strengthens", "24 h"],
  ["from 08:00:00 to 04:00:00", "strengthens", "8 h"],
  ["from 02:00:00 to 04:00:00", "neutral", "2 h"],
])("a duration that names its old value: %s", (range, effect, oldValue) => {
  const { findings } = readChanges(`Maximum activation duration updated ${range}.`);
  expect(findings).toMatchObject([{ effect, oldValue }]);
});

const anySentence = fc.constantFrom(
  ...[...PUBLISHED, ...INFERRED].map(([text]) => text),
  "Frobnication set to 7",
  "Something else was disabled",
);

test("any text is read without throwing, and no part of it is lost", () => {
  const fragments = fc.array(
    fc.oneof(anySentence, fc.string({ unit: "binary" }), fc.constantFrom(". ", ".", "\n", "; ")),
  );
  fc.assert(
    fc.property(
      fragments.map((parts) => parts.join("")),
      (text) => {
        const { findings, unrecognized, noise } = readChanges(text);
        const kept = [...findings.map((finding) => finding.text), ...unrecognized, ...noise].join(" ");
        const letters = (value: string): string[] => (value.match(/[\p{L}\p{N}]/gu) ?? []).sort();
        const without = text.replaceAll(/setting changes in this session\s*:?/gi, "");
        expect(letters(kept)).toEqual(letters(without));
      },
    ),
    { numRuns: 500 },
  );
});

test("sentences have the same meaning together as alone", () => {
  // MFA and authentication context affect each other, which another test covers.
  const independent = anySentence.filter(
    (text) => !/context|acrs|mfa.*activation|mfa requirement|multi-factor/i.test(text),
  );
  fc.assert(
    fc.property(fc.array(independent, { maxLength: 12 }), (sentences) => {
      const together = readChanges(`Setting changes in this session: ${sentences.join(". ")}.`);
      const alone = sentences.map((sentence) => readChanges(sentence));
      expect(together.findings).toEqual(alone.flatMap(({ findings }) => findings));
      expect(together.unrecognized).toEqual(alone.flatMap(({ unrecognized }) => unrecognized));
    }),
    { numRuns: 300 },
  );
});

test("a text that only removes protection never strengthens", () => {
  const away = fc.constantFrom(
    "disabled",
    "turned off",
    "removed",
    "no longer required",
    "set to false",
    "updated from true to false",
  );
  const subject = fc.oneof(
    fc.constantFrom(
      ...[...PUBLISHED, ...INFERRED]
        .map(([text]) => text)
        // Forbidding permanent assignments, and sending more than critical mails, does protect.
        .filter((text) => !/permanent|critical/i.test(text))
        .map((text) =>
          text.replace(
            / (?:enabled|disabled|updated|set|turned|has been|is no|removed|reduced|added|changed)\b.*$/,
            "",
          ),
        ),
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(subject, away), { maxLength: 6 }), (parts) => {
      const text = parts.map(([name, verb]) => `${name} ${verb}`).join(". ");
      fc.pre(!/permanent|critical|enable|\bon\b.*\ballow/i.test(text));
      expect(readChanges(text).findings.map(({ effect }) => effect)).not.toContain("strengthens");
    }),
    { numRuns: 1_000 },
  );
});

test("a long text is read quickly", () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `J. R. Roe${index}`).join(", ");
  const started = performance.now();
  expect(readChanges(`Approval enabled with approvers ${names}. Approval disabled`).findings).toHaveLength(2);
  expect(readChanges("Approval disabled. ".repeat(10_000)).findings).toHaveLength(10_000);
  readChanges("approval ".repeat(30_000));
  readChanges(`Maximum activation duration updated from ${" to".repeat(50_000)}`);
  readChanges(`a@${"b.".repeat(100_000)}`);
  readChanges(`disabled${" \n".repeat(100_000)}`);
  expect(performance.now() - started).toBeLessThan(20_000);
});

/** A quadratic search for runs of these characters would take hours for each. */
test.each([".", "MFA on activation disabled)", "a ;"])(
  "runs of what a sentence is stripped of take a moment: %s",
  (run) => {
    expect(readChanges(`${run}${run.slice(-1).repeat(600_000)}x`).findings).toEqual([]);
  },
);

test("every wording names its source", () => {
  for (const { source } of WORDINGS) expect(source).toMatch(/https:\/\/|published wordings/);
});
