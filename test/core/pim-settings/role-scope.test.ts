import { expect, test } from "vitest";
import type { Json } from "../../../src/kql/run/values.ts";
import { roleScopeOf } from "../../../src/core/pim-settings/role-scope.ts";
import { KNOWN_ROLES } from "../../../src/core/pim-settings/roles.ts";
import { GLOBAL_ADMINISTRATOR, settingsRecord } from "./settings-record.ts";

const SUBSCRIPTION = "/subscriptions/dddddddd-1111-4222-8333-444444444444";
const request: Json = { type: "Request", id: "q-1" };
const directory: Json = { type: "Directory", id: "aaaaaaaa-1111-4222-8333-444444444444", displayName: "Fabrikam" };
const role = (displayName: string | null, templateId = "", id = "r-1"): Json => ({
  type: "Role",
  id,
  displayName,
  modifiedProperties: [{ displayName: "TemplateId", newValue: JSON.stringify(templateId), oldValue: null }],
});

interface Case {
  readonly why: string;
  readonly category: string;
  readonly targets: readonly Json[];
  readonly label: string;
  readonly tier: string;
}

test.each<Case>([
  {
    why: "template id and name",
    category: "RoleManagement",
    targets: [GLOBAL_ADMINISTRATOR, request, directory],
    label: "Global Administrator",
    tier: "critical",
  },
  {
    why: "template id before name",
    category: "RoleManagement",
    targets: [role("Administrateur général", "62E90394-69F5-4237-9190-012177145E10")],
    label: "Global Administrator",
    tier: "critical",
  },
  {
    why: "name without template id, not the first target",
    category: "RoleManagement",
    targets: [request, role("privileged role administrator")],
    label: "Privileged Role Administrator",
    tier: "critical",
  },
  {
    why: "former name",
    category: "RoleManagement",
    targets: [role("Company Administrator")],
    label: "Global Administrator",
    tier: "critical",
  },
  {
    why: "the target's own id",
    category: "RoleManagement",
    targets: [role(null, "", "e8611ab8-c189-46e8-94e1-60213ab1f814")],
    label: "Privileged Role Administrator",
    tier: "critical",
  },
  {
    why: "highly privileged",
    category: "RoleManagement",
    targets: [role("User Administrator")],
    label: "User Administrator",
    tier: "controlPlane",
  },
  {
    why: "a subscription beside a directory role is not a scope",
    category: "RoleManagement",
    targets: [GLOBAL_ADMINISTRATOR, { type: "Subscription", id: SUBSCRIPTION }],
    label: "Global Administrator",
    tier: "critical",
  },
  {
    why: "a group beside a directory role is not a scope",
    category: "RoleManagement",
    targets: [GLOBAL_ADMINISTRATOR, { type: "Group", displayName: "sg-admins" }],
    label: "Global Administrator",
    tier: "critical",
  },
  {
    why: "any other role",
    category: "RoleManagement",
    targets: [role("Reports Reader")],
    label: "Reports Reader",
    tier: "standard",
  },
  {
    why: "a role without a name",
    category: "RoleManagement",
    targets: [role(null, "cccccccc-1111-4222-8333-444444444444")],
    label: "role cccccccc-1111-4222-8333-444444444444",
    tier: "standard",
  },
  { why: "no role at all", category: "RoleManagement", targets: [], label: "an unnamed role", tier: "controlPlane" },
  {
    why: "group",
    category: "GroupManagement",
    targets: [role("Member"), request, { type: "Group", id: "g-1", displayName: "sg-admins" }],
    label: "Member of group sg-admins",
    tier: "controlPlane",
  },
  {
    why: "group without a name",
    category: "GroupManagement",
    targets: [role("Owner"), { type: "Group", id: "g-1" }],
    label: "Owner of group g-1",
    tier: "controlPlane",
  },
  {
    why: "group whose target has another type",
    category: "GroupManagement",
    targets: [role("Member"), request, { type: "Other", id: "g-1", displayName: "sg-admins" }, directory],
    label: "Member of group sg-admins",
    tier: "controlPlane",
  },
  {
    why: "group named like a role",
    category: "GroupManagement",
    targets: [role("Member"), { type: "Group", displayName: "Global Administrator" }],
    label: "Member of group Global Administrator",
    tier: "controlPlane",
  },
  {
    why: "group under the category of resources",
    category: "ResourceManagement",
    targets: [role("Member"), { type: "Group", displayName: "sg-admins" }],
    label: "Member of group sg-admins",
    tier: "controlPlane",
  },
  {
    why: "Azure, path as id",
    category: "ResourceManagement",
    targets: [role("Owner"), { type: "Subscription", id: SUBSCRIPTION, displayName: "prod" }],
    label: `Owner on ${SUBSCRIPTION}`,
    tier: "controlPlane",
  },
  {
    why: "Azure, path as name",
    category: "ResourceManagement",
    targets: [
      role("Reader"),
      { type: "Other", id: "x", displayName: "/providers/Microsoft.Management/managementGroups/root" },
    ],
    label: "Reader on /providers/Microsoft.Management/managementGroups/root",
    tier: "standard",
  },
  {
    why: "Azure, subscription by its guid",
    category: "ResourceManagement",
    targets: [role("Reader"), { type: "Subscription", id: SUBSCRIPTION.slice(15) }],
    label: `Reader on ${SUBSCRIPTION}`,
    tier: "standard",
  },
  {
    why: "Azure, path of the role definition only",
    category: "ResourceManagement",
    targets: [
      role(
        "Custom",
        "",
        `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635`,
      ),
    ],
    label: `Custom on ${SUBSCRIPTION}`,
    tier: "controlPlane",
  },
  {
    why: "Azure, no scope",
    category: "ResourceManagement",
    targets: [role("Owner")],
    label: "Owner on an unnamed Azure scope",
    tier: "controlPlane",
  },
])("$why: $label", ({ category, targets, label, tier }) => {
  const record = settingsRecord("", { properties: { category, targetResources: targets } });
  expect(roleScopeOf(record)).toMatchObject({ label, tier });
});

test("the list of known roles has each name and template id once", () => {
  expect(new Set(KNOWN_ROLES.map(({ name }) => name)).size).toBe(KNOWN_ROLES.length);
  expect(new Set(KNOWN_ROLES.map(({ templateId }) => templateId)).size).toBe(KNOWN_ROLES.length);
  for (const { templateId } of KNOWN_ROLES) expect(templateId).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
