import { counted } from "../../src/core/counted.ts";
import type { EventHubProducerClient } from "@azure/event-hubs";
import { DependencyError, UsageError } from "../../src/errors.ts";
import { wordsOf } from "../errors/failure.ts";

/** The part of the SDK's client that sends. */
export type Producer = Pick<EventHubProducerClient, "createBatch" | "sendBatch">;

export interface OutgoingEvent {
  readonly body: Uint8Array;
  /** Its place in a file, for messages. */
  readonly where: string;
}

export interface SendFigures {
  readonly events: number;
  readonly bytes: number;
}

/**
 * Sends events unchanged and in order, in batches as large as the hub accepts.
 *
 * @throws {UsageError} at the first event that is too large for the hub; all events before it have been sent
 * @throws {DependencyError} when the hub cannot be reached or refuses the sign-in
 */
export async function sendEvents(
  producer: Producer,
  events: AsyncIterable<OutgoingEvent> | Iterable<OutgoingEvent>,
  { onProgress, stopping }: { readonly onProgress?: (sent: SendFigures) => void; readonly stopping?: AbortSignal } = {},
): Promise<SendFigures> {
  let sent: SendFigures = { events: 0, bytes: 0 };
  let batch = await callHub(() => producer.createBatch());
  const flush = async (): Promise<void> => {
    if (batch.count === 0) return;
    await callHub(() => producer.sendBatch(batch));
    sent = { ...sent, events: sent.events + batch.count };
    onProgress?.(sent);
    batch = await callHub(() => producer.createBatch());
  };
  for await (const { body, where } of events) {
    if (stopping?.aborted === true) break;
    // The client sends the bytes of a Buffer unchanged, and turns everything else into JSON.
    const event = { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
    if (!batch.tryAdd(event)) {
      await flush();
      if (!batch.tryAdd(event)) throw tooLarge(body, where, { limit: batch.maxSizeInBytes, sent: sent.events });
    }
    sent = { ...sent, bytes: sent.bytes + body.length };
  }
  await flush();
  return sent;
}

function tooLarge(body: Uint8Array, where: string, { limit, sent }: { limit: number; sent: number }): UsageError {
  return new UsageError(
    `${where}: this event has ${counted(body.length, "byte")}, and the hub accepts at most ${counted(limit, "byte")} with its envelope. ` +
      `${counted(sent, "earlier event")} sent. Split its records over several events`,
  );
}

/** Makes one call to the hub; its error has one line. */
export async function callHub<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    // After its retries the client throws an AggregateError, whose own message is empty.
    const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : error;
    throw new DependencyError("Event hub", wordsOf(last), { cause: error });
  }
}
