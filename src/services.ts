import { readFileSync } from "node:fs";
import { containerClient, hubConsumer, ingestionClient, managedIdentity, tableClient } from "./azure/clients.ts";
import { thisProcess } from "./azure/ledger/suspect-table.ts";
import { type Config, readConfig } from "./config.ts";
import type { Rule } from "./core/incident/rule.ts";
import { MACHINE } from "./machine.ts";
import { BACKUPS_CONTAINER, DEAD_LETTERS_CONTAINER } from "./storage-names.ts";
import { lazily, type Outside, wire } from "./wiring.ts";

/**
 * The app's services, made at the first invocation that needs them and then kept. At load the app reads no setting and
 * makes no connection, so that the host can always index the functions.
 *
 * @throws {SettingsError} at each call until the settings are right
 */
export const services = lazily(() => {
  const config = readConfig(process.env);
  return wire(config, readRules(), outside(config));
});

/** The compiled rules, from `rules.json` beside the bundle. */
function readRules(): readonly Rule[] {
  const rules: Rule[] = JSON.parse(readFileSync(new URL("./rules.json", import.meta.url), "utf8"));
  return rules;
}

/** This machine, and Azure with the identity of the app. */
function outside(config: Config): Outside {
  const credential = lazily(() => managedIdentity(config.identityClientId));
  const { endpoint, hub, healerConsumerGroup } = config.auditEvents;
  return {
    machine: MACHINE,
    worker: thisProcess(),
    table: (name) => tableClient({ ...config.incidents, credential }, name),
    hub: () => hubConsumer({ ...endpoint, credential }, hub, healerConsumerGroup),
    deadLetters: () => containerClient({ ...config.deadLetters, credential }, DEAD_LETTERS_CONTAINER),
    backups: () => containerClient({ ...config.backups, credential }, BACKUPS_CONTAINER),
    ingestion: () => ingestionClient(config.logsIngestion, credential),
    post: fetch,
  };
}
