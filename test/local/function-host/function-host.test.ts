import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startFunctionHost, type FunctionHost } from "../../../local/function-host/function-host.ts";

const folder = (app: string) => fileURLToPath(new URL(`../fixtures/${app}`, import.meta.url));

// Without Event Hub functions an app needs no storage.
async function startModuleApp(log: (line: string) => void = () => undefined): Promise<FunctionHost> {
  const host = await startFunctionHost({ appDirectory: folder("module-app"), settings: { ANY: "1" }, log });
  onTestFinished(() => host.stop());
  return host;
}

test("an ES module app gets its core module, its hooks and its log", async () => {
  const lines: string[] = [];
  const host = await startModuleApp((line) => lines.push(line));

  const answer = await fetch(`${host.httpUrl}/hooked`);

  expect(await answer.json()).toEqual({
    model: "@azure/functions",
    order: ["appStart", "preInvocation", "handler", "postInvocation"],
    hookData: { answer: 42 },
  });
  expect(lines).toContain("warning: a ******");
  expect(host.functions).toMatchObject([{ name: "hooked", bindings: { $return: { type: "http", direction: "out" } } }]);
});

test("stopping runs the app's appTerminate hook", async () => {
  const lines: string[] = [];
  const host = await startModuleApp((line) => lines.push(line));

  await host.stop();

  expect(lines).toContain("console: appTerminate ran");
});

test("a killed worker is restarted, and the next request waits for it", async () => {
  const host = await startModuleApp();
  const exited = once(host.events, "workerExited");

  await host.kill();

  expect(await exited).toEqual([{ code: null, signal: "SIGKILL" }]);
  expect((await fetch(`${host.httpUrl}/hooked`)).status).toBe(200);
});

test("an app that cannot be loaded says why", async () => {
  await expect(startFunctionHost({ appDirectory: folder("broken-app"), settings: {} })).rejects.toThrow(
    /cannot be loaded: Error: this app does not load/,
  );
});

test("the error names a folder without host.json", async () => {
  await expect(startFunctionHost({ appDirectory: folder("no-app"), settings: {} })).rejects.toThrow(
    /no-app\/host\.json cannot be read/,
  );
});

test("the error names every missing setting and where it is used", async () => {
  const start = startFunctionHost({ appDirectory: folder("sample-app"), settings: { SAMPLE_HUB: "h" } });

  await expect(start).rejects.toThrow(
    [
      "Settings: 6 problems",
      '  SAMPLE_EVENTS is not set, but retried: connection is "SAMPLE_EVENTS"',
      '  SAMPLE_GROUP is not set, but retried: consumerGroup is "%SAMPLE_GROUP%"',
      '  AzureWebJobsStorage is not set, but retried: checkpoints is "AzureWebJobsStorage"',
      '  SAMPLE_EVENTS is not set, but once: connection is "SAMPLE_EVENTS"',
      '  AzureWebJobsStorage is not set, but once: checkpoints is "AzureWebJobsStorage"',
      '  SAMPLE_SCHEDULE is not set, but nightly: schedule is "%SAMPLE_SCHEDULE%"',
    ].join("\n"),
  );
});

test("the error names a port that is taken", async () => {
  const first = await startModuleApp();
  const port = Number(new URL(first.httpUrl).port);

  await expect(startFunctionHost({ appDirectory: folder("module-app"), settings: {}, httpPort: port })).rejects.toThrow(
    `Function host: port ${port} is taken`,
  );
});

test("the app runs on the given Node with the given options", async () => {
  const host = await startFunctionHost({
    appDirectory: folder("module-app"),
    settings: {},
    nodePath: process.execPath,
    nodeOptions: ["--disallow-code-generation-from-strings"],
  });
  onTestFinished(() => host.stop());

  expect(host.nodeVersion).toBe(process.version);
});
