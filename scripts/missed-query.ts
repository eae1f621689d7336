import { hasWindow, type Rule } from "../src/core/incident/rule.ts";
import { compileAllRules, type SourcedRule } from "../src/sentinel/compile-rules.ts";
import { readOverlay } from "../src/sentinel/overlay/overlay.ts";
import { withVariables } from "../src/sentinel/overlay/overlay-query.ts";

/**
 * The content of `infra/queries/alerts/detection/missed.kql`: the query of every enabled rule, with its overlay's
 * variables and exclusions, over AuditLogs, minus the records that are incidents already.
 *
 * A rule over several events is left out, because its query looks back from the time at which it runs.
 *
 * The record has half an hour to reach the hub, and its incident to reach Log Analytics. An alert's query sees at most
 * two days, so it compares the records of one day with the incidents of two.
 *
 * @throws {UsageError} if a rule does not compile
 */
export async function missedQuery(rulesDirectory: string): Promise<string> {
  const { sourced } = await compileAllRules(rulesDirectory);
  const active = sourced.filter(({ rule }) => rule.disabled === undefined);
  const judged = active.filter(({ rule }) => !hasWindow(rule) && yieldsTheRecordsId(rule));
  if (judged.length === 0) return NOTHING;
  const unjudged = active.filter((rule) => !judged.includes(rule));
  const definitions = judged.map(
    (source, index) => `// ${source.rule.name}\nlet Rule${index + 1} = () {\n${indented(queryOf(source))}\n};\n`,
  );
  const branches = judged.map(
    ({ rule: { id, name } }, index) =>
      `    (Rule${index + 1} | extend RuleId = ${quoted(id)}, RuleName = ${quoted(name)} | project TimeGenerated, RuleId, RuleName, OperationName, AuditLogId = Id)`,
  );
  return `// Generated from rules/ by \`npm run generate\`: Sentinel's own queries judge pimwatch. A listed record was in AuditLogs
// half an hour ago but is not an incident: pimwatch missed it, or it never reached the hub.
${unjudged.map(({ rule }) => `// Not judged, because ${reasonOf(rule)}: ${rule.name}\n`).join("")}${definitions.join("")}union
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

/** The query if no rule can be judged. It has the columns that the alert is split by. */
const NOTHING = `// Generated from rules/ by \`npm run generate\`: no enabled rule names its records, so nothing is judged.
datatable(TimeGenerated: datetime, RuleId: string, RuleName: string, OperationName: string, AuditLogId: string) []
`;

/** The columns of a rule's result that the union reads. */
const NEEDED = ["TimeGenerated", "OperationName", "Id"];

function yieldsTheRecordsId(rule: Rule): boolean {
  const columns = new Set(rule.plan.columns.map(({ name }) => name));
  return NEEDED.every((name) => columns.has(name));
}

function reasonOf(rule: Rule): string {
  return hasWindow(rule) ? "it needs several events" : "its result does not name the record";
}

function queryOf({ rule, files }: SourcedRule): string {
  const overlay = files.overlay === undefined ? undefined : readOverlay(files.overlay).read;
  const exclusions = (overlay?.overlay.exclude ?? []).map((each) => (typeof each === "string" ? each : each.when));
  // A null condition excludes nothing.
  const filters = exclusions.map((condition) => `| where not(coalesce(${condition.trim()}, false))`);
  return [withVariables(rule.query, overlay).text.trim(), ...filters].join("\n");
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : `    ${line}`))
    .join("\n");
}

/** A KQL string, which has JSON's escapes. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
