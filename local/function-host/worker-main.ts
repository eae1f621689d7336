// The worker process of the function host: loads an app and runs its functions, as Azure's Node.js worker does.
//
// worker.ts starts it with an IPC channel. It may run on another Node (22 or later) than the host, so it imports no
// packages.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { emptyRegistry, provideFunctionsCore, type CoreInvocationContext, type HookName } from "./functions-core.ts";
import type {
  FromWorker,
  InvocationError,
  InvocationRequest,
  InvocationResponse,
  LogLevel,
  ToWorker,
} from "./worker-messages.ts";

const registry = emptyRegistry();
const appHookData = {};

provideFunctionsCore(registry, (level, category, message) => log(level, category, message));

process.on("disconnect", () => process.exit(1)); // the host is gone
// Ctrl+C and `timeout` signal the whole process group; the host ends this process after the drain.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("uncaughtException", (error: unknown) => {
  // Unhandled rejections arrive here, too. No invocation in flight gets an answer.
  writeSync(2, `Worker uncaught exception: ${error instanceof Error ? String(error.stack) : String(error)}\n`);
  process.exit(1);
});
process.on("message", (message: ToWorker) => {
  if (message.kind === "start") void start(message.appDirectory);
  else if (message.kind === "invoke") void invoke(message.request);
  else void terminate();
});

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

function log(level: LogLevel, category: "user" | "system", message: string, invocationId?: string): void {
  const context = { level, message, category };
  for (const hook of registry.hooks.log) hook(context); // hooks may rewrite level and message
  send({ kind: "log", level: context.level, category, message: context.message, invocationId });
}

async function start(appDirectory: string): Promise<void> {
  try {
    await loadApp(appDirectory);
    await runHooks("appStart", { functionAppDirectory: appDirectory, appHookData, hookData: {} });
    registry.started = true;
    const capabilities = (await registry.programmingModel?.getCapabilities?.({})) ?? {};
    send({
      kind: "started",
      functions: [...registry.functions.values()].map(({ metadata }) => asJson(metadata)),
      capabilities,
      nodeVersion: process.version,
    });
  } catch (error) {
    send({ kind: "startFailed", message: error instanceof Error ? String(error.stack) : String(error) });
  }
}

/** Loads the file that package.json names as main, as an ES module or as CommonJS by the rules of Azure's worker. */
async function loadApp(appDirectory: string): Promise<void> {
  const manifest: { readonly main?: string; readonly type?: string } = JSON.parse(
    await readFile(join(appDirectory, "package.json"), "utf8"),
  );
  if (typeof manifest.main !== "string") throw new Error(`${join(appDirectory, "package.json")} has no "main"`);
  const file = join(appDirectory, manifest.main);
  const isModule = file.endsWith(".mjs") || (!file.endsWith(".cjs") && manifest.type === "module");
  if (isModule) await import(pathToFileURL(file).href);
  else createRequire(import.meta.url)(file);
}

async function invoke(request: InvocationRequest): Promise<void> {
  const { invocationId } = request;
  try {
    send({ kind: "succeeded", invocationId, response: await run(request) });
  } catch (error) {
    send({ kind: "failed", invocationId, error: toInvocationError(error) });
  }
}

/** @throws what the function or a hook of the app threw */
async function run(request: InvocationRequest): Promise<InvocationResponse> {
  const registered = registry.functions.get(request.functionName);
  const { programmingModel } = registry;
  if (registered === undefined || programmingModel === undefined) {
    throw new Error(`Function code for '${request.functionName}' is not loaded and cannot be invoked.`);
  }
  const core: CoreInvocationContext = {
    invocationId: request.invocationId,
    request,
    metadata: registered.metadata,
    state: undefined,
    log: (level, category, message) => log(level, category, message, request.invocationId),
  };
  const model = await programmingModel.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  const shared = { hookData: {}, appHookData, invocationContext: context };

  const before = { ...shared, functionCallback: registered.callback, inputs };
  core.state = "preInvocationHooks";
  await runHooks("preInvocation", before);

  const after: { inputs: unknown[]; result: unknown; error: unknown } = {
    ...shared,
    inputs: before.inputs,
    result: null,
    error: null,
  };
  core.state = "invocation";
  try {
    after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error;
  }
  core.state = "postInvocationHooks";
  await runHooks("postInvocation", after);
  core.state = undefined;

  // Azure's worker treats a function that threw undefined or null as succeeded.
  // oxlint-disable-next-line typescript/only-throw-error -- it is the app's
  if (after.error !== undefined && after.error !== null) throw after.error;
  return model.getResponse(context, after.result);
}

async function runHooks(name: HookName, context: object): Promise<void> {
  for (const hook of registry.hooks[name]) await hook(context);
}

/** Bindings reach the real host as JSON, so values that JSON cannot express are dropped. */
function asJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}

/** Invocations in flight are cut off, as in Azure, but hooks may finish. */
async function terminate(): Promise<void> {
  try {
    await runHooks("appTerminate", { appHookData, hookData: {} });
  } catch (error) {
    writeSync(2, `appTerminate hook failed: ${String(error)}\n`);
  }
  process.exit(0);
}

/** The message has the form of the host's exception in a retry context. */
function toInvocationError(thrown: unknown): InvocationError {
  const error =
    thrown instanceof Error ? thrown : new Error(typeof thrown === "string" ? thrown : JSON.stringify(thrown));
  const stackTrace = error.stack ?? "";
  return { message: `Result: Failure\nException: ${error.message}\nStack: ${stackTrace}`, stackTrace };
}
