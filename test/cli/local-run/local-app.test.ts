import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { endOfApp } from "../../../cli/local-run/local-app.ts";
import type { FunctionHostEvents } from "../../../local/function-host/function-host.ts";

const SUCCESS = { functionName: "x", invocationId: "1", retryCount: 0, durationMs: 1 };

test("an app that dies again and again has ended; one that works between its deaths has not", async () => {
  const events = new EventEmitter<FunctionHostEvents>();
  const end = endOfApp({ events });
  const die = (times: number): void => {
    for (let time = 0; time < times; time += 1) events.emit("workerExited", { code: null, signal: "SIGKILL" });
  };

  die(9);
  events.emit("invocationSucceeded", SUCCESS);
  die(9);
  await expect(Promise.race([end, Promise.resolve("runs")])).resolves.toBe("runs");

  die(1);
  await expect(end).rejects.toThrow("The function app: its process ended 10 times in a row, last with SIGKILL");
});
