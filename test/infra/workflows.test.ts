import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

const read = (file: string) => readFileSync(file, "utf8");
const WORKFLOWS = globSync(".github/workflows/*.yml");
const parameterFile = read("infra/main.bicepparam");

test.each(WORKFLOWS)("GitHub's own parser accepts %s", async (file) => {
  expect(await problemsIn(file, read(file))).toEqual([]);
});

test("GitHub's own parser notices an unknown key and an unknown context", async () => {
  const text = read(".github/workflows/ci.yml").replace("runs-on", "run-on").replace("matrix.node", "matrices.node");

  expect(await problemsIn("ci.yml", text)).toEqual(
    expect.arrayContaining([
      expect.stringContaining("Unexpected value 'run-on'"),
      expect.stringContaining("Unrecognized named-value: 'matrices'"),
    ]),
  );
});

test("actions are pinned to a commit, and tokens may only read unless a job gives a reason", () => {
  expect(WORKFLOWS.length).toBeGreaterThan(3);
  for (const file of WORKFLOWS) {
    const text = read(file);
    const uses = [...text.matchAll(/uses: (?!\.\/$)(\S+)(.*)/gm)];
    for (const [, action = "", comment = ""] of uses) {
      expect(action, file).toMatch(/^[\w./-]+@[0-9a-f]{40}$/);
      expect(comment, `${file}: ${action}`).toMatch(/# v\d+\.\d+\.\d+$/);
    }
    expect(parse(text).permissions, file).toEqual({ contents: "read" });
    for (const [line] of text.matchAll(/^ .*: write.*$/gm)) expect(line, file).toMatch(/# \w+/);
  }
});

test("no workflow reads a secret except GitHub's token for the run", () => {
  for (const file of WORKFLOWS) expect(read(file), file).not.toContain("secrets.");
});

test("every file of a release is attested before it is published", () => {
  const { permissions, steps } = parse(read(".github/workflows/release.yml")).jobs.release;
  const attesting = steps.findIndex(({ uses = "" }) => uses.startsWith("actions/attest-build-provenance@"));

  expect(permissions).toMatchObject({ "id-token": "write", attestations: "write" });
  expect(steps[attesting].with).toEqual({ "subject-path": "release/*" });
  expect(steps[attesting + 1].run).toMatch(/^gh release create "\S+" release\/\* /);
  expect(read("SECURITY.md")).toContain("gh attestation verify pimwatch-vX.Y.Z.zip --repo OWNER/REPO");
});

test("both workflows pass on every variable of the template, except the tenant's setting", () => {
  const told = [...parameterFile.matchAll(/'(PIMWATCH_\w+)'/g)].map(([, name = ""]) => name);
  const [deploy, whatIf] = ["azure-dev.yml", "what-if.yml"].map(
    (file) => /name: Parameters from[^]*?\n {6}- /.exec(read(`.github/workflows/${file}`))?.[0],
  );

  expect(deploy).toBe(whatIf);
  expect(deploy).toContain('test("^PIMWATCH_[A-Z_]+$")');
  expect(deploy).toContain('!= "PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS"');
  expect(told.length).toBeGreaterThan(10);
  expect(told.filter((name) => !/^PIMWATCH_[A-Z_]+$/.test(name))).toEqual([]);
});

test("what-if runs with the role that the guide gives its application, which can change nothing", () => {
  const { steps } = parse(read(".github/workflows/what-if.yml")).jobs["what-if"];
  const [definition = "{}"] =
    /(?<=az role definition create --role-definition ')\{.*\}(?=')/.exec(read("docs/deploy.md")) ?? [];
  const { Actions } = JSON.parse(definition);

  expect(Actions.toSorted()).toEqual([
    "*/read",
    "Microsoft.Resources/deployments/validate/action",
    "Microsoft.Resources/deployments/whatIf/action",
  ]);
  // The default level, Provider, checks the right to write each resource. https://github.com/Azure/AzOps/issues/954
  expect(steps.at(-1).run).toMatch(/\baz deployment sub what-if (?:[^\n]|\\\n)*--validation-level ProviderNoRbac\s/);
});

test("CI runs a contributor's commands, the same steps as .ci/run", () => {
  const { jobs } = parse(read(".github/workflows/ci.yml"));
  const runs = jobs.test.steps.flatMap(({ run }: { run?: string }) => run ?? []).slice(1);

  expect(jobs.test.strategy.matrix).toEqual({ os: ["ubuntu-latest", "macos-latest"], node: [22, 24] });
  for (const step of runs) expect(read(".ci/run"), step).toMatch(new RegExp(`^ *(step|tests) ${step}( --)?$`, "m"));
  expect(jobs.whole.steps.at(-1)).toEqual({ run: "bash .ci/run" });
  // The packed command line runs there on Linux, and here on the others.
  expect(jobs.package.strategy.matrix).toEqual({ os: ["macos-latest", "windows-latest"] });
  expect(jobs.package.steps.at(-1)).toEqual({ run: "npm run test:package" });
  expect(read(".ci/run")).toMatch(/^ *step on_node_20\n *tests npm run test:package --$/m);
});

test("an issue form has a name, a description and a unique id for each field", () => {
  const forms = globSync(".github/ISSUE_TEMPLATE/!(config).yml");

  expect(forms.length).toBe(2);
  for (const file of forms) {
    const { name, description, body } = parse(read(file));
    const ids = body.flatMap(({ type, id }: { type: string; id?: string }) => (type === "markdown" ? [] : [id]));
    expect([typeof name, typeof description], file).toEqual(["string", "string"]);
    expect(new Set(ids).size, file).toBe(ids.length);
    expect(ids, file).not.toContain(undefined);
  }
});

async function problemsIn(name: string, content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (value !== undefined) await convertWorkflowTemplate(context, value); // finds errors between jobs
  return context.errors.getErrors().map(({ message }) => message);
}
