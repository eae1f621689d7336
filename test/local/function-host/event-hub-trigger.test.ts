import { execFile, fork, type ChildProcess } from "node:child_process";
import { promisify } from "node:util";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startAzurite, type Azurite } from "../../../local/azurite.ts";
import { CHECKPOINTS_CONTAINER } from "../../../src/storage-names.ts";
import type { FunctionHost } from "../../../local/function-host/function-host.ts";
import { sampleHub, sampleSettings, send, startSample } from "./sample-app.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

const base64 = (text: string) => Buffer.from(text).toString("base64");

test("a batch reaches the function byte for byte, empty and broken bodies included, with the metadata of Azure", async () => {
  const { hub, name } = await sampleHub(1);
  const bodies = [Buffer.from("plain"), Buffer.alloc(0), Buffer.from([0xff, 0xfe, 0x00])];
  await send(hub, name, bodies);

  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });
  await checkpointAt(host, "retried", 2);

  const batches = records("retried");
  expect(batches.flatMap((batch) => batch.bodies)).toEqual(bodies.map((body) => body.toString("base64")));
  expect(batches[0]?.retry).toEqual({ count: 0, max: -1 });
  expect(batches[0]?.metadata).toMatchObject({
    partitionContext: { eventHubName: name, consumerGroup: "sample", partitionId: "0" },
    partitionKeyArray: [],
    sequenceNumberArray: [0, 1, 2],
    offsetArray: [expect.any(Number), expect.any(Number), expect.any(Number)],
    enqueuedTimeUtcArray: Array<unknown>(3).fill(expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+$/)),
    propertiesArray: [{}, {}, {}],
    systemPropertiesArray: [{ sequenceNumber: 0 }, { sequenceNumber: 1 }, { sequenceNumber: 2 }],
  });
  expect(host.functions.find((registered) => registered.name === "retried")).toMatchObject({
    bindings: {
      bodies: { type: "eventHubTrigger", direction: "in", cardinality: "many", dataType: "binary" },
    },
    retryOptions: { retryStrategy: "exponentialBackoff", maxRetryCount: -1, minimumInterval: { seconds: 1 } },
  });
});

test("sequence numbers can be objects, as some workers pass them", async () => {
  const { hub, name } = await sampleHub(1);
  await send(hub, name, ["a", "b"]);

  const { host, records } = await startSample({
    settings: sampleSettings(hub, name, azurite.connectionString),
    sequenceNumbers: "long",
  });
  await checkpointAt(host, "retried", 1);

  expect(records("retried")[0]?.metadata["sequenceNumberArray"]).toEqual([
    { low: 0, high: 0, unsigned: false },
    { low: 1, high: 0, unsigned: false },
  ]);
});

test("no batch is larger than host.json allows", async () => {
  const { hub, name } = await sampleHub(1);
  await send(
    hub,
    name,
    Array.from({ length: 25 }, (_, index) => `event ${index}`),
  );

  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });
  await checkpointAt(host, "retried", 24);

  const sizes = records("retried").map(({ bodies }) => bodies.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(25);
});

test.each([
  { body: "fail twice", retries: [1, 2], exception: "Exception: asked to fail" },
  { body: "exit once", retries: [1], exception: "The worker process exited with code 7" },
  { body: "reject unhandled once", retries: [1], exception: "The worker process exited with code 1" },
  { body: "hang once", retries: [1], exception: "Timeout value of 2 s was exceeded by function retried" },
])("after $body the batch is retried with its retry context, then the checkpoint is written", async (given) => {
  const { hub, name } = await sampleHub(1);
  await send(hub, name, [given.body]);

  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });
  await checkpointAt(host, "retried", 0);

  const attempts = records("retried");
  expect(attempts.map(({ bodies }) => bodies)).toEqual([0, ...given.retries].map(() => [base64(given.body)]));
  expect(attempts.map(({ retry }) => retry?.count)).toEqual([0, ...given.retries]);
  expect(new Set(attempts.map(({ invocationId }) => invocationId)).size).toBe(1);
  expect(attempts[1]?.retry).toEqual({ count: 1, max: -1, exception: given.exception });
});

test("after too many deaths of the worker the host restarts itself and counts retries from 0 again", async () => {
  const { hub, name } = await sampleHub(1);
  await send(hub, name, ["exit always"]);
  const { host, lines, records } = await startSample({
    settings: sampleSettings(hub, name, azurite.connectionString),
    workerDeaths: { count: 3, withinMs: 60_000 },
  });
  let deaths = 0;
  host.events.on("workerExited", () => (deaths += 1));
  const restarts: number[] = [];
  host.events.on("hostRestarted", () => restarts.push(deaths));

  await expect.poll(() => restarts.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
  expect(await (await fetch(`${host.httpUrl}/api/bytes`)).bytes()).toEqual(new Uint8Array([0xff, 0x00, 0x01]));

  expect(
    records("retried")
      .map(({ retry }) => retry?.count)
      .slice(0, 6),
  ).toEqual([0, 1, 2, 0, 1, 2]);
  expect(lines.filter((line) => line.includes("restart retry count")).length).toBeGreaterThanOrEqual(2);
});

test("deaths of the worker further apart do not restart the host", async () => {
  const { hub, name } = await sampleHub(1);
  await send(hub, name, ["exit always"]);
  const { host, records } = await startSample({
    settings: sampleSettings(hub, name, azurite.connectionString),
    workerDeaths: { count: 3, withinMs: 0 },
  });
  let restarts = 0;
  host.events.on("hostRestarted", () => (restarts += 1));

  await expect.poll(() => records("retried").length, { timeout: 60_000 }).toBeGreaterThanOrEqual(5);

  expect(
    records("retried")
      .map(({ retry }) => retry?.count)
      .slice(0, 5),
  ).toEqual([0, 1, 2, 3, 4]);
  expect(restarts).toBe(0);
});

test("after its worker was killed in the middle, a batch is run again", async () => {
  const { hub, name } = await sampleHub(1);
  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });
  const written = checkpointAt(host, "retried", 0);

  await send(hub, name, ["hang once"]);
  await expect.poll(() => records("retried").length).toBe(1);
  await host.kill();
  await written;

  expect(records("retried").map(({ retry }) => retry?.exception)).toEqual([
    undefined,
    "The worker process exited with signal SIGKILL",
  ]);
});

test("without retries a failure advances the checkpoint, as in Azure", async () => {
  const { hub, name } = await sampleHub(1);
  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });

  await send(hub, name, ["fail always"]);
  await checkpointAt(host, "once", 0);

  expect(records("once").map(({ retry }) => retry)).toEqual([undefined]);
});

test("without retries a failed batch can be kept for the next start instead", async () => {
  const { hub, name } = await sampleHub(1);
  const settings = sampleSettings(hub, name, azurite.connectionString);
  const first = await startSample({ settings, checkpointAfterFailure: false });
  await send(hub, name, ["fail always"]);
  await expect.poll(() => first.records("once").length).toBe(1);
  await first.host.stop();

  const second = await startSample({ settings });
  await checkpointAt(second.host, "once", 0);

  expect(second.records("once")).toHaveLength(1);
});

test("throwing undefined is a success, as in Azure's worker", async () => {
  const { hub, name } = await sampleHub(1);
  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });

  await send(hub, name, ["throw undefined"]);
  await checkpointAt(host, "retried", 0);

  expect(records("retried")).toHaveLength(1);
});

test("stopping during a retry writes no checkpoint, and the next host begins with the same batch", async () => {
  const { hub, name } = await sampleHub(1);
  const settings = sampleSettings(hub, name, azurite.connectionString);
  const first = await startSample({ settings, retryDelayScale: 1_000 });
  await send(hub, name, ["fail twice"]);
  await expect.poll(() => first.records("retried").length).toBe(1);
  await first.host.stop();
  expect(await checkpointNames(name, "sample")).toEqual([]);

  const second = await startSample({ settings });
  await checkpointAt(second.host, "retried", 0);

  expect(second.records("retried")[0]?.bodies).toEqual([base64("fail twice")]);
});

test("stopping does not wait for ever for a hanging function, and writes no checkpoint", async () => {
  const { hub, name } = await sampleHub(1);
  const settings = sampleSettings(hub, name, azurite.connectionString);
  const { host, records } = await startSample({ settings, drainMs: 10 });
  await send(hub, name, ["hang once"]);
  await expect.poll(() => records("retried").length).toBe(1);

  await host.stop();

  expect(await checkpointNames(name, "sample")).toEqual([]);
});

test("the worker of a killed host dies with it, and another host gets the batch in flight", async () => {
  const { hub, name } = await sampleHub(1);
  const settings = sampleSettings(hub, name, azurite.connectionString);
  const killed = fork(new URL("../fixtures/host-parent.ts", import.meta.url), [JSON.stringify(settings)], {
    execArgv: [],
  });
  onTestFinished(() => void killed.kill("SIGKILL"));
  await send(hub, name, ["hang once"]);
  const workerPid = await underWay(killed);

  killed.kill("SIGKILL");
  await expect.poll(() => isRunning(workerPid)).toBe(false);
  const { records } = await startSample({ settings });
  await expect.poll(() => records("retried").length, { timeout: 10_000 }).toBeGreaterThan(0);

  expect(records("retried")[0]).toMatchObject({ bodies: [base64("hang once")] });
  expect(records("retried")[0]?.retry?.count).toBe(0);
});

test("a restarted host continues after the checkpoint", async () => {
  const { hub, name } = await sampleHub(1);
  const settings = sampleSettings(hub, name, azurite.connectionString);
  const first = await startSample({ settings });
  await send(hub, name, ["before"]);
  await checkpointAt(first.host, "retried", 0);
  await first.host.stop();
  await send(hub, name, ["after"]);

  const second = await startSample({ settings });
  await checkpointAt(second.host, "retried", 1);

  expect(second.records("retried").map(({ bodies }) => bodies)).toEqual([[base64("after")]]);
});

test("two hosts share the partitions, and each event is seen", async () => {
  const { hub, name } = await sampleHub(4);
  const settings = sampleSettings(hub, name, azurite.connectionString);
  const hosts = [await startSample({ settings }), await startSample({ settings })];
  let round = 0;
  const partitionsOf = (index: number) =>
    new Set(hosts[index]?.records("retried").map(({ metadata }) => metadata.partitionContext.partitionId));

  // A host takes over partitions while events keep arriving; both have some once they are balanced.
  await expect
    .poll(
      async () => {
        round += 1;
        await Promise.all(["0", "1", "2", "3"].map((id) => send(hub, name, [`${round} in ${id}`], id)));
        return [partitionsOf(0).size > 0, partitionsOf(1).size > 0];
      },
      { timeout: 20_000, interval: 300 },
    )
    .toEqual([true, true]);

  const all = () => new Set(hosts.flatMap(({ records }) => records("retried").flatMap(({ bodies }) => bodies)));
  await expect.poll(() => all().size, { timeout: 20_000 }).toBe(round * 4);
});

/** Resolves when the function's checkpoint has reached the sequence number. */
async function checkpointAt(host: FunctionHost, functionName: string, sequenceNumber: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  host.events.on("checkpoint", (checkpoint) => {
    if (checkpoint.functionName === functionName && checkpoint.sequenceNumber >= sequenceNumber) resolve();
  });
  await promise;
}

/** The process id of the worker, once it has begun its batch. */
function underWay(host: ChildProcess): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  host.on("message", (pid: number) => resolve(pid));
  return promise;
}

/** A process that ended but was not yet reaped (Z) does not run. */
async function isRunning(pid: number): Promise<boolean> {
  const state = await promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)]).then(
    ({ stdout }) => stdout.trim(),
    () => "", // ps fails when there is no such process
  );
  return state !== "" && !state.startsWith("Z");
}

async function checkpointNames(hubName: string, group: string): Promise<string[]> {
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
    CHECKPOINTS_CONTAINER,
  );
  const names: string[] = [];
  const prefix = `127.0.0.1/${hubName}/${group}/checkpoint/`;
  for await (const blob of container.listBlobsFlat({ prefix })) names.push(blob.name);
  return names;
}
