import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { body, settingsChanges } from "./events.ts";
import { APP_DIRECTORY, NODE_PATH, SHORT_OWNERSHIP, startApp, startTestStack, type TestStack } from "./running-app.ts";

const HOST_PROCESS = fileURLToPath(new URL("host-process.ts", import.meta.url));

/** A function host in a process of its own, so that it can be killed whole. */
function startHostProcess({ settings }: TestStack): ChildProcess {
  const child = fork(HOST_PROCESS, [], {
    env: {
      PATH: process.env["PATH"],
      HOST_OPTIONS: JSON.stringify({ appDirectory: APP_DIRECTORY, settings, nodePath: NODE_PATH }),
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function resultOf(running: TestStack) {
  const keys = [...(await running.tableRows()).keys()];
  return {
    rows: keys.sort(),
    forwarded: [...new Set(running.stack.ingestion.rows().map((row) => String(row["IncidentId"])))].sort(),
  };
}

async function undisturbed(bodies: readonly Uint8Array[]) {
  const running = await startTestStack();
  await running.send(bodies);
  const app = await startApp(running);
  await app.caughtUp();
  return resultOf(running);
}

test("a worker that is killed in the middle of a batch finishes it when it is back", async () => {
  const bodies = settingsChanges(20).map((change) => body(change));
  const expected = await undisturbed(bodies);
  let transactions = 0;
  let kill = (): void => undefined;
  const running = await startTestStack({
    onTableRequest(chunk) {
      if (!chunk.includes("$batch")) return;
      transactions += 1;
      if (transactions === 7) kill();
    },
  });
  const app = await startApp(running);
  const killed = new Promise<void>((resolve) => {
    kill = () => {
      resolve();
      void app.host.kill();
    };
  });
  await running.send(bodies);
  await killed;
  await app.caughtUp();
  await app.host.runTimer("outbox-timer"); // what the dead worker had stored and not forwarded
  expect(await resultOf(running)).toEqual(expected);
});

test("killing the host at any moment and starting it again ends as if nothing had happened", async () => {
  const bodies = settingsChanges(30).map((change) => body(change));
  const expected = await undisturbed(bodies);
  // Moments, as the number of table transactions or forwarded packs that the host has got to.
  for (const moment of [1, 4, 9, 15]) {
    let transactions = 0;
    let atMoment = (): void => undefined;
    const running = await startTestStack({
      onTableRequest(chunk) {
        if (!chunk.includes("$batch")) return;
        transactions += 1;
        if (transactions === moment) atMoment();
      },
    });
    const reached = new Promise<void>((resolve) => {
      atMoment = resolve;
    });
    await running.send(bodies);
    const first = startHostProcess(running);
    await reached;
    first.kill("SIGKILL");
    await once(first, "exit");

    const app = await startApp(running, { loadBalancing: SHORT_OWNERSHIP });
    await app.caughtUp();
    await app.host.runTimer("outbox-timer");
    expect(await resultOf(running), `killed at transaction ${moment}`).toEqual(expected);
  }
});
