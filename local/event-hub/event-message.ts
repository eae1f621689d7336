import {
  byteAt,
  longEntry,
  MalformedMessageError,
  mapEntries,
  mapSection,
  stringEntry,
  timestampEntry,
  valueEnd,
  variableContent,
} from "./amqp-encoding.ts";

/**
 * Events on their way in and out, as bytes.
 *
 * In: a message is split into its sections. The header and the bare message (properties to footer) stay as they are;
 * the sender's message annotations are split into entries. Out: the same bytes, with the service's annotations in
 * between.
 *
 * @see https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html#section-message-format
 */

/** The message format of a batch, whose data sections are complete encoded messages. */
export const BATCH_FORMAT = 0x80013700;

const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  data: 0x75,
  footer: 0x78,
} as const;

const SYMBOLIC_SECTIONS: ReadonlyMap<string, number> = new Map([
  ["amqp:header:list", 0x70],
  ["amqp:delivery-annotations:map", 0x71],
  ["amqp:message-annotations:map", 0x72],
  ["amqp:properties:list", 0x73],
  ["amqp:application-properties:map", 0x74],
  ["amqp:data:binary", 0x75],
  ["amqp:amqp-sequence:list", 0x76],
  ["amqp:amqp-value:*", 0x77],
  ["amqp:footer:map", 0x78],
]);

const PARTITION_KEY = "x-opt-partition-key";
/** Annotations that only the service sets; a sender's values are dropped. */
const SERVICE_ANNOTATIONS: ReadonlySet<string> = new Set([
  "x-opt-sequence-number",
  "x-opt-offset",
  "x-opt-enqueued-time",
]);

/** The parts of one event that the sender wrote. `annotations` are encoded map entries. */
export interface EventMessage {
  readonly header: Buffer;
  readonly annotations: readonly Buffer[];
  readonly bare: Buffer;
}

/** The content of one transfer: the partition key selects the partition for all its events. */
export interface Publication {
  readonly partitionKey: string | undefined;
  readonly events: readonly EventMessage[];
}

/** An event with its place in the partition. `enqueuedAt` is in milliseconds since 1970. */
export interface StoredEvent {
  readonly sequenceNumber: number;
  readonly offset: number;
  readonly enqueuedAt: number;
  readonly message: EventMessage;
}

/** The end of the partition, sent with each event to receivers that asked for it. */
export interface RuntimeMetric {
  readonly sequenceNumber: number;
  readonly offset: number;
  readonly enqueuedAt: number;
  readonly retrievedAt: number;
}

/**
 * Reads a transfer in either format. Copies the bytes once, so that no socket buffer stays in memory.
 *
 * @throws {MalformedMessageError} if it is not a message, or a batch holds anything but data sections of messages
 */
export function readPublication(transfer: Buffer, format: number): Publication {
  const bytes = Buffer.from(transfer);
  if (format !== BATCH_FORMAT) {
    const event = readEvent(bytes);
    return { partitionKey: event.partitionKey, events: [event.message] };
  }
  const envelope = readEvent(bytes);
  const inherited = envelope.partitionKey;
  const events = readSections(bytes)
    .filter((section) => isBody(section.code))
    .map((section) => readEvent(batchedMessage(bytes, section)))
    .map(({ message, partitionKey }) =>
      inherited === undefined || partitionKey !== undefined
        ? message
        : { ...message, annotations: [...message.annotations, stringEntry(PARTITION_KEY, inherited)] },
    );
  return { partitionKey: inherited, events };
}

function isBody(code: number): boolean {
  return code >= 0x75 && code <= 0x77;
}

function batchedMessage(bytes: Buffer, section: Section): Buffer {
  const content = section.code === SECTION.data ? variableContent(bytes, section.valueStart) : undefined;
  if (content === undefined) throw new MalformedMessageError("a batch holds a section that is not an encoded message");
  return content;
}

interface Section {
  readonly code: number;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

function readSections(bytes: Buffer): Section[] {
  const sections: Section[] = [];
  let start = 0;
  while (start < bytes.length) {
    if (byteAt(bytes, start) !== 0x00) throw new MalformedMessageError(`no message section at byte ${start}`);
    const valueStart = valueEnd(bytes, start + 1);
    const end = valueEnd(bytes, valueStart);
    sections.push({ code: sectionCode(bytes, start + 1), start, valueStart, end });
    start = end;
  }
  return sections;
}

function sectionCode(bytes: Buffer, start: number): number {
  const constructor = byteAt(bytes, start);
  const symbolic = constructor === 0xa3 || constructor === 0xb3 ? variableContent(bytes, start) : undefined;
  const code =
    constructor === 0x53
      ? byteAt(bytes, start + 1)
      : constructor === 0x80
        ? Number(bytes.readBigUInt64BE(start + 1))
        : SYMBOLIC_SECTIONS.get(symbolic?.toString("ascii") ?? "");
  if (code === undefined || code < SECTION.header || code > SECTION.footer) {
    throw new MalformedMessageError(`unknown message section at byte ${start}`);
  }
  return code;
}

function readEvent(bytes: Buffer): { readonly message: EventMessage; readonly partitionKey: string | undefined } {
  const sections = readSections(bytes);
  const header = sections.find((section) => section.code === SECTION.header);
  const annotations = sections
    .filter((section) => section.code === SECTION.messageAnnotations)
    .flatMap((section) => mapEntries(bytes, section.valueStart))
    .filter((entry) => !SERVICE_ANNOTATIONS.has(entry.key));
  const bareStart = sections.find((section) => section.code > SECTION.messageAnnotations)?.start ?? bytes.length;
  const key = annotations.find((entry) => entry.key === PARTITION_KEY);
  return {
    partitionKey: key === undefined ? undefined : variableContent(key.value, 0)?.toString("utf8"),
    message: {
      header: header === undefined ? bytes.subarray(0, 0) : bytes.subarray(header.start, header.end),
      annotations: annotations.map((entry) => entry.bytes),
      bare: bytes.subarray(bareStart),
    },
  };
}

/** The event's size in its partition; its offset grows by this much. */
export function storedSize(message: EventMessage): number {
  return message.header.length + message.bare.length + message.annotations.reduce((sum, { length }) => sum + length, 0);
}

/** The message as the service delivers it: long sequence number, string offset, timestamp. */
export function encodeDelivery(event: StoredEvent, metric: RuntimeMetric | undefined): Buffer {
  const annotations = mapSection(SECTION.messageAnnotations, [
    longEntry("x-opt-sequence-number", event.sequenceNumber),
    stringEntry("x-opt-offset", String(event.offset)),
    timestampEntry("x-opt-enqueued-time", event.enqueuedAt),
    ...event.message.annotations,
  ]);
  const parts = metric === undefined ? [annotations] : [encodeMetric(metric), annotations];
  return Buffer.concat([event.message.header, ...parts, event.message.bare]);
}

function encodeMetric(metric: RuntimeMetric): Buffer {
  return mapSection(SECTION.deliveryAnnotations, [
    longEntry("last_enqueued_sequence_number", metric.sequenceNumber),
    stringEntry("last_enqueued_offset", String(metric.offset)),
    timestampEntry("last_enqueued_time_utc", metric.enqueuedAt),
    timestampEntry("runtime_info_retrieval_time_utc", metric.retrievedAt),
  ]);
}
