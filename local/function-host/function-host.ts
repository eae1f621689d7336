// A local host for Azure Functions apps in Node.js: it loads the built app as Azure does and runs its functions.
//
// Like the real host: the app runs in its own worker process and registers through the unmodified @azure/functions.
// This host triggers from Event Hubs through Microsoft's own consumer and checkpoint store, with the real rules for
// checkpoints and retries. An invocation fails if its worker dies or it takes too long. After too many deaths of the
// worker the host restarts itself and counts retries from 0 again. It runs NCRONTAB timers and serves HTTP routes.
//
// It does NOT imitate: scaling and more than one worker per host; gRPC between host and worker; extension bundles and
// triggers other than Event Hub, timer and HTTP; bindings other than triggers and the HTTP response; keys and authLevel
// (every HTTP function is open, on loopback only); identity-based connections; host.json beyond functionTimeout,
// routePrefix and eventHubs (of these not prefetchSizeInBytes and targetUnprocessedEventThreshold); HTTP streams; the
// lock that keeps a timer on one of several hosts, useMonitor and missed occurrences; Durable Functions, proxies,
// /admin, Application Insights. Checkpoints have the form of the JavaScript SDK's store, not that of the .NET
// extension.
import { EventEmitter } from "node:events";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SettingsError, UsageError } from "../../src/errors.ts";
import type { Settings } from "./binding-settings.ts";
import type { SequenceNumberForm } from "./event-hub-batch.ts";
import { openConsumer, startEventHubTrigger, type Checkpoint } from "./event-hub-trigger.ts";
import { readHostJson, type LoadBalancing } from "./host-json.ts";
import { routesInOrder, shadowedRoutes, type Route } from "./http-routes.ts";
import { startHttpTrigger } from "./http-trigger.ts";
import { retryPolicy, runWithRetries, type Attempt } from "./retry-policy.ts";
import { startTimerTrigger, type TimerTrigger } from "./timer-trigger.ts";
import { planTriggers, type TriggerPlan } from "./trigger-plans.ts";
import { startWorker, type Worker, type WorkerExit } from "./worker.ts";
import type { InvocationResponse, RegisteredFunction, TypedData } from "./worker-messages.ts";

export type { RegisteredFunction } from "./worker-messages.ts";

const DRAIN_MS = 10_000;

/**
 * After this many deaths of the worker within the time, the host restarts itself ("Exceeded language worker restart
 * retry count") and counts retries from 0 again.
 */
// https://github.com/Azure/azure-functions-host: RpcFunctionInvocationDispatcher, 3 × the number of worker processes
const WORKER_DEATHS: WorkerDeaths = { count: 3, withinMs: 30 * 60_000 };

/** Wait between two attempts to restart. */
const RESTART_DELAY_MS = 1_000;

export interface WorkerDeaths {
  readonly count: number;
  readonly withinMs: number;
}

export interface FunctionHostOptions {
  /** Directory of the built app, with its package.json and host.json. */
  readonly appDirectory: string;
  /** The worker's environment. It inherits only PATH and HOME from this process. */
  readonly settings: Settings;
  /** The Node that runs the app; by default the one that runs this process. */
  readonly nodePath?: string;
  /** Command-line options for that Node, such as --disallow-code-generation-from-strings. */
  readonly nodeOptions?: readonly string[];
  /** 0, the default, takes a free port. */
  readonly httpPort?: number;
  readonly log?: (line: string) => void;
  /**
   * false keeps the events of a failed invocation for the next start. By default the host continues, as the real one
   * does.
   */
  readonly checkpointAfterFailure?: boolean;
  /**
   * false ignores the app's retry policies: a failed invocation is not retried, as in a host that does not know
   * policies.
   */
  readonly retries?: boolean;
  /** Multiplies every wait between retries, for tests. */
  readonly retryDelayScale?: number;
  /** Overrides host.json. */
  readonly loadBalancing?: LoadBalancing;
  /** Number of worker deaths after which the host restarts itself. */
  readonly workerDeaths?: WorkerDeaths;
  /** How long stopping waits for running attempts. */
  readonly drainMs?: number;
  readonly sequenceNumbers?: SequenceNumberForm;
}

/** The end of one attempt to run a function. */
export interface FinishedInvocation {
  readonly functionName: string;
  readonly invocationId: string;
  /** 0 for the first attempt. */
  readonly retryCount: number;
  readonly durationMs: number;
}

export type FunctionHostEvents = {
  invocationSucceeded: [FinishedInvocation];
  invocationFailed: [FinishedInvocation & { readonly error: string }];
  workerExited: [WorkerExit];
  /** The host has restarted itself because the worker died too often. */
  hostRestarted: [];
  checkpoint: [Checkpoint];
};

export interface FunctionHost {
  /** http://127.0.0.1:PORT, without the route prefix. */
  readonly httpUrl: string;
  readonly functions: readonly RegisteredFunction[];
  /** The version of the worker's Node, such as v24.1.0. */
  readonly nodeVersion: string;
  readonly events: EventEmitter<FunctionHostEvents>;
  /** Process id of the current worker. */
  workerPid(): Promise<number | undefined>;
  /** Runs a timer function now; rejects if it failed. */
  runTimer(functionName: string): Promise<void>;
  /** Kills the worker with SIGKILL; a new one is started. */
  kill(): Promise<void>;
  /** Lets running attempts end, without a checkpoint, then ends the worker. */
  stop(): Promise<void>;
}

/**
 * Loads the app and starts its triggers.
 *
 * @throws {SettingsError} naming every missing setting that a function needs
 * @throws {UsageError} if the app cannot be loaded or the port is taken
 */
export async function startFunctionHost(options: FunctionHostOptions): Promise<FunctionHost> {
  const { settings, log = () => undefined } = options;
  const appDirectory = resolve(options.appDirectory);
  const hostJson = await readHostJson(appDirectory);
  for (const option of hostJson.ignored) log(`warning: host.json: ${option} has no effect in this host`);
  const events = new EventEmitter<FunctionHostEvents>();
  const deaths = deathCount(options.workerDeaths ?? WORKER_DEATHS);
  let stopped: Promise<void> | undefined;

  /** Starts a worker and all its triggers except HTTP. */
  async function begin(): Promise<HostRun> {
    const worker = await startWorker({
      appDirectory,
      settings,
      nodePath: options.nodePath ?? process.execPath,
      nodeOptions: options.nodeOptions ?? [],
      log,
      onExit(exit) {
        log(`warning: worker exited with ${exit.signal ?? `code ${String(exit.code)}`}`);
        events.emit("workerExited", exit);
        if (deaths.isAtLimit()) restart();
      },
    });
    const begun: HostRun = { worker, plans: [], routes: [], timers: new Map(), triggers: [] };
    try {
      if (worker.started.capabilities["HttpUri"] !== undefined) {
        throw new SettingsError(["app.setup: enableHttpStream is not supported by this host"]);
      }
      begun.plans = planTriggers(worker.started.functions, settings, hostJson.routePrefix);
      begun.routes = routesInOrder(begun.plans.flatMap((plan) => (plan.kind === "http" ? [plan.route] : [])));
      for (const plan of begun.plans) if (plan.kind !== "http") await startTrigger(plan, begun);
      return begun;
    } catch (error) {
      await end(begun, DRAIN_MS);
      throw error;
    }
  }

  /** Lets running attempts end within the time limit, without a checkpoint, then ends the worker. */
  async function end({ worker, triggers }: HostRun, drainMs: number): Promise<void> {
    const drained = Promise.all(triggers.map((trigger) => trigger.stop()));
    await Promise.race([drained, sleep(drainMs, undefined, { ref: false })]);
    await worker.stop(); // fails the attempts that still run
    await drained;
  }

  /** Like the real host, retries until the services answer or it is stopped. */
  async function beginWithRetries(): Promise<HostRun> {
    for (;;) {
      try {
        return await begin();
      } catch (error) {
        log(`error: the host did not start again: ${String(error)}`);
        if (stopped !== undefined) throw error;
        await sleep(RESTART_DELAY_MS);
      }
    }
  }

  /** While the host restarts, callers that ask for its current run wait for the next one. */
  function restart(): void {
    log("error: Exceeded language worker restart retry count: the host restarts");
    const previous = hostRun;
    hostRun = (async () => {
      await end(await previous, 0);
      const next = await beginWithRetries();
      events.emit("hostRestarted");
      return next;
    })();
    hostRun.catch(() => undefined); // it was stopped before it had restarted
  }

  /** One invocation with its retries. */
  function run(
    { kind, registered: { name, retryOptions }, bindingName }: TriggerPlan,
    input: { readonly data: TypedData; readonly metadata?: Readonly<Record<string, TypedData>> },
    { worker, signal }: { readonly worker: Worker; readonly signal: AbortSignal },
  ): Promise<Attempt<InvocationResponse> | "stopped"> {
    const invocationId = crypto.randomUUID(); // the same for all attempts
    const hasPolicy = kind !== "http" && options.retries !== false; // HTTP has none
    return runWithRetries({
      policy: hasPolicy && retryOptions !== undefined ? retryPolicy(retryOptions) : undefined,
      delayScale: options.retryDelayScale ?? 1,
      signal,
      async attempt(retryContext) {
        const request = {
          invocationId,
          functionName: name,
          inputData: [{ name: bindingName, data: input.data }],
          ...(input.metadata && { triggerMetadata: input.metadata }),
          ...(retryContext && { retryContext }),
        };
        const { durationMs, outcome } = await worker.invoke(request, hostJson.functionTimeoutMs);
        const finished = { functionName: name, invocationId, retryCount: retryContext?.retryCount ?? 0, durationMs };
        if ("value" in outcome) {
          events.emit("invocationSucceeded", finished);
        } else {
          log(`error: ${name} failed: ${outcome.error.message}`);
          events.emit("invocationFailed", { ...finished, error: outcome.error.message });
        }
        return outcome;
      },
    });
  }

  async function startTrigger(
    plan: Exclude<TriggerPlan, { kind: "http" }>,
    { worker, timers, triggers }: HostRun,
  ): Promise<void> {
    const functionName = plan.registered.name;
    if (plan.kind === "timer") {
      const timer = startTimerTrigger({
        schedule: plan.schedule,
        run: async (data, signal) => runEnd(await run(plan, { data }, { worker, signal })),
      });
      timers.set(functionName, timer);
      triggers.push(timer);
      return;
    }
    const client = await openConsumer(
      plan.source,
      options.loadBalancing ?? hostJson.eventHubs.loadBalancing,
      hostJson.eventHubs.clientRetryOptions,
    );
    const trigger = startEventHubTrigger(
      {
        functionName,
        source: plan.source,
        eventHubs: hostJson.eventHubs,
        sequenceNumbers: options.sequenceNumbers ?? "number",
        checkpointAfterFailure: options.checkpointAfterFailure ?? true,
        run: async (input, signal) => runEnd(await run(plan, input, { worker, signal })),
        onCheckpoint: (checkpoint) => events.emit("checkpoint", checkpoint),
        log,
      },
      client,
    );
    triggers.push(trigger);
  }

  // Bind the port first, as the real host does: nothing has begun yet if it is taken.
  const http = await startHttpTrigger({
    routes: async () => (await hostRun).routes,
    port: options.httpPort ?? 0,
    ...bodyLimit(settings),
    async run(functionName, request, signal) {
      const { plans, worker } = await hostRun;
      const plan = plans.find(({ registered }) => registered.name === functionName);
      if (plan === undefined) return "stopped";
      return run(plan, { data: { http: request } }, { worker, signal });
    },
  });
  let hostRun = begin();
  const { worker, routes } = await hostRun.catch(async (error: unknown) => {
    await http.stop();
    throw error;
  });
  for (const { functionName, request, by } of shadowedRoutes(routes))
    log(`warning: ${functionName} never gets ${request}: ${by} does, since its name sorts first`);
  const { functions, nodeVersion } = worker.started;

  return {
    httpUrl: http.url,
    functions,
    nodeVersion,
    events,
    async workerPid() {
      return (await hostRun).worker.pid();
    },
    async runTimer(functionName) {
      const timer = (await hostRun).timers.get(functionName);
      if (timer === undefined) throw new UsageError(`${functionName} is not a timer function of this app`);
      const result = await timer.runNow();
      if (result !== "succeeded") throw new Error(`${functionName} ${result}`);
    },
    async kill() {
      await (await hostRun).worker.kill();
    },
    stop() {
      stopped ??= (async () => {
        const ended = http.stop();
        const last = await hostRun.catch(() => undefined); // it did not restart, so nothing is left to end
        if (last !== undefined) await end(last, options.drainMs ?? DRAIN_MS);
        await ended;
      })();
      return stopped;
    },
  };
}

/** One run of the host, from a start to the next restart: a worker and its triggers. */
interface HostRun {
  readonly worker: Worker;
  plans: readonly TriggerPlan[];
  /** In the order of matching. */
  routes: readonly Route[];
  readonly timers: Map<string, TimerTrigger>;
  readonly triggers: { stop(): Promise<void> }[];
}

/** Counts deaths; starts again from 0 at the limit. */
function deathCount({ count, withinMs }: WorkerDeaths): { isAtLimit(): boolean } {
  let times: readonly number[] = [];
  return {
    isAtLimit() {
      const now = performance.now();
      times = [...times.filter((time) => now - time < withinMs), now];
      if (times.length < count) return false;
      times = [];
      return true;
    },
  };
}

function runEnd(outcome: Attempt<unknown> | "stopped"): "succeeded" | "failed" | "stopped" {
  if (outcome === "stopped") return "stopped";
  return "value" in outcome ? "succeeded" : "failed";
}

/** Like the real host, a value that is not a number leaves the default limit. */
function bodyLimit({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: given = "" }: Settings): { readonly maxBodyBytes?: number } {
  return /^\d+$/.test(given) ? { maxBodyBytes: Number(given) } : {};
}
