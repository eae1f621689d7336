import { compileAllRules, type SourcedRule } from "../src/sentinel/compile-rules.ts";
import { readOverlay } from "../src/sentinel/overlay/overlay.ts";
import { withVariables } from "../src/sentinel/overlay/overlay-query.ts";

/**
 * What `infra/queries/alerts/missed.kql` must hold: the query of every rule that is switched on, with its overlay's
 * variables and exclusions, over AuditLogs, less the records that pimwatch has made an incident of.
 *
 * Half an hour is left for the record to reach the hub and the incident to reach Log Analytics. An alert's query sees
 * two days at most, so the incidents of the last two are held against the records of the last.
 *
 * @throws {UsageError} when a rule does not compile
 */
export async function missedQuery(rulesDirectory: string): Promise<string> {
  const { sourced } = await compileAllRules(rulesDirectory);
  const active = sourced.filter(({ rule }) => rule.disabled === undefined);
  const judged = active.filter(yieldsTheRecordsId);
  if (judged.length === 0) return NOTHING;
  const skipped = active.filter((rule) => !judged.includes(rule));
  const definitions = judged.map(
    (source, index) => `// ${source.rule.name}\nlet Rule${index + 1} = () {\n${indented(queryOf(source))}\n};\n`,
  );
  const branches = judged.map(
    ({ rule: { id, name } }, index) =>
      `    (Rule${index + 1} | extend RuleId = ${quoted(id)}, RuleName = ${quoted(name)} | project TimeGenerated, RuleId, RuleName, OperationName, AuditLogId = Id)`,
  );
  return `// Generated from rules/ by \`npm run generate\`: Sentinel's own query judges pimwatch. What is listed was in AuditLogs half
// an hour ago and is no incident: it was missed here, or it never reached the hub.
${skipped.map(({ rule }) => `// Not judged, since its result does not name the record: ${rule.name}\n`).join("")}${definitions.join("")}union
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

/** Where no rule can be judged; with the columns that the alert is split by. */
const NOTHING = `// Generated from rules/ by \`npm run generate\`: no rule that is switched on names its records, so nothing is judged.
datatable(TimeGenerated: datetime, RuleId: string, RuleName: string, OperationName: string, AuditLogId: string) []
`;

/** What the branches of the union read of a rule's result. */
const NEEDED = ["TimeGenerated", "OperationName", "Id"];

function yieldsTheRecordsId({ rule }: SourcedRule): boolean {
  const columns = new Set(rule.plan.columns.map(({ name }) => name));
  return NEEDED.every((name) => columns.has(name));
}

function queryOf({ rule, files }: SourcedRule): string {
  const overlay = files.overlay === undefined ? undefined : readOverlay(files.overlay).read;
  const exclusions = (overlay?.overlay.exclude ?? []).map((each) => (typeof each === "string" ? each : each.when));
  // A condition that is null is not true, so it excludes nothing.
  const filters = exclusions.map((condition) => `| where not(coalesce(${condition.trim()}, false))`);
  return [withVariables(rule.query, overlay).text.trim(), ...filters].join("\n");
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
