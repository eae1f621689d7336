import { type Actor, actorOf } from "../event/audit-activity.ts";
import { propertiesOf, tenantOf } from "../event/audit-log.ts";
import { valueText } from "../value-text.ts";
import type { DiagnosticRecord } from "../event/event-body.ts";
import { isOneOf } from "../identity-key.ts";
import { assessmentText } from "./wording/assessment-text.ts";
import { scopeOfBaseline } from "./baselines.ts";
import { withModifiedProperties } from "./modified-policy.ts";
import { type OverallEffect, overallEffect } from "./effect.ts";
import { type Expectation, type ExpectedChange, expectationOf } from "./expected-changes.ts";
import type { Changes, Finding } from "./finding.ts";
import { isFailure, type Priority, priorityOf } from "./priority.ts";
import { readChanges } from "./read-changes.ts";
import { type RoleScope, roleScopeOf } from "./role-scope.ts";
import { KNOWN_ROLES } from "./roles.ts";
import { SETTINGS } from "./settings.ts";

/** The assessment of a change of PIM role settings. Plain data. */
export interface SettingsAssessment extends Changes, OverallEffect {
  /** The event's text about the change, verbatim. */
  readonly text: string;
  readonly actor: Actor;
  readonly scope: RoleScope;
  readonly result: string;
  readonly failed: boolean;
  readonly expectation: Expectation;
  readonly priority: Priority;
  /** In plain words: "Approval switched off for Global Administrator; CISA MS.AAD.7.6". */
  readonly assessment: string;
}

export interface AssessOptions {
  readonly expectedChanges?: readonly ExpectedChange[];
  /** Whether pimwatch watches one tenant alone. Among several, a planned change must name its tenants. */
  readonly isOnlyTenant?: boolean;
}

const OPERATION = "update role setting in pim";

/** Whether the record is of the operation that this module reads, in any category and case. */
export function isSettingsChange(record: DiagnosticRecord): boolean {
  const names = [record["operationName"], propertiesOf(record)["activityDisplayName"]];
  return names.some((name) => valueText(name).trim().toLowerCase() === OPERATION);
}

/**
 * Assesses a change of PIM role settings: what was changed, whether that weakens the role, how urgent it is.
 *
 * Never throws. The result depends only on the record and the planned changes, so it is the same for every delivery. For a
 * record of another operation the direction is unknown.
 */
export function assess(
  record: DiagnosticRecord,
  { expectedChanges = [], isOnlyTenant = true }: AssessOptions = {},
): SettingsAssessment {
  const reason = changeTextOf(record);
  const actor = actorOf(record);
  const scope = roleScopeOf(record);
  const read = withModifiedProperties(readChanges(reason), record);
  const changes: Changes = {
    ...read,
    findings: read.findings.map((finding) => withoutSelfApproval(forRole(finding, scope), actor)),
  };
  const overall = overallEffect(changes);
  const expectation = expectationOf(expectedChanges, {
    tenant: tenantOf(record),
    isOnlyTenant,
    actor,
    scope,
    changes,
    at: timeOf(record),
  });
  const result = valueText(propertiesOf(record)["result"]);
  const failed = isFailure(result);
  const priority = priorityOf({
    ...overall,
    tier: scope.tier,
    actorType: actor.type,
    failed,
    expected: expectation.expected,
  });
  const assessment = assessmentText({ changes, overall, label: scope.label, failed, expectation });
  return { ...changes, ...overall, text: reason, actor, scope, result, failed, expectation, priority, assessment };
}

/** The first of resultReason and the two resultDescriptions that is not empty: exports fill one or the other. */
function changeTextOf(record: DiagnosticRecord): string {
  const properties = propertiesOf(record);
  const candidates = [properties["resultReason"], record["resultDescription"], properties["resultDescription"]];
  return candidates.map(valueText).find((candidate) => candidate.trim() !== "") ?? "";
}

function timeOf(record: DiagnosticRecord): string {
  return valueText(propertiesOf(record)["activityDateTime"]) || valueText(record["time"]);
}

/** Keeps the baselines for this role. CISA's also apply to a group, which may hold such a role. */
function forRole(finding: Finding, scope: RoleScope): Finding {
  const isRole = (name: string): boolean => KNOWN_ROLES.some((role) => role.name === name && role.name === scope.role);
  const group = scope.kind === "group";
  const applies = {
    all: true,
    privileged: scope.highlyPrivileged || group,
    globalAdministrator: group || isRole("Global Administrator"),
    privilegedRoleAdministrator: group || isRole("Privileged Role Administrator"),
    others: group || (scope.kind === "directory" && !isRole("Global Administrator")),
  };
  return { ...finding, baselines: finding.baselines.filter(({ id }) => applies[scopeOfBaseline(id)]) };
}

/** If the actor is the only approver, the effect is unknown: an attacker would set up exactly that. */
function withoutSelfApproval(finding: Finding, actor: Actor): Finding {
  if (finding.settingName !== SETTINGS.approval.name || finding.effect !== "strengthens") return finding;
  const approvers = finding.newValue
    .replace(/^enabled:? ?/, "")
    .split(/[,;]/)
    .filter((name) => name.trim() !== "");
  const isSelf = isOneOf([actor.label, actor.userPrincipalName, actor.userId, actor.userDisplayName]);
  if (approvers.length === 0 || !approvers.every(isSelf)) return finding;
  const reason = "The only approver is the actor who made the change; the event does not say who approved before.";
  return { ...finding, effect: "unknown", summary: `${finding.summary}, with the actor as the only approver`, reason };
}
