import { sameName, type EntityAddress } from "./entity-address.ts";
import type { Publication } from "./event-message.ts";
import { partitionLog, type PartitionLog } from "./partition-log.ts";
import type { Contender } from "./receiver-admission.ts";
import { refusal, type Refusal } from "./refusal.ts";

/** A hub to hold. The consumer group `$Default` exists without being named. */
export interface HubDefinition {
  readonly name: string;
  readonly partitions: number;
  readonly consumerGroups: readonly string[];
}

const DEFAULT_CONSUMER_GROUP = "$Default";

/** Something attached to a hub that the broker can throw out. */
export interface AttachedLink {
  detach(reason: Refusal): void;
}

export type AttachedReceiver = AttachedLink & Contender;

/** The state of one hub from its creation on. Making a hub again is making a new one of these. */
export interface Hub {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly partitions: readonly PartitionLog[];
  readonly consumerGroups: readonly string[];
  readonly links: Set<AttachedLink>;
  /** The receivers of one partition in one consumer group. */
  receivers(group: string, partition: string): Set<AttachedReceiver>;
  /** Stores to `partition` if given; else by partition key, the same key always in one; else in turn. */
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

/** FNV-1a, 32 bits. The service's own hash is another one: which partition a key lands in is not imitated. */
function hash(key: string): number {
  return Buffer.from(key, "utf8").reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** What an address leads to; `partition` is there if it names one. */
export interface Place {
  readonly hub: Hub;
  readonly partition: PartitionLog | undefined;
}

/** Finds what an address names among the hubs, keyed by lower-case name. */
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

/** Clients know this sentence: @azure/core-amqp reads "The messaging entity … could not be found" as its not-found code. */
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
