import type { EventContext, Receiver } from "rhea";
import { MalformedMessageError } from "./amqp-encoding.ts";
import { parseAddress } from "./entity-address.ts";
import { readPublication } from "./event-message.ts";
import { findPlace, notFound, type AttachedLink, type Hub, type Place } from "./hub.ts";
import { isRefusal, refusal, type Refusal } from "./refusal.ts";
import { answerAttach, messageBytes, onLinkEnd } from "./rhea-edge.ts";

/** Limit of Standard and Premium. https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** Opens a client's sender on `HUB` or `HUB/Partitions/N`, or detaches it with the reason. */
export function openProducer(receiver: Receiver, hubs: ReadonlyMap<string, Hub>): void {
  const path = receiver.target?.address ?? "";
  const address = parseAddress(path);
  const place = address.kind === "hub" ? findPlace(hubs, address) : notFound(path);
  if (isRefusal(place)) {
    receiver.close(place); // its attach frame named no target, so the client knows that it is refused
    return;
  }
  answerAttach(receiver, { max_message_size: MAX_MESSAGE_BYTES });
  const attached: AttachedLink = { detach: (reason) => receiver.close(reason) };
  place.hub.links.add(attached);
  onLinkEnd(receiver, () => void place.hub.links.delete(attached));
  receiver.on("message", (context: EventContext) => {
    const refused = publish(context, place);
    if (refused === undefined) context.delivery?.accept();
    else context.delivery?.reject(refused);
  });
}

function publish(context: EventContext, { hub, partition }: Place): Refusal | undefined {
  const bytes = messageBytes(context);
  if (bytes.length > MAX_MESSAGE_BYTES) {
    return refusal(
      "amqp:link:message-size-exceeded",
      `The received message (delivery-id:${context.delivery?.id ?? 0}, size:${bytes.length} bytes) exceeds the limit ` +
        `(${MAX_MESSAGE_BYTES} bytes) currently allowed on the link.`,
    );
  }
  try {
    hub.publish(readPublication(bytes, context.delivery?.format ?? 0), partition);
    return undefined;
  } catch (error) {
    if (error instanceof MalformedMessageError) return refusal("amqp:decode-error", error.message);
    throw error;
  }
}
