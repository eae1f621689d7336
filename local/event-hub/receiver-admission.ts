import { refusal, type Refusal } from "./refusal.ts";

/**
 * Decides who may read a partition in one consumer group.
 *
 * A receiver with an epoch (owner level) reads alone: it disconnects receivers without an epoch and those whose epoch
 * is not higher. While it is connected, receivers without an epoch or with a lower one are refused. Without epochs,
 * five receivers may read at a time. Nothing is remembered once the receivers are gone.
 *
 * @see https://learn.microsoft.com/archive/blogs/gyan/event-hubs-receiver-epoch
 */
export interface Contender {
  readonly name: string;
  readonly epoch: bigint | undefined;
}

/** https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas */
const MAX_RECEIVERS_WITHOUT_EPOCH = 5;

export type Admission<Receiver> =
  | {
      readonly kind: "admitted";
      readonly evicted: readonly Receiver[];
      readonly reason: (evicted: Receiver) => Refusal;
    }
  | { readonly kind: "refused"; readonly reason: Refusal };

export function admit<Receiver extends Contender>(
  newcomer: Contender,
  present: readonly Receiver[],
): Admission<Receiver> {
  const owner = present.find((receiver) => receiver.epoch !== undefined);
  if (newcomer.epoch === undefined) {
    if (owner !== undefined) return { kind: "refused", reason: ownedByEpoch(owner) };
    if (present.length >= MAX_RECEIVERS_WITHOUT_EPOCH) return { kind: "refused", reason: tooMany(present) };
    return { kind: "admitted", evicted: [], reason: (evicted) => overtaken(newcomer, evicted) };
  }
  if (owner?.epoch !== undefined && owner.epoch > newcomer.epoch) {
    return { kind: "refused", reason: lowerEpoch(newcomer, owner) };
  }
  return { kind: "admitted", evicted: present, reason: (evicted) => overtaken(newcomer, evicted) };
}

function overtaken(newcomer: Contender, evicted: Contender): Refusal {
  return refusal(
    "amqp:link:stolen",
    `New receiver '${newcomer.name}' with higher epoch of '${newcomer.epoch}' is created hence current receiver ` +
      `'${evicted.name}' with epoch '${evicted.epoch ?? -1}' is getting disconnected. If you are recreating the receiver, ` +
      `make sure a higher epoch is used.`,
  );
}

function lowerEpoch(newcomer: Contender, owner: Contender): Refusal {
  return refusal(
    "amqp:link:stolen",
    `Receiver '${owner.name}' with a higher epoch '${owner.epoch}' already exists. Receiver '${newcomer.name}' with ` +
      `epoch ${newcomer.epoch} cannot be created. Make sure you are creating receiver with increasing epoch value to ` +
      `ensure connectivity, or ensure all old epoch receivers are closed or disconnected.`,
  );
}

function ownedByEpoch(owner: Contender): Refusal {
  return refusal(
    "amqp:link:stolen",
    `At least one receiver for the endpoint is created with epoch of '${owner.epoch}', and so non-epoch receiver is not ` +
      `allowed. Either reconnect with a higher epoch, or make sure all epoch receivers are closed or disconnected.`,
  );
}

function tooMany(present: readonly Contender[]): Refusal {
  return refusal(
    "amqp:resource-limit-exceeded",
    `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ` +
      `${MAX_RECEIVERS_WITHOUT_EPOCH}. List of connected receivers - ${present.map(({ name }) => name).join(", ")}.`,
  );
}
