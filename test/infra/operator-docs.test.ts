import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { BICEP_VERSION } from "../../scripts/bicep.ts";
import { at, ofType, theOne, variant, VARIANTS } from "./predicted-resources.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const deployGuide = read("docs/deploy.md");
const runbook = read("docs/runbook.md");
const parameterFile = read("infra/main.bicepparam");
const WORKFLOWS = globSync(".github/workflows/*.yml", { cwd: ROOT });

test("the guide names every parameter, and the variable that sets it", () => {
  const declared = [...read("infra/main.bicep").matchAll(/^param (\w+)/gm)].map(([, name]) => name);
  const variables = new Map(
    [...parameterFile.matchAll(/^param (\w+) =[^]*?readEnvironmentVariable\(\s*'(\w+)'/gm)].map(
      ([, name, variable]) => [name, variable],
    ),
  );
  const rows = [...deployGuide.matchAll(/^\| `(\w+)` +\| +(?:`(\w+)`)? +\|/gm)].map(([, name, variable]) => ({
    name,
    variable,
  }));

  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(declared));
  expect(rows).toHaveLength(declared.length);
  for (const { name, variable } of rows) expect(variable, name).toBe(variables.get(name));
});

test("the guide's table of rights is the identity's, whole", () => {
  const rights = deployGuide.slice(deployGuide.indexOf("What the app's identity may do"));
  const rows = [...rights.slice(0, rights.indexOf("An operator")).matchAll(/^\| (?!scope|-)[^|]+\| +([^|]+?) +\|/gm)];
  const assigned = ofType(variant("main"), "Microsoft.Authorization/roleAssignments");

  expect(rows).toHaveLength(assigned.length);
  expect(rows.map(([, role]) => role)).toEqual([
    "Azure Event Hubs Data Receiver",
    "Storage Blob Data Owner",
    "Storage Table Data Contributor",
    "Storage Table Data Contributor",
    "Storage Table Data Contributor",
    "Storage Blob Data Contributor",
    "Monitoring Metrics Publisher",
    "Monitoring Metrics Publisher",
  ]);
});

test("the runbook has a section for each alert, and for no other", () => {
  const alerts = VARIANTS.flatMap((deployment) => [
    ...ofType(deployment, "Microsoft.Insights/scheduledQueryRules"),
    ...ofType(deployment, "Microsoft.Insights/metricAlerts"),
  ]).map(({ name }) => name.replace(/^pimwatch-[a-z0-9]{13}-/, ""));

  expect(new Set([...runbook.matchAll(/^## (\S+)$/gm)].map(([, name]) => name))).toEqual(new Set(alerts));
});

test("the guide's cost counts the alerts that there are", () => {
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
  for (const file of ["README.md", "docs/deploy.md", "docs/runbook.md"]) {
    for (const [, target = ""] of read(file).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = "", section] = target.split("#");
      const linked = path === "" ? file : join(dirname(file), path);
      expect(existsSync(join(ROOT, linked)), `${file}: ${target}`).toBe(true);
      if (section !== undefined) expect(sectionsOf(read(linked)), `${file}: ${target}`).toContain(section);
    }
  }
});

test("the repository has what the template gallery asks for", () => {
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

test("a form for issues asks only for what it names, and each field by an id of its own", () => {
  const forms = globSync(".github/ISSUE_TEMPLATE/!(config).yml", { cwd: ROOT });

  expect(forms.length).toBe(2);
  for (const file of forms) {
    const { name, description, body } = parse(read(file));
    const ids = body.flatMap(({ type, id }: { type: string; id?: string }) => (type === "markdown" ? [] : [id]));
    expect([typeof name, typeof description], file).toEqual(["string", "string"]);
    expect(new Set(ids).size, file).toBe(ids.length);
    expect(ids, file).not.toContain(undefined);
  }
});

test("actions are pinned to a commit, and tokens may only read unless a job says why", () => {
  expect(WORKFLOWS.length).toBeGreaterThan(3);
  for (const file of WORKFLOWS) {
    const text = read(file);
    const uses = [...text.matchAll(/uses: (\S+)(.*)/g)];
    for (const [, action = "", comment = ""] of uses) {
      expect(action, file).toMatch(/^[\w./-]+@[0-9a-f]{40}$/);
      expect(comment, `${file}: ${action}`).toMatch(/# v\d+\.\d+\.\d+$/);
    }
    expect(parse(text).permissions, file).toEqual({ contents: "read" });
    for (const [line] of text.matchAll(/^ .*: write.*$/gm)) expect(line, file).toMatch(/# \w+/);
  }
});

test("no workflow reads a secret but the token that GitHub makes for the run", () => {
  for (const file of WORKFLOWS) expect(read(file), file).not.toContain("secrets.");
});

test("every variable that a workflow sets for the template is one that the parameters read", () => {
  const readByParameters = new Set([...parameterFile.matchAll(/'((?:PIMWATCH|AZURE)_\w+)'/g)].map(([, name]) => name));
  const set = WORKFLOWS.flatMap((file) => [...read(file).matchAll(/^ +(PIMWATCH_\w+):/gm)].map(([, name]) => name));

  expect(set.length).toBeGreaterThan(5);
  expect(set.filter((name) => !readByParameters.has(name))).toEqual([]);
});

test("one Bicep in the workflow, the devcontainer and the tests", () => {
  expect(read(".github/workflows/what-if.yml")).toContain(`--version v${BICEP_VERSION}`);
  expect(read(".devcontainer/devcontainer.json")).toContain(`"bicepVersion": "v${BICEP_VERSION}"`);
});

test("azd publishes dist/ as it is, to the app that the template tags", () => {
  const { services, hooks } = parse(read("azure.yaml"));

  expect(services).toEqual({ detector: { project: "./dist", language: "js", host: "function", remoteBuild: false } });
  expect(hooks.prepackage.run).toContain("npm run build");
  expect(hooks.predeploy).toEqual(hooks.prepackage);
  expect(theOne(variant("main"), "Microsoft.Web/sites").tags?.["azd-service-name"]).toBe(Object.keys(services)[0]);
});

test("traces are not sampled: alerts count them", () => {
  const { excludedTypes } = JSON.parse(read("host.json")).logging.applicationInsights.samplingSettings;

  expect(String(excludedTypes).split(";")).toEqual(expect.arrayContaining(["Request", "Trace"]));
});

/** The anchors that GitHub makes of a page's headings. */
function sectionsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}
