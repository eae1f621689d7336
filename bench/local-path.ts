import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { EventHubProducerClient } from "@azure/event-hubs";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { LOCAL_HUB } from "../local/stack.ts";
import { textOf } from "../cli/incidents/incident-text.ts";
import { sendEvents } from "../cli/sending/event-sender.ts";
import { latencies, spreadText, type Spread } from "../cli/sending/latency.ts";
import { type LocalApp, startLocalApp } from "../cli/local-run/local-app.ts";
import { storedIncidents } from "../cli/local-run/stored-incidents.ts";
import { tableRows } from "../src/azure/tables/table-rows.ts";
import { INCIDENTS_TABLE } from "../src/storage-names.ts";
import { ownSeconds, profileClock } from "./detection/own-share.ts";
import { table, valueLine } from "./report.ts";
import { type Shape, singles } from "./detection/shapes.ts";

interface Run {
  readonly app: LocalApp;
  readonly producer: EventHubProducerClient;
}

interface StackForm {
  readonly appDirectory: string;
  readonly partitions: number;
  readonly nodeOptions?: readonly string[];
}

/** Runs something on the whole local stack: hub, host, app in its own process, table, ingestion. */
async function onStack<T>(
  { appDirectory, partitions, nodeOptions = [] }: StackForm,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const app = await startLocalApp({
    appDirectory: Promise.resolve(appDirectory),
    allowedTenantIds: [TENANT_ID],
    partitions,
    nodeOptions,
    onTrouble: () => undefined,
  });
  const producer = new EventHubProducerClient(app.stack.eventHub.connectionString, LOCAL_HUB);
  try {
    return await work({ app, producer });
  } finally {
    await producer.close();
    await app.stop();
  }
}

async function caughtUp({ app }: Run): Promise<void> {
  while (!app.caughtUp()) await sleep(5);
}

/** Latency of incidents at several event rates, with one record per event, a tenth of which match. */
export async function benchLatency(
  appDirectory: string,
  { rates, seconds }: { readonly rates: readonly number[]; readonly seconds: number },
): Promise<readonly string[]> {
  const rows: string[][] = [];
  const lines: string[] = [];
  for (const rate of rates) {
    const { enqueuedToStored, storedToForwarded } = await onStack({ appDirectory, partitions: 4 }, (run) =>
      atRate(run, rate, seconds),
    );
    rows.push([String(rate), spreadText(enqueuedToStored), spreadText(storedToForwarded)]);
    if (rate !== 100) continue;
    lines.push(
      valueLine("latency at 100 events/s, enqueued to stored, median", enqueuedToStored?.medianMs, "ms"),
      valueLine("latency at 100 events/s, stored to forwarded, median", storedToForwarded?.medianMs, "ms"),
    );
  }
  return [
    `latency in the local stack, ${seconds} s at each rate, a tenth of the events match`,
    table([["events/s", "enqueued → stored", "stored → forwarded"], ...rows]),
    ...lines,
    "",
  ];
}

async function atRate(
  run: Run,
  rate: number,
  seconds: number,
): Promise<{ enqueuedToStored: Spread | undefined; storedToForwarded: Spread | undefined }> {
  const { app, producer } = run;
  await warmUp(run, 50, 0.1);
  const { bodies, expected } = singles(rate * seconds, `rate ${rate}`, 0.1);
  const began = Date.now();
  const sending: Promise<void>[] = [];
  const batches = rate * seconds > 1_000 ? seconds * 100 : rate * seconds;
  const size = Math.ceil(bodies.length / batches);
  for (let batch = 0; batch < batches; batch += 1) {
    const part = bodies.slice(batch * size, (batch + 1) * size).map((body) => ({ body: Buffer.from(body) }));
    await sleep(Math.max(0, began + (batch * seconds * 1_000) / batches - Date.now()));
    // Each to the next partition, so that none waits for another.
    if (part.length > 0) sending.push(producer.sendBatch(part, { partitionId: String(batch % 4) }));
  }
  await Promise.all(sending);
  await caughtUp(run);
  const stored = storedIncidents(
    tableRows(
      TableClient.fromConnectionString(app.stack.azurite.connectionString, INCIDENTS_TABLE, {
        allowInsecureConnection: true,
      }),
    ),
  );
  await stored.fresh();
  const wanted = new Set(expected);
  const mine = stored.all().filter(({ row }) => wanted.has(textOf(row, "AuditLogId")));
  if (mine.length !== expected.length) throw new Error(`${mine.length} incidents of ${expected.length} at ${rate}/s`);
  const forwardedAt = ({ row }: (typeof mine)[number]) => app.forwardedAt(textOf(row, "IncidentId"));
  for (let wait = 0; mine.some((each) => forwardedAt(each) === undefined) && wait < 400; wait += 1) await sleep(50);
  return latencies(
    mine.map((each) => ({
      enqueued: Date.parse(textOf(each.row, "EventHubEnqueuedTime")),
      stored: each.storedAt,
      forwarded: forwardedAt(each),
    })),
  );
}

async function warmUp(run: Run, events: number, matches: number): Promise<void> {
  await sendEvents(run.producer, outgoing(singles(events, "warm up", matches)));
  await caughtUp(run);
}

function outgoing({ bodies }: Shape): readonly { readonly body: Uint8Array; readonly where: string }[] {
  return bodies.map((body, index) => ({ body, where: `event ${index}` }));
}

/**
 * Reads a hub that fills as fast as possible: how fast, and at what cost. Then again with the app's modules as separate
 * files under Node's profiler, to see which code uses the processor.
 */
export async function benchBacklog(
  { built, unbundled }: { readonly built: string; readonly unbundled: string },
  shape: Shape,
  partitions: readonly number[],
): Promise<readonly string[]> {
  const gigabytes = shape.bytes / 1e9;
  const rows: string[][] = [];
  for (const count of partitions) {
    const { seconds, cpu } = await onStack({ appDirectory: built, partitions: count }, (run) => throughput(run, shape));
    rows.push([
      String(count),
      (shape.bodies.length / seconds).toFixed(0),
      (shape.bytes / 1e6 / seconds).toFixed(1),
      (cpu.host / gigabytes).toFixed(2),
      (cpu.worker / gigabytes).toFixed(2),
    ]);
  }
  return [
    `through the local stack: ${shape.bodies.length} events, ${(shape.bytes / 1e6).toFixed(0)} MB, ${shape.expected.length} matches, ${shape.name}`,
    table([
      ["partitions", "events/s", "MB/s", "CPU s/GB: hub, sender and host", "CPU s/GB: the app's process"],
      ...rows,
    ]),
    "",
    ...(await shares(unbundled, shape)),
    "",
  ];
}

/** Processor time of the app's process, in seconds per gigabyte of these events. */
export function appSecondsPerGigabyte(appDirectory: string, shape: Shape): Promise<number> {
  return onStack({ appDirectory, partitions: 4 }, async (run) => {
    const { cpu } = await throughput(run, shape);
    return cpu.worker / (shape.bytes / 1e9);
  });
}

async function shares(appDirectory: string, shape: Shape): Promise<readonly string[]> {
  const profiles = await mkdtemp(join(tmpdir(), "pimwatch-bench-profile-"));
  try {
    const nodeOptions = ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
    const { cpu, began } = await onStack({ appDirectory, partitions: 4, nodeOptions }, (run) => throughput(run, shape));
    const { own, others, garbageCollection, node } = ownSeconds(profiles, appDirectory, began);
    const all = cpu.host + own + others + garbageCollection + node;
    const rows = Object.entries({
      "hub, sender and host": cpu.host,
      "the app: pimwatch's own code": own,
      "the app: SDKs and worker": others,
      "the app: garbage collection": garbageCollection,
      "the app: Node.js by itself": node,
    });
    return [
      table([
        ["CPU time of", "s/GB", "share"],
        ...rows.map(([whose, seconds]) => [whose, (seconds / (shape.bytes / 1e9)).toFixed(2), percent(seconds / all)]),
      ]),
      `bench: pimwatch's own share of the CPU time, ${shape.name} ${percent(own / all)}`,
    ];
  } finally {
    await rm(profiles, { recursive: true, force: true });
  }
}

/**
 * Sends everything and waits until the app has processed it. By then the app has loaded everything and had two hundred
 * matches.
 */
async function throughput(run: Run, shape: Shape) {
  await warmUp(run, 400, 0.5);
  const matchedBefore = run.app.figures().matched;
  const began = profileClock();
  const before = await cpuSeconds(run);
  await sendEvents(run.producer, outgoing(shape));
  await caughtUp(run);
  const found = run.app.figures().matched - matchedBefore;
  // All shipped rules run, so others may match too.
  if (found < shape.expected.length) throw new Error(`${found} matches, at least ${shape.expected.length} must be`);
  const after = await cpuSeconds(run);
  return {
    began,
    seconds: (profileClock() - began) / 1e6,
    cpu: { host: after.host - before.host, worker: after.worker - before.worker },
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Processor time of this process and the app's, in seconds. The app's is 0 without a Linux /proc. */
async function cpuSeconds({ app }: Run): Promise<{ readonly host: number; readonly worker: number }> {
  const { user, system } = process.cpuUsage();
  return { host: (user + system) / 1e6, worker: secondsOf(await app.host.workerPid()) };
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux that Node runs on

function secondsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}
