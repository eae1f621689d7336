import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startWorker } from "../../../local/function-host/worker.ts";

const appDirectory = fileURLToPath(new URL("../fixtures/module-app", import.meta.url));

test("invocations that wait for a restarting worker fail when the worker is stopped", async () => {
  const worker = await startWorker({
    appDirectory,
    settings: {},
    nodePath: process.execPath,
    nodeOptions: [],
    log: () => undefined,
    onExit: () => undefined,
  });
  await worker.kill();
  const waiting = worker.invoke({ invocationId: "1", functionName: "hooked", inputData: [] }, undefined);

  await worker.stop();

  expect((await waiting).outcome).toEqual({ error: { message: expect.stringMatching(/^The worker process exited/) } });
});
