import { expect, test } from "vitest";
import { assess } from "../../../src/core/pim-settings/assess.ts";
import privilegedRoles from "../../../src/core/entra-lists/privileged-roles.json" with { type: "json" };
import { settingsRecord } from "./settings-record.ts";

const ROLES = Object.entries(privilegedRoles.roles).map(([templateId, name]) => ({ templateId, name }));

function mfaSwitchedOff(displayName: string | null, templateId: string) {
  const modifiedProperties = [{ displayName: "TemplateId", oldValue: '""', newValue: JSON.stringify(templateId) }];
  return assess(
    settingsRecord("Setting changes in this session: MFA on activation requirement disabled.", {
      properties: { targetResources: [{ id: "r-1", type: "Role", displayName, modifiedProperties }] },
    }),
  );
}

// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
test.each(ROLES)("$name is privileged: MFA switched off is P1, by its id or its name", ({ templateId, name }) => {
  const expected = { priority: "P1", scope: { role: name, templateId } };
  expect(mfaSwitchedOff("Rolle in einer anderen Sprache", templateId.toUpperCase())).toMatchObject(expected);
  expect(mfaSwitchedOff(name.toUpperCase(), "")).toMatchObject(expected);
});

test("the template id decides before the name", () => {
  const [reader, administrator] = ["Reports Reader", "Agent ID Administrator"];
  const id = "db506228-d27e-4b7d-95e5-295956d6615f";
  expect(mfaSwitchedOff(reader, id)).toMatchObject({ scope: { role: administrator, tier: "controlPlane" } });
});

test("a role without the label stays a standard role", () => {
  const assessed = mfaSwitchedOff("Reports Reader", "4a5d8f65-41da-4de4-8968-e035b65339cf");
  expect(assessed).toMatchObject({ priority: "P2", scope: { tier: "standard" } });
});

test("the list has the roles for agents and AI, and names its page and date", () => {
  expect(ROLES.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["Agent ID Administrator", "AI Administrator", "AI Reader"]),
  );
  expect(privilegedRoles.source).toMatch(/entra-docs\/blob\/[0-9a-f]{40}\/.*permissions-reference\.md$/);
  expect(privilegedRoles.date).toMatch(/^\d{4}-\d\d-\d\d$/);
});
