import { readEventBody } from "../../../src/core/event/event-body.ts";
import type { StoredIncident } from "../../../src/core/incident/incident-row.ts";
import { readyRule } from "../../../src/core/incident/ready-rule.ts";
import { withChange } from "../../../src/core/triage/triage-change.ts";
import { formatProblem } from "../../../src/kql/compile/problem.ts";
import { compileRule } from "../../../src/sentinel/compile-rule.ts";
import type { SourcedRule } from "../../../src/sentinel/compile-rules.ts";
import type { RuleFiles } from "../../../src/sentinel/rule-files.ts";
import { judge } from "../../../src/workflows/detection/judge-record.ts";
import { ruleText } from "../../sentinel/rule-text.ts";

const QUERY = `AuditLogs
| where Category =~ "RoleManagement"
| extend InitiatingAadUserId = tostring(InitiatedBy.user.id)
| extend InitiatingUserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
| extend InitiatingIPAddress = tostring(InitiatedBy.user.ipAddress)
| extend RoleName = tostring(TargetResources[0].displayName)`;

export const TUNED_RULE = ruleText({ query: QUERY });

/** A rule with actor, address and role, and its overlay. */
export function tunedRule(overlay?: string, text = TUNED_RULE): SourcedRule {
  const files: RuleFiles = {
    name: "tuned",
    rule: { name: "rules/tuned/rule.yaml", text },
    ...(overlay !== undefined && { overlay: { name: "rules/tuned/overlay.yaml", text: overlay } }),
  };
  const { rule, problems } = compileRule(text, files.rule.name, files);
  if (rule === undefined) throw new Error(problems.map(formatProblem).join("\n"));
  return { rule, files };
}

export const CLASSIFICATIONS = ["TruePositive", "FalsePositive", "BenignPositive", "Undetermined", "open"] as const;

export interface Past {
  /** Also its name: the number is in the record's id. */
  readonly number: number;
  readonly actor?: string;
  readonly address?: string;
  readonly role?: string;
  readonly operation?: string;
  readonly called: (typeof CLASSIFICATIONS)[number];
}

const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";

/** An incident as the app stores it and an analyst closes it. */
export function pastIncident(past: Past, { rule }: SourcedRule = tunedRule()): StoredIncident {
  const {
    number,
    actor = "alex",
    address = "192.0.2.7",
    role = "Reports Reader",
    operation = "Update role",
    called,
  } = past;
  const time = new Date(Date.UTC(2026, 10, 1, 9, number)).toISOString();
  const record = JSON.stringify({
    time,
    category: "AuditLogs",
    tenantId: TENANT,
    operationName: operation,
    properties: {
      id: `past-${number}`,
      category: "RoleManagement",
      activityDateTime: time,
      result: "success",
      initiatedBy: {
        user: { id: `id-of-${actor}`, userPrincipalName: `${actor}@fabrikam.example`, ipAddress: address },
      },
      targetResources: [{ id: `id-of-${role}`, displayName: role, type: "Role" }],
    },
  });
  const [source] = readEventBody(new TextEncoder().encode(record)).records;
  if (source === undefined) throw new Error("no record");
  const position = { partitionId: "0", sequenceNumber: number, enqueuedTime: time };
  const { found } = judge(source, position, {
    rules: [readyRule(rule)],
    allowedTenantIds: new Set([TENANT]),
    now: () => new Date(time),
  });
  const [one] = found;
  if (one === undefined) throw new Error("the rule does not find it");
  if (called === "open") return one.incident;
  const change = { status: "Closed", classification: called, comment: "Looked at." } as const;
  const analyst = { name: "noor", id: "", kind: "local" } as const;
  const closed = withChange(one.incident.row, change, { by: analyst, at: new Date("2026-11-20T08:00:00Z") });
  if ("problems" in closed) throw new Error(closed.problems.join());
  return { row: closed.row, record };
}
