import { expect, test } from "vitest";
import type { IncidentRow, StoredIncident } from "../../../src/core/incident/incident-row.ts";
import type { FinishedRun } from "../../../src/core/ledger/partition-ledger.ts";
import type { SequenceRange } from "../../../src/core/ledger/sequence-ranges.ts";
import { DependencyError } from "../../../src/errors.ts";
import { handleEvents } from "../../../src/workflows/detection/handle-events.ts";
import type { Sink } from "../../../src/workflows/delivery/sink.ts";
import { eventBody, POSITION, settingsChange } from "../../samples.ts";
import { memorySink } from "../delivery/memory-sink.ts";
import { memoryStores, memorySuspects } from "../memory-stores.ts";

const batch = [{ body: eventBody(settingsChange(), settingsChange({}, { id: "PIM_2" })), position: POSITION }];
const FOUND = {
  events: 1,
  skippedByScan: 0,
  received: 2,
  matched: 2,
  notMatched: 0,
  otherCategory: 0,
  recordsSkippedByScan: 0,
  deadLettered: 0,
  otherContent: 0,
  kept: 0,
  inNoWindow: 0,
  guarded: false,
  leftToHealer: 0,
  latency: { 1: 1 },
  notInLedger: 0,
};

const NOTHING_SENT = { forwarded: 0, refused: 0, failed: 0 };
/** Figures of the one sink of `dependencies`. */
const delivered = (figures: object) => ({ sinks: { memory: { ...NOTHING_SENT, ...figures } } });

/** Stores in memory, and one sink whose answers the test sets; `forwarded` has the ids of rows that left its outbox. */
function dependencies(upload: Sink["send"]) {
  const { deps, stored } = memoryStores();
  const forwarded: unknown[] = [];
  const finished: object[] = [];
  const ledger = {
    finished: (partitionId: string, { first, last }: SequenceRange) => {
      finished.push({ partitionId, first, last, stored: stored().length });
      return Promise.resolve();
    },
  };
  const { sink } = memorySink([]);
  const markForwarded = (row: IncidentRow) => Promise.resolve(void forwarded.push(row["IncidentId"]));
  const first: Sink = { ...sink, send: upload, outbox: { ...sink.outbox, markForwarded } };
  return {
    deps: { ...deps, ledger, suspects: memorySuspects().suspects, sinks: [first] },
    first,
    stored,
    forwarded,
    finished,
  };
}

test("new incidents are forwarded once the whole batch is stored", async () => {
  const storedAtUpload: number[] = [];
  const { deps, stored, forwarded } = dependencies(() => {
    storedAtUpload.push(stored().length);
    return Promise.resolve({ outcome: "accepted" });
  });

  expect(await handleEvents(batch, deps)).toEqual({ ...FOUND, stored: 2, known: 0, ...delivered({ forwarded: 2 }) });
  expect(storedAtUpload).toEqual([2]);
  expect(forwarded).toEqual(stored().map(({ row }) => row["IncidentId"]));

  expect(await handleEvents(batch, deps)).toEqual({ ...FOUND, stored: 0, known: 2, ...delivered({}) });
  expect(storedAtUpload).toEqual([2]);
});

test("an endpoint that is down does not fail the batch: the rows wait in the outbox", async () => {
  const { deps, stored, forwarded } = dependencies(() => Promise.reject(new DependencyError("Logs Ingestion", "down")));
  const figures = { ...FOUND, stored: 2, known: 0, ...delivered({ stopped: "Logs Ingestion: down" }) };
  expect(await handleEvents(batch, deps)).toEqual(figures);
  expect([stored().length, forwarded]).toEqual([2, []]);
});

test("nothing is forwarded if the batch could not be stored as a whole", async () => {
  const uploads: number[] = [];
  const { deps, finished } = dependencies((rows) => {
    uploads.push(rows.length);
    return Promise.resolve({ outcome: "accepted" });
  });
  const incidents = {
    async addAll(all: readonly StoredIncident[]) {
      await deps.incidents.addAll(all.slice(0, 1));
      throw new Error("table is down");
    },
  };
  await expect(handleEvents(batch, { ...deps, incidents })).rejects.toThrow("table is down");
  expect([uploads, finished]).toEqual([[], []]);
});

test("each run of consecutive numbers is noted in the ledger once everything is stored", async () => {
  const { deps, finished } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  const at = (sequenceNumber: number | null, partitionId: string | null = "3") => ({
    body: eventBody(settingsChange({}, { id: `PIM_${sequenceNumber}` })),
    position: { partitionId, sequenceNumber, enqueuedTime: "2026-03-04T09:14:00.123" },
  });
  const events = [at(4), at(5), at(7), at(null), at(8), at(8, null), at(0, "1")];

  const figures = await handleEvents(events, deps);

  expect(figures).toMatchObject({ notInLedger: 2, notInLedgerBecause: "the host did not give their positions" });
  expect(finished).toEqual([
    { partitionId: "3", first: 4, last: 5, stored: 6 },
    { partitionId: "3", first: 7, last: 8, stored: 6 },
    { partitionId: "1", first: 0, last: 0, stored: 6 },
  ]);
});

test("the ledger has the time when the first event of a run reached the hub, in UTC; 0 if unknown", async () => {
  const { deps } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  const enqueuedAt: number[] = [];
  const ledger = {
    finished: (_partitionId: string, run: FinishedRun) => {
      enqueuedAt.push(run.enqueuedAt);
      return Promise.resolve();
    },
  };
  for (const enqueuedTime of [
    "2026-03-04T09:14:00.1234567Z",
    "2026-03-04T09:14:00Z",
    "2026-03-04T10:14:00+01:00",
    "?",
    null,
  ]) {
    await handleEvents([{ body: eventBody(), position: { ...POSITION, enqueuedTime } }], { ...deps, ledger });
  }
  const time = Date.UTC(2026, 2, 4, 9, 14);
  expect(enqueuedAt).toEqual([time + 123, time, time, 0, 0]);
});

test("a ledger that cannot be written does not fail the batch", async () => {
  const { deps, stored, forwarded } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  const ledger = { finished: () => Promise.reject(new DependencyError("Ledger", "down")) };
  expect(await handleEvents(batch, { ...deps, ledger })).toMatchObject({
    notInLedger: 1,
    notInLedgerBecause: "Ledger: down",
    ...delivered({ forwarded: 2 }),
  });
  expect([stored().length, forwarded.length]).toEqual([2, 2]);
});

test("the rules are noted before an event is finished, and if they cannot be, the event is left to the healer", async () => {
  const { deps, finished } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  const order: string[] = [];
  const ledger = { finished: () => Promise.resolve(void order.push("finished")) };
  const evaluating = async () => {
    await Promise.resolve();
    order.push("noted");
  };
  await handleEvents(batch, { ...deps, ledger, evaluations: { ...deps.evaluations, evaluating } });
  expect(order).toEqual(["noted", "finished"]);

  const down = () => Promise.reject(new DependencyError("Ledger", "down"));
  const evaluations = { ...deps.evaluations, evaluating: down };
  expect(await handleEvents(batch, { ...deps, evaluations })).toMatchObject({
    notInLedger: 1,
    notInLedgerBecause: "Ledger: down",
  });
  expect(finished).toEqual([]);
});

test("delays are kept of every event and of the audit records that were read; a batch does not fail for them", async () => {
  const { deps } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  // The record occurred 79 s before its event reached the hub, and was stored a second later.
  expect(await handleEvents(batch, deps)).toMatchObject({ latency: { 1: 1 } });
  expect(await deps.evaluations.read(deps.now())).toMatchObject({ occurredToHub: { 120: 2 }, hubToStored: { 1: 1 } });
  const addDelays = () => Promise.reject(new DependencyError("Ledger", "down"));
  const evaluations = { ...deps.evaluations, addDelays };
  expect(await handleEvents(batch, { ...deps, evaluations })).toMatchObject({ known: 2, notInLedger: 0 });
});

test("sinks do not wait for each other, and each has its own figures", async () => {
  const { deps, first } = dependencies(() => Promise.reject(new DependencyError("Logs Ingestion", "down")));
  const webhook = { ...memorySink([]).sink, name: "webhook" };
  const { sinks } = await handleEvents(batch, { ...deps, sinks: [first, webhook] });
  expect(sinks).toEqual({
    memory: { ...NOTHING_SENT, stopped: "Logs Ingestion: down" },
    webhook: { ...NOTHING_SENT, forwarded: 2 },
  });
});

test("a paused sink is sent nothing, while the others are", async () => {
  const { deps, first, forwarded } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  const webhook = { ...memorySink([]).sink, name: "webhook" };
  for (const row of ["a", "b", "c"]) first.watch.failed(row, "answered 503");
  const { sinks } = await handleEvents(batch, { ...deps, sinks: [first, webhook] });
  expect(sinks).toEqual({
    memory: { ...NOTHING_SENT, stopped: "paused for 10 s after: answered 503" },
    webhook: { ...NOTHING_SENT, forwarded: 2 },
  });
  expect(forwarded).toEqual([]);
});

test("a row that cannot be marked fails the batch, after the rows of all sinks were sent", async () => {
  const { deps, first, stored } = dependencies(() => Promise.resolve({ outcome: "accepted" }));
  const outbox = { ...first.outbox, markForwarded: () => Promise.reject(new DependencyError("Table Storage", "down")) };
  const webhook = memorySink([]);
  const sinks = [
    { ...first, outbox },
    { ...webhook.sink, name: "webhook" },
  ];
  await expect(handleEvents(batch, { ...deps, sinks })).rejects.toThrow("Table Storage: down");
  expect(webhook.journal).toHaveLength(1);
  expect(stored().length).toBe(2);
});
