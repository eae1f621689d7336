import { readFile } from "node:fs/promises";
import { auditHub } from "../../src/azure/audit-hub.ts";
import { containerClient, type Credential, hubConsumer, ownSignIn, tableClient } from "../../src/azure/clients.ts";
import { categorySightingTable } from "../../src/azure/ledger/category-sighting-table.ts";
import { ledgerTable } from "../../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { timerTable } from "../../src/azure/ledger/timer-table.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { expectedCategories } from "../../src/core/ledger/category-sightings.ts";
import { DependencyError, SettingsError } from "../../src/errors.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE, KEPT_TABLE, LEDGER_TABLE } from "../../src/storage-names.ts";
import { type Fetch, healthFinding, ledgerFindings, webhookFinding } from "./app.ts";
import { appIdentity } from "./app-identity.ts";
import type { Finding } from "./finding.ts";
import { hubFindings } from "./hub.ts";
import { ingestionFinding } from "./ingestion.ts";
import { clockFinding, containerFinding, tableFinding } from "./storage.ts";

export type AppSettings = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  /** URL of the running app's /api/health; undefined if it is not to be asked. */
  readonly healthUrl: string | undefined;
  readonly fetch: Fetch;
  now(): Date;
  /** Called at the beginning and after each check. */
  onAnswer?(answered: number, all: number): void;
}

/** Checks every service that the settings name. If a setting is wrong, only the settings are reported. */
export async function diagnose(settings: AppSettings, around: Surroundings): Promise<Finding[]> {
  const health = around.healthUrl === undefined ? [] : [healthFinding(around.healthUrl, around.fetch)];
  let config: Config;
  try {
    config = readConfig(settings);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [...error.problems.map(settingsProblem), ...(await Promise.all(health))];
  }
  const right: Finding = {
    check: "settings",
    status: "ok",
    found: "all are set and well-formed",
    settings: [],
    remedy: "",
  };
  const checks = [...dependencies(config, settings, around), ...health];
  let answered = 0;
  around.onAnswer?.(answered, checks.length);
  const found = await Promise.all(
    checks.map(async (check) => {
      const findings = await check;
      answered += 1;
      around.onAnswer?.(answered, checks.length);
      return findings;
    }),
  );
  return [right, ...found.flat()];
}

function settingsProblem(problem: string): Finding {
  const [setting = ""] = problem.split(" ", 1);
  const remedy = `Correct ${setting} (in Azure, with azd provision), then run doctor again. Nothing else was checked`;
  return { check: "settings", status: "problem", found: problem, settings: [setting], remedy };
}

function dependencies(config: Config, settings: AppSettings, { fetch, now }: Surroundings) {
  const isOwnSignIn = settings["IDENTITY_ENDPOINT"] === undefined;
  const credential: Credential = isOwnSignIn ? ownSignIn : () => Promise.resolve(appIdentity(settings));
  const isByKey = config.incidents.kind === "connectionString";
  const how = { isByKey, isOwnSignIn: isOwnSignIn && !isByKey };
  const storage = isByKey ? "INCIDENTS_STORAGE" : "INCIDENTS_TABLE_ENDPOINT";
  const table = (name: string) => opened(storage, () => tableClient({ ...config.incidents, credential }, name));
  const { auditEvents, logsIngestion, webhook, timerSchedules: schedules } = config;
  const expected = expectedCategories(config.allowedTenantIds, config.expectedLogCategories);
  return [
    hubFindings({
      config,
      triggerConsumerGroup: settings["AUDIT_EVENTS_CONSUMER_GROUP"]?.trim() ?? "",
      open: (consumerGroup) =>
        opened("AUDIT_EVENTS", async () =>
          auditHub(await hubConsumer({ ...auditEvents.endpoint, credential }, auditEvents.hub, consumerGroup)),
        ),
      now,
    }),
    tableFinding(INCIDENTS_TABLE, () => table(INCIDENTS_TABLE), how),
    tableFinding(LEDGER_TABLE, () => table(LEDGER_TABLE), how),
    tableFinding(KEPT_TABLE, () => table(KEPT_TABLE), how),
    containerFinding(
      () => opened(storage, () => containerClient({ ...config.deadLetters, credential }, DEAD_LETTERS_CONTAINER)),
      how,
    ),
    clockFinding(() => table(INCIDENTS_TABLE), now),
    ingestion(logsIngestion, settings, { credential, isOwnSignIn }),
    ...(webhook ? [webhookFinding(webhook, fetch)] : []),
    ledgerFindings(
      async () => {
        const ledger = tableRows(await table(LEDGER_TABLE));
        return {
          ledger: ledgerTable(ledger, auditEvents),
          timers: timerTable(ledger, auditEvents),
          sightings: categorySightingTable(ledger, auditEvents, expected),
        };
      },
      { retentionHours: auditEvents.retentionHours, schedules, now: now().getTime() },
    ),
  ];
}

/** The endpoint of a local run has a certificate of its own. Node reads NODE_EXTRA_CA_CERTS only at its start. */
async function ingestion(
  config: Config["logsIngestion"],
  settings: AppSettings,
  how: { readonly credential: Credential; readonly isOwnSignIn: boolean },
): Promise<Finding> {
  const file = settings["NODE_EXTRA_CA_CERTS"];
  const ca = file === undefined ? undefined : await readFile(file, "utf8").catch(() => undefined);
  return ingestionFinding({ config, ca, ...how });
}

/** Makes a client. The SDK's message is left out: it may quote a connection string, and with it a key. */
async function opened<T>(setting: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch {
    throw new DependencyError(setting, "is not a valid address or connection string");
  }
}
