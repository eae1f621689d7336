// The cost of the hub client's settings in host.json: Microsoft's own .NET client, the one of the Functions host, reads
// the stand-in with each of them. Needs .NET, like `npm run test:clients`.
import { EventHubProducerClient } from "@azure/event-hubs";
import { z } from "zod";
import { sendEvents } from "../cli/sending/event-sender.ts";
import { startEventHub, type EventHubStandIn } from "../local/event-hub/event-hub.ts";
import { buildClient, runClient } from "../test/clients/dotnet-client.ts";
import { machine, table } from "./report.ts";

interface Setting {
  readonly prefetchCount: number;
  readonly maxEventBatchSize: number;
  /** undefined: no limit. */
  readonly prefetchMegabytes?: number;
}

const BEFORE: Setting = { prefetchCount: 300, maxEventBatchSize: 64 };
const SETTINGS: readonly Setting[] = [
  BEFORE,
  { ...BEFORE, prefetchMegabytes: 16 },
  { ...BEFORE, prefetchMegabytes: 8 },
  { ...BEFORE, prefetchMegabytes: 4 },
  { prefetchCount: 64, maxEventBatchSize: 64 },
  { prefetchCount: 32, maxEventBatchSize: 64 },
  { prefetchCount: 32, maxEventBatchSize: 16 },
];
const HUB = "audit";
const PARTITIONS = 4;
const LARGE = { events: 1_400, bytes: 1_040_000 };
const SMALL = { events: 100_000, bytes: 307 };
/** Duration of a function's batch while a service is slow; meanwhile the client reads ahead. */
const PAUSE_MS = 1_000;
const ROUNDS = 3;

const MEASURED = z.object({
  seconds: z.number(),
  peakBytes: z.number(),
  batches: z.number(),
  largestBatchBytes: z.number(),
});
type Measured = z.infer<typeof MEASURED>;

async function filledHub({ events, bytes }: typeof LARGE): Promise<EventHubStandIn> {
  const hub = await startEventHub({ hubs: [{ name: HUB, partitions: PARTITIONS, consumerGroups: [] }] });
  const producer = new EventHubProducerClient(hub.connectionString, HUB);
  const event = { body: Buffer.alloc(bytes, "x"), where: "made up" };
  await sendEvents(
    producer,
    Array.from({ length: events }, () => event),
  );
  await producer.close();
  return hub;
}

async function measured(
  hub: EventHubStandIn,
  { prefetchCount, maxEventBatchSize, prefetchMegabytes = 0 }: Setting,
  { count, pauseMs }: { readonly count: number; readonly pauseMs: number },
): Promise<Measured> {
  const environment = {
    PREFETCH: String(prefetchCount),
    BATCH: String(maxEventBatchSize),
    PREFETCH_BYTES: String(prefetchMegabytes * 2 ** 20),
    PAUSE: String(pauseMs),
    OWNERSHIP_SECONDS: "60", // a client busy with large events renews late
  };
  return MEASURED.parse(await runClient({ scenario: "throughput", hub, hubName: HUB, count, environment }));
}

function nameOf({ prefetchCount, maxEventBatchSize, prefetchMegabytes }: Setting): string {
  const size = prefetchMegabytes === undefined ? "" : `, ${prefetchMegabytes} MB`;
  return `${prefetchCount}${size} / ${maxEventBatchSize}`;
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

await buildClient();
console.log(machine());
console.log(`\n${LARGE.events} events of 1 MB on ${PARTITIONS} partitions, a function that takes ${PAUSE_MS} ms\n`);
const large = await filledHub(LARGE);
const memory: string[][] = [["prefetch / batch", "client's memory, MB", "largest batch, MB"]];
for (const setting of SETTINGS) {
  const { peakBytes, largestBatchBytes } = await measured(large, setting, { count: LARGE.events, pauseMs: PAUSE_MS });
  memory.push([nameOf(setting), megabytes(peakBytes), megabytes(largestBatchBytes)]);
}
console.log(table(memory));
await large.close();

console.log(
  `\n${SMALL.events} events of ${SMALL.bytes} bytes; rates as ratios to ${nameOf(BEFORE)} of the same round\n`,
);
const small = await filledHub(SMALL);
const rounds: ReadonlyMap<Setting, Measured>[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const runs = new Map<Setting, Measured>();
  for (const setting of SETTINGS)
    runs.set(setting, await measured(small, setting, { count: SMALL.events, pauseMs: 0 }));
  rounds.push(runs);
}
await small.close();

/** The middle one of the rounds. */
function middle(figureOf: (runs: ReadonlyMap<Setting, Measured>) => number): number {
  return rounds.map(figureOf).toSorted((one, other) => one - other)[rounds.length >> 1] ?? Number.NaN;
}

const secondsOf = (runs: ReadonlyMap<Setting, Measured>, setting: Setting) => runs.get(setting)?.seconds ?? Number.NaN;
const rates = SETTINGS.map((setting) => [
  nameOf(setting),
  middle((runs) => secondsOf(runs, BEFORE) / secondsOf(runs, setting)).toFixed(2),
  middle((runs) => SMALL.events / (runs.get(setting)?.batches ?? Number.NaN)).toFixed(1),
]);
console.log(table([["prefetch / batch", "rate", "events in a batch"], ...rates]));
