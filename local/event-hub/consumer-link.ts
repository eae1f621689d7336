import type { Sender } from "rhea";
import { parseAddress } from "./entity-address.ts";
import { encodeDelivery, type RuntimeMetric } from "./event-message.ts";
import { findPlace, notFound, type AttachedReceiver, type Hub } from "./hub.ts";
import type { PartitionLog } from "./partition-log.ts";
import { admit } from "./receiver-admission.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import { answerAttach, onLinkEnd, sendWindow } from "./rhea-edge.ts";
import { parseSelector, resolveStart } from "./start-position.ts";

const SELECTOR_FILTER = "apache.org:selector-filter:string";
const RUNTIME_METRIC = "com.microsoft:enable-receiver-runtime-metric";

/** Opens a client's receiver on `HUB/ConsumerGroups/GROUP/Partitions/N`, or detaches it with the reason. */
export function openConsumer(sender: Sender, hubs: ReadonlyMap<string, Hub>, now: () => number): void {
  const opened = enter(sender, hubs);
  if (isRefusal(opened)) {
    sender.close(opened); // its attach frame named no source, so the client knows that it is refused
    return;
  }
  const wantsMetric = [sender.desired_capabilities].flat().includes(RUNTIME_METRIC);
  answerAttach(sender, {
    snd_settle_mode: sender.snd_settle_mode,
    ...(wantsMetric && { offered_capabilities: RUNTIME_METRIC }),
  });
  deliver(sender, { ...opened, metric: wantsMetric ? () => describeEnd(opened.log, now()) : () => undefined });
}

function enter(
  sender: Sender,
  hubs: ReadonlyMap<string, Hub>,
): { readonly log: PartitionLog; readonly start: number } | Refusal {
  const path = sender.source?.address ?? "";
  const address = parseAddress(path);
  if (address.kind !== "consumer-group") return notFound(path);
  const place = findPlace(hubs, address);
  if (isRefusal(place)) return place;
  if (place.partition === undefined) return notFound(path);
  const position = parseSelector(selectorOf(sender));
  if (isRefusal(position)) return position;
  const start = resolveStart(position, place.partition);
  if (isRefusal(start)) return start;

  const present = place.hub.receivers(address.group, address.partition);
  const newcomer = attachedReceiver(sender);
  const admission = admit(newcomer, [...present]);
  if (admission.kind === "refused") return admission.reason;
  for (const evicted of admission.evicted) {
    present.delete(evicted);
    place.hub.links.delete(evicted);
    evicted.detach(admission.reason(evicted));
  }
  present.add(newcomer);
  place.hub.links.add(newcomer);
  onLinkEnd(sender, () => {
    present.delete(newcomer);
    place.hub.links.delete(newcomer);
  });
  return { log: place.partition, start };
}

function attachedReceiver(sender: Sender): AttachedReceiver {
  const properties: Readonly<Record<string, unknown>> = sender.properties ?? {};
  const name = properties["com.microsoft:receiver-name"];
  return {
    name: typeof name === "string" ? name : "nil",
    epoch: readEpoch(properties["com.microsoft:epoch"]),
    detach: (reason) => sender.close(reason),
  };
}

/** rhea returns longs beyond 2^53 as their eight bytes. */
function readEpoch(value: unknown): bigint | undefined {
  if (typeof value === "number") return BigInt(value);
  return Buffer.isBuffer(value) ? value.readBigInt64BE() : undefined;
}

function selectorOf(sender: Sender): string | undefined {
  const filter: unknown = sender.source?.filter?.[SELECTOR_FILTER];
  const selector = typeof filter === "object" && filter !== null && "value" in filter ? filter.value : filter;
  return typeof selector === "string" ? selector : undefined;
}

/**
 * Sends the events of the log from `start` on, as far as the client's credit allows, and continues with each append.
 */
function deliver(
  sender: Sender,
  { log, start, metric }: { log: PartitionLog; start: number; metric: () => RuntimeMetric | undefined },
): void {
  const window = sendWindow(sender);
  let next = start;
  const pump = () => {
    // A link that was just detached still has credit, but nothing may follow the detach.
    if (!sender.is_open()) return;
    for (let room = window.room(); room > 0; room -= 1) {
      const event = log.read(next);
      if (event === undefined) return;
      sender.send(encodeDelivery(event, metric()), undefined, 0);
      window.sent();
      next = event.sequenceNumber + 1;
    }
  };
  const drain = () => {
    pump();
    if (log.read(next) === undefined) sender.set_drained(true);
  };
  sender.on("sender_flow", pump);
  sender.on("sendable", pump);
  sender.on("sender_draining", drain);
  onLinkEnd(sender, log.onAppend(pump));
}

function describeEnd(log: PartitionLog, retrievedAt: number): RuntimeMetric {
  return {
    sequenceNumber: log.last,
    offset: log.lastOffset,
    enqueuedAt: log.lastEnqueuedAt ?? retrievedAt,
    retrievedAt,
  };
}
