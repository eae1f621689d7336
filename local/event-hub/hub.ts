import { sameName, type EntityAddress } from "./entity-address.ts";
import type { Publication } from "./event-message.ts";
import { partitionLog, type PartitionLog } from "./partition-log.ts";
import type { Contender } from "./receiver-admission.ts";
import { refusal, type Refusal } from "./refusal.ts";

/** A hub to create. The consumer group `$Default` always exists. */
export interface HubDefinition {
  readonly name: string;
  readonly partitions: number;
  readonly consumerGroups: readonly string[];
}

const DEFAULT_CONSUMER_GROUP = "$Default";

/** A link that the broker can detach. */
export interface AttachedLink {
  detach(reason: Refusal): void;
}

export type AttachedReceiver = AttachedLink & Contender;

/** The state of one hub since its creation. Recreating a hub creates a new one of these. */
export interface Hub {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly partitions: readonly PartitionLog[];
  readonly consumerGroups: readonly string[];
  readonly links: Set<AttachedLink>;
  /** The receivers of one partition in one consumer group. */
  receivers(group: string, partition: string): Set<AttachedReceiver>;
  /**
   * Stores to `partition` if given; otherwise by partition key (the same key always in one partition); otherwise in
   * turn.
   */
  publish(publication: Publication, partition: PartitionLog | undefined): void;
}

export function createHub(definition: HubDefinition, now: () => number, maxEvents: number | undefined): Hub {
  const partitions = Array.from({ length: definition.partitions }, (_, id) => partitionLog(String(id), now, maxEvents));
  const receivers = new Map<string, Set<AttachedReceiver>>();
  let turn = 0;
  const choose = (partitionKey: string | undefined): PartitionLog | undefined =>
    partitions[(partitionKey === undefined ? turn++ : hash(partitionKey)) % partitions.length];
  return {
    name: definition.name,
    createdAt: now(),
    partitions,
    consumerGroups: [
      DEFAULT_CONSUMER_GROUP,
      ...definition.consumerGroups.filter((group) => !sameName(group, DEFAULT_CONSUMER_GROUP)),
    ],
    links: new Set(),
    receivers(group, partition) {
      const key = `${group.toLowerCase()}/${partition}`;
      const found = receivers.get(key) ?? new Set();
      receivers.set(key, found);
      return found;
    },
    publish({ partitionKey, events }, partition) {
      (partition ?? choose(partitionKey))?.append(events);
    },
  };
}

/** FNV-1a, 32 bits. The service uses another hash, so keys land in other partitions there. */
function hash(key: string): number {
  return Buffer.from(key, "utf8").reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** The target of an address; `partition` is set if the address names one. */
export interface Place {
  readonly hub: Hub;
  readonly partition: PartitionLog | undefined;
}

/** Finds the target of an address among the hubs, keyed by lower-case name. */
export function findPlace(hubs: ReadonlyMap<string, Hub>, address: EntityAddress): Place | Refusal {
  if (address.kind === "unknown") return notFound(address.path);
  const hub = hubs.get(address.hub.toLowerCase());
  if (hub === undefined) return notFound(address.hub);
  if (address.kind === "consumer-group" && !hub.consumerGroups.some((group) => sameName(group, address.group))) {
    return notFound(`${hub.name}/ConsumerGroups/${address.group}`);
  }
  const partition = hub.partitions.find(({ id }) => id === address.partition);
  return address.partition === undefined || partition !== undefined ? { hub, partition } : noSuchPartition(hub);
}

/** @azure/core-amqp recognizes not-found by the sentence "The messaging entity … could not be found". */
export function notFound(path: string): Refusal {
  return refusal("amqp:not-found", `The messaging entity 'sb://127.0.0.1/${path}' could not be found.`);
}

function noSuchPartition(hub: Hub): Refusal {
  return refusal(
    "com.microsoft:argument-out-of-range",
    `The specified partition is invalid for an EventHub partition sender or receiver. ` +
      `It should be between 0 and ${hub.partitions.length - 1}.`,
  );
}
