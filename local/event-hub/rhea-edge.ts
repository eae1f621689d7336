/* oxlint-disable typescript/no-unsafe-type-assertion -- what rhea's declarations leave out or call `any` is asserted here, so that it is nowhere else */
import rhea, { type Connection, type Container, type EventContext, type Message } from "rhea";
import type { Receiver, Sender, Session } from "rhea";

/**
 * What the stand-in needs of rhea 3.0.5 that its type declarations leave out, in one place: each assertion names fields
 * read in rhea's lib/link.js, lib/session.js, lib/connection.js and lib/sasl.js.
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

/** Stands for format 0 in a delivery's `format`, once `prepareConnection` has seen it. */
const PLAIN_FORMAT = 0x7fffffff;

/**
 * Puts right three ways of rhea before frames arrive:
 *
 * - It decodes messages of format 0 by itself and drops the bytes; a format that it does not know it hands over
 *   untouched. So every message arrives as the bytes that were sent.
 * - It breaks the connection over a frame for a session that has just ended. Clients send such frames: they end a
 *   session while events are on their way to it, and then accept those events.
 * - It writes the transfers of a session first of all. The .NET client ends a session in which a transfer comes before
 *   the attach of its link, and may wait for ever where the answer to a request comes before the request is accepted.
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
    session.incoming.process(session); // what was accepted
    writeTransfers.call(outgoing);
  };
}

/** The bytes of a message event, given that `prepareConnection` was called. */
export function messageBytes(context: EventContext): Buffer {
  const bytes: unknown = context.message;
  if (!Buffer.isBuffer(bytes)) throw new TypeError("A message event without bytes: rhea decoded it by itself.");
  return bytes;
}

/** The request in a message event of a request node, decoded. Its properties may be of any type. */
export function decodeRequest(context: EventContext): Message {
  return rhea.message.decode(messageBytes(context)) as unknown as Message;
}

/** Lets in whatever a client offers to prove who it is by one of `mechanisms`. */
export function welcomeEveryone(container: Container, mechanisms: readonly string[]): void {
  const welcome = () => ({ outcome: true, username: "anyone", start: () => undefined });
  const offered = container.sasl_server_mechanisms as Record<string, unknown>;
  for (const mechanism of mechanisms) offered[mechanism] = welcome;
}

/** Completes our side of an attach that the peer began; to be called while its open event is handled. */
export function answerAttach(link: Link, fields: Readonly<Record<string, unknown>>): void {
  const { attach } = (link as unknown as LinkFields).local;
  // A terminus that is null says that the link is refused, so what the peer asked for is given back.
  link.set_source(link.source ?? { address: "" });
  link.set_target(link.target ?? { address: "" });
  for (const [field, value] of Object.entries(fields)) attach[field] = value;
}

/**
 * Counts what may still be sent on a link. rhea lowers a link's credit only when it writes, later, so what is queued
 * until then has to be counted here; and it throws when more than its buffer holds is queued.
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

/** Calls `ended` once when the link is gone: detached by the peer, or its session or connection is over. */
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

/** The link by which the peer wants the answers of a request node, found as the peer names it in `reply_to`. */
export function replyLink(session: Session, node: string, replyTo: string): Sender | undefined {
  const ofNode = (sender: Sender) => sender.source?.address === node;
  const named = (sender: Sender) => sender.target?.address === replyTo || sender.name === replyTo;
  return session.find_sender((sender: Sender) => ofNode(sender) && named(sender)) ?? session.find_sender(ofNode);
}
