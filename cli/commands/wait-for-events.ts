import { command, wholeNumber } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";

const DEFAULT_MINUTES = 30;
const MOST_MINUTES = 24 * 60;

export const waitForEvents = command({
  name: "wait-for-events",
  summary: "Waits for the first AuditLogs record after a deployment; names what to check if none comes.",
  options: {
    storage: STORAGE_OPTIONS.storage,
    "table-endpoint": STORAGE_OPTIONS["table-endpoint"],
    namespace: { type: "string", value: "HOST", help: "namespace of the hub: NAME.servicebus.windows.net" },
    hub: {
      type: "string",
      value: "NAME",
      help: "name of the hub (default: AUDIT_EVENTS_HUB, or insights-logs-auditlogs)",
    },
    timeout: {
      type: "string",
      value: "MINUTES",
      help: `give up after this long (default ${DEFAULT_MINUTES}); 0 looks once and does not wait`,
    },
  },
  notes: `Reads the table \`ledger\`, in which the app notes when AuditLogs records reach the hub, and what it found in
the hub. It changes nothing. A record that came at any time counts, and the command ends at once; if the records stopped
later, an alert says so.

Without options it reads the same settings as \`pimwatch incidents\`. In Azure, your own sign-in (az login) needs the
role Storage Table Data Reader on the table \`ledger\`, which operatorPrincipalId has. While the role is new and the
table still refuses you, the command goes on waiting.

  npx pimwatch wait-for-events --table-endpoint https://ACCOUNT.table.core.windows.net \\
    --namespace NAME.servicebus.windows.net

azd runs it at the end of a deployment. Ctrl-C ends the waiting, not the deployment.`,
  exitCodes: {
    0: "an AuditLogs record has reached the hub",
    1: "none has; or Ctrl-C ended the waiting",
  },
  async run({ values: { timeout, ...choice } }, terminal) {
    const minutes = wholeNumber("timeout", timeout, { min: 0, max: MOST_MINUTES }) ?? DEFAULT_MINUTES;
    const { waitForAuditLogs } = await import("../deployment/first-events.ts"); // the SDKs are loaded when first needed
    return waitForAuditLogs(choice, minutes, terminal);
  },
});
