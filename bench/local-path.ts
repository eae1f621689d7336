import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { EventHubProducerClient } from "@azure/event-hubs";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { LOCAL_HUB } from "../local/stack.ts";
import { textOf } from "../src/cli/incident-text.ts";
import { sendEvents } from "../src/cli/event-sender.ts";
import { latencies, spreadText, type Spread } from "../src/cli/latency.ts";
import { type LocalApp, startLocalApp } from "../src/cli/local-app.ts";
import { storedIncidents } from "../src/cli/stored-incidents.ts";
import { INCIDENTS_TABLE } from "../src/services.ts";
import { table, valueLine } from "./report.ts";
import { type Shape, singles } from "./shapes.ts";

interface Run {
  readonly app: LocalApp;
  readonly producer: EventHubProducerClient;
}

/** Runs something on the whole local stack: hub, host, app in a process of its own, table, ingestion. */
async function onStack<T>(appDirectory: string, partitions: number, work: (run: Run) => Promise<T>): Promise<T> {
  const app = await startLocalApp({
    appDirectory: Promise.resolve(appDirectory),
    allowedTenantIds: [TENANT_ID],
    partitions,
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

/** Latency of incidents at several rates of events, one record each, of which a tenth match. */
export async function benchLatency(
  appDirectory: string,
  { rates, seconds }: { readonly rates: readonly number[]; readonly seconds: number },
): Promise<readonly string[]> {
  const rows: string[][] = [];
  const lines: string[] = [];
  for (const rate of rates) {
    const { enqueuedToStored, storedToForwarded } = await onStack(appDirectory, 4, (run) => atRate(run, rate, seconds));
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
  const warmUp = singles(50, "warm up", 0.1);
  await sendEvents(producer, outgoing(warmUp));
  await caughtUp(run);
  const { bodies, expected } = singles(rate * seconds, `rate ${rate}`, 0.1);
  const began = Date.now();
  const sending: Promise<void>[] = [];
  const batches = rate * seconds > 1_000 ? seconds * 100 : rate * seconds;
  const size = Math.ceil(bodies.length / batches);
  for (let batch = 0; batch < batches; batch += 1) {
    const part = bodies.slice(batch * size, (batch + 1) * size).map((body) => ({ body: Buffer.from(body) }));
    await sleep(Math.max(0, began + (batch * seconds * 1_000) / batches - Date.now()));
    // Each to the next partition, so that none waits for another's.
    if (part.length > 0) sending.push(producer.sendBatch(part, { partitionId: String(batch % 4) }));
  }
  await Promise.all(sending);
  await caughtUp(run);
  const stored = storedIncidents(
    TableClient.fromConnectionString(app.stack.azurite.connectionString, INCIDENTS_TABLE, {
      allowInsecureConnection: true,
    }),
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

function outgoing({ bodies }: Shape): readonly { readonly body: Uint8Array; readonly where: string }[] {
  return bodies.map((body, index) => ({ body, where: `event ${index}` }));
}

/** A hub that is full before the app starts: how fast it is read, and at what cost. */
export async function benchBacklog(
  appDirectory: string,
  shape: Shape,
  { partitions, ownSeconds }: { readonly partitions: readonly number[]; readonly ownSeconds: number },
): Promise<readonly string[]> {
  const rows: string[][] = [];
  const lines: string[] = [];
  for (const count of partitions) {
    const { seconds, cpu } = await onStack(appDirectory, count, async (run) => {
      // The app is up and waits for the last event: what it is doing meanwhile is the same work.
      const before = cpuSeconds();
      const began = performance.now();
      await sendEvents(run.producer, outgoing(shape));
      await caughtUp(run);
      const found = run.app.figures().matched;
      // All shipped rules are at work, so others may match too.
      if (found < shape.expected.length)
        throw new Error(`${count} partitions: ${found} matches, at least ${shape.expected.length} must be`);
      const after = cpuSeconds();
      return {
        seconds: (performance.now() - began) / 1_000,
        cpu: { host: after.host - before.host, worker: after.worker - before.worker },
      };
    });
    const gigabytes = shape.bytes / 1e9;
    rows.push([
      String(count),
      (shape.bodies.length / seconds).toFixed(0),
      (shape.bytes / 1e6 / seconds).toFixed(1),
      (cpu.host / gigabytes).toFixed(2),
      (cpu.worker / gigabytes).toFixed(2),
    ]);
    const share = ownSeconds / (cpu.host + cpu.worker);
    lines.push(`bench: pimwatch's own share of the CPU time, ${shape.name}, ${count} partition(s) ${percent(share)}`);
  }
  return [
    `through the local stack: ${shape.bodies.length} events, ${(shape.bytes / 1e6).toFixed(0)} MB, ${shape.name}`,
    table([
      ["partitions", "events/s", "MB/s", "CPU s/GB: hub, sender and host", "CPU s/GB: the app's process"],
      ...rows,
    ]),
    ...lines,
    "",
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Processor time of this process and of the app's, which is a child of it. The app's is 0 where /proc is not Linux's. */
function cpuSeconds(): { readonly host: number; readonly worker: number } {
  const { user, system } = process.cpuUsage();
  return { host: (user + system) / 1e6, worker: workerSeconds() };
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux that Node runs on

function workerSeconds(): number {
  let seconds = 0;
  let entries: readonly string[];
  try {
    entries = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return 0;
  }
  for (const pid of entries) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      if (fields[1] !== String(process.pid)) continue;
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker-main")) continue;
      seconds += (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")))
        throw error;
    }
  }
  return seconds;
}
