// A function host in its own process, so that it can be killed as a whole. The runner talks to it over IPC.
import { startFunctionHost, type FunctionHostOptions } from "../../local/function-host/function-host.ts";
import type { FromHost, ToHost } from "./host-messages.ts";

const options: FunctionHostOptions = JSON.parse(process.env["HOST_OPTIONS"] ?? "{}");

function tell(message: FromHost): void {
  if (process.connected) process.send?.(message);
}

process.on("disconnect", () => process.exit(1)); // the runner is gone

const host = await startFunctionHost({ ...options, log: (line) => tell({ kind: "log", line }) });
host.events.on("workerExited", () => tell({ kind: "workerExited" }));
host.events.on("hostRestarted", () => tell({ kind: "restarted" }));
host.events.on("invocationFailed", ({ functionName }) => tell({ kind: "failed", functionName }));
process.on("message", (message: ToHost) => {
  if (message.kind === "killWorker") void host.kill();
  else void host.stop().then(() => process.exit(0));
});
tell({ kind: "ready" });
