import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { theOne, variant } from "./predicted-resources.ts";

const project = readFileSync("azure.yaml", "utf8");

test("azd publishes dist/ unchanged, to the app that the template tags", () => {
  const { services, hooks } = parse(project);

  expect(services).toEqual({ detector: { project: "./dist", language: "js", host: "function", remoteBuild: false } });
  expect(hooks.prepackage.run).toContain("npm run build");
  expect(hooks.predeploy).toEqual(hooks.prepackage);
  expect(theOne(variant("main"), "Microsoft.Web/sites").tags?.["azd-service-name"]).toBe(Object.keys(services)[0]);
});

describe("azd's hooks print", () => {
  const AZURE = {
    AZURE_FUNCTION_APP_NAME: "pimwatch-abc",
    AZURE_RESOURCE_GROUP: "rg-pimwatch-soc",
    EVENT_HUB_NAME: "insights-logs-auditlogs",
    EVENT_HUB_NAMESPACE: "pimwatch-abc-events",
    ENTRA_AUTHORIZATION_RULE_ID: "/subscriptions/…/authorizationRules/entra-audit-logs",
    HEALTH_URL: "https://pimwatch-abc.azurewebsites.net/api/health",
    WORKSPACE_NAME: "pimwatch-abc-logs",
  };
  const said = (hook: string, environment: Readonly<Record<string, string>> = {}) =>
    execFileSync("sh", ["-eu", "-c", parse(project).hooks[hook].run], {
      env: { PATH: process.env["PATH"], ...environment },
      encoding: "utf8",
    });

  test("before provisioning: that the tenant's setting is a separate step, or which role it needs", () => {
    expect(said("preprovision")).toContain("PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS");
    expect(said("preprovision", { PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS: "true" })).toContain("Security Administrator");
    expect(said("preprovision", { PIMWATCH_EXISTING_EVENT_HUB_ID: "/subscriptions/…" })).not.toContain(
      "PIMWATCH_DEPLOY",
    );
  });

  test("afterwards: where to look, and the namespace, hub and policy for the setting", () => {
    const text = said("postprovision", AZURE);

    for (const value of ["EVENT_HUB_NAME", "EVENT_HUB_NAMESPACE", "HEALTH_URL", "WORKSPACE_NAME"] as const) {
      expect(text).toContain(AZURE[value]);
    }
    expect(text).toContain("Diagnostic settings");
    expect(said("postprovision", { ...AZURE, PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS: "true" })).not.toContain("portal");
    expect(said("postprovision", { ...AZURE, ENTRA_AUTHORIZATION_RULE_ID: "" })).not.toContain("Diagnostic settings");
  });

  test("afterwards: doctor's findings in the app's settings, which do not fail the provisioning", () => {
    const folder = mkdtempSync(join(tmpdir(), "azd-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [tool, script] of Object.entries({ az: 'echo "settings by az $*"', npx: 'echo "npx $*"; cat; exit 1' }))
      writeFileSync(join(folder, tool), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const PATH = `${folder}:${String(process.env["PATH"])}`;
    const text = said("postprovision", { ...AZURE, PATH });

    expect(text).toContain("npx pimwatch doctor --settings -\nsettings by az functionapp config appsettings list");
    expect(text).toContain("-g rg-pimwatch-soc -n pimwatch-abc");
    expect(text).toContain("run it again later");
    expect(said("postprovision", { ...AZURE, PATH, AZURE_FUNCTION_APP_NAME: "" })).not.toContain("doctor");
  });

  test("before and after removal: what stays behind", () => {
    expect(said("predown", AZURE)).toContain("diagnosticSettings/pimwatch-abc?api-version=2017-04-01");
    expect(said("postdown")).toContain("docs/deploy.md#removing-it");
  });

  test("and read only outputs of the template", () => {
    const outputs = new Set(
      [...readFileSync("infra/main.bicep", "utf8").matchAll(/^output (\w+)/gm)].map(([, name]) => name),
    );
    const used = [...project.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name = ""]) => name);

    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !name.startsWith("PIMWATCH_") && !outputs.has(name))).toEqual([]);
  });
});
