import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readHostJson } from "../../../local/function-host/host-json.ts";

async function read(text: string) {
  const folder = await mkdtemp(join(tmpdir(), "host-json-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "host.json"), text);
  return readHostJson(folder);
}

test("an empty host.json gives the defaults of the real host", async () => {
  expect(await read('{"version":"2.0"}')).toEqual({
    functionTimeoutMs: 1_800_000,
    routePrefix: "api",
    eventHubs: {
      maxEventBatchSize: 100,
      prefetchCount: 300,
      batchCheckpointFrequency: 1,
      loadBalancing: { updateIntervalMs: 30_000, ownershipExpiryMs: 120_000 },
      clientRetryOptions: {},
    },
    ignored: [],
  });
});

test("options are read, and those without effect are reported", async () => {
  const eventHubs = {
    maxEventBatchSize: 64,
    minEventBatchSize: 2,
    prefetchCount: 128,
    batchCheckpointFrequency: 5,
    loadBalancingUpdateInterval: "00:00:06",
    partitionOwnershipExpirationInterval: "00:00:20",
    initialOffsetOptions: { type: "fromEnd" },
    clientRetryOptions: { mode: "fixed", tryTimeout: "00:01:00", delay: "00:00:00.80", maximumRetries: 3 },
  };
  const extensions = { http: { routePrefix: "" }, eventHubs };

  expect(await read(JSON.stringify({ version: "2.0", functionTimeout: "00:10:00", extensions }))).toEqual({
    functionTimeoutMs: 600_000,
    routePrefix: "",
    eventHubs: {
      maxEventBatchSize: 64,
      prefetchCount: 128,
      batchCheckpointFrequency: 5,
      loadBalancing: { updateIntervalMs: 6_000, ownershipExpiryMs: 20_000 },
      clientRetryOptions: { mode: 1, timeoutInMs: 60_000, retryDelayInMs: 800, maxRetries: 3 },
    },
    ignored: [
      "extensions.eventHubs.minEventBatchSize (over 1)",
      "extensions.eventHubs.initialOffsetOptions (other than fromStart)",
    ],
  });
});

test.each([
  { functionTimeout: "-1", milliseconds: undefined },
  { functionTimeout: "00:00:00.5", milliseconds: 500 },
  { functionTimeout: "1.01:00:00", milliseconds: 90_000_000 },
])("a functionTimeout of $functionTimeout is $milliseconds ms", async ({ functionTimeout, milliseconds }) => {
  const { functionTimeoutMs } = await read(JSON.stringify({ version: "2.0", functionTimeout }));

  expect(functionTimeoutMs).toBe(milliseconds);
});

test.each([
  { text: "{", message: /host\.json cannot be read: SyntaxError/ },
  { text: '{"version":"1.0"}', message: /host\.json: version: / },
  { text: '{"version":"2.0","functionTimeout":"10m"}', message: /host\.json: functionTimeout: / },
  {
    text: '{"version":"2.0","extensions":{"eventHubs":{"loadBalancingUpdateInterval":6}}}',
    message: /host\.json: extensions\.eventHubs\.loadBalancingUpdateInterval: /,
  },
])("$text is refused", async ({ text, message }) => {
  await expect(read(text)).rejects.toThrow(message);
});
