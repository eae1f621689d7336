import fc from "fast-check";
import { expect, test } from "vitest";
import { AZURE_CLOUDS } from "../../../src/core/azure-clouds.ts";
import { investigationOf, kqlText } from "../../../src/core/triage/investigation.ts";
import { bindQuery } from "../../infra/kusto-workspace.ts";
import { storedIncident } from "../../stored-incident.ts";

const TEMPLATE = "62e90394-69f5-4237-9190-012177145e10";
/** About settings of PIM, since it has a tier. */
const row = { ...storedIncident().row, RoleTier: "critical" };
const PORTALS = AZURE_CLOUDS.AzureCloud.portals;
const HOSTILE = `x"; AuditLogs | take 1 //\u202e\\\r\n'`;

test("each question's query is bound by Kusto's own parser", () => {
  const { queries } = investigationOf({ ...row, RoleTemplateId: TEMPLATE }, PORTALS);
  expect(queries.map(({ question, kql }) => ({ question, problems: bindQuery(kql).problems }))).toEqual([
    { question: expect.stringContaining("What else did the actor do"), problems: [] },
    { question: expect.stringContaining("just activated a role of their own"), problems: [] },
    { question: expect.stringContaining("Who else signed in from this address"), problems: [] },
    { question: expect.stringContaining("assigned or activated the role since"), problems: [] },
    { question: expect.stringContaining("Which other settings of this role"), problems: [] },
  ]);
});

test("names stay texts in the queries, whatever they hold", () => {
  const names = ["InitiatedByUserId", "ClientIpAddress", "RoleName", "RoleId", "RoleTemplateId", "ActivityDateTime"];
  const { queries } = investigationOf({ ...row, ...Object.fromEntries(names.map((name) => [name, HOSTILE])) }, PORTALS);
  expect(queries.flatMap(({ kql }) => bindQuery(kql).problems)).toEqual([]);
});

test("a literal of any text is one literal of that text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { syntax, problems } = bindQuery(`print x = ${kqlText(text)}`);
      expect(problems).toEqual([]);
      expect(literalsIn(syntax)).toEqual([text.toWellFormed()]);
    }),
    { numRuns: 300 },
  );
});

function literalsIn(node: ReturnType<typeof bindQuery>["syntax"]): unknown[] {
  if (node.ChildCount === 0) return [];
  const own = typeof node.LiteralValue === "string" ? [node.LiteralValue] : [];
  if (own.length > 0) return own;
  return Array.from({ length: node.ChildCount }, (_, index) => node.GetChild(index)).flatMap((child) =>
    child === null ? [] : literalsIn(child),
  );
}

test("the policy of a role is read, and what was weakened is set back, rule by rule", () => {
  const changes = [
    { setting: "Approval_EndUser_Assignment", effect: "weakens" },
    { setting: "Expiration_EndUser_Assignment", effect: "strengthens" },
    { setting: "Notification_Admin_EndUser_Assignment", effect: "weakens" },
    { setting: "Approval_EndUser_Assignment", effect: "weakens" },
  ];
  const { graph } = investigationOf({ ...row, RoleTemplateId: TEMPLATE, Changes: changes }, PORTALS);
  expect(graph.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `GET https://graph.microsoft.com/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '${TEMPLATE}'&$expand=policy($expand=rules)`,
    "PATCH https://graph.microsoft.com/v1.0/policies/roleManagementPolicies/{id of the policy}/rules/Approval_EndUser_Assignment",
  ]);
  expect(JSON.parse(graph[1]?.body ?? "")).toMatchObject({
    "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
    setting: { isApprovalRequired: true },
    target: { caller: "EndUser", level: "Assignment" },
  });
});

test("without a role's id there is nothing to call, and links lead to fixed hosts with ids only", () => {
  const hostile = { ...row, RoleTemplateId: HOSTILE, RoleId: HOSTILE, InitiatedByUserId: "javascript:alert(1)" };
  const { graph, links } = investigationOf(hostile, PORTALS);
  expect(graph).toEqual([]);
  expect(links.map(({ href }) => new URL(href).host)).toEqual(["entra.microsoft.com", "security.microsoft.com"]);
});

test("the policy of a group is read by group and kind of membership, and one of an Azure resource not at all", () => {
  const group = "d8e9f0a1-b2c3-4d4e-bf56-0718293a4b5c";
  const ofGroup = { ...row, TargetResourceType: "Group", TargetResourceId: group, RoleName: "Member" };
  const { graph, links } = investigationOf(ofGroup, PORTALS);
  expect(graph[0]?.url).toContain(
    `?$filter=scopeId eq '${group}' and scopeType eq 'Group' and roleDefinitionId eq 'member'&`,
  );
  expect(links.map(({ label }) => label)).not.toContain("Roles in Privileged Identity Management");
  const ofAzure = { ...row, RoleTemplateId: TEMPLATE, TargetResourceType: "Subscription" };
  expect(investigationOf(ofAzure, PORTALS).graph).toEqual([]);
  expect(investigationOf({ ...ofGroup, TargetResourceId: HOSTILE }, PORTALS).graph).toEqual([]);
});

test("links lead to the portals of the app's own cloud", () => {
  const { links } = investigationOf(row, AZURE_CLOUDS.AzureUSGovernment.portals);
  const hosts = links.map(({ href }) => new URL(href).host).filter((host) => host !== "learn.microsoft.com");
  expect(new Set(hosts)).toEqual(new Set(["entra.microsoft.us", "security.microsoft.us"]));
});
