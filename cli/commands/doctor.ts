import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import type { AppSettings } from "../doctor/diagnose.ts";
import type { Finding } from "../doctor/finding.ts";
import { safeJson } from "../json-line.ts";
import { visible } from "../../src/core/visible-text.ts";

export const doctor = command({
  name: "doctor",
  summary: "Checks the settings and each service that they name: what is wrong, which setting, what to do.",
  options: {
    settings: {
      type: "string",
      value: "FILE",
      help: "settings of the app: local.settings.json or what az prints; - is stdin",
    },
    health: { type: "string", value: "URL", help: "ask the running app too: https://APP.azurewebsites.net/api/health" },
    json: { type: "boolean", help: "JSON, one line for each finding" },
  },
  notes: `Looks at settings, event hub, both consumer groups, the last record in the hub, both tables, the container of
dead letters, the clock, logs ingestion, the webhook, and what the app wrote of its ledger and timers. It
reads one event in each consumer group and uploads a list without rows. It changes nothing.

Without --settings it takes the environment, over the local.settings.json of this folder. For an app in Azure:

  az functionapp config appsettings list -g GROUP -n APP | npx pimwatch doctor --settings -

In Azure it uses your own sign-in (az login), whose rights are not those of the app: it warns where that
makes a difference. --health asks the app itself, which uses its own identity.

Exit code: 0 when nothing is wrong, also with warnings; 1 when something is, or could not be looked at because of
it; 2 when it cannot be done as asked.`,
  async run({ values }, terminal) {
    if (values.health !== undefined && !URL.canParse(values.health))
      throw new UsageError("--health must be a URL such as https://APP.azurewebsites.net/api/health");
    // The SDKs are loaded when first needed.
    const [{ settingsFrom, settingsIn }, { diagnose }] = await Promise.all([
      import("../deployment/destinations.ts"),
      import("../doctor/diagnose.ts"),
    ]);
    const settings: AppSettings =
      values.settings === undefined
        ? await settingsFrom(terminal.environment)
        : settingsIn(await contentOf(values.settings), values.settings);
    terminal.progress("Asking each service …");
    const findings = await diagnose(settings, { healthUrl: values.health, fetch, now: () => new Date() });
    terminal.progress("");
    for (const finding of findings)
      terminal.out(values.json === true ? `${safeJson(JSON.stringify(finding))}\n` : textOf(finding));
    const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
    const wrong = count("problem") + count("unchecked");
    terminal.note(
      `${count("problem")} problem(s), ${count("warning")} warning(s), ${count("unchecked")} not looked at`,
    );
    return wrong === 0 ? 0 : 1;
  },
});

async function contentOf(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`--settings ${file}: cannot be read`, { cause: error });
  }
}

const INDENT = " ".repeat(11);

function textOf({ status, check, found, settings, remedy }: Finding): string {
  const lines = [
    `${status.padEnd(INDENT.length)}${visible(check)}: ${visible(found)}`,
    ...(status !== "ok" && settings.length > 0 ? [`${INDENT}settings: ${settings.join(", ")}`] : []),
    ...(remedy === "" ? [] : [`${INDENT}what to do: ${visible(remedy)}`]),
  ];
  return `${lines.join("\n")}\n`;
}
