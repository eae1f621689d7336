import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { readHostJson } from "../../local/function-host/host-json.ts";
import { body, settingsChanges } from "./events.ts";
import type { FunctionHostOptions } from "../../local/function-host/function-host.ts";
import {
  APP_DIRECTORY,
  LOAD_BALANCING,
  NODE_PATH,
  SHORT_OWNERSHIP,
  startApp,
  startTestStack,
  type TestStack,
} from "./running-app.ts";

const HOST_PROCESS = fileURLToPath(new URL("host-process.ts", import.meta.url));

/** A function host in its own process, so that it can be killed as a whole. */
function startHostProcess({ settings }: TestStack, options: Partial<FunctionHostOptions> = {}): ChildProcess {
  const child = fork(HOST_PROCESS, [], {
    env: {
      PATH: process.env["PATH"],
      HOST_OPTIONS: JSON.stringify({ appDirectory: APP_DIRECTORY, settings, nodePath: NODE_PATH, ...options }),
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

const BODIES = settingsChanges(30).map((change) => body(change));
let reference: ReturnType<typeof resultOf> | undefined;

/** The result of the bodies in an undisturbed run; computed once. */
async function undisturbed() {
  const running = await startTestStack();
  await running.send(BODIES);
  const app = await startApp(running);
  await app.caughtUp();
  return resultOf(running);
}

const expected = () => (reference ??= undisturbed());

/** A stack that reports when an app reaches its nth transaction with the table. */
async function startStackWith({ moment }: { readonly moment: number }) {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  let transactions = 0;
  const running = await startTestStack({
    onTableRequest(chunk) {
      if (!chunk.includes("$batch")) return;
      transactions += 1;
      if (transactions === moment) resolve();
    },
  });
  return { running, reached };
}

test("after its worker was killed in the middle, the next worker finishes the batch", async () => {
  const { running, reached } = await startStackWith({ moment: 7 });
  const app = await startApp(running);
  await running.send(BODIES);
  await reached;
  await app.host.kill();
  await app.caughtUp();
  await app.host.runTimer("outbox-timer"); // incidents that the dead worker had stored but not forwarded
  expect(await resultOf(running)).toEqual(await expected());
});

// Moments, as numbers of table transactions that the host has reached.
test.each([1, 4, 9, 15])(
  "killing and restarting the host at transaction %i has no effect on the result",
  async (moment) => {
    const { running, reached } = await startStackWith({ moment });
    await running.send(BODIES);
    const first = startHostProcess(running, { loadBalancing: LOAD_BALANCING });
    await reached;
    first.kill("SIGKILL");
    await once(first, "exit");

    const app = await startApp(running, { loadBalancing: SHORT_OWNERSHIP });
    await app.caughtUp();
    await app.host.runTimer("outbox-timer");
    expect(await resultOf(running)).toEqual(await expected());
  },
);

test("another host takes a dead host's partitions within the time in host.json", async () => {
  const { loadBalancing } = (await readHostJson(APP_DIRECTORY)).eventHubs;
  const { running, reached } = await startStackWith({ moment: 1 });
  const first = startHostProcess(running, { loadBalancing });
  await running.send(BODIES.slice(0, 10));
  await reached;
  const second = await startApp(running, { loadBalancing });

  first.kill("SIGKILL");
  await once(first, "exit");
  await running.send(BODIES.slice(10, 20), "0");
  await running.send(BODIES.slice(20), "1");

  await second.caughtUp();
  await second.host.runTimer("outbox-timer");
  expect(await resultOf(running)).toEqual(await expected());
});
