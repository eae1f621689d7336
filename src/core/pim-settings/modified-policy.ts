import { propertiesOf } from "../event/audit-log.ts";
import { valueText } from "../value-text.ts";
import { type DiagnosticRecord, isRecord } from "../event/event-body.ts";
import type { Changes, Finding } from "./finding.ts";

const POLICY_RULE = /^(?:Enablement|Expiration|Approval|AuthenticationContext|Notification)_\w{1,100}$/;

interface ModifiedRule {
  readonly rule: string;
  readonly oldValue: string;
  readonly newValue: string;
}

/**
 * Adds the policy rules in the targets' modified properties. The events published so far describe the role there, not the
 * settings; this is for the day when they do. A rule that the text names gets its old value from here. Any other rule
 * becomes a finding with unknown direction.
 */
export function withModifiedProperties(changes: Changes, record: DiagnosticRecord): Changes {
  const rules = modifiedRules(record);
  if (rules.length === 0) return changes;
  const named = new Map<string, number>();
  for (const { setting } of changes.findings) named.set(setting, (named.get(setting) ?? 0) + 1);
  // If a rule is listed twice, its first entry counts.
  const oldValues = new Map(rules.toReversed().map(({ rule, oldValue }) => [rule, oldValue]));
  const findings = changes.findings.map((finding) => {
    const oldValue = named.get(finding.setting) === 1 ? oldValues.get(finding.setting) : undefined;
    return oldValue === undefined || finding.oldValue !== null ? finding : { ...finding, oldValue };
  });
  const added = rules.filter(({ rule }) => !named.has(rule)).map(toFinding);
  return { ...changes, findings: [...findings, ...added] };
}

function toFinding({ rule, oldValue, newValue }: ModifiedRule): Finding {
  return {
    setting: rule,
    settingName: `Policy rule ${rule}`,
    newValue,
    oldValue,
    effect: "unknown",
    weight: "medium",
    reason: "The event lists the rule among the modified properties, but its text does not say what changed.",
    summary: `Policy rule ${rule} changed`,
    baselines: [],
    wording: "inferred",
    source: "https://learn.microsoft.com/graph/identity-governance-pim-rules-overview",
    text: `${rule}: ${oldValue} -> ${newValue}`,
  };
}

function modifiedRules(record: DiagnosticRecord): ModifiedRule[] {
  const targets = propertiesOf(record)["targetResources"];
  if (!Array.isArray(targets)) return [];
  return targets
    .filter(isRecord)
    .flatMap((target) =>
      Array.isArray(target["modifiedProperties"]) ? target["modifiedProperties"].filter(isRecord) : [],
    )
    .filter((property) => POLICY_RULE.test(valueText(property["displayName"])))
    .map((property) => ({
      rule: valueText(property["displayName"]),
      oldValue: unquoted(valueText(property["oldValue"])),
      newValue: unquoted(valueText(property["newValue"])),
    }));
}

/** Values of modified properties are JSON texts. */
function unquoted(value: string): string {
  return value.replace(/^"(.*)"$/s, "$1");
}
