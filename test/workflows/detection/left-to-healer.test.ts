import { describe, expect, test } from "vitest";
import { valueText } from "../../../src/core/value-text.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import type { SequenceRange } from "../../../src/core/ledger/sequence-ranges.ts";
import { DependencyError } from "../../../src/errors.ts";
import type { DetectDependencies, HubEvent } from "../../../src/workflows/detection/detect-batch.ts";
import { detectGuarded } from "../../../src/workflows/detection/detect-guarded.ts";
import { handlingOf, handleEvents } from "../../../src/workflows/detection/handle-events.ts";
import { eventBody, POSITION, settingsChange } from "../../samples.ts";
import { memorySink } from "../delivery/memory-sink.ts";
import { memoryStores, memorySuspects } from "../memory-stores.ts";

const good = (id: string) => settingsChange({}, { id });

describe("an event that the store never accepts", () => {
  /** A store that fails on incidents whose audit record has one of these ids. */
  function failingOn(...ids: readonly string[]) {
    const stores = memoryStores();
    const calls: number[] = [];
    const addAll: DetectDependencies["incidents"]["addAll"] = (incidents) => {
      calls.push(incidents.length);
      const isHit = incidents.some(({ row }) => ids.includes(valueText(row["AuditLogId"])));
      return isHit
        ? Promise.reject(new DependencyError("Table Storage", "answered 500"))
        : stores.deps.incidents.addAll(incidents);
    };
    return { ...stores, calls, deps: { ...stores.deps, incidents: { addAll } } };
  }
  const at = (sequenceNumber: number | null): HubEvent => ({
    body: eventBody(good(`PIM_${sequenceNumber}`)),
    position: { ...POSITION, sequenceNumber },
  });

  test("does not keep other events of its batch from being stored, and is named", async () => {
    const { deps, stored } = failingOn("PIM_1", "PIM_3");
    const { suspects, marks } = memorySuspects();
    const batch = [0, 1, 2, 3, 4].map(at);
    const { figures, added, failed } = await detectGuarded(batch, { ...deps, suspects, marked: new Set() });
    expect(figures).toMatchObject({ events: 3, received: 3, matched: 3, stored: 3 });
    expect([stored().length, added.length, marks().size]).toEqual([3, 3, 0]);
    expect(failed).toEqual([
      { event: batch[1], error: expect.any(DependencyError) },
      { event: batch[3], error: expect.any(DependencyError) },
    ]);
  });

  test("is not searched for if nothing can be stored: it throws after three failures in a row and the last event", async () => {
    const { deps, calls } = failingOn("PIM_1", "PIM_2", "PIM_3", "PIM_6");
    const { suspects } = memorySuspects();
    await expect(
      detectGuarded([0, 1, 2, 3, 4, 5, 6].map(at), { ...deps, suspects, marked: new Set() }),
    ).rejects.toThrow("answered 500");
    expect(calls).toEqual([7, 1, 1, 1, 1, 1]); // all together, then alone
  });

  test("does not hold up the others even if several such events are neighbors", async () => {
    const bad = [1, 2, 3, 4, 5, 6, 7];
    const { deps, stored } = failingOn(...bad.map((number) => `PIM_${number}`));
    const { suspects } = memorySuspects();
    const batch = [0, ...bad, 8, 9, 10, 11].map(at);
    const { failed } = await detectGuarded(batch, { ...deps, suspects, marked: new Set() });
    expect(failed.map(({ event: { position } }) => position.sequenceNumber)).toEqual(bad);
    expect(stored().length).toBe(5);
  });

  /** Everything that `handleEvents` needs, with what it forwarded and finished. */
  function handling(...ids: readonly string[]) {
    const stores = failingOn(...ids);
    const finished: [number, number][] = [];
    const forwarded: unknown[] = [];
    const { sink } = memorySink([]);
    const send = (rows: readonly IncidentRow[]) => {
      forwarded.push(...rows.map((row) => row["AuditLogId"]));
      return Promise.resolve({ outcome: "accepted" } as const);
    };
    const deps = {
      ...stores.deps,
      suspects: memorySuspects().suspects,
      ledger: {
        finished(_id: string, { first, last }: SequenceRange) {
          finished.push([first, last]);
          return Promise.resolve();
        },
      },
      sinks: [{ ...sink, send }],
    };
    return { ...stores, deps, finished, forwarded };
  }

  test("fails the batch until its tenth retry, and is then left to the healer: only the rest is finished", async () => {
    const { deps, stored, finished, forwarded } = handling("PIM_5");
    const batch = [4, 5, 6, 7].map(at);
    for (const retry of [0, 5, 9])
      await expect(handleEvents(batch, deps, handlingOf(retry))).rejects.toThrow("Table Storage: answered 500");
    expect([finished, forwarded]).toEqual([[], []]);
    expect(stored().length).toBe(3); // the others are not kept waiting for it

    const figures = await handleEvents([...batch, at(8)], deps, handlingOf(10));
    expect(figures).toMatchObject({
      events: 4,
      stored: 1,
      known: 3,
      notInLedger: 0,
      leftToHealer: 1,
      leftBecause: "Table Storage: answered 500",
    });
    expect(finished).toEqual([
      [4, 4],
      [6, 8],
    ]);
    expect(forwarded).toEqual(["PIM_8"]);
  });

  test("is never left if the ledger could not find it, because the host did not give its position", async () => {
    const { deps, finished } = handling("PIM_null");
    await expect(handleEvents([at(4), at(null)], deps, handlingOf(1_000))).rejects.toThrow("answered 500");
    expect(finished).toEqual([]);
  });

  test("is never left while nothing can be stored", async () => {
    const { deps, finished } = handling("PIM_4", "PIM_5", "PIM_6", "PIM_7", "PIM_8");
    await expect(handleEvents([4, 5, 6, 7, 8].map(at), deps, handlingOf(1_000))).rejects.toThrow("answered 500");
    expect(finished).toEqual([]);
  });
});
