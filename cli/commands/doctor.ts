import { counted } from "../../src/core/counted.ts";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import type { Finding } from "../doctor/finding.ts";
import { jsonLine } from "../json-line.ts";
import { wrapped } from "../line-width.ts";
import { painted, type Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const doctor = command({
  name: "doctor",
  summary:
    "Checks the settings and each service that they name; says what is wrong, which setting it is, and what to do.",
  options: {
    settings: {
      type: "string",
      value: "FILE",
      help: "settings of the app: local.settings.json, or the output of az; - is stdin",
    },
    health: {
      type: "string",
      value: "URL",
      help: "also ask the running app: https://APP.azurewebsites.net/api/health",
    },
    json: { type: "boolean", help: "print one line of JSON for each finding" },
  },
  notes: `Checks the settings, the event hub, both consumer groups, the last record in the hub, both tables, the container
of dead letters, the clock, logs ingestion, the webhook, and what the app recorded about its ledger, its timers and
when each log category last arrived.
It reads one event in each consumer group and uploads an empty list. It changes nothing.

Without --settings it reads the environment and, for all else, local.settings.json in this folder. If neither names a
service, a checkout's command reads the settings of the local stack of \`npm start\`. For an app in Azure:

  az functionapp config appsettings list -g GROUP -n APP | npx pimwatch doctor --settings -

In Azure it uses your own sign-in (az login). Your rights differ from those of the app; a warning says where that
matters. --health asks the app itself, which uses its own identity.`,
  exitCodes: {
    0: "nothing is wrong, even if there are warnings",
    1: "something is wrong, or could not be checked because of it",
  },
  async run({ values }, terminal) {
    if (
      values.health !== undefined &&
      !(URL.canParse(values.health) && /^https?:$/.test(new URL(values.health).protocol))
    )
      throw new UsageError("--health must be a URL such as https://APP.azurewebsites.net/api/health");
    // The SDKs are loaded when first needed.
    const [{ givenSettings }, { diagnose }] = await Promise.all([
      import("../deployment/app-settings.ts"),
      import("../doctor/diagnose.ts"),
    ]);
    const settings = await givenSettings(values.settings, terminal);
    const findings = await diagnose(settings, {
      healthUrl: values.health,
      fetch,
      now: () => new Date(),
      onAnswer: (answered, all) => terminal.progress(`${answered} of ${counted(all, "check")} done …`),
    });
    for (const finding of findings) terminal.out(values.json === true ? jsonLine(finding) : textOf(finding, terminal));
    const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
    const wrong = count("problem") + count("unchecked");
    terminal.note(
      `${counted(count("problem"), "problem")}, ${counted(count("warning"), "warning")}, ${counted(count("unchecked"), "thing")} not checked`,
    );
    return wrong === 0 ? 0 : 1;
  },
});

const INDENT = " ".repeat(11);

const COLORS = { ok: "good", warning: "doubtful", problem: "bad", unchecked: "doubtful" } as const;

function textOf({ status, check, found, settings, remedy }: Finding, terminal: Terminal): string {
  const lines = [
    `${status.padEnd(INDENT.length)}${visible(check)}: ${visible(found)}`,
    ...(status !== "ok" && settings.length > 0 ? [`${INDENT}settings: ${settings.join(", ")}`] : []),
    ...(remedy === "" ? [] : [`${INDENT}what to do: ${visible(remedy)}`]),
  ].map((line) => wrapped(line, terminal.columns, INDENT.length));
  return `${painted(status, COLORS[status], terminal)}${lines.join("\n").slice(status.length)}\n`;
}
