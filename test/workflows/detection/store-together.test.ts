import { describe, expect, test } from "vitest";
import type { StoredIncident } from "../../../src/core/incident/incident-row.ts";
import {
  type DetectDependencies,
  detectBatch,
  detectEvents,
  newBatch,
} from "../../../src/workflows/detection/detect-batch.ts";
import { bytes, eventBody, settingsChange } from "../../samples.ts";
import { events, NOTHING, otherActivity, signIn } from "./batch-events.ts";
import { memoryStores } from "../memory-stores.ts";

describe("findings are stored together", () => {
  /** The stores, and how many incidents each call to them was given. */
  function counting(stores = memoryStores()) {
    const calls: number[] = [];
    const addAll: DetectDependencies["incidents"]["addAll"] = (incidents) => {
      calls.push(incidents.length);
      return stores.deps.incidents.addAll(incidents);
    };
    return { ...stores, deps: { ...stores.deps, incidents: { addAll } }, calls };
  }
  const changes = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => settingsChange({}, { id: `PIM_${from + index}` }));

  test("all events and records of a batch in one call, in order", async () => {
    const { deps, calls } = counting();
    const bodies = [eventBody(...changes(0, 3), otherActivity), eventBody(signIn), eventBody(...changes(1, 4))];
    const { figures, added } = await detectBatch(events(...bodies), deps);
    expect(calls).toEqual([7]);
    const fates = { received: 9, matched: 7, notMatched: 1, otherCategory: 1 };
    expect(figures).toEqual({ ...NOTHING, events: 3, ...fates, stored: 5, known: 2 });
    expect(added.map(({ row }) => row["AuditLogId"])).toEqual(["PIM_0", "PIM_1", "PIM_2", "PIM_3", "PIM_4"]);
  });

  test("a thousand at a time, so that memory does not grow with the number of matches", async () => {
    const { deps, calls } = counting();
    const bodies = [
      eventBody(...changes(0, 1_300)),
      eventBody(...changes(1_300, 900)),
      eventBody(...changes(2_200, 7)),
    ];
    const { figures } = await detectBatch(events(...bodies), deps);
    expect(calls).toEqual([1_000, 1_000, 207]);
    expect(figures).toEqual({ ...NOTHING, events: 3, received: 2_207, matched: 2_207, stored: 2_207 });
  });

  test("fewer at a time if their records are large", async () => {
    const { deps, calls } = counting();
    const large = changes(0, 30).map((change) => ({ ...change, filler: "x".repeat(380_000) }));
    const { figures } = await detectBatch(events(...large.map((change) => eventBody(change))), deps);
    expect(calls).toEqual([21, 9]);
    expect(figures).toEqual({ ...NOTHING, events: 30, received: 30, matched: 30, stored: 30 });
  });

  test("dead letters do not pile up either", async () => {
    const { deps, letters } = memoryStores();
    let most = 0;
    const add: DetectDependencies["deadLetters"]["add"] = (letter) => {
      most = Math.max(most, read - letters.length);
      return deps.deadLetters.add(letter);
    };
    let read = 0;
    const isQuarantined = () => {
      read += 1;
      return true;
    };
    await detectBatch(events(...Array.from({ length: 250 }, (_, index) => bytes(`{${index}`))), {
      ...deps,
      isQuarantined,
      deadLetters: { add },
    });
    expect([letters.length, most]).toEqual([250, 100]);
  });

  test("nothing is counted before it is stored", async () => {
    const { deps } = memoryStores();
    const batch = newBatch({ ...deps, incidents: { addAll: () => Promise.reject(new Error("down")) } });
    await expect(
      detectEvents(events(eventBody(...changes(0, 2), otherActivity, { a: 1 }), bytes("{")), batch),
    ).rejects.toThrow("down");
    expect({ ...NOTHING, ...batch.figures }).toEqual({ ...NOTHING, received: 3, notMatched: 1, deadLettered: 2 });
    expect(batch.added).toEqual([]);
  });

  test("an incident that cannot be stored does not hold up the others, although the batch fails", async () => {
    const { deps, stored, letters } = memoryStores();
    const isBad = ({ row }: StoredIncident) => row["AuditLogId"] === "PIM_3";
    const addAll: DetectDependencies["incidents"]["addAll"] = async (incidents) => {
      const outcomes = (await deps.incidents.addAll(incidents.filter((one) => !isBad(one)))).values();
      const failed = new Error("500");
      return incidents.map((one) => (isBad(one) ? { failed } : (outcomes.next().value ?? "known")));
    };
    const refused = "PIM_0: not JSON";
    const add: DetectDependencies["deadLetters"]["add"] = (letter) =>
      Buffer.from(letter.bytes).toString() === refused
        ? Promise.reject(new Error("503"))
        : deps.deadLetters.add(letter);
    const bodies = [
      bytes(refused),
      eventBody(...changes(0, 1_100)),
      bytes("not JSON"),
      eventBody(...changes(1_100, 9)),
    ];

    await expect(
      detectBatch(events(...bodies), { ...deps, incidents: { addAll }, deadLetters: { add } }),
    ).rejects.toThrow("500");

    expect([stored().length, letters.length]).toEqual([1_108, 1]);
  });

  test("after three failed calls in a row nothing more is tried, because the store is down", async () => {
    const { deps } = memoryStores();
    const calls: number[] = [];
    const addAll: DetectDependencies["incidents"]["addAll"] = (incidents) => {
      calls.push(incidents.length);
      return Promise.reject(new Error("down"));
    };
    await expect(
      detectBatch(events(...[0, 1, 2, 3, 4].map((part) => eventBody(...changes(part * 1_000, 1_000)))), {
        ...deps,
        incidents: { addAll },
      }),
    ).rejects.toThrow("down");
    expect(calls).toEqual([1_000, 1_000, 1_000]);
  });

  test("incidents do not wait for dead letters, and dead letters that could not be kept are not counted", async () => {
    const { deps, stored } = memoryStores();
    const batch = newBatch({ ...deps, deadLetters: { add: () => Promise.reject(new Error("full")) } });
    await expect(detectEvents(events(bytes("{"), eventBody(...changes(0, 2))), batch)).rejects.toThrow("full");
    expect({ ...NOTHING, ...batch.figures }).toEqual({ ...NOTHING, received: 2, matched: 2, stored: 2 });
    expect(stored().length).toBe(2);
  });
});
