import fc from "fast-check";
import { expect, test } from "vitest";
import { readChanges } from "../../../src/core/pim-settings/read-changes.ts";

/* Microsoft publishes no list of its sentences. These are sentences that it might write. */

test.each([
  ["MFA on activation requirement is disabled", "Enablement_EndUser_Assignment"],
  ["MFA on activation requirement: enabled -> disabled", "Enablement_EndUser_Assignment"],
  ["MFA on activation requirement enabled → disabled", "Enablement_EndUser_Assignment"],
  ['MFA on activation requirement "disabled"', "Enablement_EndUser_Assignment"],
  ["MFA on activation requirement = false", "Enablement_EndUser_Assignment"],
  ["MFA is not required on activation", "Enablement_EndUser_Assignment"],
  ["No MFA required on activation", "Enablement_EndUser_Assignment"],
  ["MFA on activation (disabled)", "Enablement_EndUser_Assignment"],
  ["No approval is needed to activate", "Approval_EndUser_Assignment"],
  ["Approval requirement turned off by alex.rivera@fabrikam.example", "Approval_EndUser_Assignment"],
  ["isApprovalRequired changed from true to false", "Approval_EndUser_Assignment"],
  ["Conditional access authentication context (c1) removed", "AuthenticationContext_EndUser_Assignment"],
])("an unpublished wording that is read as a weakening: %s", (text, setting) => {
  expect(readChanges(`Setting changes in this session: ${text}.`)).toMatchObject({
    findings: [{ setting, effect: "weakens", wording: "inferred", text }],
    unrecognized: [],
  });
});

test.each([
  "Les exigences MFA à l'activation sont désactivées",
  "MFA bei Aktivierung deaktiviert",
  "アクティブ化時の MFA が無効になりました",
  "Role settings reset to default",
  "MFA bypass enabled",
  "Allow activation without approval: Yes",
  "Self approval enabled",
  "Skip MFA on activation enabled",
  "MFA on activation was enabled and then disabled",
  "No permanently active assignments required",
  "MFA and approval disabled",
  "Approval stages decreased to 0",
])("a sentence that is not understood is kept, and never counts as safer: %s", (text) => {
  expect(readChanges(`Setting changes in this session: ${text}.`)).toEqual({
    findings: [],
    unrecognized: [text],
    noise: [],
  });
});

test("no wording or combination of switching off, with any names around it, counts as safer", () => {
  const subject = fc.constantFrom(
    "MFA on activation requirement",
    "MFA on active assignment requirement",
    "Approval",
    "Require approval to activate",
    "Justification on activation requirement",
    "Ticket info requirement",
    "Authentication context c1",
    "Notification updates in eligible members activate the role - Admin settings - Default recipients settings",
    "Expiration of active assignments",
  );
  const off = fc.constantFrom(
    "disabled",
    "is disabled",
    "has been turned off",
    '"disabled"',
    "(disabled)",
    "= false",
    ": No",
    "removed",
    "no longer required",
    "not required",
    "-> disabled",
    "changed from true to false",
    "disabled for guests",
  );
  const other = fc.oneof(
    fc.constantFrom(
      "Pat Roe",
      "j.r.roe@fabrikam.example",
      "02:00:00",
      "180 (Days)",
      "désactivé",
      "無効",
      "()",
      "Dr. Roe",
    ),
    fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !/on|yes|true|enabl|allow|add|requir/i.test(text)),
  );
  const sentence = fc
    .tuple(subject, off, fc.option(other))
    .map(([name, state, tail]) => [name, state, ...(tail === null ? [] : [tail])].join(" "));
  const joint = fc.constantFrom(". ", ".", "; ", ", ", "\n", " and ", ".  ");
  fc.assert(
    fc.property(fc.array(fc.tuple(sentence, joint), { maxLength: 6 }), (parts) => {
      const text = `Setting changes in this session: ${parts.flat().join("")}`;
      expect(readChanges(text).findings.filter(({ effect }) => effect === "strengthens")).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
