// The stand-in answers as Azure does for an emptied partition: it gives the last event as the first, although it is gone.
import { expect, test } from "vitest";
import { auditHub } from "../../src/azure/audit-hub.ts";
import { DependencyError } from "../../src/errors.ts";
import { consumerOf, HUB, producerOf, startedHub } from "../local/event-hub-clients.ts";

/** A hub whose partition 0 holds this many events. */
async function hubWith(count: number) {
  const standIn = await startedHub();
  const producer = producerOf(standIn);
  for (let number = 0; number < count; number += 1)
    await producer.sendBatch([{ body: Buffer.from(String(number)) }], { partitionId: "0" });
  return { standIn, hub: auditHub(consumerOf(standIn, "healer")) };
}

test("a partition has its oldest and its last number; one that never held an event begins at 0", async () => {
  const { standIn, hub } = await hubWith(4);
  expect(await hub.partition("1")).toEqual({ first: 0, last: -1, lastEnqueuedAt: undefined });
  expect(await hub.partition("0")).toEqual({ first: 0, last: 3, lastEnqueuedAt: expect.any(Number) });
  standIn.trim(HUB, "0", 2);
  expect(await hub.partition("0")).toMatchObject({ first: 2, last: 3 });
});

test("a partition that retention emptied does not hold even its last event", async () => {
  const { standIn, hub } = await hubWith(4);
  standIn.trim(HUB, "0", 4);
  expect(await hub.partition("0")).toMatchObject({ first: 4, last: 3 });
});

test("the hub reads exactly the range, up to the limit, and says how far missing numbers are proven missing", async () => {
  const { standIn, hub } = await hubWith(8);
  const numbers = async (first: number, last: number, limit = 10) => {
    const { events, readThrough } = await hub.read("0", { first, last }, limit);
    return { numbers: events.map(({ body }) => Number(Buffer.from(body).toString())), readThrough };
  };
  expect(await numbers(2, 4)).toEqual({ numbers: [2, 3, 4], readThrough: 4 });
  expect(await numbers(2, 6, 2)).toEqual({ numbers: [2, 3], readThrough: 3 });
  expect(await numbers(6, 9)).toEqual({ numbers: [6, 7], readThrough: 7 });
  standIn.trim(HUB, "0", 5);
  expect(await numbers(2, 4)).toEqual({ numbers: [], readThrough: 4 });
  expect(await numbers(2, 6)).toEqual({ numbers: [5, 6], readThrough: 6 });
});

test("a missing hub is a dependency that does not answer", async () => {
  const standIn = await startedHub();
  const hub = auditHub(consumerOf(standIn, "healer", "missing"), 2_000);
  await expect(hub.describe()).rejects.toThrow(Error);
  await expect(hub.read("0", { first: 0, last: 1 }, 2)).rejects.toBeInstanceOf(DependencyError);
});
