import { valueText } from "../value-text.ts";
import type { IncidentRow } from "../incident/incident-row.ts";
import { isRecord } from "../event/event-body.ts";

/** A call of Microsoft Graph, to be made by a person. */
export interface GraphRequest {
  readonly purpose: string;
  readonly method: "GET" | "PATCH";
  readonly url: string;
  /** JSON text; "" for a GET. */
  readonly body: string;
}

const GRAPH = "https://graph.microsoft.com/v1.0/policies";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * What each rule of a policy should be by the published baselines: Microsoft's guide for PIM, CISA, CIS. What only the
 * tenant can know stands in angle brackets.
 *
 * @see https://learn.microsoft.com/graph/how-to-pim-update-rules
 */
const BASELINE_RULES: Readonly<Record<string, { readonly type: string; readonly fields: object }>> = {
  Enablement_EndUser_Assignment: {
    type: "EnablementRule",
    fields: { enabledRules: ["MultiFactorAuthentication", "Justification"] },
  },
  Enablement_Admin_Assignment: {
    type: "EnablementRule",
    fields: { enabledRules: ["MultiFactorAuthentication", "Justification"] },
  },
  AuthenticationContext_EndUser_Assignment: {
    type: "AuthenticationContextRule",
    fields: { isEnabled: true, claimValue: "<c1 to c99>" },
  },
  Approval_EndUser_Assignment: {
    type: "ApprovalRule",
    fields: {
      setting: {
        isApprovalRequired: true,
        approvalMode: "SingleStage",
        approvalStages: [
          {
            approvalStageTimeOutInDays: 1,
            isApproverJustificationRequired: true,
            primaryApprovers: [
              { "@odata.type": "#microsoft.graph.groupMembers", groupId: "<object id of the approvers' group>" },
            ],
          },
        ],
      },
    },
  },
  Expiration_EndUser_Assignment: {
    type: "ExpirationRule",
    fields: { isExpirationRequired: true, maximumDuration: "PT8H" },
  },
  Expiration_Admin_Assignment: {
    type: "ExpirationRule",
    fields: { isExpirationRequired: true, maximumDuration: "P180D" },
  },
  Expiration_Admin_Eligibility: {
    type: "ExpirationRule",
    fields: { isExpirationRequired: true, maximumDuration: "P365D" },
  },
};

/** Calls that read the policy whose settings the incident is about, and that set back the rules that were weakened. */
export function restoreRequests(row: IncidentRow): GraphRequest[] {
  const filter = isOfDirectory(row) ? directoryRoleFilter(row) : groupFilter(row);
  if (filter === undefined) return [];
  const read: GraphRequest = {
    purpose: "Read the policy as it is now: its id, its rules, and who changed it last",
    method: "GET",
    url: `${GRAPH}/roleManagementPolicyAssignments?$filter=${filter}&$expand=policy($expand=rules)`,
    body: "",
  };
  return [read, ...weakenedRules(row).map(restoreRequest)];
}

/** Whether the policy is one of a directory role. Those of groups and of Azure resources name their scope as the target. */
export function isOfDirectory(row: IncidentRow): boolean {
  return /^(?:role)?$/i.test(valueText(row["TargetResourceType"]));
}

function directoryRoleFilter(row: IncidentRow): string | undefined {
  const role = valueText(row["RoleTemplateId"]) || valueText(row["RoleId"]);
  if (!GUID.test(role)) return undefined;
  return `scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '${role.toLowerCase()}'`;
}

/** The policies of Azure resources are not in Microsoft Graph. */
// https://learn.microsoft.com/graph/api/policyroot-list-rolemanagementpolicyassignments
function groupFilter(row: IncidentRow): string | undefined {
  const [type, group, membership] = ["TargetResourceType", "TargetResourceId", "RoleName"].map((name) =>
    valueText(row[name]).toLowerCase(),
  );
  if (type !== "group" || !GUID.test(group ?? "") || !/^(?:member|owner)$/.test(membership ?? "")) return undefined;
  return `scopeId eq '${group}' and scopeType eq 'Group' and roleDefinitionId eq '${membership}'`;
}

function weakenedRules(row: IncidentRow): string[] {
  const changes = Array.isArray(row["Changes"]) ? row["Changes"].filter(isRecord) : [];
  const rules = changes
    .filter((change) => change["effect"] !== "strengthens")
    .map((change) => valueText(change["setting"]));
  return [...new Set(rules)].filter((rule) => rule in BASELINE_RULES);
}

function restoreRequest(rule: string): GraphRequest {
  const { type, fields } = BASELINE_RULES[rule] ?? { type: "", fields: {} };
  const [, caller = "", level = ""] = rule.split("_");
  const body = {
    "@odata.type": `#microsoft.graph.unifiedRoleManagementPolicy${type}`,
    id: rule,
    ...fields,
    target: { caller, operations: ["All"], level, inheritableSettings: [], enforcedSettings: [] },
  };
  return {
    purpose: `Set ${rule} back to the baseline; compare with your documented configuration first`,
    method: "PATCH",
    url: `${GRAPH}/roleManagementPolicies/{id of the policy}/rules/${rule}`,
    body: JSON.stringify(body, null, 2),
  };
}
