import * as fc from "fast-check";
import rhea from "rhea";
import { expect, test } from "vitest";
import { MalformedMessageError } from "../../local/event-hub/amqp-encoding.ts";
import {
  BATCH_FORMAT,
  encodeDelivery,
  readPublication,
  type EventMessage,
} from "../../local/event-hub/event-message.ts";

const PLAIN_FORMAT = 0;

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => /^[ -~]+$/.test(text) && text !== "__proto__");
const simple = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.double({ min: -1e9, max: 1e9, noNaN: true }));
const bodyOf = fc.oneof(
  bytes.map((content) => rhea.message.data_section(content) as unknown),
  fc.array(simple).map((list) => rhea.message.sequence_section(list) as unknown),
  simple,
);
const message = fc.record(
  {
    body: bodyOf,
    durable: fc.boolean(),
    message_id: fc.string(),
    content_type: name,
    application_properties: fc.dictionary(name, simple),
    message_annotations: fc.dictionary(name, simple),
  },
  { requiredKeys: ["body"] },
);

const delivered = (event: EventMessage) =>
  encodeDelivery({ sequenceNumber: 41, offset: 1234, enqueuedAt: 1_700_000_000_123, message: event }, undefined);

/** The service's annotations, as rhea reads them. */
const SERVICE_ANNOTATIONS = {
  "x-opt-sequence-number": 41,
  "x-opt-offset": "1234",
  "x-opt-enqueued-time": new Date(1_700_000_000_123),
};

test("a delivered message differs from the one sent only in the annotations of the service", () => {
  fc.assert(
    fc.property(message, (sent) => {
      const encoded = rhea.message.encode(sent);
      const { events } = readPublication(encoded, PLAIN_FORMAT);
      expect(events).toHaveLength(1);

      const received = events.map((event) => rhea.message.decode(delivered(event)).toJSON());

      const plain = rhea.message.decode(encoded).toJSON();
      const annotations: object = plain["message_annotations"] ?? {};
      expect(received).toEqual([{ ...plain, message_annotations: { ...annotations, ...SERVICE_ANNOTATIONS } }]);
    }),
  );
});

test("a batch is its messages, in order, byte for byte", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const encoded = messages.map((one) => rhea.message.encode(one));
      const batch = rhea.message.encode({ body: rhea.message.data_sections(encoded) });

      const { events } = readPublication(batch, BATCH_FORMAT);

      const alone = encoded.flatMap((one) => readPublication(one, PLAIN_FORMAT).events);
      expect(events.map(delivered)).toEqual(alone.map(delivered));
    }),
  );
});

test("any bytes are either events or a malformed message", () => {
  const damaged = fc.tuple(message, fc.nat(), fc.nat(255), fc.nat()).map(([sent, where, byte, cut]) => {
    const encoded = rhea.message.encode({ body: rhea.message.data_sections([rhea.message.encode(sent)]) });
    encoded[where % encoded.length] = byte;
    return encoded.subarray(0, cut % 3 === 0 ? cut % encoded.length : encoded.length);
  });
  fc.assert(
    fc.property(fc.oneof(bytes, damaged), fc.constantFrom(PLAIN_FORMAT, BATCH_FORMAT), (input, format) => {
      try {
        expect(readPublication(input, format).events.every((event) => delivered(event).length > 0)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessageError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("types that decoding would lose survive: an int stays an int, a long a long", () => {
  const encoded = rhea.message.encode({
    body: rhea.message.data_section(Buffer.from("x")),
    application_properties: {
      int: rhea.types.wrap_int(5),
      long: rhea.types.wrap_long(5_000_000_000),
      ubyte: rhea.types.wrap_ubyte(5),
    },
  });
  const [event] = readPublication(encoded, PLAIN_FORMAT).events;
  if (event === undefined) throw new Error("no event");

  expect(encoded.includes(event.bare)).toBe(true);
  expect(delivered(event).subarray(-event.bare.length)).toEqual(event.bare);
});

test("a sender's own sequence number, offset and time are dropped", () => {
  const encoded = rhea.message.encode({
    body: "x",
    message_annotations: { "x-opt-sequence-number": 7, "x-opt-offset": "7", "x-opt-enqueued-time": 7, own: "kept" },
  });

  const [event] = readPublication(encoded, PLAIN_FORMAT).events;
  if (event === undefined) throw new Error("no event");
  expect(rhea.message.decode(delivered(event))["message_annotations"]).toEqual({ ...SERVICE_ANNOTATIONS, own: "kept" });
});

test("each event of a batch gets the partition key of the batch", () => {
  const key = { "x-opt-partition-key": "tenant" };
  const inner = [{ body: "a" }, { body: "b", message_annotations: key }].map((one) => rhea.message.encode(one));
  const batch = rhea.message.encode({ body: rhea.message.data_sections(inner), message_annotations: key });

  const { partitionKey, events } = readPublication(batch, BATCH_FORMAT);

  expect(partitionKey).toBe("tenant");
  expect(events.map((event) => rhea.message.decode(delivered(event))["message_annotations"] as unknown)).toEqual([
    { ...SERVICE_ANNOTATIONS, ...key },
    { ...SERVICE_ANNOTATIONS, ...key },
  ]);
});
