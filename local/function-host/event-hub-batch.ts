import type { LongNumber, TypedData } from "./worker-messages.ts";

/** The parts of the SDK's ReceivedEventData that a batch needs. */
export interface HubEvent {
  readonly body: unknown;
  readonly sequenceNumber: number;
  readonly offset: string;
  readonly enqueuedTimeUtc: Date;
  readonly partitionKey: string | null;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly systemProperties?: Readonly<Record<string, unknown>>;
}

export interface PartitionDescription {
  readonly fullyQualifiedNamespace: string;
  readonly eventHubName: string;
  readonly consumerGroup: string;
  readonly partitionId: string;
}

/** How the worker passes 64-bit numbers to an app; it depends on the worker's version. */
// Node.js worker 3.16 (2026-08) passed objects: https://github.com/Azure/azure-functions-nodejs-worker/issues/844
export type SequenceNumberForm = "number" | "long";

/**
 * The bodies of a batch as the host sends them: bytes unchanged, or text without empty bodies.
 *
 * @throws {TypeError} if a body is an AMQP value or sequence instead of data
 */
export function batchData(events: readonly HubEvent[], dataType: "binary" | "string"): TypedData {
  const bodies = events.map(bytesOf);
  if (dataType === "binary") return { collectionBytes: { bytes: bodies } };
  return { collectionString: { string: bodies.map(textOf).filter((text) => text !== "") } };
}

/** @throws {TypeError} if the body is an AMQP value or sequence instead of data */
export function singleData(event: HubEvent, dataType: "binary" | "string"): TypedData {
  const body = bytesOf(event);
  return dataType === "binary" ? { bytes: body } : { string: textOf(body) };
}

/**
 * The trigger metadata of a batch, with the real host's quirks: absent partition keys leave no gap, UTC times lack the
 * "Z", and the library turns offsets into numbers.
 *
 * @see https://github.com/Azure/azure-functions-nodejs-library/issues/351
 */
export function batchMetadata(
  events: readonly HubEvent[],
  partition: PartitionDescription,
  form: SequenceNumberForm,
): Record<string, TypedData> {
  return {
    PartitionContext: partitionContext(partition),
    PartitionKeyArray: { collectionString: { string: events.flatMap(({ partitionKey }) => partitionKey ?? []) } },
    OffsetArray: { collectionString: { string: events.map(({ offset }) => offset) } },
    SequenceNumberArray: {
      collectionSint64: {
        sint64: events.map(({ sequenceNumber }) => (form === "long" ? long(sequenceNumber) : sequenceNumber)),
      },
    },
    EnqueuedTimeUtcArray: json(events.map(({ enqueuedTimeUtc }) => dotNetTime(enqueuedTimeUtc))),
    PropertiesArray: json(events.map(({ properties }) => properties ?? {})),
    SystemPropertiesArray: json(events.map(systemProperties)),
  };
}

/** The trigger metadata of a single event. */
export function singleMetadata(event: HubEvent, partition: PartitionDescription): Record<string, TypedData> {
  return {
    PartitionContext: partitionContext(partition),
    ...(event.partitionKey !== null && { PartitionKey: { string: event.partitionKey } }),
    Offset: { string: event.offset },
    SequenceNumber: json(event.sequenceNumber),
    EnqueuedTimeUtc: json(dotNetTime(event.enqueuedTimeUtc)),
    Properties: json(event.properties ?? {}),
    SystemProperties: json(systemProperties(event)),
  };
}

function partitionContext(partition: PartitionDescription): TypedData {
  return json({
    FullyQualifiedNamespace: partition.fullyQualifiedNamespace,
    EventHubName: partition.eventHubName,
    ConsumerGroup: partition.consumerGroup,
    PartitionId: partition.partitionId,
    IsCheckpointingAfterInvocation: true,
  });
}

function systemProperties(event: HubEvent): object {
  return {
    ...event.systemProperties,
    SequenceNumber: event.sequenceNumber,
    Offset: event.offset,
    PartitionKey: event.partitionKey,
    EnqueuedTimeUtc: dotNetTime(event.enqueuedTimeUtc),
  };
}

/** A DateTime of unspecified kind, as Newtonsoft.Json writes it: no zone, no zero fraction. */
function dotNetTime(time: Date): string {
  return time.toISOString().replace(/(\.\d*?)0*Z$/, (_match, fraction: string) => (fraction === "." ? "" : fraction));
}

function long(value: number): LongNumber {
  return { low: value | 0, high: Math.floor(value / 2 ** 32), unsigned: false };
}

function bytesOf({ body, sequenceNumber }: HubEvent): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new TypeError(`Event ${sequenceNumber} has an AMQP value or sequence as its body; only data is supported`);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function json(value: unknown): TypedData {
  return { json: JSON.stringify(value) };
}
