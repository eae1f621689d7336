import { expect, test } from "vitest";
import { delaysOf } from "../../src/core/ledger/delays.ts";
import { hubEvents } from "../../src/invocations/hub-events.ts";
import { bytes } from "../samples.ts";

const UNKNOWN = { partitionId: null, sequenceNumber: null, enqueuedTime: null };
const TIMES = ["2026-03-04T09:14:00Z", "2026-03-04T09:14:01Z"];
const bodies = [bytes("a"), bytes("")];

test("every body has its position in the hub, even an empty one", () => {
  const metadata = { partitionContext: { partitionId: "3" }, sequenceNumberArray: [7, 8], enqueuedTimeUtcArray: TIMES };
  expect(hubEvents(bodies, metadata)).toEqual([
    { body: bodies[0], position: { partitionId: "3", sequenceNumber: 7, enqueuedTime: TIMES[0] } },
    { body: bodies[1], position: { partitionId: "3", sequenceNumber: 8, enqueuedTime: TIMES[1] } },
  ]);
});

test.each([
  { host: "2026-03-04T09:14:00", utc: "2026-03-04T09:14:00Z" },
  { host: "2026-03-04T09:14:00.1234567", utc: "2026-03-04T09:14:00.1234567Z" },
  { host: "2026-03-04T09:14:00Z", utc: "2026-03-04T09:14:00Z" },
  { host: "2026-03-04T18:14:00+09:00", utc: "2026-03-04T09:14:00.000Z" },
])("the time $host is UTC, wherever the app runs", ({ host, utc }) => {
  const [event] = hubEvents([bytes("a")], { enqueuedTimeUtcArray: [host] });
  const enqueuedTime = event?.position.enqueuedTime ?? null;

  expect(new Date().getTimezoneOffset()).not.toBe(0); // the control: vitest.config.ts sets another zone
  expect(enqueuedTime).toBe(utc);
  expect(delaysOf([[Date.parse(enqueuedTime ?? ""), Date.parse("2026-03-04T09:14:03Z")]])).toEqual({ 3: 1 });
});

test("a batch without bodies is empty", () => {
  expect(hubEvents([], { sequenceNumberArray: [] })).toEqual([]);
});

test.each<{ why: string; metadata: Record<string, unknown> }>([
  { why: "nothing is said", metadata: {} },
  {
    why: "the metadata has fewer entries than bodies",
    metadata: { sequenceNumberArray: [7], enqueuedTimeUtcArray: [TIMES[0]] },
  },
  {
    why: "the metadata has more entries than bodies",
    metadata: { sequenceNumberArray: [7, 8, 9], enqueuedTimeUtcArray: [...TIMES, TIMES[0]] },
  },
  {
    why: "the metadata is of other types",
    metadata: { sequenceNumberArray: "78", enqueuedTimeUtcArray: { 0: TIMES[0] }, partitionContext: "3" },
  },
  {
    why: "the entries are of other types",
    metadata: {
      sequenceNumberArray: [null, ""],
      enqueuedTimeUtcArray: [1, null],
      partitionContext: { partitionId: 3 },
    },
  },
  { why: "the numbers are no integers", metadata: { sequenceNumberArray: [1.5, 2 ** 60], partitionContext: null } },
])("the position is unknown where $why", ({ metadata }) => {
  expect(hubEvents(bodies, metadata).map(({ position }) => position)).toEqual([UNKNOWN, UNKNOWN]);
});

test("a sequence number may be text or two halves, as 64-bit numbers are", () => {
  const numbersOf = (...sequenceNumberArray: unknown[]) =>
    hubEvents(bodies, { sequenceNumberArray }).map(({ position }) => position.sequenceNumber);
  expect(numbersOf("0", "41")).toEqual([0, 41]);
  expect(numbersOf({ low: 7, high: 0, unsigned: false }, { low: -1, high: 1, unsigned: false })).toEqual([
    7,
    2 ** 33 - 1,
  ]);
  expect(numbersOf({ low: null, high: null }, { low: 0, high: 2 ** 30 })).toEqual([null, null]);
});

test.each([
  { given: "one body", value: bytes("a"), message: "the trigger must be of cardinality many" },
  { given: "text", value: ["{}"], message: "the trigger must be of data type binary" },
  { given: "parsed JSON", value: [bytes("a"), {}], message: "the trigger must be of data type binary" },
])("a registration that hands over $given is refused", ({ value, message }) => {
  expect(() => hubEvents(value, {})).toThrow(new TypeError(message));
});
