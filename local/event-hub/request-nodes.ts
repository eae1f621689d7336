import rhea, { type EventContext, type Message } from "rhea";
import { parseAddress } from "./entity-address.ts";
import { findPlace, type Hub } from "./hub.ts";
import type { PartitionLog } from "./partition-log.ts";
import { decodeRequest, replyLink } from "./rhea-edge.ts";
import { isRefusal, refusal, type Refusal } from "./refusal.ts";
import { refusedSignature } from "./shared-access.ts";

/**
 * The two nodes that answer requests: `$cbs` takes tokens, `$management` describes hubs and partitions.
 *
 * @see https://learn.microsoft.com/azure/event-hubs/event-hubs-amqp-protocol-guide
 */
export const REQUEST_NODES: ReadonlySet<string> = new Set(["$cbs", "$management"]);

interface Answer {
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Answers a request sent to `node`, on the link that the request names. */
export function answerRequest(context: EventContext, node: string, hubs: ReadonlyMap<string, Hub>): void {
  const request = decodeRequest(context);
  context.delivery?.accept();
  const properties: Readonly<Record<string, unknown>> = request.application_properties ?? {};
  const answer = node === "$cbs" ? takeToken(properties, request.body, hubs) : readEntity(properties, hubs);
  const replyTo = request.reply_to ?? "";
  const link = context.session === undefined ? undefined : replyLink(context.session, node, replyTo);
  link?.send(encodeAnswer(request, answer));
}

function encodeAnswer(request: Message, answer: Answer | Refusal): Message {
  const status = isRefusal(answer) ? statusOf(answer) : answer.status;
  const about = { ...(request.message_id !== undefined && { correlation_id: request.message_id }) };
  return {
    ...about,
    ...(request.reply_to !== undefined && { to: request.reply_to }),
    application_properties: {
      "status-code": rhea.types.wrap_int(status),
      "status-description": isRefusal(answer) ? answer.description : "Accepted",
      ...(isRefusal(answer) && { "error-condition": rhea.types.wrap_symbol(answer.condition) }),
    },
    body: isRefusal(answer) ? undefined : answer.body,
  };
}

function statusOf({ condition }: Refusal): number {
  if (condition === "amqp:unauthorized-access") return 401;
  return condition === "amqp:not-found" ? 404 : 400;
}

/**
 * Clients ask here first, so a missing entity is reported here. For others, any token but a false signature is
 * accepted.
 */
function takeToken(
  properties: Readonly<Record<string, unknown>>,
  token: unknown,
  hubs: ReadonlyMap<string, Hub>,
): Answer | Refusal {
  if (properties["operation"] !== "put-token") return unknownRequest(properties);
  const refused = refusedSignature(token);
  if (refused !== undefined) return refused;
  const place = findPlace(hubs, parseAddress(String(properties["name"])));
  return isRefusal(place) && place.condition === "amqp:not-found" ? place : { status: 202 };
}

function readEntity(properties: Readonly<Record<string, unknown>>, hubs: ReadonlyMap<string, Hub>): Answer | Refusal {
  const { operation, type, name, partition: id } = properties;
  if (operation !== "READ") return unknownRequest(properties);
  const hubName = String(name);
  switch (type) {
    case "com.microsoft:eventhub": {
      const place = findPlace(hubs, { kind: "hub", hub: hubName });
      return isRefusal(place) ? place : { status: 200, body: describeHub(place.hub) };
    }
    case "com.microsoft:partition": {
      const place = findPlace(hubs, { kind: "hub", hub: hubName, partition: String(id) });
      if (isRefusal(place)) return place;
      return place.partition === undefined
        ? unknownRequest(properties)
        : { status: 200, body: describePartition(place.hub, place.partition) };
    }
    default:
      return unknownRequest(properties);
  }
}

function unknownRequest({ operation, type }: Readonly<Record<string, unknown>>): Refusal {
  return refusal(
    "amqp:not-implemented",
    `The stand-in has no operation '${String(operation)}' for type '${String(type)}'.`,
  );
}

function describeHub(hub: Hub): Readonly<Record<string, unknown>> {
  const ids = hub.partitions.map(({ id }) => id);
  return {
    name: hub.name,
    type: "com.microsoft:eventhub",
    created_at: rhea.types.wrap_timestamp(hub.createdAt),
    partition_count: rhea.types.wrap_int(ids.length),
    partition_ids: rhea.types.wrap_array(ids, STRING_TYPE_CODE, undefined),
  };
}

const STRING_TYPE_CODE = 0xa1;
/** Last enqueued time of a partition that never held an event: 0001-01-01, in milliseconds before 1970. */
const NEVER = Date.UTC(2001, 0, 1) - 2000 * 365.2425 * 24 * 3600 * 1000;

function describePartition(hub: Hub, log: PartitionLog): Readonly<Record<string, unknown>> {
  return {
    name: hub.name,
    type: "com.microsoft:partition",
    partition: log.id,
    begin_sequence_number: rhea.types.wrap_long(beginOf(log)),
    last_enqueued_sequence_number: rhea.types.wrap_long(log.last),
    last_enqueued_offset: String(log.lastOffset),
    last_enqueued_time_utc: rhea.types.wrap_timestamp(log.lastEnqueuedAt ?? NEVER),
    is_partition_empty: log.count === 0,
  };
}

/** A partition emptied by retention begins at its last event; one that never held any begins at 0. */
function beginOf(log: PartitionLog): number {
  return log.count === 0 ? Math.max(0, log.last) : log.first;
}
