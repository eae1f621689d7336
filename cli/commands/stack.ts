import { once } from "node:events";
import { resolve } from "node:path";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { command, port } from "../command.ts";
import { readTenants } from "../../src/core/event/tenants.ts";
import { UsageError } from "../../src/errors.ts";

const SETTINGS_FILE = "local.settings.json";

export const stack = command({
  name: "stack",
  summary: "Runs storage, event hub and logs ingestion on this machine, for `func start`.",
  options: {
    tenants: {
      type: "string",
      value: "IDS",
      help: "Entra tenants whose events the app accepts, comma-separated, each as ID or ID=NAME (default: that of the samples)",
    },
    force: {
      type: "boolean",
      help: `replace your own ${SETTINGS_FILE}; it is kept as ${SETTINGS_FILE}.backup`,
    },
    "hub-port": { type: "string", value: "PORT", help: "of the event hub (default 5672)" },
    "table-port": { type: "string", value: "PORT", help: "of table storage (default 10002)" },
    "blob-port": { type: "string", value: "PORT", help: "of blob storage (default 10000)" },
    "ingestion-port": { type: "string", value: "PORT", help: "of the logs ingestion endpoint (default: a free one)" },
  },
  notes: `Writes ./${SETTINGS_FILE}. In another terminal, \`npm run build\` and \`func start\` then run the app on these
services, and \`npx pimwatch send FILE\` sends events to them. Everything is in memory and on 127.0.0.1.
Press Ctrl-C to stop.

A ${SETTINGS_FILE} that an earlier run wrote is replaced. Any other is replaced only with --force.`,
  exitCodes: {
    0: "Ctrl-C ended it",
    2: "one of the services ended",
  },
  async run({ values }, terminal) {
    const ports = {
      hubPort: port("hub-port", values["hub-port"]) ?? 5672,
      tablePort: port("table-port", values["table-port"]) ?? 10_002,
      blobPort: port("blob-port", values["blob-port"]) ?? 10_000,
      ingestionPort: port("ingestion-port", values["ingestion-port"]),
    };
    const allowedTenants = values.tenants ?? TENANT_ID;
    const tenants = readTenants(allowedTenants);
    if ("expected" in tenants)
      throw new UsageError(`--tenants is wrong: expected ${tenants.expected}, found ${JSON.stringify(allowedTenants)}`);

    const [{ startStack }, { checkSettingsFile, writeSettingsFile }] = await Promise.all([
      import("../../local/stack.ts"),
      import("../deployment/settings-file.ts"),
    ]);
    const file = resolve(SETTINGS_FILE);
    await checkSettingsFile(file, { force: values.force === true });
    terminal.progress("Starting storage, event hub and logs ingestion …");
    const running = await startStack({ ...ports, allowedTenantIds: allowedTenants.split(",") });
    try {
      const backup = await writeSettingsFile(file, running.settings);
      if (backup !== undefined) terminal.note(`Your own ${SETTINGS_FILE} is now ${backup}`);
      terminal.out(
        [
          "Running on this machine only, all data in memory:",
          `  event hub  ${running.eventHub.connectionString}`,
          `  tables     ${running.azurite.tableEndpoint}`,
          `  blobs      ${running.azurite.blobEndpoint}`,
          `  ingestion  ${running.ingestion.endpoint}`,
          `  settings   ${file}`,
          "",
          "Next, in another terminal: npm run build && func start. Press Ctrl-C to stop.",
          "",
        ].join("\n"),
      );
      terminal.progress("");
      if (!terminal.stopping.aborted) await Promise.race([once(terminal.stopping, "abort"), running.failed]);
      return 0;
    } finally {
      await running.stop();
    }
  },
});
