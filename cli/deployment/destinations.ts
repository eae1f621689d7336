import { readFile } from "node:fs/promises";
import type { TableClient } from "@azure/data-tables";
import type { ContainerClient } from "@azure/storage-blob";
import { type EventHubProducerClient, parseEventHubConnectionString } from "@azure/event-hubs";
import { containerClient, hubProducer, ownSignIn, tableClient } from "../../src/azure/clients.ts";
import { UsageError } from "../../src/errors.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";

type Settings = Readonly<Record<string, string | undefined>>;

const DEFAULT_HUB = "insights-logs-auditlogs";
/**
 * Azurite's account, published with its key: there is nobody to sign in with.
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
 * The hub that a person named: by option, else by the environment, else by ./local.settings.json.
 *
 * @throws {UsageError} when none is named, two are, or it is no connection string
 */
export async function sendDestination(
  { connection, namespace, hub }: HubChoice,
  environment: Settings,
): Promise<{ producer: EventHubProducerClient; description: string }> {
  if (connection !== undefined && namespace !== undefined)
    throw new UsageError("Give --connection or --namespace, not both");
  const settings = await settingsFrom(environment);
  const named = connection !== undefined || namespace !== undefined;
  const connectionString = named ? connection : settings["AUDIT_EVENTS"];
  const host = named ? namespace : settings["AUDIT_EVENTS__fullyQualifiedNamespace"];
  const hubName = hub ?? settings["AUDIT_EVENTS_HUB"] ?? DEFAULT_HUB;
  if (connectionString !== undefined) return byConnectionString(connectionString, hubName, hub !== undefined);
  if (host === undefined) {
    throw new UsageError(
      `No event hub named: give --connection or --namespace, set AUDIT_EVENTS, or run in a folder with the ${SETTINGS_FILE} of \`pimwatch stack\``,
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
    // The client's own message may quote the string, and with it the key.
    throw new UsageError(
      "The connection string is not one of an event hub: Endpoint=sb://HOST/;SharedAccessKeyName=…;SharedAccessKey=…",
      { cause: error },
    );
  }
  const { eventHubName, endpoint } = properties;
  if (eventHubName !== undefined && isHubGiven && eventHubName !== hubName) {
    throw new UsageError(`--hub is ${hubName}, and the connection string is for ${eventHubName}`);
  }
  const hub = eventHubName ?? hubName;
  const producer = await hubProducer({ kind: "connectionString", connectionString }, hub);
  return { producer, description: `${hub} at ${endpoint.replace(/^sb:\/\/|\/$/g, "")}` };
}

/**
 * The table of incidents, found in the same way.
 *
 * @throws {UsageError} when none is named
 */
export async function tableDestination(
  choice: { readonly storage?: string; readonly "table-endpoint"?: string },
  environment: Settings,
): Promise<TableClient> {
  const settings = await settingsFrom(environment);
  const named = choice.storage !== undefined || choice["table-endpoint"] !== undefined;
  const connectionString = named ? choice.storage : settings["INCIDENTS_STORAGE"];
  const endpoint = named ? choice["table-endpoint"] : settings["INCIDENTS_TABLE_ENDPOINT"];
  if (connectionString !== undefined) {
    try {
      return await tableClient({ kind: "connectionString", connectionString }, INCIDENTS_TABLE);
    } catch (error) {
      throw new UsageError("--storage is not a connection string of a storage account", { cause: error });
    }
  }
  if (endpoint !== undefined) {
    if (!URL.canParse(endpoint))
      throw new UsageError(
        `--table-endpoint must be a URL such as https://ACCOUNT.table.core.windows.net, not "${endpoint}"`,
      );
    if (isEmulator(endpoint)) {
      const emulator = `AccountName=${EMULATOR_ACCOUNT};AccountKey=${EMULATOR_KEY};TableEndpoint=${endpoint}`;
      return tableClient({ kind: "connectionString", connectionString: emulator }, INCIDENTS_TABLE);
    }
    return tableClient({ kind: "identity", url: endpoint, credential: ownSignIn }, INCIDENTS_TABLE);
  }
  throw new UsageError(
    "The table of incidents is not named: give --storage or --table-endpoint, or set INCIDENTS_STORAGE or INCIDENTS_TABLE_ENDPOINT",
  );
}

function isEmulator(endpoint: string): boolean {
  const { protocol, hostname, pathname } = new URL(endpoint);
  return protocol === "http:" && hostname === "127.0.0.1" && pathname.replace(/\/$/, "") === `/${EMULATOR_ACCOUNT}`;
}

/**
 * The container of dead letters, found in the same way.
 *
 * @throws {UsageError} when none is named
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
      throw new UsageError("--storage is not a connection string of a storage account", { cause: error });
    }
  }
  if (url === undefined)
    throw new UsageError(
      "No dead letters named: give --storage or --container-url, or set INCIDENTS_STORAGE or DEAD_LETTERS_CONTAINER_URL",
    );
  if (!URL.canParse(url))
    throw new UsageError(
      `--container-url must be a URL such as https://ACCOUNT.blob.core.windows.net/dead-letters, not "${url}"`,
    );
  return containerClient({ kind: "identity", url, credential: ownSignIn }, DEAD_LETTERS_CONTAINER);
}

/** The environment, over what ./local.settings.json holds. */
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

/** This process has read NODE_EXTRA_CA_CERTS of its environment at its start: that of the file comes on top. */
function trustOf({ NODE_EXTRA_CA_CERTS }: Settings): Settings {
  return NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
}

/**
 * Settings as local.settings.json has them, or as `az functionapp config appsettings list` prints them.
 *
 * @param name of the file, for a person
 * @throws {UsageError} when the text is not JSON
 */
export function settingsIn(text: string, name: string): Settings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name}: not JSON`, { cause: error });
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

/** Tenant ids of a comma-separated list, in lower case; undefined where it is not one. */
export function tenantsFrom(list: string | undefined): readonly string[] | undefined {
  const ids = (list ?? "").split(",").map((id) => id.trim().toLowerCase());
  return ids.every((id) => TENANT.test(id)) ? ids : undefined;
}
