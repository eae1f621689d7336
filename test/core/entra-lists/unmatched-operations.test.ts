import fc from "fast-check";
import { expect, test } from "vitest";
import pimOperations from "../../../src/core/entra-lists/pim-operations.json" with { type: "json" };
import { unmatchedOperations } from "../../../src/core/entra-lists/unmatched-operations.ts";
import { readyRule } from "../../../src/core/incident/ready-rule.ts";
import { compileRules } from "../../../src/sentinel/compile-rules.ts";
import { settingsChange } from "../../samples.ts";

const { rules } = await compileRules("rules");
const shipped = rules.map((rule) => readyRule(rule));
const seen = unmatchedOperations(shipped);
const record = (operationName: string, properties: Parameters<typeof settingsChange>[1] = {}) =>
  settingsChange({ operationName }, properties);

test.each([
  { why: "unknown, by its category", operation: "Add agent to role", properties: { loggedByService: "Agents" } },
  { why: "unknown, by its service", operation: "Save PIM setting", properties: { category: "GroupManagement" } },
  {
    why: "the category renamed a little",
    operation: "x",
    properties: { category: "Role management", loggedByService: "" },
  },
  {
    why: "the service by its long name",
    operation: "x",
    properties: { category: "Other", loggedByService: "Privileged Identity Management (PIM)" },
  },
  { why: "a change of alerts that no shipped rule looks for", operation: "Update PIM alert setting", properties: {} },
])("$why: $operation is reported", ({ operation, properties }) => {
  expect(seen(record(operation, properties))).toBe(operation);
});

test.each([
  { why: "an activation, which no rule has to find", operation: "Add member to role completed (PIM activation)" },
  { why: "in another case", operation: "ADD MEMBER TO ROLE COMPLETED (PIM ACTIVATION)" },
  { why: "an assignment that a rule names, such as one by PIM itself", operation: "Add member to role" },
  { why: "under a category in which the page does not have it", operation: "Onboarded resource to PIM" },
  {
    why: "of users",
    operation: "Teleport user",
    properties: { category: "UserManagement", loggedByService: "Core Directory" },
  },
])("$why: $operation is not reported", ({ operation, properties }) => {
  expect(seen(record(operation, properties ?? {}))).toBeUndefined();
});

test("an assignment or setting that no rule names any more is reported, as after switching the rule off", () => {
  const others = shipped.filter(({ rule }) => rule.name !== "Role assigned outside of PIM");
  const withoutRule = unmatchedOperations(others);
  expect(withoutRule(record("Add scoped member to role"))).toBe("Add scoped member to role");
  expect(withoutRule(record("Update role setting in PIM"))).toBeUndefined();
  expect(unmatchedOperations([])(record("Update role setting in PIM"))).toBe("Update role setting in PIM");
});

test("a rule that names one assignment does not stand for another whose name begins the same", () => {
  const one = { literals: [{ text: "Add member to role", ignoreCase: true }] };
  const longer = "Add member to role scoped over Restricted Management Administrative Unit";
  expect(unmatchedOperations([one])(record(longer))).toBe(longer);
  const part = { literals: [{ text: "over Restricted", ignoreCase: true }] };
  expect(unmatchedOperations([part])(record(longer))).toBeUndefined();
});

test("a rule that may match anything looks for every known operation", () => {
  expect(unmatchedOperations([{ literals: undefined }])(record("Update role setting in PIM"))).toBeUndefined();
});

test("a record without operationName is named by its activity, or as nameless", () => {
  expect(seen(record("", { activityDisplayName: "Lend role" }))).toBe("Lend role");
  expect(seen(record("", { activityDisplayName: null }))).toBe("(without a name)");
});

test("whatever the name holds, what is reported is short and shows nothing but itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
      const reported = seen(record(`${name}\u{1b}[31m`)) ?? "";
      expect(reported.length).toBeLessThanOrEqual(120);
      // eslint-disable-next-line no-control-regex -- the very characters that must not be there
      expect(reported).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\u2028]/);
    }),
  );
});

test("no operation on Microsoft's page of PIM is unknown", () => {
  const all = Object.values(pimOperations.operations).flat();
  const unknown = all.filter((operation) => seen(record(operation)) !== undefined);
  expect([...new Set(unknown)]).toEqual(["PIM policy removed", "Update PIM alert setting"]);
});
