import { expect, test } from "vitest";
import { DependencyError } from "../../src/errors.ts";
import type { ForwardDependencies } from "../../src/workflows/forward-rows.ts";
import { handleEvents } from "../../src/workflows/handle-events.ts";
import { eventBody, POSITION, settingsChange } from "../samples.ts";
import { memoryStores } from "./memory-stores.ts";

const batch = [{ body: eventBody(settingsChange(), settingsChange({}, { id: "PIM_2" })), position: POSITION }];
const FOUND = {
  events: 1,
  passedOver: 0,
  received: 2,
  matched: 2,
  notMatched: 0,
  skipped: 0,
  ruledOut: 0,
  deadLettered: 0,
};

function dependencies(upload: ForwardDependencies["ingestion"]["upload"]) {
  const { deps, stored } = memoryStores();
  const forwarded: unknown[] = [];
  const outbox = {
    markForwarded: (row: Readonly<Record<string, unknown>>) => {
      forwarded.push(row["IncidentId"]);
      return Promise.resolve();
    },
    markRefused: () => Promise.resolve(),
  };
  return { deps: { ...deps, outbox, ingestion: { upload } }, stored, forwarded };
}

test("what is new is forwarded once all of the batch is stored", async () => {
  const storedAtUpload: number[] = [];
  const { deps, stored, forwarded } = dependencies(() => {
    storedAtUpload.push(stored.size);
    return Promise.resolve({ outcome: "accepted" });
  });

  expect(await handleEvents(batch, deps)).toEqual({ ...FOUND, stored: 2, known: 0, forwarded: 2, refused: 0 });
  expect(storedAtUpload).toEqual([2]);
  expect(forwarded).toEqual([...stored.values()].map(({ row }) => row["IncidentId"]));

  expect(await handleEvents(batch, deps)).toEqual({ ...FOUND, stored: 0, known: 2, forwarded: 0, refused: 0 });
  expect(storedAtUpload).toEqual([2]);
});

test("an endpoint that is down does not fail the batch: the rows wait in the outbox", async () => {
  const { deps, stored, forwarded } = dependencies(() => Promise.reject(new DependencyError("Logs Ingestion", "down")));
  const figures = { ...FOUND, stored: 2, known: 0, forwarded: 0, refused: 0, stopped: "Logs Ingestion: down" };
  expect(await handleEvents(batch, deps)).toEqual(figures);
  expect([stored.size, forwarded]).toEqual([2, []]);
});

test("nothing is forwarded of a batch that could not be stored whole", async () => {
  const uploads: number[] = [];
  const { deps } = dependencies((rows) => {
    uploads.push(rows.length);
    return Promise.resolve({ outcome: "accepted" });
  });
  let calls = 0;
  const incidents = {
    add: (...incident: Parameters<typeof deps.incidents.add>) => {
      calls += 1;
      return calls === 2 ? Promise.reject(new Error("table is down")) : deps.incidents.add(...incident);
    },
  };
  await expect(handleEvents(batch, { ...deps, incidents })).rejects.toThrow("table is down");
  expect(uploads).toEqual([]);
});
