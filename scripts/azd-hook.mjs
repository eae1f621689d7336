/*
 * azd's hooks, for every system: `node scripts/azd-hook.mjs NAME`. azure.yaml names them; azd gives the outputs of the
 * template as environment variables. JavaScript that Node 20 can read, since hooks run before npm has installed anything.
 */
import { execSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const env = process.env;
const deploysSetting = env.PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS === "true";
const isInstalled = existsSync("node_modules");
const SETTINGS_URL = "/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01";

/** @type {Readonly<Record<string, () => void>>} */
const HOOKS = {
  /** Before azd reads dist/. */
  build() {
    if (!isInstalled) execSync("npm ci", { stdio: "inherit" });
    execSync("npm run build", { stdio: "inherit" });
  },

  preprovision() {
    if (deploysSetting)
      say(
        "This also creates the tenant's diagnostic setting: you must be a Security Administrator and may list the keys of the hub's policy (docs/deploy.md#rights).",
      );
    else if (!env.PIMWATCH_EXISTING_EVENT_HUB_ID)
      say(
        "This creates everything except the tenant's diagnostic setting, which follows (or: azd env set PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS true).",
      );
  },

  postprovision() {
    say(`Health:    ${env.HEALTH_URL ?? ""}`);
    if (env.DASHBOARD_URL) say(`Page:      ${env.DASHBOARD_URL}`);
    say(`Incidents: PimwatchIncidents() in the workspace ${env.WORKSPACE_NAME ?? ""}`);
    if (isInstalled && env.AZURE_FUNCTION_APP_NAME)
      diagnose(env.AZURE_RESOURCE_GROUP ?? "", env.AZURE_FUNCTION_APP_NAME);
    if (env.PIMWATCH_PRIVATE_NETWORKING === "true")
      say(
        "The network is closed: outside of it, doctor cannot reach the services, nor azd the app (docs/closed-network.md).",
      );
    say("Storage and Log Analytics may refuse the new identity for up to 30 minutes. Nothing is lost meanwhile.");
    if (deploysSetting || !env.ENTRA_AUTHORIZATION_RULE_ID) return;
    say("Next, unless it exists: as a Security Administrator, let Entra ID export AuditLogs to the hub:");
    say("  azd env set PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS true && azd provision, with the template's rights too");
    say("  or az rest, without them: docs/deploy.md#the-tenants-diagnostic-setting");
    say("  or, in the Entra portal: Monitoring & health, Diagnostic settings, Add, AuditLogs, Stream to an event hub:");
    say(
      `  namespace ${env.EVENT_HUB_NAMESPACE ?? ""}, hub ${env.EVENT_HUB_NAME ?? ""}, policy ${env.ENTRA_AUTHORIZATION_RULE_ID.replace(/^.*\//, "")}`,
    );
  },

  /** The last step. A deployment without events is complete, so this fails nothing. */
  postdeploy() {
    if (env.PIMWATCH_WAIT_FOR_EVENTS === "false" || !env.INCIDENTS_TABLE_ENDPOINT || !env.EVENT_HUB_HOST) return;
    const where = [
      "--table-endpoint",
      env.INCIDENTS_TABLE_ENDPOINT,
      "--namespace",
      env.EVENT_HUB_HOST,
      "--hub",
      env.EVENT_HUB_NAME ?? "",
    ];
    if (pimwatch(["wait-for-events", ...where, "--timeout", String(minutesToWait())]) !== 0)
      say(`The app is deployed. To wait for its first event: npx pimwatch wait-for-events ${where.join(" ")}`);
  },

  predown() {
    const name = env.AZURE_FUNCTION_APP_NAME ?? "NAME";
    say(
      "The tenant's diagnostic setting is not in the resource group. It stays, and would send to any namespace of the same",
    );
    say("name. Remove it first, as a Security Administrator, in the Entra portal or with");
    say(
      `  az rest --method delete --url "/providers/microsoft.aadiam/diagnosticSettings/${name}?api-version=2017-04-01"`,
    );
    if (env.PIMWATCH_LOCKS === "true")
      say("Remove the lock on the incidents' storage account too, or azd down fails: docs/deploy.md#removing-it");
    say("Incidents in Table Storage are deleted with the group. To keep them, see docs/deploy.md#removing-it.");
  },

  postdown() {
    say(
      "Left behind, if they existed: the tenant's diagnostic setting; consumer groups, table, functions and Sentinel rule",
    );
    say("in an existing hub or workspace. See docs/deploy.md#removing-it");
  },
};

const [, , name = ""] = process.argv;
const hook = Object.hasOwn(HOOKS, name) ? HOOKS[name] : undefined;
if (hook === undefined) {
  process.stderr.write(`azd-hook: no hook "${name}". Give one of ${Object.keys(HOOKS).join(", ")}\n`);
  process.exitCode = 2;
} else {
  try {
    hook();
  } catch (error) {
    // The command has said on this terminal what went wrong.
    process.stderr.write(`azd-hook ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/**
 * Lets doctor check the settings of the app in Azure. Its faults do not fail the provisioning: some pass by themselves.
 *
 * @param {string} group @param {string} app
 */
function diagnose(group, app) {
  const listed = az(["functionapp", "config", "appsettings", "list", "-g", group, "-n", app, "-o", "json"]);
  if (listed.error) return; // there is no az
  if (listed.status !== 0) {
    say(`pimwatch doctor was not run, since az could not list the app's settings: ${listed.stderr.trim()}`);
    return;
  }
  if (pimwatch(["doctor", "--settings", "-"], listed.stdout) !== 0)
    say(
      "pimwatch doctor found these faults with your own sign-in. Some may pass: run it again later (docs/deploy.md).",
    );
}

/** How many minutes to wait for the first event: none if nobody waits, or if no event can come. */
function minutesToWait() {
  if (env.CI || env.TF_BUILD) return 0;
  if (deploysSetting || env.PIMWATCH_EXISTING_EVENT_HUB_ID) return 30;
  const asked = az(["rest", "--method", "get", "--url", SETTINGS_URL, "-o", "json"]);
  // Without az or the right to read the setting, nobody knows whether it exists: look once.
  if (asked.error || asked.status !== 0) return 0;
  const exported = exportedCategories(JSON.parse(asked.stdout));
  if (exported === undefined) say("No diagnostic setting of the tenant exports to this hub yet: make it now.");
  else if (!exported.includes("auditlogs"))
    say("The tenant's diagnostic setting exports to this hub, but AuditLogs is not ticked.");
  return exported?.includes("auditlogs") === true ? 30 : 0;
}

/**
 * The categories, in lower case, that the tenant's settings export to the hub of this deployment.
 *
 * @param {{ value?: readonly { properties: { eventHubAuthorizationRuleId?: string, eventHubName?: string, logs?: readonly { category: string, enabled: boolean }[] } }[] }} answer
 */
function exportedCategories({ value = [] }) {
  /** @param {string | undefined} one @param {string | undefined} other */
  const same = (one, other) => one?.toLowerCase() === other?.toLowerCase();
  const ours = value
    .map(({ properties }) => properties)
    .filter(
      ({ eventHubAuthorizationRuleId, eventHubName }) =>
        same(eventHubAuthorizationRuleId, env.ENTRA_AUTHORIZATION_RULE_ID) && same(eventHubName, env.EVENT_HUB_NAME),
    );
  if (ours.length === 0) return undefined;
  return ours.flatMap(({ logs = [] }) =>
    logs.filter(({ enabled }) => enabled).map(({ category }) => category.toLowerCase()),
  );
}

/**
 * Runs az. On Windows it is a batch file, which only a shell runs; no argument here holds a quotation mark.
 *
 * @param {readonly string[]} args
 */
function az(args) {
  return process.platform === "win32"
    ? spawnSync(`az ${args.map((arg) => `"${arg}"`).join(" ")}`, { shell: true, encoding: "utf8" })
    : spawnSync("az", args, { encoding: "utf8" });
}

/**
 * Runs one of our commands on this terminal. @returns its exit code
 *
 * @param {readonly string[]} args @param {string} [input]
 */
function pimwatch(args, input) {
  const launcher = fileURLToPath(new URL("../cli/launch.mjs", import.meta.url));
  const stdin = input === undefined ? "inherit" : "pipe";
  return spawnSync(process.execPath, [launcher, ...args], { input, stdio: [stdin, "inherit", "inherit"] }).status;
}
