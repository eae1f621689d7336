/* oxlint-disable typescript/no-unsafe-type-assertion -- asserts what rhea's declarations omit or call `any`, so that no other file has to */
import rhea, { type Connection, type Container, type EventContext, type Message } from "rhea";
import type { Receiver, Sender, Session } from "rhea";

/**
 * Parts of rhea 3.0.5 that its type declarations omit, in one place. Each assertion names fields found in rhea's
 * lib/link.js, lib/session.js, lib/connection.js and lib/sasl.js.
 */

type Link = Sender | Receiver;

interface LinkFields {
  readonly state: { need_open(): boolean };
  readonly local: { readonly attach: Record<string, unknown> };
  readonly credit: number;
  readonly delivery_count: number;
}

interface SessionFields {
  readonly outgoing: { available(): number; process(): void };
  readonly incoming: { process(session: SessionFields): void };
  readonly links: Readonly<Record<string, LinkFields>>;
  output(frame: unknown): void;
}

interface Frame {
  readonly channel: number;
  readonly performative: { message_format?: number | null };
}

/** Replaces format 0 in a delivery's `format` once `prepareConnection` has seen it. */
const PLAIN_FORMAT = 0x7fffffff;

/**
 * Changes three behaviours of rhea before frames arrive:
 *
 * - It decodes messages of format 0 and drops the bytes, but passes on unknown formats untouched. With the replaced
 *   format, every message arrives as the bytes that were sent.
 * - It breaks the connection over a frame for a session that has just ended. Clients send such frames: they end a
 *   session while events are on their way, and then accept those events.
 * - It writes the transfers of a session before anything else. The .NET client ends a session in which a transfer
 *   precedes the attach of its link, and can wait for ever if the answer to a request precedes its acceptance.
 */
export function prepareConnection(connection: Connection): void {
  connection.on("session_open", ({ session }: EventContext) => {
    if (session !== undefined) transfersLast(session as unknown as SessionFields);
  });
  const sessions = connection["remote_channel_map"] as Readonly<Record<number, Session | undefined>>;
  for (const name of ["on_transfer", "on_disposition", "on_flow", "on_detach"]) {
    const read = connection[name] as (frame: Frame) => void;
    connection[name] = (frame: Frame) => {
      if (sessions[frame.channel] === undefined) return;
      if (name === "on_transfer" && frame.performative.message_format === 0) {
        frame.performative.message_format = PLAIN_FORMAT;
      }
      read.call(connection, frame);
    };
  }
}

function transfersLast(session: SessionFields): void {
  const { outgoing } = session;
  const writeTransfers = outgoing.process;
  outgoing.process = () => {
    for (const link of Object.values(session.links)) if (link.state.need_open()) session.output(link.local.attach);
    session.incoming.process(session); // accepted deliveries
    writeTransfers.call(outgoing);
  };
}

/** The bytes of a message event. Requires `prepareConnection`. */
export function messageBytes(context: EventContext): Buffer {
  const bytes: unknown = context.message;
  if (!Buffer.isBuffer(bytes)) throw new TypeError("A message event without bytes: rhea decoded it by itself.");
  return bytes;
}

/** The decoded request of a message event. Its properties may have any type. */
export function decodeRequest(context: EventContext): Message {
  return rhea.message.decode(messageBytes(context)) as unknown as Message;
}

/** Accepts any proof of identity that a client offers with one of `mechanisms`. */
export function acceptAnyIdentity(container: Container, mechanisms: readonly string[]): void {
  const welcome = () => ({ outcome: true, username: "anyone", start: () => undefined });
  const offered = container.sasl_server_mechanisms as Record<string, unknown>;
  for (const mechanism of mechanisms) offered[mechanism] = welcome;
}

/** Completes our side of an attach that the peer began. Must be called while its open event is handled. */
export function answerAttach(link: Link, fields: Readonly<Record<string, unknown>>): void {
  const { attach } = (link as unknown as LinkFields).local;
  // A null terminus means that the link is refused, so return what the peer asked for.
  link.set_source(link.source ?? { address: "" });
  link.set_target(link.target ?? { address: "" });
  for (const [field, value] of Object.entries(fields)) attach[field] = value;
}

/**
 * Counts what may still be sent on a link. rhea lowers a link's credit only later, when it writes, so queued messages
 * are counted here. It throws if its buffer overflows.
 */
export function sendWindow(sender: Sender): { room(): number; sent(): void } {
  const link = sender as unknown as LinkFields;
  const session = sender.session as unknown as SessionFields;
  let queuedTo = 0;
  return {
    room() {
      queuedTo = Math.max(queuedTo, link.delivery_count);
      return Math.min(link.delivery_count + link.credit - queuedTo, session.outgoing.available());
    },
    sent() {
      queuedTo += 1;
    },
  };
}

/** Calls `ended` once when the link is gone: the peer detached it, or its session or connection ended. */
export function onLinkEnd(link: Link, ended: () => void): void {
  const { session, connection } = link;
  const linkEvents = ["sender_close", "receiver_close"];
  const connectionEvents = ["disconnected", "connection_close"];
  const once = () => {
    for (const name of linkEvents) link.removeListener(name, once);
    session.removeListener("session_close", once);
    for (const name of connectionEvents) connection.removeListener(name, once);
    ended();
  };
  for (const name of linkEvents) link.on(name, once);
  session.on("session_close", once);
  for (const name of connectionEvents) connection.on(name, once);
}

/** The link on which the peer expects answers from a request node, found by the name in `reply_to`. */
export function replyLink(session: Session, node: string, replyTo: string): Sender | undefined {
  const ofNode = (sender: Sender) => sender.source?.address === node;
  const named = (sender: Sender) => sender.target?.address === replyTo || sender.name === replyTo;
  return session.find_sender((sender: Sender) => ofNode(sender) && named(sender)) ?? session.find_sender(ofNode);
}
