import { readFile } from "node:fs/promises";
import type { ContainerClient } from "@azure/storage-blob";
import { type EventHubProducerClient, parseEventHubConnectionString } from "@azure/event-hubs";
import { containerClient, hubProducer, ownSignIn, tableClient } from "../../src/azure/clients.ts";
import { type TableRows, tableRows } from "../../src/azure/tables/table-rows.ts";
import { UsageError } from "../../src/errors.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";

type Settings = Readonly<Record<string, string | undefined>>;

const DEFAULT_HUB = "insights-logs-auditlogs";
/**
 * Azurite's account and key, which are public. Nobody can sign in to the emulator.
 *
 * @see https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
 */
const EMULATOR_ACCOUNT = "devstoreaccount1";
const EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const SETTINGS_FILE = "local.settings.json";

interface HubChoice {
  readonly connection?: string;
  readonly namespace?: string;
  readonly hub?: string;
}

/**
 * The hub that a person names by option, in the environment or in ./local.settings.json, in this order.
 *
 * @throws {UsageError} when no hub is named, two are, or the connection string is malformed
 */
export async function sendDestination(
  { connection, namespace, hub }: HubChoice,
  environment: Settings,
): Promise<{ producer: EventHubProducerClient; description: string }> {
  if (connection !== undefined && namespace !== undefined)
    throw new UsageError("Both --connection and --namespace are given. Give only one of them");
  const settings = await settingsFrom(environment);
  const named = connection !== undefined || namespace !== undefined;
  const connectionString = named ? connection : settings["AUDIT_EVENTS"];
  const host = named ? namespace : settings["AUDIT_EVENTS__fullyQualifiedNamespace"];
  const hubName = hub ?? settings["AUDIT_EVENTS_HUB"] ?? DEFAULT_HUB;
  if (connectionString !== undefined) return byConnectionString(connectionString, hubName, hub !== undefined);
  if (host === undefined) {
    throw new UsageError(
      `No event hub named. Give --connection or --namespace, set AUDIT_EVENTS, or run in the folder where \`pimwatch stack\` wrote ${SETTINGS_FILE}`,
    );
  }
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(host)) {
    throw new UsageError(`--namespace must be a host name such as NAME.servicebus.windows.net, not "${host}"`);
  }
  return {
    producer: await hubProducer({ kind: "identity", url: host, credential: ownSignIn }, hubName),
    description: `${hubName} at ${host}`,
  };
}

async function byConnectionString(connectionString: string, hubName: string, isHubGiven: boolean) {
  let properties;
  try {
    properties = parseEventHubConnectionString(connectionString);
  } catch (error) {
    // The SDK's message may quote the string, and with it the key.
    throw new UsageError(
      "The connection string is not that of an event hub. Expected Endpoint=sb://HOST/;SharedAccessKeyName=…;SharedAccessKey=…",
      { cause: error },
    );
  }
  const { eventHubName, endpoint } = properties;
  if (eventHubName !== undefined && isHubGiven && eventHubName !== hubName) {
    throw new UsageError(
      `--hub is ${hubName}, but the connection string names ${eventHubName}. Leave out --hub, or correct one of them`,
    );
  }
  const hub = eventHubName ?? hubName;
  const producer = await hubProducer({ kind: "connectionString", connectionString }, hub);
  return { producer, description: `${hub} at ${endpoint.replace(/^sb:\/\/|\/$/g, "")}` };
}

/**
 * The incident table, found in the same way.
 *
 * @throws {UsageError} when no storage is named
 */
export async function tableDestination(
  choice: { readonly storage?: string; readonly "table-endpoint"?: string },
  environment: Settings,
): Promise<TableRows> {
  const settings = await settingsFrom(environment);
  const named = choice.storage !== undefined || choice["table-endpoint"] !== undefined;
  const connectionString = named ? choice.storage : settings["INCIDENTS_STORAGE"];
  const endpoint = named ? choice["table-endpoint"] : settings["INCIDENTS_TABLE_ENDPOINT"];
  if (connectionString !== undefined) {
    try {
      return tableRows(await tableClient({ kind: "connectionString", connectionString }, INCIDENTS_TABLE));
    } catch (error) {
      throw new UsageError("--storage is not the connection string of a storage account", { cause: error });
    }
  }
  if (endpoint !== undefined) {
    if (!URL.canParse(endpoint))
      throw new UsageError(
        `--table-endpoint must be a URL such as https://ACCOUNT.table.core.windows.net, not "${endpoint}"`,
      );
    if (isEmulator(endpoint)) {
      const emulator = `DefaultEndpointsProtocol=http;AccountName=${EMULATOR_ACCOUNT};AccountKey=${EMULATOR_KEY};TableEndpoint=${endpoint}`;
      return tableRows(await tableClient({ kind: "connectionString", connectionString: emulator }, INCIDENTS_TABLE));
    }
    return tableRows(await tableClient({ kind: "identity", url: endpoint, credential: ownSignIn }, INCIDENTS_TABLE));
  }
  throw new UsageError(
    "No incident table named. Give --storage or --table-endpoint, or set INCIDENTS_STORAGE or INCIDENTS_TABLE_ENDPOINT",
  );
}

function isEmulator(endpoint: string): boolean {
  const { protocol, hostname, pathname } = new URL(endpoint);
  return protocol === "http:" && hostname === "127.0.0.1" && pathname.replace(/\/$/, "") === `/${EMULATOR_ACCOUNT}`;
}

/**
 * The container of dead letters, found in the same way.
 *
 * @throws {UsageError} when no storage is named
 */
export async function containerDestination(
  choice: { readonly storage?: string; readonly "container-url"?: string },
  environment: Settings,
): Promise<ContainerClient> {
  const settings = await settingsFrom(environment);
  const named = choice.storage !== undefined || choice["container-url"] !== undefined;
  const connectionString = named ? choice.storage : settings["INCIDENTS_STORAGE"];
  const url = named ? choice["container-url"] : settings["DEAD_LETTERS_CONTAINER_URL"];
  if (connectionString !== undefined) {
    try {
      return await containerClient({ kind: "connectionString", connectionString }, DEAD_LETTERS_CONTAINER);
    } catch (error) {
      throw new UsageError("--storage is not the connection string of a storage account", { cause: error });
    }
  }
  if (url === undefined)
    throw new UsageError(
      "No container of dead letters named. Give --storage or --container-url, or set INCIDENTS_STORAGE or DEAD_LETTERS_CONTAINER_URL",
    );
  if (!URL.canParse(url))
    throw new UsageError(
      `--container-url must be a URL such as https://ACCOUNT.blob.core.windows.net/dead-letters, not "${url}"`,
    );
  return containerClient({ kind: "identity", url, credential: ownSignIn }, DEAD_LETTERS_CONTAINER);
}

/** The settings of ./local.settings.json, overridden by those of the environment. */
export async function settingsFrom(environment: Settings): Promise<Settings> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  let text: string;
  try {
    text = await readFile(SETTINGS_FILE, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return given;
    throw error;
  }
  const inFile = settingsIn(text, SETTINGS_FILE);
  return { ...inFile, ...given, ...trustOf(inFile) };
}

/** The file's NODE_EXTRA_CA_CERTS wins: Node has read that of the environment at its start already. */
function trustOf({ NODE_EXTRA_CA_CERTS }: Settings): Settings {
  return NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
}

/**
 * Reads settings in the form of local.settings.json, or as `az functionapp config appsettings list` prints them.
 *
 * @param name of the file, for the error
 * @throws {UsageError} when the text is not JSON
 */
export function settingsIn(text: string, name: string): Settings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name}: the file is not JSON`, { cause: error });
  }
  const values = typeof parsed === "object" && parsed !== null && "Values" in parsed ? parsed.Values : {};
  const entries: [unknown, unknown][] = Array.isArray(parsed)
    ? parsed.map((setting: { name?: unknown; value?: unknown } | null) => [setting?.name, setting?.value])
    : Object.entries(values ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry.every((part) => typeof part === "string")),
  );
}

const TENANT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The tenant ids of a comma-separated list, in lower case; undefined if one of them is not a tenant id. */
export function tenantsFrom(list: string | undefined): readonly string[] | undefined {
  const ids = (list ?? "").split(",").map((id) => id.trim().toLowerCase());
  return ids.every((id) => TENANT.test(id)) ? ids : undefined;
}
