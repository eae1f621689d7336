import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BICEP_VERSION } from "../../scripts/bicep.ts";
import { bindQuery } from "./kusto-workspace.ts";
import { at, ofType, variant, VARIANTS } from "./predicted-resources.ts";
import { rightsIn } from "./rights.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
/** The documents of the root and of docs/. */
const DOCUMENTS = ["", "docs/"].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).flatMap((file) => (file.endsWith(".md") ? [`${folder}${file}`] : [])),
);
const deployGuide = read("docs/deploy.md");
const runbook = read("docs/runbook.md");
const parameterFile = read("infra/main.bicepparam");

test("the guide names every parameter, and the variable that sets it", () => {
  const declared = [...read("infra/main.bicep").matchAll(/^param (\w+)/gm)].map(([, name]) => name);
  const variables = new Map(
    [...parameterFile.matchAll(/^param (\w+) =[^]*?readEnvironmentVariable\(\s*'(\w+)'/gm)].map(
      ([, name, variable]) => [name, variable],
    ),
  );
  const [, section = ""] = deployGuide.split("\n## Parameters\n");
  const [parameters = ""] = section.split("\n### ");
  const rows = [...parameters.matchAll(/^\| `(\w+)` +\| +(?:`(\w+)`)? +\|/gm)].map(([, name, variable]) => ({
    name,
    variable,
  }));

  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(declared));
  expect(rows).toHaveLength(declared.length);
  for (const { name, variable } of rows) expect(variable, name).toBe(variables.get(name));
});

/** The guide's names for the scopes of rights. */
const SCOPES: Readonly<Record<string, string>> = {
  "the hub": "eventhubs/insights-logs-auditlogs",
  "storage account of the host": "storageAccounts/pimhost",
  "table `incidents`": "tables/incidents",
  "table `ledger`": "tables/ledger",
  "table `kept`": "tables/kept",
  "blob container `dead-letters`": "containers/dead-letters",
  "blob container `backups`": "containers/backups",
  "data collection rule": "dataCollectionRules/pimwatch-incidents",
  "Application Insights": "components/pimwatch-insights",
};

/** The rows of the first table after a sentence, without its head. */
function tableAfter(document: string, sentence: string): string[][] {
  const start = document.indexOf(sentence);
  expect(start, sentence).toBeGreaterThanOrEqual(0);
  const [table = ""] = /(?:^\|.*\n)+/m.exec(document.slice(start)) ?? [];
  const rows = table.trim().split("\n").slice(2);
  return rows.map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | *\|$/g, "").trim()));
}

test("the guide lists all rights of the identity", () => {
  const rows = tableAfter(deployGuide, "What the app's identity may do");

  expect(rows.map(([scope = "", role]) => ({ scope: SCOPES[scope] ?? scope, role }))).toEqual(
    rightsIn("main").map(({ scope, role }) => ({ scope, role })),
  );
});

test("the guide says for each step which rights it needs: those of operators are what the template gives them", () => {
  const steps = new Map(
    tableAfter(deployGuide, "What each step needs").map(([step = "", rights = ""]) => [step, rights]),
  );
  const rightsOf = (words: string) => [...steps].find(([step]) => step.startsWith(words))?.[1] ?? "";
  const [given = ""] = rightsOf("operate:").split(". The template gives them");
  const theirs = rightsIn("everything").filter(({ principalType }) => principalType === "User");
  const scopes = new Map(
    Object.entries(SCOPES).map(([words, scope]) => [
      scope,
      words.replace("blob container `dead-letters`", "dead letters"),
    ]),
  );

  expect(theirs.length).toBeGreaterThan(2);
  for (const { role, scope } of theirs) {
    expect(given).toMatch(new RegExp(`${role} on (?:the )?[^,]*${scopes.get(scope) ?? "?"}`));
  }
  expect(given.match(/[A-Z][\w ]+(?= on )/g)).toHaveLength(theirs.length);
  for (const action of whatIfActions()) expect(rightsOf("preview")).toContain(`\`${action}\``);
  expect(rightsOf("create or remove the tenant's")).toContain("authorizationRules/listkeys/action");
});

/** The actions of the role that the guide gives the application of what-if. */
function whatIfActions(): string[] {
  const [definition = "{}"] = /(?<=az role definition create --role-definition ')\{.*\}(?=')/.exec(deployGuide) ?? [];
  return JSON.parse(definition).Actions;
}

test("the runbook has a section for each alert and no others", () => {
  const alerts = VARIANTS.flatMap((deployment) => [
    ...ofType(deployment, "Microsoft.Insights/scheduledQueryRules"),
    ...ofType(deployment, "Microsoft.Insights/metricAlerts"),
  ]).map(({ name }) => name.replace(/^pimwatch-[a-z0-9]{13}-/, ""));

  expect(new Set([...runbook.matchAll(/^## (\S+)$/gm)].map(([, name]) => name))).toEqual(new Set(alerts));
  const [contents = ""] = runbook.split("\n## ");
  expect(new Set([...contents.matchAll(/\]\(#([\w-]+)\)/g)].map(([, name]) => name))).toEqual(new Set(alerts));
});

test("the runbook says who is called for each severity, and names alerts beside the severity that they have", () => {
  const severities = new Map(
    VARIANTS.flatMap((deployment) => [
      ...ofType(deployment, "Microsoft.Insights/scheduledQueryRules"),
      ...ofType(deployment, "Microsoft.Insights/metricAlerts"),
    ]).map(({ name, properties }) => [name.replace(/^pimwatch-[a-z0-9]{13}-/, ""), Number(at(properties, "severity"))]),
  );
  const [, section = ""] = runbook.split("\n## Who is called, and when\n");
  const rows = tableAfter(section.slice(section.indexOf("| severity, alert")), "| severity, alert").map(
    ([cell = ""]) => ({
      levels: [...cell.matchAll(/\b\d\b/g)].map(Number),
      alerts: [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name),
    }),
  );

  expect(new Set(rows.flatMap(({ levels }) => levels))).toEqual(new Set(severities.values()));
  for (const { levels, alerts } of rows)
    for (const name of alerts) expect(levels, name).toContain(severities.get(name));
});

test("every query in the documents is valid for the tables it reads", () => {
  const inline = /`((?:Pimwatch\w+\(\)|AuditLogs|App[A-Z]\w+|DCRLogErrors|Usage) \|[^`]+)`/g;
  const block = /```kusto\n([^]*?)```/g;
  const queries = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(inline), ...read(file).matchAll(block)].map(([, query = ""]) => ({ file, query })),
  );

  expect(queries.length).toBeGreaterThan(10);
  for (const { file, query } of queries) expect(bindQuery(query).problems, `${file}: ${query}`).toEqual([]);
});

test("func is always told the language: dist/ has no local.settings.json that says so", () => {
  const commands = DOCUMENTS.flatMap((file) => [...read(file).matchAll(/`func azure functionapp publish [^`]+`/g)]);

  expect(commands.length).toBeGreaterThan(0);
  for (const [command] of commands) expect(command).toMatch(/ --javascript`$/);
});

test("the guide's cost counts the existing alerts", () => {
  const frequencies = ofType(variant("main"), "Microsoft.Insights/scheduledQueryRules").map(({ properties }) =>
    at(properties, "evaluationFrequency"),
  );
  const every = (frequency: string) => frequencies.filter((each) => each === frequency).length;
  const series = ofType(variant("main"), "Microsoft.Insights/metricAlerts").flatMap(({ properties }) =>
    Object.values<unknown>(Object(at(properties, "criteria.allOf"))),
  ).length;

  expect(deployGuide).toContain(
    `${frequencies.length} log alerts (${every("PT1M")} every minute, ${every("PT5M")} every 5, ${every("PT10M")} every 10, ${every("PT15M")} every 15, ${every("PT30M")} every 30 minutes), ${series} metric series`,
  );
});

test("every link to a file or a section leads somewhere", () => {
  for (const file of DOCUMENTS) {
    for (const [, target = ""] of read(file).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = "", section] = target.split("#");
      const linked = path === "" ? file : join(dirname(file), path);
      expect(existsSync(join(ROOT, linked)), `${file}: ${target}`).toBe(true);
      if (section !== undefined) expect(sectionsOf(read(linked)), `${file}: ${target}`).toContain(section);
    }
  }
});

test("the repository has everything that the template gallery requires", () => {
  // https://github.com/microsoft/template-validation-action
  const files = [
    ".devcontainer/devcontainer.json",
    ".github/ISSUE_TEMPLATE",
    ".github/PULL_REQUEST_TEMPLATE.md",
    ".github/workflows/azure-dev.yml",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "azure.yaml",
    "infra/main.bicep",
  ];

  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  const chapters = [...read("README.md").matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  expect(chapters).toEqual(expect.arrayContaining(["Features", "Getting Started", "Guidance", "Resources"]));
  expect(read("README.md")).toContain("(docs/architecture.svg)");
});

test("workflow, devcontainer and tests use the same Bicep version", () => {
  expect(read(".github/workflows/what-if.yml")).toContain(`--version v${BICEP_VERSION}`);
  expect(read(".devcontainer/devcontainer.json")).toContain(`"bicepVersion": "v${BICEP_VERSION}"`);
});

test("devcontainer and the .NET client's tests use the same .NET, which Microsoft supports until November 2028", () => {
  const [framework] =
    /(?<=<TargetFramework>net)[\d.]+/.exec(read("test/clients/dotnet/event-hubs-client.csproj")) ?? [];
  const { features } = JSON.parse(read(".devcontainer/devcontainer.json"));

  expect(framework).toBe("10.0");
  expect(features["ghcr.io/devcontainers/features/dotnet:2"]).toEqual({ version: framework });
});

test("traces are not sampled: alerts count them", () => {
  const { excludedTypes } = JSON.parse(read("host.json")).logging.applicationInsights.samplingSettings;

  expect(String(excludedTypes).split(";")).toEqual(expect.arrayContaining(["Request", "Trace"]));
});

/** The anchors that GitHub generates for a page's headings. */
function sectionsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}
