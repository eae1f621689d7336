import { compileAllRules } from "../src/compile/compile-rules.ts";

/** What tells one audit record from another in a rule's result. A rule that projects one of these away cannot be judged so. */
const NEEDED = ["TimeGenerated", "OperationName", "Id"];

/**
 * What `infra/queries/alerts/missed.kql` must hold: the query of every rule in `rules/` that is on and
 * keeps the record's id, as it is, over AuditLogs, less the records that pimwatch has made an incident of.
 *
 * Half an hour is left for the record to reach the hub and the incident to reach Log Analytics. An alert's query sees
 * two days at most, so the incidents of the last two are held against the records of the last.
 */
export async function missedQuery(rulesDirectory: string): Promise<string> {
  const compiled = await compileAllRules(rulesDirectory);
  const rules = compiled.rules.filter(({ disabled, plan }) => {
    const columns = new Set(plan.columns.map(({ name }) => name));
    return disabled !== true && NEEDED.every((name) => columns.has(name));
  });
  const definitions = rules.map(
    ({ name, query }, index) => `// ${name}\nlet Rule${index + 1} = () {\n${indented(query.trim())}\n};\n`,
  );
  const branches = rules.map(
    ({ id, name }, index) =>
      `    (Rule${index + 1} | extend RuleId = ${quoted(id)}, RuleName = ${quoted(name)} | project TimeGenerated, RuleId, RuleName, OperationName, AuditLogId = Id)`,
  );
  return `// Generated from rules/ by \`npm run generate\`: Sentinel's own query judges pimwatch. What is listed was in AuditLogs half
// an hour ago and is no incident: it was missed here, or it never reached the hub.
${definitions.join("")}union
${branches.join(",\n")}
| where TimeGenerated between (ago(1d) .. ago(30m))
| join kind=leftanti (
    PimwatchIncidents_CL
    | where TimeGenerated > ago(2d)
    | distinct RuleId, AuditLogId
    )
    on RuleId, AuditLogId
`;
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : `    ${line}`))
    .join("\n");
}

/** A string of KQL: its escapes are those of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
