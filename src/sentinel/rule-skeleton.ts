import { stringify } from "yaml";
import type { DiagnosticRecord } from "../core/event/event-body.ts";
import { hasWindow, type Rule } from "../core/incident/rule.ts";
import { attackMatrix } from "./attack-techniques.ts";
import { changedRecord } from "./changed-record.ts";
import { HEADINGS } from "./guide.ts";
import { likelyValues } from "./likely-values.ts";
import { conditionsOf } from "./rule-conditions.ts";

/** A guide.md to fill in, with everything that the rule itself says. */
export function guideSkeleton(rule: Rule): string {
  const links = [...rule.query.matchAll(/https?:\/\/\S+/g), ...rule.description.matchAll(/https?:\/\/[^\s'")]+/g)];
  const techniques = rule.techniques.map((id) => {
    const name = attackMatrix().techniques.get(id)?.name ?? "";
    return `- [${id}${name === "" ? "" : `, ${name}`}](https://attack.mitre.org/techniques/${id.replace(".", "/")}/)`;
  });
  const sections: Readonly<Record<(typeof HEADINGS)[number], string>> = {
    "Hunting hypothesis": rule.description || "To be written: what an adversary does that this rule finds.",
    "Required data sources": "- `AuditLogs` of Microsoft Entra ID, exported by a diagnostic setting.",
    "MITRE ATT&CK context":
      [...rule.tactics.map((tactic) => `- Tactic: ${tactic}`), ...techniques].join("\n") || "- The rule names none.",
    References:
      [...new Set(links.map(([link]) => `- <${link}>`))].join("\n") || "- To be written: the source of the idea.",
    "False positive guidance": "To be written: who does this legitimately, and how to recognize it.",
    Triage: "1. To be written: what to look at first.",
    Response: "1. To be written: what to do if it was not legitimate.",
  };
  return `# ${rule.name}\n\n${HEADINGS.map((heading) => `## ${heading}\n\n${sections[heading]}\n`).join("\n")}`;
}

/** A record with everything that most rules look at, except what this rule looks for. */
const RECORD: DiagnosticRecord = {
  time: "2026-03-04T09:12:41.7904180Z",
  category: "AuditLogs",
  operationName: "Put the operation here",
  tenantId: "aaaaaaaa-1111-4222-8333-444444444444",
  properties: {
    id: "Directory_5d0c2f3e-6a7b-4c8d-9e0f-a1b2c3d4e5f6_AAAAA_1",
    category: "Put the category here",
    result: "success",
    loggedByService: "Core Directory",
    initiatedBy: {
      user: { id: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9", userPrincipalName: "alex.rivera@fabrikam.example" },
    },
    targetResources: [],
    additionalDetails: [],
  },
};

/**
 * A tests.yaml with an event and near misses made of the constants of the rule's query, for a person to check and complete:
 * values that the query computes in another way are missing.
 */
export function testsSkeleton(rule: Rule): string {
  const conditions = hasWindow(rule) ? [] : conditionsOf(rule);
  const { steps } = rule.plan;
  const hit = Object.assign({}, ...conditions.map((condition) => likelyValues(steps, condition, "meets")));
  const misses = conditions.map((condition) => {
    const set = likelyValues(steps, condition, "fails");
    return {
      name: `near miss: all but ${condition.text}`,
      sample: "hit",
      set: Object.keys(set).length > 0 ? set : { operationName: "Put what fails the condition here" },
      misses: condition.text,
    };
  });
  const events = [
    { at: "2026-03-02T08:00:00Z", sample: "hit" },
    { at: "2026-03-02T08:10:00Z", sample: "hit", set: { "properties.id": "Put the other events here" } },
  ];
  const found = {
    name: "the rule finds it",
    ...(hasWindow(rule) ? { events } : { sample: "hit" }),
    expect: { title: rule.name, severity: rule.severity },
  };
  const content = { samples: { hit: changedRecord(RECORD, hit, []) }, tests: [found, ...misses] };
  return `# yaml-language-server: $schema=../tests.schema.json
# Made from the query. Check each value, and replace what it could not tell: \`npx pimwatch test\` says what is missing.
${stringify(content, { lineWidth: 0 })}`;
}
