import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FunctionHostOptions } from "../../local/function-host/function-host.ts";
import type { Chance } from "../../local/samples/chance.ts";
import type { FromHost, ToHost } from "./host-messages.ts";

const HOST_PROCESS = fileURLToPath(new URL("host-process.ts", import.meta.url));

export interface SlotOptions {
  /** Options of the next host in this slot; called at each start. */
  readonly next: () => FunctionHostOptions;
  readonly onLine: (line: string) => void;
  readonly onKilled: (victim: "worker" | "host") => void;
  /** Called when the host restarted itself. */
  readonly onRestarted: () => void;
  /** `isGivenUp`: the invocation was a batch, and this host continues after it. */
  readonly onFailedAttempt: (isGivenUp: boolean) => void;
  readonly compileCache: string;
  /** Draws whether a host is killed while it starts; undefined means never. */
  readonly startKills: Chance | undefined;
}

/** A slot for a function host: when its host is killed, the next one starts. */
export interface HostSlot {
  kill(victim: "worker" | "host"): void;
  /** Allows random kills during starts. */
  becomeStormy(): void;
  /** Ends random kills during starts. */
  becomeCalm(): void;
  stop(): Promise<void>;
}

/** One start in this many is killed, at most this many milliseconds after it begins. */
const START_KILL = { oneIn: 6, withinMs: 1_500 };

export function startHostSlot(options: SlotOptions): HostSlot {
  let isStopping = false;
  let isCalm = true;
  let child = start();

  function start(): ChildProcess {
    const hostOptions = options.next();
    const process_ = fork(HOST_PROCESS, [], {
      env: {
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: options.compileCache,
        HOST_OPTIONS: JSON.stringify(hostOptions),
      },
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [process_.stdout, process_.stderr]) stream?.on("data", (text) => options.onLine(String(text)));
    let workerIsOurs = false;
    process_.on("message", (message: FromHost) => {
      if (message.kind === "log") options.onLine(message.line);
      if (message.kind === "restarted") options.onRestarted();
      if (message.kind === "failed") {
        options.onFailedAttempt(hostOptions.retries === false && message.functionName === "audit-events");
      }
      if (message.kind === "workerExited" && workerIsOurs) {
        workerIsOurs = false;
        options.onKilled("worker");
      }
    });
    workerKills.set(process_, () => {
      workerIsOurs = true;
      tell(process_, { kind: "killWorker" });
    });
    process_.once("exit", (_code, signal) => {
      if (isStopping) return;
      if (signal === "SIGKILL") options.onKilled("host");
      child = start();
    });
    if (!isCalm && options.startKills?.between(1, START_KILL.oneIn) === 1) {
      const timer = setTimeout(
        () => isCalm || process_.kill("SIGKILL"),
        options.startKills.between(1, START_KILL.withinMs),
      );
      process_.once("exit", () => clearTimeout(timer));
    }
    return process_;
  }

  return {
    kill(victim) {
      if (victim === "host") child.kill("SIGKILL");
      else workerKills.get(child)?.();
    },
    becomeStormy() {
      isCalm = options.startKills === undefined;
    },
    becomeCalm() {
      isCalm = true;
    },
    async stop() {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      tell(child, { kind: "stop" });
      const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

const workerKills = new WeakMap<ChildProcess, () => void>();

/** A message to a dying process is lost; its exit reports this. */
function tell(child: ChildProcess, message: ToHost): void {
  if (child.connected) child.send(message, () => undefined);
}
