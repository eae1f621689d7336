import { SEND_WAIT_SECONDS } from "../../src/core/timing.ts";
import { UsageError } from "../../src/errors.ts";
import { counted } from "../../src/core/counted.ts";
import { command, wholeNumber } from "../command.ts";
import { onSameTable, quoted, showCommand, summaryText } from "../incidents/summary-text.ts";
import type { Settings } from "../deployment/settings-file.ts";
import type { HubProperties } from "../sending/sent-incidents.ts";
import type { Terminal } from "../terminal.ts";
import { EVENT_FILES_HELP } from "../event-files/forms-help.ts";
import { visible } from "../../src/core/visible-text.ts";

export const send = command({
  name: "send",
  summary: "Sends events from files to an event hub, on this machine or in Azure.",
  operands: "[options] FILE...",
  options: {
    connection: { type: "string", value: "STRING", help: "connection string of the namespace or hub" },
    namespace: {
      type: "string",
      value: "HOST",
      help: "NAME.servicebus.windows.net, with your own Azure sign-in (az login)",
    },
    hub: {
      type: "string",
      value: "NAME",
      help: "the event hub (default: from the settings, or insights-logs-auditlogs)",
    },
    wait: { type: "boolean", help: "wait for the incidents and print how long each took" },
    storage: {
      type: "string",
      value: "STRING",
      help: "for --wait: connection string of the storage with the table of incidents",
    },
    "table-endpoint": {
      type: "string",
      value: "URL",
      help: "for --wait: https://ACCOUNT.table.core.windows.net, with your own sign-in",
    },
    timeout: {
      type: "string",
      value: "SECONDS",
      help: `for --wait: give up after this time (default ${SEND_WAIT_SECONDS})`,
    },
  },
  notes: `${EVENT_FILES_HELP}
Each line or element of an export is sent unchanged as one event.

Without --connection and --namespace, the setting AUDIT_EVENTS (or AUDIT_EVENTS__fullyQualifiedNamespace)
names the hub: from the environment, or from ./local.settings.json as \`pimwatch stack\` writes it. In the
same way, INCIDENTS_STORAGE or INCIDENTS_TABLE_ENDPOINT names the table for --wait. If none of these is set, the
local stack of \`npm start\` is used while it runs.`,
  exitCodes: {
    0: "everything was sent and, with --wait, every record that a rule matches has its incident",
    1: "an incident is missing, or Ctrl-C ended it early",
    2: "no record of a file is understood",
  },
  async run({ values, operands }, terminal) {
    if (operands.length === 0) throw new UsageError("No FILE given. Usage: pimwatch send [options] FILE...");
    const timeoutSeconds = wholeNumber("timeout", values.timeout, { min: 1, max: 86_400 }) ?? SEND_WAIT_SECONDS;
    const [
      { pageAddress, settingsFor },
      { sendDestination },
      { listEventFiles, misreadFiles, readEventFiles },
      { sendEvents },
    ] = await Promise.all([
      import("../deployment/app-settings.ts"),
      import("../deployment/destinations.ts"),
      import("../event-files/event-files.ts"),
      import("../sending/event-sender.ts"),
    ]);
    const settings = await settingsFor(values, terminal);
    const { producer, description } = await sendDestination(values, settings);
    const misread = misreadFiles(terminal);
    let following: Following | undefined;
    const began = performance.now();
    try {
      await listEventFiles(operands); // a wrong path is named before anything is sent
      if (values.wait === true) following = await follow(values, producer, settings);
      terminal.note(`Sending to ${visible(description)}`);
      const events = readEventFiles(operands, misread.report);
      const sent = await sendEvents(producer, following?.noting(events) ?? events, {
        stopping: terminal.stopping,
        onProgress: ({ events: count, bytes }) =>
          terminal.progress(`${counted(count, "event")} sent, ${megabytes(bytes)} …`),
      });
      terminal.note(
        `${counted(sent.events, "event")} sent, ${megabytes(sent.bytes)} in ${((performance.now() - began) / 1_000).toFixed(1)} s`,
      );
    } finally {
      await producer.close();
    }
    if (terminal.stopping.aborted) return stopped(terminal);
    const page = pageAddress(settings);
    if (following === undefined) {
      terminal.note(`page  ${page}\nnext  ${onSameTable("npx pimwatch incidents", values)}`);
      return misread.exitCode(0);
    }
    const { rows, isComplete } = await following.untilFound({ timeoutSeconds }, terminal);
    const show = showCommand(rows);
    const next =
      show === undefined ? `npx pimwatch explain ${operands.map(quoted).join(" ")}` : onSameTable(show, values);
    terminal.note(summaryText(rows, { page, next }, terminal));
    return misread.exitCode(isComplete ? 0 : 1);
  },
});

type Following = ReturnType<typeof import("../sending/sent-incidents.ts").followSent>;
type TableChoice = Parameters<typeof import("../deployment/destinations.ts").tableDestination>[0];

/** Loads rules and table, which only --wait needs. */
async function follow(choice: TableChoice, hub: HubProperties, settings: Settings): Promise<Following> {
  const [{ readTenants }, { tableDestination }, { readyRules }, { followSent, newestEnqueued }] = await Promise.all([
    import("../../src/core/event/tenants.ts"),
    import("../deployment/destinations.ts"),
    import("../rules/ready-rules.ts"),
    import("../sending/sent-incidents.ts"),
  ]);
  const table = await tableDestination(choice, settings);
  const tenants = readTenants(settings["ALLOWED_TENANT_IDS"] ?? "");
  const allowedTenantIds = "expected" in tenants ? [] : [...tenants.keys()];
  return followSent({ table, rules: await readyRules(), newestBefore: await newestEnqueued(hub), allowedTenantIds });
}

function stopped(terminal: Terminal): number {
  terminal.note("pimwatch: stopped before all events were sent");
  return 1;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
