import { expect, test } from "vitest";
import { batchData, batchMetadata, singleData, singleMetadata } from "../../../local/function-host/event-hub-batch.ts";

const PARTITION = {
  fullyQualifiedNamespace: "127.0.0.1",
  eventHubName: "hub",
  consumerGroup: "group",
  partitionId: "3",
};

const event = {
  body: Buffer.from("é"),
  sequenceNumber: 4_294_967_301,
  offset: "128",
  enqueuedTimeUtc: new Date("2026-01-02T03:04:05.120Z"),
  partitionKey: null,
  properties: { source: "test" },
};

test("binary keeps every body; string omits empty ones, so the arrays of the metadata no longer line up", () => {
  const events = [event, { ...event, body: Buffer.alloc(0) }];

  expect(batchData(events, "binary")).toEqual({ collectionBytes: { bytes: [Buffer.from("é"), Buffer.alloc(0)] } });
  expect(batchData(events, "string")).toEqual({ collectionString: { string: ["é"] } });
  expect(batchMetadata(events, PARTITION, "number")["SequenceNumberArray"]?.collectionSint64?.sint64).toHaveLength(2);
});

test("a single event comes alone", () => {
  expect(singleData(event, "binary")).toEqual({ bytes: Buffer.from("é") });
  expect(singleData(event, "string")).toEqual({ string: "é" });
  expect(singleMetadata(event, PARTITION)).toMatchObject({
    Offset: { string: "128" },
    SequenceNumber: { json: "4294967301" },
    EnqueuedTimeUtc: { json: '"2026-01-02T03:04:05.12"' },
    Properties: { json: '{"source":"test"}' },
  });
});

test("a body that is an AMQP value is refused, and the error names the event", () => {
  expect(() => batchData([{ ...event, body: "text" }], "binary")).toThrow("Event 4294967301 has an AMQP value");
});

test("times have no zone and no trailing zeros, as .NET writes a DateTime of unspecified kind", () => {
  const whole = { ...event, enqueuedTimeUtc: new Date("2026-01-02T03:04:00Z") };

  expect(batchMetadata([event, whole], PARTITION, "number")["EnqueuedTimeUtcArray"]).toEqual({
    json: '["2026-01-02T03:04:05.12","2026-01-02T03:04:00"]',
  });
});

test("the metadata of a batch has exactly the fields that the real host sends", () => {
  const metadata = batchMetadata([event], PARTITION, "number");

  expect(Object.keys(metadata).toSorted()).toEqual([
    "EnqueuedTimeUtcArray",
    "OffsetArray",
    "PartitionContext",
    "PartitionKeyArray",
    "PropertiesArray",
    "SequenceNumberArray",
    "SystemPropertiesArray",
  ]);
  expect(JSON.parse(metadata["PartitionContext"]?.json ?? "")).toEqual({
    FullyQualifiedNamespace: "127.0.0.1",
    EventHubName: "hub",
    ConsumerGroup: "group",
    PartitionId: "3",
    IsCheckpointingAfterInvocation: true,
  });
});

test("an absent partition key leaves no gap", () => {
  const events = [event, { ...event, partitionKey: "k" }];

  expect(batchMetadata(events, PARTITION, "number")["PartitionKeyArray"]).toEqual({
    collectionString: { string: ["k"] },
  });
});

test("a long sequence number is split as protobuf.js splits it", () => {
  expect(batchMetadata([event], PARTITION, "long")["SequenceNumberArray"]).toEqual({
    collectionSint64: { sint64: [{ low: 5, high: 1, unsigned: false }] },
  });
});
