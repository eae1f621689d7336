import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

  describe("after the deployment", () => {
    const DEPLOYED = {
      ...AZURE,
      INCIDENTS_TABLE_ENDPOINT: "http://example", // refused at once: a sign-in is never sent over http
      EVENT_HUB_HOST: "pimwatch-abc-events.example",
    };
    const settingFor = (category: string) =>
      JSON.stringify({
        value: [
          {
            properties: {
              eventHubAuthorizationRuleId: AZURE.ENTRA_AUTHORIZATION_RULE_ID.toUpperCase(),
              eventHubName: AZURE.EVENT_HUB_NAME,
              logs: [
                { category, enabled: true },
                { category: "SignInLogs", enabled: true },
              ],
            },
          },
        ],
      });
    /** What the hook prints, and for how many minutes it waits: launch.mjs is replaced by a program that prints them. */
    const waited = (environment: Readonly<Record<string, string>>) => {
      const copy = mkdtempSync(join(tmpdir(), "azd-hook-"));
      mkdirSync(join(copy, "scripts"));
      mkdirSync(join(copy, "cli"));
      copyFileSync("scripts/azd-hook.mjs", join(copy, "scripts/azd-hook.mjs"));
      writeFileSync(
        join(copy, "cli/launch.mjs"),
        "console.log(process.argv.slice(2).join(' ')); process.exitCode = 1;",
      );
      const hook = [join(copy, "scripts/azd-hook.mjs"), "postdeploy"];
      const text = execFileSync(process.execPath, hook, { env: { ...DEPLOYED, ...environment }, encoding: "utf8" });
      rmSync(copy, { recursive: true });
      return text;
    };
    const where =
      "--table-endpoint http://example --namespace pimwatch-abc-events.example --hub insights-logs-auditlogs";

    test("it waits if the setting exists: it was just made, the hub was there, or az finds it", () => {
      const az = withAz(`echo '${settingFor("AuditLogs")}'`);
      for (const environment of [
        { PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS: "true" },
        { PIMWATCH_EXISTING_EVENT_HUB_ID: "/subscriptions/…" },
        az,
      ]) {
        const text = waited(environment);
        expect(text).toContain(`wait-for-events ${where} --timeout 30\n`);
        expect(text).toContain(
          `The app is deployed. To wait for its first event: npx pimwatch wait-for-events ${where}\n`,
        );
      }
    });

    test.each([
      { why: "in CI", environment: { CI: "true", PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS: "true" }, says: "" },
      { why: "without az", environment: { PATH: "/missing" }, says: "" },
      { why: "if az may not read it", az: "exit 1", says: "" },
      {
        why: "if there is no setting",
        az: `echo '{"value":[]}'`,
        says: "No diagnostic setting of the tenant exports to this hub yet",
      },
      { why: "if AuditLogs is not ticked", az: `echo '${settingFor("RiskyUsers")}'`, says: "AuditLogs is not ticked" },
    ])("it only looks once $why", ({ az, environment, says }) => {
      const text = waited({ ...(az === undefined ? {} : withAz(az)), ...environment });

      expect(text).toContain(`${where} --timeout 0\n`);
      expect(text).toContain(says);
    });

    test("it does nothing if it is told so, or before the template has outputs", () => {
      expect(waited({ PIMWATCH_WAIT_FOR_EVENTS: "false" })).toBe("");
      expect(waited({ EVENT_HUB_HOST: "" })).toBe("");
    });

    test("it fails no deployment, and runs the real command", () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/azd-hook.mjs", "postdeploy"], {
        env: { ...DEPLOYED, CI: "true" },
        encoding: "utf8",
      });

      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("must be a URL such as https") });
      expect(stdout).toContain("The app is deployed.");
    });
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
    expect(used.filter((name) => !/^(PIMWATCH_|CI$|TF_BUILD$)/.test(name) && !outputs.has(name))).toEqual([]);
  });
});
