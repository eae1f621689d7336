// What the settings of the hub's client in host.json cost: Microsoft's own .NET client, the one of the Functions host,
// reads the stand-in with each of them. Needs .NET, as `npm run test:clients` does.
import { EventHubProducerClient } from "@azure/event-hubs";
import { z } from "zod";
import { startEventHub, type EventHubStandIn } from "../local/event-hub/event-hub.ts";
import { buildClient, runClient } from "../test/clients/dotnet-client.ts";
import { machine } from "./report.ts";

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
/** What a function takes for a batch while a service is slow: until it ends, the client goes on reading ahead. */
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
  const body = Buffer.alloc(bytes, "x");
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    let batch = await producer.createBatch({ partitionId: String(partition) });
    for (let sent = 0; sent < events / PARTITIONS; sent += 1) {
      if (batch.tryAdd({ body })) continue;
      await producer.sendBatch(batch);
      batch = await producer.createBatch({ partitionId: String(partition) });
      batch.tryAdd({ body });
    }
    await producer.sendBatch(batch);
  }
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
    OWNERSHIP_SECONDS: "60", // a client that is busy with large events renews late
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
console.log("| prefetch / batch | client's memory, MB | largest batch, MB |\n| --- | --- | --- |");
const large = await filledHub(LARGE);
for (const setting of SETTINGS) {
  const { peakBytes, largestBatchBytes } = await measured(large, setting, { count: LARGE.events, pauseMs: PAUSE_MS });
  console.log(`| ${nameOf(setting)} | ${megabytes(peakBytes)} | ${megabytes(largestBatchBytes)} |`);
}
await large.close();

console.log(
  `\n${SMALL.events} events of ${SMALL.bytes} bytes; rates as ratios to ${nameOf(BEFORE)} of the same round\n`,
);
console.log("| prefetch / batch | rate | events in a batch |\n| --- | --- | --- |");
const small = await filledHub(SMALL);
const ratios = new Map<Setting, number[]>(SETTINGS.map((setting) => [setting, []]));
const batches = new Map<Setting, number>();
for (let round = 0; round < ROUNDS; round += 1) {
  let base = Number.NaN;
  for (const setting of SETTINGS) {
    const run = await measured(small, setting, { count: SMALL.events, pauseMs: 0 });
    if (setting === BEFORE) base = run.seconds;
    ratios.get(setting)?.push(base / run.seconds);
    batches.set(setting, SMALL.events / run.batches);
  }
}
for (const setting of SETTINGS) {
  const middle = ratios.get(setting)?.toSorted((one, other) => one - other)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  console.log(`| ${nameOf(setting)} | ${middle.toFixed(2)} | ${(batches.get(setting) ?? Number.NaN).toFixed(1)} |`);
}
await small.close();
