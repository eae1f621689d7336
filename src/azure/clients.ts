import { TableClient } from "@azure/data-tables";
import type { EventHubConsumerClient, EventHubProducerClient } from "@azure/event-hubs";
import type { TokenCredential } from "@azure/identity";
import type { LogsIngestionClient } from "@azure/monitor-ingestion";
import type { ContainerClient } from "@azure/storage-blob";
import { BLOB_RETRIES, HUB_RETRIES, INGESTION_RETRIES, SEND_RETRIES, TABLE_RETRIES } from "../core/timing.ts";
import { answersOfTheTableService } from "./tables/table-answers.ts";

/*
 * The SDKs' clients and credentials, for the app and the commands alike. The SDKs that most batches do not need are
 * loaded when a client is made.
 */

/** How to reach a service: at its address with a credential or, in local runs, by connection string alone. */
export type Access =
  | { readonly kind: "identity"; readonly url: string; readonly credential: Credential }
  | { readonly kind: "connectionString"; readonly connectionString: string; readonly credential?: Credential };

export type Credential = () => Promise<TokenCredential>;

/** The identity of the app; the system-assigned one without a client id. */
export async function managedIdentity(clientId: string | undefined): Promise<TokenCredential> {
  const { ManagedIdentityCredential } = await import("@azure/identity");
  return clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
}

/** A person's `az login`, or another sign-in that the machine offers. */
export async function ownSignIn(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential();
}

export async function tableClient(access: Access, name: string): Promise<TableClient> {
  const options = { retryOptions: TABLE_RETRIES, additionalPolicies: [answersOfTheTableService] };
  const client =
    access.kind === "connectionString"
      ? TableClient.fromConnectionString(access.connectionString, name, { ...options, allowInsecureConnection: true })
      : new TableClient(access.url, name, await access.credential(), options);
  // No call sends a form; to ask whether one does, Node would load all of fetch at the first call (20 ms).
  client.pipeline.removePolicy({ name: "formDataPolicy" });
  return client;
}

/** @param name needed with a connection string; an address names the container itself */
export async function containerClient(access: Access, name: string): Promise<ContainerClient> {
  const { ContainerClient } = await import("@azure/storage-blob");
  const options = { retryOptions: BLOB_RETRIES };
  return access.kind === "connectionString"
    ? new ContainerClient(access.connectionString, name, options)
    : new ContainerClient(access.url, await access.credential(), options);
}

/**
 * The client that reads a hub.
 *
 * @param access its address is a host name
 * @param hub the same as in the connection string, if that names one
 */
export async function hubConsumer(access: Access, hub: string, consumerGroup: string): Promise<EventHubConsumerClient> {
  const { EventHubConsumerClient } = await import("@azure/event-hubs");
  const options = { retryOptions: HUB_RETRIES };
  return access.kind === "connectionString"
    ? new EventHubConsumerClient(consumerGroup, access.connectionString, hub, options)
    : new EventHubConsumerClient(consumerGroup, access.url, hub, await access.credential(), options);
}

/** The client that sends to a hub, named as for `hubConsumer`. */
export async function hubProducer(access: Access, hub: string): Promise<EventHubProducerClient> {
  const { EventHubProducerClient } = await import("@azure/event-hubs");
  const options = { retryOptions: SEND_RETRIES };
  return access.kind === "connectionString"
    ? new EventHubProducerClient(access.connectionString, hub, options)
    : new EventHubProducerClient(access.url, hub, await access.credential(), options);
}

/** @param audience of the tokens; it differs between Azure's clouds */
export async function ingestionClient(
  { endpoint, audience }: { readonly endpoint: string; readonly audience: string },
  credential: Credential,
): Promise<LogsIngestionClient> {
  const { LogsIngestionClient } = await import("@azure/monitor-ingestion");
  return new LogsIngestionClient(endpoint, await credential(), { audience, retryOptions: INGESTION_RETRIES });
}
