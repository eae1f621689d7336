import type { Server, Socket } from "node:net";
import rhea, { type Container, type EventContext } from "rhea";
import { UsageError } from "../../src/errors.ts";
import { openConsumer } from "./consumer-link.ts";
import { endOf } from "../loopback-server.ts";
import { createHub, type Hub, type HubDefinition } from "./hub.ts";
import type { PartitionLog } from "./partition-log.ts";
import { MAX_MESSAGE_BYTES, openProducer } from "./producer-link.ts";
import { refusal } from "./refusal.ts";
import { answerRequest, REQUEST_NODES } from "./request-nodes.ts";
import { SHARED_ACCESS } from "./shared-access.ts";
import { answerAttach, prepareConnection, acceptAnyIdentity } from "./rhea-edge.ts";

/**
 * A stand-in for Azure Event Hubs on 127.0.0.1, in memory, for local runs and tests.
 *
 * It speaks AMQP 1.0 to unmodified clients that know the development emulator (`UseDevelopmentEmulator=true`). They can
 * send single events and batches, to a hub, by partition key or to a partition; receive by consumer group from any
 * start position; use epochs; and read the properties of hubs and partitions. It enforces the size limit and answers
 * with the service's error conditions.
 *
 * It does NOT imitate:
 * - TLS, AMQP over WebSockets, the Kafka and HTTPS endpoints;
 * - identities: it accepts every SASL mechanism and every token except a signature made with another key; nothing
 *   expires, and there are no roles;
 * - throughput: no throttling, throughput units or server-busy; no limit on namespaces, connections or links;
 * - persistence: nothing outlives the process, retention counts events instead of time, there is no compaction;
 * - capture, geo-replication and geo-disaster recovery, schema registry, application groups, idempotent publishing;
 * - the service's hash of partition keys: a key always maps to the same partition, but not to the one it has in Azure;
 * - management of hubs at run time, except `recreate`; it never closes idle links and connections.
 */
export interface EventHubStandIn {
  readonly port: number;
  /** For all hubs: it has no EntityPath. */
  readonly connectionString: string;
  /** How it ended. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
  /** How far a partition is, and how many events it still holds. For tests and figures. */
  partition(hub: string, id: string): { readonly lastSequenceNumber: number; readonly count: number };
  /** Drops the events with sequence numbers below `keepFrom`, as retention would. */
  trim(hub: string, partition: string, keepFrom: number): void;
  /** Deletes and recreates the hub: it is empty, its numbers start at 0, and all its links are detached. */
  recreate(hub: string): void;
  /** Drops every connection without notice, as a network does. Resolves when all are gone; new ones are accepted. */
  drop(): Promise<void>;
}

export interface EventHubOptions {
  readonly hubs: readonly HubDefinition[];
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** A partition keeps the newest events, this many; all by default. */
  readonly retention?: { readonly maxEvents?: number };
  /** The clock for enqueued times, in milliseconds since 1970. */
  readonly now?: () => number;
}

const HOST = "127.0.0.1";

/** @throws {UsageError} if the port is in use, or a hub has no partition */
export async function startEventHub(options: EventHubOptions): Promise<EventHubStandIn> {
  const now = options.now ?? Date.now;
  const make = (definition: HubDefinition) => createHub(definition, now, options.retention?.maxEvents);
  for (const { name, partitions } of options.hubs) {
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw new UsageError(`Hub "${name}" has ${partitions} partitions: give it a whole number from 1 on.`);
    }
  }
  const definitions = new Map(options.hubs.map((definition) => [definition.name.toLowerCase(), definition]));
  const hubs = new Map(options.hubs.map((definition) => [definition.name.toLowerCase(), make(definition)]));

  const server = await listen(broker(hubs, now), options.port ?? 0);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = portOf(server);

  const find = (name: string): Hub => known(hubs.get(name.toLowerCase()), `hub "${name}"`);
  const findPartition = (name: string, id: string): PartitionLog =>
    known(
      find(name).partitions.find((log) => log.id === id),
      `partition "${id}" of hub "${name}"`,
    );
  const drop = async () => {
    const closed = [...sockets].map(async (socket) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.once("close", () => resolve());
      // Only an error tells rhea to end the connection and its timers.
      socket.destroy(new Error("dropped by the event hub stand-in"));
      return promise;
    });
    await Promise.all(closed);
  };

  return {
    port,
    connectionString:
      `Endpoint=sb://${HOST}:${port};SharedAccessKeyName=${SHARED_ACCESS.keyName};` +
      `SharedAccessKey=${SHARED_ACCESS.key};UseDevelopmentEmulator=true;`,
    partition(hub, id) {
      const log = findPartition(hub, id);
      return { lastSequenceNumber: log.last, count: log.count };
    },
    trim: (hub, partition, keepFrom) => findPartition(hub, partition).trim(keepFrom),
    recreate(name) {
      const old = find(name);
      hubs.set(name.toLowerCase(), make(known(definitions.get(name.toLowerCase()), `hub "${name}"`)));
      const reason = refusal("amqp:link:detach-forced", `The link is force detached: hub '${old.name}' was deleted.`);
      for (const link of old.links) link.detach(reason);
      old.links.clear();
    },
    drop,
    ended: endOf(server),
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await drop();
      await promise;
    },
  };
}

function known<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new UsageError(`The event hub stand-in has no ${what}.`);
  return value;
}

/** Connects links that clients open to the hubs. Handlers run while rhea reads a frame, before it answers. */
function broker(hubs: ReadonlyMap<string, Hub>, now: () => number): Container {
  const container = rhea.create_container({ id: "event-hub-stand-in" });
  // Microsoft's libraries use MSSBCBS for authorization through $cbs.
  acceptAnyIdentity(container, ["ANONYMOUS", "PLAIN", "EXTERNAL", "MSSBCBS"]);
  container.on("connection_open", ({ connection }: EventContext) => {
    connection.setMaxListeners(0);
    prepareConnection(connection);
  });
  container.on("sender_open", ({ sender }: EventContext) => {
    if (sender === undefined) return;
    if (REQUEST_NODES.has(sender.source?.address)) answerAttach(sender, {});
    else openConsumer(sender, hubs, now);
  });
  container.on("receiver_open", ({ receiver }: EventContext) => {
    if (receiver === undefined) return;
    const node = receiver.target?.address;
    if (!REQUEST_NODES.has(node)) {
      openProducer(receiver, hubs);
      return;
    }
    answerAttach(receiver, {});
    receiver.on("message", (context: EventContext) => answerRequest(context, node, hubs));
  });
  for (const end of ["disconnected", "connection_close", "session_close", "sender_close", "receiver_close"]) {
    // Each link handles this itself (see onLinkEnd); without a listener here rhea prints a warning for each link.
    container.on(end, () => undefined);
  }
  // One line each, also for an exception in a handler.
  container.on("protocol_error", (error: Error) =>
    console.error(`Event hub stand-in: a connection was ended: ${error.message}`),
  );
  container.on("error", (error: unknown) => console.error(`Event hub stand-in: a connection failed: ${String(error)}`));
  return container;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The server does not listen on a port.");
  return address.port;
}

async function listen(container: Container, port: number): Promise<Server> {
  const options = {
    host: HOST,
    port,
    max_frame_size: 65_536,
    tcp_no_delay: true,
    receiver_options: { autoaccept: false, credit_window: 300, max_message_size: MAX_MESSAGE_BYTES },
  };
  const server = container.listen(options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("listening", resolve);
  server.once("error", (error: NodeJS.ErrnoException) =>
    reject(
      error.code === "EADDRINUSE"
        ? new UsageError(
            `Port ${port} on ${HOST} is in use: stop the program that uses it, or give the event hub another port (0 takes a free one).`,
          )
        : error,
    ),
  );
  await promise;
  return server;
}
