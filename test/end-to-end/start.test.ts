import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startWorker } from "../../local/function-host/worker.ts";
import { startStack } from "../../local/stack.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { body, nearMiss, settingsChanges } from "./events.ts";
import { APP_DIRECTORY, NODE_PATH } from "./running-app.ts";

/** The costly modules that the app has loaded by the end of its first batch. */
async function loadedBy(bodies: readonly Uint8Array[]): Promise<unknown> {
  const stack = await startStack({ allowedTenantIds: [TENANT_ID] });
  onTestFinished(() => stack.stop());
  const lines: string[] = [];
  const worker = await startWorker({
    appDirectory: resolve(APP_DIRECTORY),
    settings: stack.settings,
    nodePath: NODE_PATH,
    nodeOptions: ["--import", new URL("says-what-was-loaded.mjs", import.meta.url).href],
    log: (line) => lines.push(line),
    onExit: () => undefined,
  });
  const bytes = bodies.map((each) => Buffer.from(each));
  const inputData = [{ name: "bodies", data: { collectionBytes: { bytes } } }];
  const { outcome } = await worker.invoke({ invocationId: "1", functionName: "audit-events", inputData }, undefined);
  await worker.stop();
  expect(outcome).toHaveProperty("value");
  const said = lines.find((line) => line.startsWith("console: loaded "));
  return JSON.parse(said?.slice("console: loaded ".length) ?? "null");
}

test("a first batch without a match loads only the table's SDK; one with a match also loads what reports it", async () => {
  expect(await loadedBy([body(nearMiss())])).toEqual({
    services: true,
    fetch: false,
    regularExpressions: false,
    logsIngestion: false,
    deadLetters: false,
  });
  expect(await loadedBy([body(...settingsChanges(1))])).toEqual({
    services: true,
    fetch: true,
    regularExpressions: false,
    logsIngestion: true,
    deadLetters: false,
  });
});
