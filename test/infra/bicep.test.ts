import { globSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { BICEP_VERSION, runBicep } from "../../scripts/bicep.ts";
import { parameterFiles, runSnapshot } from "../../scripts/snapshot-infra.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SILENCE = { exitCode: 0, stdout: "", stderr: "" };
const PARAMETER_FILES = (await parameterFiles()).map((file) => relative(ROOT, file));

beforeAll(async () => {
  const { stdout } = await runBicep(["--version"]);
  expect(stdout).toContain(BICEP_VERSION);
});

test("every Bicep file compiles and lints without output", async () => {
  expect(await runBicep(["lint", "--pattern", join(ROOT, "infra/**/*.bicep")])).toEqual(SILENCE);
});

test("an unknown property is noticed, though the compiler exits 0", async () => {
  const directory = await temporaryDirectory();
  const original = await readFile(join(ROOT, "infra/modules/workspace.bicep"), "utf8");
  await writeFile(join(directory, "workspace.bicep"), original.replace("retentionInDays:", "retentionInWeeks:"));

  const { exitCode, stderr } = await runBicep(["lint", "--pattern", join(directory, "**/*.bicep")]);

  expect(exitCode).toBe(0);
  expect(stderr).toContain("retentionInWeeks");
});

test("every Bicep file is formatted", async () => {
  const directory = await temporaryDirectory();
  const files = globSync(["infra/**/*.bicep", "infra/*.bicepparam", "test/infra/variants/*.bicepparam"], { cwd: ROOT });
  for (const file of files) await cp(join(ROOT, file), join(directory, file));

  await writeFile(join(directory, "control.bicep"), "param  x   string\n");

  for (const ending of ["bicep", "bicepparam"]) {
    await runBicep(["format", "--pattern", join(directory, `**/*.${ending}`)]);
  }

  const unformatted = [];
  for (const file of files) {
    if ((await readFile(join(ROOT, file), "utf8")) !== (await readFile(join(directory, file), "utf8"))) {
      unformatted.push(file);
    }
  }
  expect(await readFile(join(directory, "control.bicep"), "utf8")).toContain("param x string");
  expect(files).toContain("infra/main.bicep");
  expect(unformatted).toEqual([]);
});

test.each(PARAMETER_FILES)("the parameters in %s match the template", async (file) => {
  const built = await runBicep(["build-params", join(ROOT, file), "--stdout"]);

  expect({ ...built, stdout: "" }).toEqual(SILENCE);
});

test.each(PARAMETER_FILES)("the snapshot of %s is current", async (file) => {
  const { exitCode, stdout, stderr } = await runSnapshot(join(ROOT, file), "validate");

  expect(exitCode, `run \`npm run snapshots\` and look at what changed\n${stdout}${stderr}`).toBe(0);
});

test("the tenant's diagnostic setting is a resource at the root, and no deployment is: its author may not deploy there", async () => {
  const { stdout } = await runBicep(["build", join(ROOT, "infra/main.bicep"), "--stdout"]);
  const atTheRoot = resourcesIn(JSON.parse(stdout)).filter(
    ({ scope }) => scope !== undefined && !scope.startsWith("["),
  );

  expect(atTheRoot).toMatchObject([{ type: "microsoft.aadiam/diagnosticSettings", scope: "/" }]);
});

/** Deploys the parameters of a small deployment and this line, and returns exit code and output. */
async function deployerOf(): Promise<(line: string) => Promise<string>> {
  const directory = await temporaryDirectory();
  await cp(join(ROOT, "infra"), join(directory, "infra"), { recursive: true });
  await cp(join(ROOT, "docs/runbook.md"), join(directory, "docs/runbook.md"));
  const parameters = join(directory, "infra/small.bicepparam");
  return async (line) => {
    await writeFile(
      parameters,
      `using 'main.bicep'\nparam environmentName = 'soc'\nparam location = 'westeurope'\n${line}\n`,
    );
    const { exitCode, stdout, stderr } = await runSnapshot(parameters, "overwrite");
    return `${exitCode} ${stdout}${stderr}`;
  };
}

const SUBNET = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/virtualNetworks/z/subnets/app";

test.each([
  {
    parameters: {
      existingEventHubId: "/subscriptions/x/resourceGroups/y/providers/Microsoft.EventHub/namespaces/z",
    },
    says: "existingEventHubId must be the id of a hub",
  },
  { parameters: { existingWorkspaceId: "logs" }, says: "existingWorkspaceId must be the id of a workspace" },
  { parameters: { azureCloud: "AzureGermanCloud" }, says: "azureCloud must be AzureCloud, AzureUSGovernment or" },
  {
    parameters: { azureCloud: "AzureChinaCloud", privateNetworking: true },
    says: "privateNetworking is not available in AzureChinaCloud",
  },
  {
    parameters: { privateNetworking: true, appSubnetId: SUBNET },
    says: "appSubnetId and endpointSubnetId must be the ids of two subnets",
  },
  {
    parameters: { privateNetworking: true, appSubnetId: SUBNET, endpointSubnetId: SUBNET },
    says: "appSubnetId and endpointSubnetId must be the ids of two subnets",
  },
  { parameters: { privateNetworking: true, privateDnsZones: "none" }, says: "privateDnsZones must be create, policy" },
  {
    parameters: { privateNetworking: true, existingPrivateLinkScopeId: "company" },
    says: "existingPrivateLinkScopeId must be the id of a scope",
  },
  {
    parameters: { storageKeyUri: "https://vault.example/keys/k" },
    says: "storageKeyUri must be https://VAULT/keys/NAME",
  },
])("$parameters is refused, and the error names the parameter", async ({ parameters, says }) => {
  const deploy = await deployerOf();
  const lines = Object.entries({ alertsWithoutReceiver: true, ...parameters }).map(
    ([name, value]) => `param ${name} = ${typeof value === "string" ? `'${value}'` : String(value)}`,
  );

  const said = await deploy(lines.join("\n"));

  expect(said).toMatch(/^1 /);
  expect(said).toContain(says);
});

test("a deployment without anyone who receives alerts is refused, unless it is chosen; the error says what to run", async () => {
  const deploy = await deployerOf();
  const group = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Insights/actionGroups/z";

  const refusal = await deploy("");
  for (const variable of ["ALERT_EMAILS", "ALERT_ACTION_GROUP_IDS", "ALERT_WEBHOOK_URL", "ALERTS_WITHOUT_RECEIVER"])
    expect(refusal).toMatch(new RegExp(`^1 [^]*Nobody would receive an alert[^]*azd env set PIMWATCH_${variable} `));
  expect(await deploy("param alertsWithoutReceiver = true")).toMatch(/^0/);
  expect(await deploy(`param alertActionGroupIds = ['${group}']`)).toMatch(/^0/);
  expect(await deploy("param alertWebhookUrl = 'https://hooks.contoso.example/alerts'")).toMatch(/^0/);
});

test("a relative address of the runbook is refused: alerts are read in a mail", async () => {
  const deploy = await deployerOf();

  expect(await deploy("param alertsWithoutReceiver = true\nparam runbookUrl = 'docs/runbook.md'")).toMatch(
    /^1 [^]*runbookUrl must begin with https:/,
  );
});

interface CompiledResource {
  readonly type: string;
  readonly scope?: string;
  readonly properties?: { readonly template?: CompiledTemplate };
}

interface CompiledTemplate {
  readonly resources: Readonly<Record<string, CompiledResource>> | readonly CompiledResource[];
}

/** The resources of a template and of all deployments in it. */
function resourcesIn({ resources }: CompiledTemplate): CompiledResource[] {
  return Object.values(resources).flatMap((resource: CompiledResource) => [
    resource,
    ...(resource.properties?.template === undefined ? [] : resourcesIn(resource.properties.template)),
  ]);
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-bicep-test-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}
