import { fork, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../../src/errors.ts";
import type { Settings } from "./binding-settings.ts";
import type { Attempt } from "./retry-policy.ts";
import type { FromWorker, InvocationRequest, InvocationResponse, ToWorker } from "./worker-messages.ts";

/** "the worker is given 5 seconds": GrpcWorkerChannel's grace period after WorkerTerminate. */
const TERMINATE_GRACE_MS = 5_000;
const RESTART_AFTER_FAILED_START_MS = 1_000;

type Started = Extract<FromWorker, { kind: "started" }>;

/** How a worker process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerOptions {
  readonly appDirectory: string;
  readonly settings: Settings;
  readonly nodePath: string;
  readonly nodeOptions: readonly string[];
  /** worker-main.ts, or a bundle of it. */
  readonly program?: URL;
  readonly log: (line: string) => void;
  /** Called when the process dies, unless it was stopped. */
  readonly onExit: (exit: WorkerExit) => void;
}

/** The app in its own process, which is restarted whenever it dies. */
export interface Worker {
  readonly started: Started;
  /** Id of the current process. */
  pid(): number | undefined;
  /**
   * Runs a function once, as soon as a process is ready. The attempt fails if the process dies or the time is up. After
   * a time-out the process is killed, as in the real host, since a function cannot be cancelled.
   */
  invoke(request: InvocationRequest, timeoutMs: number | undefined): Promise<InvocationEnd>;
  /** SIGKILL; resolves when the process is gone. A new one is starting by then. */
  kill(): Promise<void>;
  /** Runs the app's appTerminate hooks and ends the process. */
  stop(): Promise<void>;
}

interface InvocationEnd {
  readonly durationMs: number;
  readonly outcome: Attempt<InvocationResponse>;
}

interface LiveProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<WorkerExit>;
  /** By invocation id: the callback for the function's answer. */
  readonly pending: Map<string, (outcome: Attempt<InvocationResponse>) => void>;
}

/** @throws {UsageError} if the app cannot be loaded */
export async function startWorker({ onExit, ...given }: WorkerOptions): Promise<Worker> {
  let stopping = false;
  const options: WorkerOptions = { ...given, onExit: (exit) => void (stopping || onExit(exit)) };
  let live = spawn(options);
  const started = await loaded(live, options);
  let ready: Promise<LiveProcess> = Promise.resolve(live);
  void live.exited.then(() => restart());

  /** Replaces a dead process. Retries for ever, since the app did load once. */
  function restart(): void {
    if (stopping) return;
    ready = respawn();
  }

  async function respawn(): Promise<LiveProcess> {
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() sets it while this waits
    while (!stopping) {
      live = spawn(options);
      try {
        await loaded(live, options);
        void live.exited.then(() => restart());
        break;
      } catch (error) {
        if (stopping) break;
        options.log(`error: worker: ${String(error)}`);
        await sleep(RESTART_AFTER_FAILED_START_MS);
      }
    }
    return live;
  }

  return {
    started,
    pid: () => live.child.pid,
    async invoke(request, timeoutMs) {
      const { invocationId } = request;
      const { child, exited, pending } = await ready;
      const beganAt = performance.now();
      const { promise, resolve } = Promise.withResolvers<Attempt<InvocationResponse>>();
      pending.set(invocationId, resolve);
      let timedOut: string | undefined;
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              timedOut = `Timeout value of ${timeoutMs / 1000} s was exceeded by function ${request.functionName}`;
              // End the attempt together with the process, so that no retry goes to a dying one.
              pending.delete(invocationId);
              child.kill("SIGKILL");
            }, timeoutMs);
      // A process that was stopped while it loaded may already be gone.
      void exited.then((exit) => resolve({ error: { message: timedOut ?? howItEnded(exit) } }));
      tell(child, { kind: "invoke", request });
      const outcome = await promise;
      clearTimeout(timer);
      pending.delete(invocationId);
      return { durationMs: performance.now() - beganAt, outcome };
    },
    async kill() {
      const { child, exited } = await ready;
      child.kill("SIGKILL");
      await exited;
    },
    async stop() {
      stopping = true;
      const { child, exited } = live;
      tell(child, { kind: "terminate" });
      const timer = setTimeout(() => child.kill("SIGKILL"), TERMINATE_GRACE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function spawn({ appDirectory, settings, nodePath, nodeOptions, program, log, onExit }: WorkerOptions): LiveProcess {
  const child = fork(program ?? new URL("worker-main.ts", import.meta.url), [], {
    cwd: appDirectory,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], FUNCTIONS_WORKER_RUNTIME: "node", ...settings },
    execPath: nodePath,
    // Node 22 before 22.18 needs an option to run .ts files.
    execArgv: ["--experimental-strip-types", "--disable-warning=ExperimentalWarning", ...nodeOptions],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", (line) => log(`console: ${line}`));
  }
  const pending: LiveProcess["pending"] = new Map();
  child.on("message", (message: FromWorker) => {
    switch (message.kind) {
      case "succeeded":
        pending.get(message.invocationId)?.({ value: message.response });
        break;
      case "failed":
        pending.get(message.invocationId)?.({ error: message.error });
        break;
      case "log":
        log(`${message.level}: ${message.message}`);
        break;
      case "started":
      case "startFailed": // loaded() waits for these
        break;
    }
  });
  const { promise: exited, resolve } = Promise.withResolvers<WorkerExit>();
  child.once("exit", (code, signal) => {
    onExit({ code, signal });
    resolve({ code, signal });
  });
  return { child, exited, pending };
}

function howItEnded({ code, signal }: WorkerExit): string {
  return `The worker process exited with ${signal === null ? `code ${String(code)}` : `signal ${signal}`}`;
}

async function loaded({ child, exited }: LiveProcess, { appDirectory }: WorkerOptions): Promise<Started> {
  const { promise, resolve } = Promise.withResolvers<Started | { readonly message: string }>();
  child.on("message", (message: FromWorker) => {
    if (message.kind === "started" || message.kind === "startFailed") resolve(message);
  });
  child.once("exit", () => resolve({ message: "it ended its process while it was loaded" }));
  tell(child, { kind: "start", appDirectory });
  const answer = await promise;
  if ("functions" in answer) return answer;
  child.kill("SIGKILL");
  await exited;
  throw new UsageError(`The function app in ${appDirectory} cannot be loaded: ${answer.message}`);
}

/** A message to a dying process is lost; its exit reports this to everyone who waits. */
function tell(child: ChildProcess, message: ToWorker): void {
  child.send(message, () => undefined);
}
