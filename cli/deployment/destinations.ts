import type { ContainerClient } from "@azure/storage-blob";
import { type EventHubProducerClient, parseEventHubConnectionString } from "@azure/event-hubs";
import { type Access, containerClient, hubProducer, ownSignIn, tableClient } from "../../src/azure/clients.ts";
import { type TableRows, tableRows } from "../../src/azure/tables/table-rows.ts";
import type { HubName } from "../../src/azure/tables/row-keys.ts";
import { hubNameIn } from "../../src/config.ts";
import { visible } from "../../src/core/visible-text.ts";
import { UsageError } from "../../src/errors.ts";
import { BACKUPS_CONTAINER, DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import type { Settings } from "./settings-file.ts";

const DEFAULT_HUB = "insights-logs-auditlogs";
/**
 * Azurite's account and key, which are public. Nobody can sign in to the emulator.
 *
 * @see https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
 */
const EMULATOR_ACCOUNT = "devstoreaccount1";
const EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface HubChoice {
  readonly connection?: string;
  readonly namespace?: string;
  readonly hub?: string;
}

/** The value of an option or a setting, with the name under which a person finds it. */
interface Given {
  readonly name: string;
  readonly value: string;
}

function given(name: string, value: string | undefined): Given | undefined {
  return value === undefined ? undefined : { name, value };
}

/**
 * The hub that a person names by option or setting.
 *
 * @throws {UsageError} when no hub is named, two are, or the connection string is malformed
 */
export async function sendDestination(
  { connection, namespace, hub }: HubChoice,
  settings: Settings,
): Promise<{ producer: EventHubProducerClient; description: string }> {
  if (connection !== undefined && namespace !== undefined)
    throw new UsageError("Both --connection and --namespace are given. Give only one of them");
  const isNamed = connection !== undefined || namespace !== undefined;
  const key = isNamed ? given("--connection", connection) : given("AUDIT_EVENTS", settings["AUDIT_EVENTS"]);
  const host = isNamed
    ? given("--namespace", namespace)
    : given("AUDIT_EVENTS__fullyQualifiedNamespace", settings["AUDIT_EVENTS__fullyQualifiedNamespace"]);
  const hubName = hub ?? settings["AUDIT_EVENTS_HUB"] ?? DEFAULT_HUB;
  if (key !== undefined) return byConnectionString(key, hubName, hub !== undefined);
  if (host === undefined) {
    throw new UsageError(
      "No event hub named. Give --connection or --namespace, set AUDIT_EVENTS, or run this in a checkout whose local stack runs (`npm start`)",
    );
  }
  requireHost(host);
  return {
    producer: await hubProducer({ kind: "identity", url: host.value, credential: ownSignIn }, hubName),
    description: `${hubName} at ${host.value}`,
  };
}

function requireHost({ name, value }: Given): void {
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(value)) return;
  throw new UsageError(`${name} must be a host name such as NAME.servicebus.windows.net, not "${visible(value)}"`);
}

/**
 * The name of the hub that a person names by option or setting, as the app's ledger has it.
 *
 * @throws {UsageError} when no hub is named, or the host name is malformed
 */
export function namedHub({ namespace, hub }: Omit<HubChoice, "connection">, settings: Settings): HubName {
  if (namespace !== undefined) requireHost({ name: "--namespace", value: namespace });
  const { AUDIT_EVENTS_HUB = DEFAULT_HUB, ...others } = settings;
  const chosen = namespace === undefined ? others : { AUDIT_EVENTS__fullyQualifiedNamespace: namespace };
  const named = hubNameIn({ ...chosen, AUDIT_EVENTS_HUB });
  if (named.namespace !== "") return { ...named, hub: hub ?? named.hub };
  throw new UsageError(
    "No event hub named. Give --namespace, set AUDIT_EVENTS, or run this in a checkout whose local stack runs (`npm start`)",
  );
}

async function byConnectionString({ name, value: connectionString }: Given, hubName: string, isHubGiven: boolean) {
  try {
    const { eventHubName, endpoint } = parseEventHubConnectionString(connectionString);
    if (eventHubName !== undefined && isHubGiven && eventHubName !== hubName) {
      throw new UsageError(
        `--hub is ${visible(hubName)}, but the connection string names ${eventHubName}. Leave out --hub, or correct one of them`,
      );
    }
    const hub = eventHubName ?? hubName;
    const producer = await hubProducer({ kind: "connectionString", connectionString }, hub);
    return { producer, description: `${hub} at ${endpoint.replace(/^sb:\/\/|\/$/g, "")}` };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Without the SDK's error, which may quote the string, and with it the key.
    throw new UsageError(
      `${name} is not the connection string of an event hub. Expected Endpoint=sb://HOST/;SharedAccessKeyName=…;SharedAccessKey=…`,
    );
  }
}

export interface StorageChoice {
  readonly storage?: string;
  readonly "table-endpoint"?: string;
  readonly "container-url"?: string;
}

/** The option and the setting for the address of a storage service. */
interface Addressed {
  readonly what: string;
  readonly option: "table-endpoint" | "container-url";
  readonly setting: string;
  readonly example: string;
}

const TABLES: Addressed = {
  what: "incident table",
  option: "table-endpoint",
  setting: "INCIDENTS_TABLE_ENDPOINT",
  example: "https://ACCOUNT.table.core.windows.net",
};
const LETTERS: Addressed = {
  what: "container of dead letters",
  option: "container-url",
  setting: "DEAD_LETTERS_CONTAINER_URL",
  example: "https://ACCOUNT.blob.core.windows.net/dead-letters",
};

const BACKUPS: Addressed = {
  what: "container of backups",
  option: "container-url",
  setting: "BACKUPS_CONTAINER_URL",
  example: "https://ACCOUNT.blob.core.windows.net/backups",
};

/**
 * The incident table, or another one of the same account, that a person names by option or setting.
 *
 * @throws {UsageError} when no storage is named, or the connection string or address is malformed
 */
export async function tableDestination(
  choice: StorageChoice,
  settings: Settings,
  name = INCIDENTS_TABLE,
): Promise<TableRows> {
  return tableRows(await opened(TABLES, { choice, settings }, (access) => tableClient(access, name)));
}

/**
 * The container of dead letters, found in the same way.
 *
 * @throws {UsageError} as for the table
 */
export function containerDestination(choice: StorageChoice, settings: Settings): Promise<ContainerClient> {
  return opened(LETTERS, { choice, settings }, (access) => containerClient(access, DEAD_LETTERS_CONTAINER));
}

/**
 * The container of backups, found in the same way.
 *
 * @throws {UsageError} as for the table
 */
export function backupsDestination(choice: StorageChoice, settings: Settings): Promise<ContainerClient> {
  return opened(BACKUPS, { choice, settings }, (access) => containerClient(access, BACKUPS_CONTAINER));
}

/** Makes the client for the storage that is named. */
async function opened<Client>(
  { what, option, setting, example }: Addressed,
  { choice, settings }: { readonly choice: StorageChoice; readonly settings: Settings },
  open: (access: Access) => Promise<Client>,
): Promise<Client> {
  const isNamed = choice.storage !== undefined || choice[option] !== undefined;
  const key = isNamed ? given("--storage", choice.storage) : given("INCIDENTS_STORAGE", settings["INCIDENTS_STORAGE"]);
  const address = isNamed ? given(`--${option}`, choice[option]) : given(setting, settings[setting]);
  if (key !== undefined) return byKey(key, open);
  if (address === undefined) {
    throw new UsageError(
      `No ${what} named. Give --storage or --${option}, set INCIDENTS_STORAGE or ${setting}, or run this in a checkout whose local stack runs (\`npm start\`)`,
    );
  }
  const url = URL.canParse(address.value) ? new URL(address.value) : undefined;
  if (url !== undefined && isEmulator(url)) {
    const service = option === "table-endpoint" ? "TableEndpoint" : "BlobEndpoint";
    const connectionString = `AccountName=${EMULATOR_ACCOUNT};AccountKey=${EMULATOR_KEY};${service}=${url.origin}/${EMULATOR_ACCOUNT}`;
    return open({ kind: "connectionString", connectionString: `DefaultEndpointsProtocol=http;${connectionString}` });
  }
  // A sign-in is never sent over http.
  if (url?.protocol !== "https:")
    throw new UsageError(`${address.name} must be a URL such as ${example}, not "${visible(address.value)}"`);
  return open({ kind: "identity", url: address.value, credential: ownSignIn });
}

async function byKey<Client>(
  { name, value: connectionString }: Given,
  open: (access: Access) => Promise<Client>,
): Promise<Client> {
  const endpoints = [...connectionString.matchAll(/(?:Table|Blob)Endpoint=([^;]*)/gi)];
  try {
    if (endpoints.some(([, endpoint = ""]) => !URL.canParse(endpoint))) throw new TypeError("not an address");
    return await open({ kind: "connectionString", connectionString });
  } catch {
    // Without the SDK's error, which may quote the string, and with it the key.
    throw new UsageError(
      `${name} is not the connection string of a storage account. Expected DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…`,
    );
  }
}

function isEmulator({ protocol, hostname, pathname }: URL): boolean {
  const isLoopback = ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
  return protocol === "http:" && isLoopback && pathname.split("/")[1] === EMULATOR_ACCOUNT;
}
