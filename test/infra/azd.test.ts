import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { theOne, variant } from "./predicted-resources.ts";

const read = (file: string) => readFileSync(file, "utf8");

const { services, hooks, requiredVersions } = parse(read("azure.yaml"));

test("azd publishes dist/ unchanged, to the app that the template tags", () => {
  expect(services).toEqual({ detector: { project: "./dist", language: "js", host: "function", remoteBuild: false } });
  expect(requiredVersions).toEqual({ azd: ">= 1.23.5" }); // older ones do not know remoteBuild
  expect(hooks.prepackage.posix.run).toBe("node scripts/azd-hook.mjs build");
  expect(hooks.predeploy).toEqual(hooks.prepackage);
  expect(theOne(variant("main"), "Microsoft.Web/sites").tags?.["azd-service-name"]).toBe(Object.keys(services)[0]);
});

test("each hook runs the same script on Windows, passes its failure on, and keeps its output on the terminal", () => {
  expect(Object.keys(hooks).length).toBeGreaterThan(5);
  for (const { posix, windows, ...rest } of Object.values<Readonly<Record<string, { run: string }>>>(hooks)) {
    expect(rest).toEqual({});
    expect(posix).toEqual({
      shell: "sh",
      run: expect.stringMatching(/^node scripts\/azd-hook\.mjs \w+$/),
      interactive: true,
    });
    // `pwsh -File` ends with 0 unless the script says otherwise.
    const run = `${String(posix?.run)}; exit $LASTEXITCODE`;
    expect(windows).toEqual({ shell: "pwsh", run, interactive: true });
  }
});

test("an unknown hook is refused, with the known ones", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/azd-hook.mjs", "prebuild"], { encoding: "utf8" });

  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/no hook "prebuild".*postprovision/) });
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
  const folder = mkdtempSync(join(tmpdir(), "azd-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  /** A stand-in for az, which tests are not to run. */
  const withAz = (script: string) => {
    writeFileSync(join(folder, "az"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${folder}:${String(process.env["PATH"])}` };
  };
  /** As azd runs a hook: with `sh`, in the folder of azure.yaml. */
  const said = (hook: string, environment: Readonly<Record<string, string>> = {}) =>
    execFileSync("/bin/sh", ["-eu", "-c", hooks[hook].posix.run], {
      env: { PATH: dirname(process.execPath), ...environment },
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
    const asked = "functionapp config appsettings list -g rg-pimwatch-soc -n pimwatch-abc -o json";
    const { PATH } = withAz(`[ "$*" = "${asked}" ] && echo '[{"name":"ALLOWED_TENANT_IDS","value":"all"}]'`);
    const text = said("postprovision", { ...AZURE, PATH });

    expect(text).toContain("ALLOWED_TENANT_IDS is wrong");
    expect(text).toContain("run it again later");
    expect(said("postprovision", { ...AZURE, PATH, AZURE_FUNCTION_APP_NAME: "" })).not.toContain("doctor");
    expect(said("postprovision", AZURE)).not.toContain("doctor");
  });

  test("afterwards: why doctor was not run, if az may not list the settings", () => {
    const text = said("postprovision", { ...AZURE, ...withAz("echo 'ERROR: AuthorizationFailed' >&2; exit 1") });

    expect(text).toContain("az could not list the app's settings: ERROR: AuthorizationFailed\n");
    expect(text).not.toContain("run it again later");
  });

  test("before and after removal: what stays behind", () => {
    expect(said("predown", AZURE)).toContain("diagnosticSettings/pimwatch-abc?api-version=2017-04-01");
    expect(said("predown", AZURE)).not.toContain("lock");
    expect(said("predown", { ...AZURE, PIMWATCH_LOCKS: "true" })).toContain("Remove the lock");
    expect(said("postdown")).toContain("docs/deploy.md#removing-it");
  });

  test("and read only outputs of the template", () => {
    const outputs = new Set([...read("infra/main.bicep").matchAll(/^output (\w+)/gm)].map(([, name]) => name));
    const used = [...read("scripts/azd-hook.mjs").matchAll(/\benv\.([A-Z_]+)/g)].map(([, name = ""]) => name);

    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !name.startsWith("PIMWATCH_") && !outputs.has(name))).toEqual([]);
  });
});
