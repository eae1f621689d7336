// Parameters that the template refuses, by the compiler's prediction of a deployment.
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { runSnapshot } from "../../scripts/snapshot-infra.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Deploys the parameters of a small deployment and this line, and returns exit code and output. */
async function deployerOf(): Promise<(line: string) => Promise<string>> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-bicep-test-"));
  onTestFinished(() => rm(directory, { recursive: true }));
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
