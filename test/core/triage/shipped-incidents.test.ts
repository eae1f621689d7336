// The incidents of every shipped rule, as its samples make them: advice about roles and PIM is for settings of PIM only.
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { AZURE_CLOUDS } from "../../../src/core/azure-clouds.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { toStoredIncident } from "../../../src/core/incident/incident-row.ts";
import { isAboutPimSettings } from "../../../src/core/pim-settings/role-tiers.ts";
import { investigationOf } from "../../../src/core/triage/investigation.ts";
import { targetChanges } from "../../../src/core/triage/target-changes.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import { toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { compileRules } from "../../../src/sentinel/compile-rules.ts";
import { bindQuery } from "../../infra/kusto-workspace.ts";
import { incidentOf } from "../../shipped-rule.ts";

const RULES = fileURLToPath(new URL("../../../rules", import.meta.url));
const { rules } = await compileRules(RULES);
const names = (await readdir(`${RULES}/samples`)).filter((name) => name.endsWith(".json"));
const samples = await Promise.all(
  names.map(async (name): Promise<DiagnosticRecord> => JSON.parse(await readFile(`${RULES}/samples/${name}`, "utf8"))),
);

const incidents = rules.flatMap((rule) =>
  samples
    .filter((record) => prepare(rule.plan)(toAuditLogRow(record)).length > 0)
    .map((record) => ({ rule, name: rule.name, ...toStoredIncident(incidentOf(record, { rule }), "created") })),
);
const OF_SETTINGS = new Set(["Changes to PIM Settings", "Changes to PIM for Groups settings"]);
const PIM = /\bPIM\b|Privileged Identity/;

test("every shipped rule has a sample", () => {
  expect(new Set(incidents.map(({ name }) => name))).toEqual(new Set(rules.map(({ name }) => name)));
});

describe.each(incidents)("$name", ({ rule, name, row, record }) => {
  const investigation = investigationOf(row, AZURE_CLOUDS.AzureCloud.portals);
  const isOfSettings = OF_SETTINGS.has(name);

  test("links, questions and requests speak of roles and PIM only if it is about settings of PIM", () => {
    expect(isAboutPimSettings(row)).toBe(isOfSettings);
    const said = JSON.stringify(investigation);
    expect({ said: /\brole|\bPIM\b|Privileged Identity/i.test(said), graph: investigation.graph.length > 0 }).toEqual({
      said: isOfSettings,
      graph: isOfSettings,
    });
    expect(PIM.test(JSON.stringify(rule.guide))).toBe(PIM.test(name));
  });

  test("each query is bound by Kusto's own parser", () => {
    expect(investigation.queries.length).toBeGreaterThanOrEqual(4);
    expect(investigation.queries.flatMap(({ kql }) => bindQuery(kql).problems)).toEqual([]);
  });

  test("every target of the record is shown", () => {
    const targets = Array.isArray(row["TargetResources"]) ? row["TargetResources"] : [];
    expect(targetChanges(row, record)).toHaveLength(targets.length);
  });
});

function changesOf(name: string) {
  const found = incidents.find((incident) => incident.name === name);
  if (found === undefined) throw new Error(name);
  return targetChanges(found.row, found.record);
}

test("of a Conditional Access policy, the parts that differ are shown", () => {
  expect(changesOf("Conditional Access policy changed")).toMatchObject([
    {
      type: "Policy",
      name: "Require MFA for all users",
      changes: [
        { name: "ConditionalAccessPolicy › state", before: ["enabled"], after: ["disabled"] },
        {
          name: "ConditionalAccessPolicy › conditions › users › excludeUsers",
          before: [],
          after: ["0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9"],
        },
      ],
    },
  ]);
});

test("of an application, the added credential is shown, and that the other one stayed", () => {
  expect(changesOf("Credential added to an application")).toMatchObject([
    {
      changes: [
        { name: "KeyDescription", before: [], after: [expect.stringContaining("DisplayName=deploy")], kept: 1 },
        { name: "Included Updated Properties", before: [], after: ["KeyDescription"] },
      ],
    },
  ]);
});
