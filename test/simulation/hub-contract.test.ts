// The simulation trusts the hub in memory because each call does what the SDK's client does with the local stand-in.
import { EventHubConsumerClient, EventHubProducerClient, type EventPosition } from "@azure/event-hubs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EventHubStandIn, startEventHub } from "../../local/event-hub/event-hub.ts";
import { memoryHub } from "../../simulation/services/memory-hub.ts";
import { type AuditHub, auditHub, type HubClient } from "../../src/azure/audit-hub.ts";
import { DependencyError } from "../../src/errors.ts";
import { undisturbedProcess } from "./undisturbed-process.ts";

const HUB = "audit";
/** Events to a batch, at most. */
const LIMIT = 3;
const BEGINNING = { offset: "-1" };
const from = (sequenceNumber: number): EventPosition => ({ sequenceNumber, isInclusive: true });
const retryOptions = { maxRetries: 3, retryDelayInMs: 5, maxRetryDelayInMs: 5 };

/** Both hubs have this clock. It stands still while the stand-in is used. */
const { process, time, ended, failNext } = undisturbedProcess();
let standIn: EventHubStandIn;
const consumerOf = (hub: EventHubStandIn) =>
  new EventHubConsumerClient("$Default", hub.connectionString, HUB, { retryOptions });
const producerOf = (hub: EventHubStandIn) => new EventHubProducerClient(hub.connectionString, HUB, { retryOptions });
beforeAll(async () => {
  standIn = await startEventHub({ hubs: [{ name: HUB, partitions: 2, consumerGroups: [] }], now: time.now });
});
afterAll(() => standIn.close());

/** A hub with two partitions, `0` and `1`. */
interface Hub {
  readonly client: HubClient;
  /** Another client of the same hub. */
  readonly other: HubClient;
  send(partition: string, texts: readonly string[]): Promise<void>;
  /** Drops the oldest events. */
  drop(partition: string, count: number): void;
  recreate(): Promise<void>;
}

function inMemory(): Hub {
  const hub = memoryHub(2, time);
  return {
    client: hub.clientFor(process),
    other: hub.clientFor(process),
    async send(partition, texts) {
      for (const text of texts) hub.send(Number(partition), Buffer.from(text));
    },
    drop: (partition, count) => void hub.drop(Number(partition), count),
    recreate: async () => hub.recreate(),
  };
}

async function withStandIn<T>(use: (hub: Hub) => Promise<T>): Promise<T> {
  standIn.recreate(HUB);
  const [client, other] = [consumerOf(standIn), consumerOf(standIn)];
  let producer = producerOf(standIn);
  try {
    return await use({
      client,
      other,
      send: (partitionId, texts) =>
        producer.sendBatch(
          texts.map((text) => ({ body: Buffer.from(text) })),
          { partitionId },
        ),
      drop(partition, count) {
        const { lastSequenceNumber, count: held } = standIn.partition(HUB, partition);
        standIn.trim(HUB, partition, lastSequenceNumber + 1 - held + count);
      },
      async recreate() {
        await producer.close();
        standIn.recreate(HUB);
        producer = producerOf(standIn);
      },
    });
  } finally {
    await Promise.all([client.close(), other.close(), producer.close()]);
  }
}

type Call = (hub: Hub) => Promise<unknown>;

/** The result of a call: its value, or the parts of the error that tell its kind. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return kindOf(error);
  }
}

/** After attempts with different errors, the client reports all of them in one. */
function kindOf(error: unknown): object {
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : error;
  if (!(last instanceof Error)) throw error;
  return { name: last.name, ...("code" in last && { code: last.code, retryable: Reflect.get(last, "retryable") }) };
}

interface Seen {
  readonly sequenceNumber: number;
  readonly enqueuedTimeUtc: Date;
  readonly text: string;
}

interface Now {
  /** The last batch was empty. */
  readonly isQuiet: boolean;
  /** The last two hundred batches were. */
  readonly isSilent: boolean;
  readonly isFailed: boolean;
}

interface Reading {
  readonly events: Seen[];
  /** The size of the largest batch. */
  largest(): number;
  failure(): object | undefined;
  /** Resolves when this holds, now or later. It is asked after each batch and each error. */
  until(holds: (now: Now) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Reads a partition in small batches. */
function reading(client: HubClient, partition: string, startPosition: EventPosition): Reading {
  const events: Seen[] = [];
  const now = { isQuiet: false, isSilent: false, isFailed: false };
  let failure: object | undefined;
  let largest = 0;
  let quiet = 0;
  let wake = (): void => undefined;
  const subscription = client.subscribe(
    partition,
    {
      processEvents(received) {
        for (const { sequenceNumber, enqueuedTimeUtc, body } of received)
          events.push({ sequenceNumber, enqueuedTimeUtc, text: Buffer.from(body).toString() });
        now.isQuiet = received.length === 0;
        quiet = now.isQuiet ? quiet + 1 : 0;
        now.isSilent = quiet >= 200;
        largest = Math.max(largest, received.length);
        wake();
        return Promise.resolve();
      },
      processError(error) {
        now.isFailed = true;
        failure = kindOf(error);
        wake();
        return Promise.resolve();
      },
    },
    {
      startPosition,
      maxBatchSize: LIMIT,
      prefetchCount: LIMIT,
      maxWaitTimeInSeconds: 0.02,
      skipParsingBodyAsJson: true,
    },
  );
  return {
    events,
    largest: () => largest,
    failure: () => failure,
    async until(holds) {
      while (!holds(now)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
    close: () => subscription.close(),
  };
}

/** Reads until an error, or until the last event is read and no more comes. On a slow machine, quiet may come early. */
async function read({ client }: Hub, partition: string, position: EventPosition): Promise<unknown> {
  const { isEmpty, lastEnqueuedSequenceNumber: last } = await client.getPartitionProperties(partition);
  const reader = reading(client, partition, position);
  const isRead = (): boolean => isEmpty || reader.events.at(-1)?.sequenceNumber === last;
  await reader.until(({ isQuiet, isSilent, isFailed }) => isFailed || isSilent || (isQuiet && isRead()));
  await reader.close();
  return { events: reader.events, failure: reader.failure(), isWithinLimit: reader.largest() <= LIMIT };
}

async function describe({ client }: Hub): Promise<unknown> {
  const { createdOn, partitionIds } = await client.getEventHubProperties();
  return { createdOn, partitionIds };
}

/** All but the fields that the app does not read. */
async function describePartition({ client }: Hub, partition: string): Promise<unknown> {
  const { isEmpty, beginningSequenceNumber, lastEnqueuedSequenceNumber, lastEnqueuedOnUtc } =
    await client.getPartitionProperties(partition);
  return { isEmpty, beginningSequenceNumber, lastEnqueuedSequenceNumber, lastEnqueuedOnUtc };
}

/** Makes the same calls on both hubs, and compares each result. */
async function compare(calls: readonly Call[]): Promise<void> {
  const ours = inMemory();
  await withStandIn(async (theirs) => {
    // One call after the other, so that both hubs see it at the same time.
    for (const call of calls) {
      const at = time.now();
      const expected = await outcome(call(theirs));
      expect(time.now()).toBe(at);
      expect(await outcome(ended(call(ours)))).toEqual(expected);
    }
  });
}

const partitions = fc.constantFrom("0", "1");
const calls: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(partitions, fc.array(fc.constantFrom("a", "b", ""), { minLength: 1, maxLength: 7 })).map(
      ([id, texts]): Call =>
        (hub) =>
          hub.send(id, texts),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(partitions, fc.integer({ min: 1, max: 9 })).map(
      ([id, count]): Call =>
        (hub) =>
          Promise.resolve(hub.drop(id, count)),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Call>((hub) => hub.recreate()) },
  { weight: 1, arbitrary: fc.constant<Call>(describe) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("0", "1", "2").map(
      (id): Call =>
        (hub) =>
          describePartition(hub, id),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(partitions, fc.oneof(fc.constant(BEGINNING), fc.nat(12).map(from))).map(
      ([id, position]): Call =>
        (hub) =>
          read(hub, id, position),
    ),
  },
);

test("a partition that is new, filled, partly dropped and emptied is the same in both", async () => {
  const look: Call[] = [
    (hub) => describePartition(hub, "0"),
    ...[BEGINNING, ...[0, 1, 3, 4].map(from)].map(
      (position): Call =>
        (hub) =>
          read(hub, "0", position),
    ),
  ];
  const fill: Call = (hub) => hub.send("0", ["a", "b", "c", "d"]);
  const drop: Call = (hub) => Promise.resolve(hub.drop("0", 2));
  await compare([...look, fill, ...look, drop, ...look, drop, ...look]);
});

test("the hub in memory answers any calls in any order as the stand-in does", async () => {
  await fc.assert(fc.asyncProperty(fc.array(calls, { minLength: 5, maxLength: 12 }), compare), { numRuns: 8 });
});

const cases: { what: string; call: Call; result: unknown }[] = [
  {
    what: "a receiver of a partition that does not exist is told so",
    async call({ client }) {
      const reader = reading(client, "2", BEGINNING);
      await reader.until(({ isFailed }) => isFailed);
      return reader.failure();
    },
    result: { name: "MessagingError", code: "ArgumentOutOfRangeError", retryable: false },
  },
  {
    what: "a receiver gets what arrives later, and nothing after it was closed",
    async call(hub) {
      const reader = reading(hub.client, "0", BEGINNING);
      await reader.until(({ isQuiet }) => isQuiet);
      await hub.send("0", ["a"]);
      await reader.until(() => reader.events.length === 1);
      await reader.close();
      await hub.send("0", ["b"]);
      await read(hub, "0", BEGINNING); // the control: another one gets it
      return reader.events.map(({ text }) => text);
    },
    result: ["a"],
  },
  {
    what: "a receiver gets nothing after its client was closed",
    async call(hub) {
      const reader = reading(hub.client, "0", BEGINNING);
      await reader.until(({ isQuiet }) => isQuiet);
      await hub.client.close();
      await hub.send("0", ["a"]);
      await read({ ...hub, client: hub.other }, "0", BEGINNING); // the control: another one gets it
      return reader.events;
    },
    result: [],
  },
  {
    what: "a receiver whose hub is created again is told that it is beyond the end",
    async call(hub) {
      await hub.send("0", ["a", "b"]);
      const reader = reading(hub.client, "0", BEGINNING);
      await reader.until(() => reader.events.length === 2);
      await hub.recreate();
      await reader.until(({ isFailed }) => isFailed);
      return reader.failure();
    },
    result: { name: "MessagingError", code: "ArgumentError", retryable: false },
  },
  {
    what: "a receiver that has seen nothing goes on in the new hub",
    async call(hub) {
      const reader = reading(hub.client, "0", BEGINNING);
      await reader.until(({ isQuiet }) => isQuiet);
      await hub.recreate();
      await hub.send("0", ["a"]);
      await reader.until(() => reader.events.length === 1);
      await reader.close();
      return reader.events.map(({ sequenceNumber, text }) => [sequenceNumber, text]);
    },
    result: [[0, "a"]],
  },
];

test.each(cases)("$what", async ({ call, result }) => {
  expect(await ended(call(inMemory()))).toEqual(result);
  expect(await withStandIn(call)).toEqual(result);
});

test.each(["refused", "lost"] as const)("a call that is %s fails as one to a hub that is gone", async (fault) => {
  const gone = await startEventHub({ hubs: [{ name: HUB, partitions: 2, consumerGroups: [] }] });
  await gone.close();
  const client = new EventHubConsumerClient("$Default", gone.connectionString, HUB, {
    retryOptions: { maxRetries: 0 },
  });
  const reads: ((hub: AuditHub) => Promise<unknown>)[] = [
    (hub) => hub.describe(),
    (hub) => hub.partition("0"),
    (hub) => hub.read("0", { first: 0, last: 1 }, LIMIT),
  ];
  for (const call of reads) {
    const ours = auditHub(inMemory().client, undefined, process.machine);
    failNext(fault);
    await expect(ended(call(ours))).rejects.toBeInstanceOf(DependencyError);
    await expect(call(auditHub(client))).rejects.toBeInstanceOf(DependencyError);
  }
  await client.close();
});
