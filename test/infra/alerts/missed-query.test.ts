import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { missedQuery } from "../../../scripts/missed-query.ts";
import { bindQuery } from "../kusto-workspace.ts";

const RULE = "changes-to-pim-settings";
const OUTPUT = ["TimeGenerated", "RuleId", "RuleName", "OperationName", "AuditLogId"];

test("an exclusion of the overlay is not missed, and a null one excludes nothing", async () => {
  const query = await missedQuery(
    await rulesWith({ "overlay.yaml": `exclude:\n  - InitiatingUserPrincipalName =~ "svc@contoso.example"\n` }),
  );

  expect(query).toContain('| where not(coalesce(InitiatingUserPrincipalName =~ "svc@contoso.example", false))');
  expect(bindQuery(query)).toMatchObject({ problems: [] });
  expect(bindQuery(query).columns.map(({ name }) => name)).toEqual(expect.arrayContaining(OUTPUT));
});

test("a disabled rule is not judged; if it is the only one, nothing is judged", async () => {
  const query = await missedQuery(await rulesWith({ "overlay.yaml": "enabled: false\n" }));

  expect(query).not.toContain("let Rule1");
  expect(bindQuery(query)).toMatchObject({ problems: [] });
  expect(bindQuery(query).columns.map(({ name }) => name)).toEqual(OUTPUT);
});

test.each([
  {
    why: "its result does not name the record",
    query: ["AuditLogs", '| where OperationName =~ "Delete user"', "| project TimeGenerated, OperationName"],
  },
  {
    why: "it needs several events",
    query: [
      "let Earlier = AuditLogs | where TimeGenerated < ago(1h) | project Id;",
      "AuditLogs",
      "| where Id !in (Earlier)",
    ],
  },
])("a rule is listed as not judged, because $why", async ({ why, query: lines }) => {
  const directory = await rulesWith({});
  const text = `id: 11111111-2222-4333-8444-555555555555
name: Names only
description: For a test
severity: Low
requiredDataConnectors: [{ connectorId: AzureActiveDirectory, dataTypes: [AuditLogs] }]
queryFrequency: 1d
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 0
tactics: [Impact]
relevantTechniques: [T1531]
query: |
${lines.map((line) => `  ${line}`).join("\n")}
entityMappings: []
version: 1.0.0
kind: Scheduled
`;
  await mkdir(join(directory, "names-only"));
  await writeFile(join(directory, "names-only/rule.yaml"), text);

  const query = await missedQuery(directory);

  expect(query).toContain(`// Not judged, because ${why}: Names only`);
  expect(query.match(/^let /gm)).toHaveLength(1);
  expect(bindQuery(query).problems).toEqual([]);
});

/** A folder with only our rule, plus these files. */
async function rulesWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-rules-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await cp(`rules/${RULE}`, join(directory, RULE), { recursive: true });
  await rm(join(directory, RULE, "tests.yaml"), { force: true });
  await rm(join(directory, RULE, "overlay.yaml"), { force: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, RULE, name), content);
  return directory;
}
