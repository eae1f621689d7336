import { expect, test } from "vitest";
import { incidentFields } from "../../../src/core/pim-settings/incident-fields.ts";
import { settingsRecord } from "./settings-record.ts";

test("an incident has all changes, and names the most important one", () => {
  const text =
    "MFA on activation requirement enabled. Maximum activation duration updated from 08:00:00 to 12:00:00. Ticket info requirement disabled. Frobnication enabled.";
  expect(incidentFields(settingsRecord(text))).toMatchObject({
    priority: "P1",
    effect: "weakens",
    roleScope: "Global Administrator",
    roleTier: "critical",
    setting: "Maximum activation duration",
    policyRule: "Expiration_EndUser_Assignment",
    oldValue: "8 h",
    newValue: "12 h",
    changes: [{ effect: "strengthens" }, { effect: "weakens" }, { effect: "weakens" }],
    unrecognizedChanges: ["Frobnication enabled"],
    expected: false,
    expectedTicket: "",
  });
});

test("a record without a text names no change", () => {
  expect(incidentFields(settingsRecord(null))).toMatchObject({ effect: "unknown", policyRule: "", changes: [] });
});

test("a record of another operation has no such fields", () => {
  expect(incidentFields(settingsRecord("Approval disabled", { operationName: "Add member to role" }))).toBeNull();
});
