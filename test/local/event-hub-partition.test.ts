import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { EventMessage } from "../../local/event-hub/event-message.ts";
import { parseAddress } from "../../local/event-hub/entity-address.ts";
import { partitionLog } from "../../local/event-hub/partition-log.ts";
import { admit } from "../../local/event-hub/receiver-admission.ts";
import { isRefusal } from "../../local/event-hub/refusal.ts";
import { parseSelector, resolveStart } from "../../local/event-hub/start-position.ts";

const sized = (length: number): EventMessage => ({
  header: Buffer.alloc(0),
  annotations: [],
  bare: Buffer.alloc(length),
});

test("a selector gives kind, value and whether the value is included", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("offset", "sequence-number", "enqueued-time"),
      fc.boolean(),
      fc.maxSafeNat(),
      fc.constantFrom("", " ", "  "),
      (kind, inclusive, value, blank) => {
        const operator = inclusive ? ">=" : ">";
        expect(parseSelector(`amqp.annotation.x-opt-${kind}${blank}${operator}${blank}'${value}'`)).toEqual({
          kind,
          value,
          inclusive,
        });
      },
    ),
  );
});

test.each([
  [undefined, { kind: "earliest" }],
  ["amqp.annotation.x-opt-offset > '-1'", { kind: "earliest" }],
  ["amqp.annotation.x-opt-offset >= '-1'", { kind: "earliest" }],
  ["amqp.annotation.x-opt-sequence-number > '-1'", { kind: "earliest" }],
  ["amqp.annotation.x-opt-offset > '@latest'", { kind: "latest" }],
  ["amqp.annotation.x-opt-offset > @latest", { kind: "latest" }],
  ["amqp.annotation.x-opt-enqueued-time > 1700000000000", { kind: "enqueued-time", value: 1.7e12, inclusive: false }],
])("the selector %s is %j", (selector, position) => {
  expect(parseSelector(selector)).toEqual(position);
});

test.each([
  "",
  "amqp.annotation.x-opt-offset < '5'",
  "amqp.annotation.x-opt-offset > '5",
  "amqp.annotation.x-opt-offset > 'five'",
  "amqp.annotation.x-opt-offset > '5' AND 1=1",
  "amqp.annotation.x-opt-offset > '99999999999999999999'",
  "amqp.annotation.x-opt-publisher > '5'",
])("the selector %j is refused", (selector) => {
  expect(parseSelector(selector)).toMatchObject({ condition: "com.microsoft:argument-error" });
});

test("no text makes the selector parser throw", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseSelector(`amqp.annotation.x-opt-${text}`)));
});

test("a start position is the first event that matches its selector; beyond the end it is refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.nat(2), ticks: fc.nat(2) }), { maxLength: 30 }),
      fc.nat(20),
      fc.record({
        kind: fc.constantFrom("offset" as const, "sequence-number" as const, "enqueued-time" as const),
        value: fc.nat(40),
        inclusive: fc.boolean(),
      }),
      (arrivals, keepFrom, position) => {
        const { kind, value, inclusive } = position;
        let clock = 5;
        const log = partitionLog("0", () => clock, undefined);
        const all = arrivals.map(({ bytes, ticks }) => {
          clock += ticks;
          log.append([sized(bytes + 1)]);
          return log.read(log.last);
        });
        const lastOffset = all.at(-1)?.offset ?? -1;
        log.trim(keepFrom);

        const start = resolveStart(position, log);

        const field = { offset: "offset", "sequence-number": "sequenceNumber", "enqueued-time": "enqueuedAt" } as const;
        const beyond = kind !== "enqueued-time" && value > (kind === "offset" ? lastOffset : all.length - 1);
        const expected = all.find(
          (event) =>
            event !== undefined &&
            event.sequenceNumber >= keepFrom &&
            (inclusive ? event[field[kind]] >= value : event[field[kind]] > value),
        );
        if (beyond) expect(start).toMatchObject({ condition: "com.microsoft:argument-error" });
        else expect(start).toBe(expected?.sequenceNumber ?? all.length);
      },
    ),
  );
});

test("a partition is numbered without gaps, whatever is appended, trimmed and retained", () => {
  const operation = fc.oneof(fc.record({ append: fc.nat(50) }), fc.record({ trim: fc.nat(500) }));
  fc.assert(
    fc.property(fc.array(operation), fc.option(fc.nat(40), { nil: undefined }), (operations, maxEvents) => {
      const log = partitionLog("0", () => 1, maxEvents);
      let held: number[] = [];
      let next = 0;
      for (const one of operations) {
        if ("append" in one) {
          log.append(Array.from({ length: one.append }, () => sized(3)));
          held.push(...Array.from({ length: one.append }, () => next++));
          if (maxEvents !== undefined) held = held.slice(Math.max(0, held.length - maxEvents));
        } else {
          log.trim(one.trim);
          held = held.filter((number) => number >= one.trim);
        }
        expect([log.count, log.last, log.first]).toEqual([held.length, next - 1, held[0] ?? next]);
        expect(held.map((number) => log.read(number)?.sequenceNumber)).toEqual(held);
        expect(log.read(0)?.sequenceNumber).toBe(held[0]);
        expect(log.read(next)).toBeUndefined();
      }
    }),
  );
});

test("the clock of a partition never goes back", () => {
  const times = [50, 20, 60];
  const log = partitionLog("0", () => times.shift() ?? 0, undefined);
  log.append([sized(1), sized(1), sized(1)]);

  expect([0, 1, 2].map((number) => log.read(number)?.enqueuedAt)).toEqual([50, 50, 60]);
});

test.each([
  ["audit", { kind: "hub", hub: "audit" }],
  ["sb://127.0.0.1/audit/$management", { kind: "hub", hub: "audit" }],
  ["amqps://ns.example/audit/Partitions/3", { kind: "hub", hub: "audit", partition: "3" }],
  [
    "audit/ConsumerGroups/$Default/Partitions/0",
    { kind: "consumer-group", hub: "audit", group: "$Default", partition: "0" },
  ],
  ["audit/consumergroups/g/partitions/0", { kind: "consumer-group", hub: "audit", group: "g", partition: "0" }],
  ["audit/Partitions", { kind: "unknown", path: "audit/Partitions" }],
  ["", { kind: "unknown", path: "" }],
])("the address %j is %j", (address, parsed) => {
  expect(parseAddress(address)).toEqual(parsed);
});

test("any sequence of receivers leaves at most one owner or five others", () => {
  const epoch = fc.option(fc.bigInt({ min: 0n, max: 3n }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(epoch), (epochs) => {
      let present: { name: string; epoch: bigint | undefined }[] = [];
      for (const [index, value] of epochs.entries()) {
        const newcomer = { name: `r${index}`, epoch: value };
        const owner = present.find((receiver) => receiver.epoch !== undefined);
        const admission = admit(newcomer, present);
        const expected =
          value === undefined
            ? owner === undefined && present.length < 5
            : owner?.epoch === undefined || owner.epoch <= value;
        expect(admission.kind).toBe(expected ? "admitted" : "refused");
        if (admission.kind === "admitted") {
          expect(admission.evicted).toEqual(value === undefined ? [] : present);
          expect(admission.evicted.every((receiver) => isRefusal(admission.reason(receiver)))).toBe(true);
          present = [...present.filter((receiver) => !admission.evicted.includes(receiver)), newcomer];
        }
        const owners = present.filter((receiver) => receiver.epoch !== undefined).length;
        expect(owners === 0 ? present.length <= 5 : present.length === 1).toBe(true);
      }
    }),
  );
});
