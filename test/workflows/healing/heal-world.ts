import { ledgerTable } from "../../../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { LostRange, PartitionStatus } from "../../../src/core/ledger/partition-ledger.ts";
import type { SequenceRange } from "../../../src/core/ledger/sequence-ranges.ts";
import { DependencyError } from "../../../src/errors.ts";
import { checkLedger, type LostEvents } from "../../../src/workflows/healing/check-ledger.ts";
import type { HubEvent } from "../../../src/workflows/detection/detect-batch.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { bytes } from "../../samples.ts";
import type { Letter } from "../memory-stores.ts";

export const CREATED = Date.UTC(2026, 2, 4);
export const MINUTE = 60_000;
export const LIMITS = {
  graceMs: 1_000,
  stallMs: MINUTE,
  chunkEvents: 3,
  until: Infinity,
  retentionMs: 60 * MINUTE,
  firstTurn: 0,
};
const NAME = { namespace: "pimwatch.servicebus.windows.net", hub: "insights-logs-auditlogs" };

interface Options {
  /** The oldest number that the hub holds. */
  readonly first?: number;
  readonly held?: readonly number[];
  readonly last?: number;
  readonly partitionIds?: readonly string[];
  /** False: no check was ever made. */
  readonly isKnown?: boolean;
}

/** A hub whose numbers may have holes and whose partitions hold the same, a ledger, and a clock. */
export async function world({
  first = 0,
  held = [],
  last = Math.max(-1, ...held),
  partitionIds = ["0"],
  isKnown = true,
}: Options = {}) {
  const clock = { now: CREATED + 10 * MINUTE };
  const partition = { first, last };
  const holding = new Set(held);
  const handled: { numbers: (number | null)[]; suspect: boolean; partitionId: string | null }[] = [];
  const said: LostEvents[] = [];
  const letters: Letter[] = [];
  const hooks = {
    beforeDescribe: (): void => undefined,
    beforeRead: (_partitionId: string): Promise<void> | void => undefined,
    onHandle: (_numbers: readonly number[], _partitionId: string): Promise<void> | void => undefined,
    onLost: (): void => undefined,
    onBury: (): void => undefined,
    onEvaluating: (): void => undefined,
  };
  const table = memoryTable().client;
  await table.createTable();
  const ledger = ledgerTable(tableRows(table), NAME);
  if (isKnown)
    for (const id of partitionIds) await ledger.begin(id, { hubCreatedAt: CREATED, first: 0, seenAt: CREATED });
  const enqueuedAt = (sequenceNumber: number): number => CREATED + 1_000 * sequenceNumber;
  const event = (partitionId: string, sequenceNumber: number): HubEvent => ({
    body: bytes(String(sequenceNumber)),
    position: { partitionId, sequenceNumber, enqueuedTime: new Date(enqueuedAt(sequenceNumber)).toISOString() },
  });
  const deps = {
    hub: {
      describe: async () => {
        hooks.beforeDescribe();
        return Promise.resolve({ createdAt: CREATED, partitionIds });
      },
      partition: () => Promise.resolve({ ...partition, lastEnqueuedAt: clock.now - 5_000 }),
      async read(id: string, range: SequenceRange, limit: number) {
        await hooks.beforeRead(id);
        const from = [...holding]
          .filter((number) => number >= Math.max(range.first, partition.first))
          .toSorted((a, b) => a - b);
        const within = from.filter((number) => number <= range.last).slice(0, limit);
        const beyond = from.find((number) => number > range.last);
        const readThrough = beyond === undefined ? (within.at(-1) ?? range.first - 1) : range.last;
        return { events: within.map((number) => event(id, number)), readThrough };
      },
    },
    ledger: {
      ...ledger,
      lost: (id: string, range: LostRange) => (hooks.onLost(), ledger.lost(id, range)),
    },
    deadLetters: {
      add: (letter: Letter) => {
        hooks.onBury();
        letters.push(letter);
        return Promise.resolve();
      },
    },
    evaluations: {
      async evaluating() {
        return Promise.resolve(hooks.onEvaluating());
      },
    },
    async handle(events: readonly HubEvent[], { suspect }: { suspect: boolean }) {
      const numbersOf = events.map(({ position }) => position.sequenceNumber ?? -1);
      const partitionId = events[0]?.position.partitionId ?? "";
      await hooks.onHandle(numbersOf, partitionId);
      handled.push({ numbers: numbersOf, suspect, partitionId });
    },
    now: () => new Date(clock.now),
    reportLost: (range: LostEvents) => void said.push(range),
  };
  return {
    clock,
    partition,
    holding,
    hooks,
    handled,
    said,
    letters,
    ledger,
    healed: () => handled.flatMap((one) => one.numbers),
    read: (id = "0") => ledger.read(id),
    /** The statuses without the times that no test is about. */
    statuses: async (): Promise<PartitionStatus[]> => ledger.statuses(),
    finish: (from: number, to: number, { at = clock.now - 5_000, id = "0" } = {}) =>
      ledger.finished(id, { first: from, last: to, enqueuedAt: enqueuedAt(from), finishedAt: at, latestAt: at }),
    check: (limits: Partial<typeof LIMITS> = {}) => checkLedger(deps, { ...LIMITS, ...limits }),
  };
}

/** Rejects a batch that holds one of the numbers. */
export const refusing =
  (...bad: readonly number[]) =>
  (events: readonly number[]) => {
    if (events.some((number) => bad.includes(number))) throw new DependencyError("Table Storage", "answered 500");
  };

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, more) => from + more);
