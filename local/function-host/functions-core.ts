// The module "@azure/functions-core" that the library @azure/functions requires. In Azure the Node.js worker provides
// it; here this file does, inside the worker process.
//
// As in Azure, only `require` finds it: an `import "@azure/functions-core"` fails. A bundle in ES modules has to leave
// it to `require` (createRequire); bundlers do so.
// https://github.com/Azure/azure-functions-nodejs-worker/blob/v3.x/src/setupCoreModule.ts
import Module from "node:module";
import type { InvocationRequest, InvocationResponse, LogLevel, RegisteredFunction } from "./worker-messages.ts";

type FunctionCallback = (...args: unknown[]) => unknown;
type HookCallback = (context: object) => unknown;

/** The library's invocation model for a core context: it converts the data and calls the function. */
interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
}

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: RegisteredFunction;
  state?: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  log(level: LogLevel, category: "user" | "system", message: string): void;
}

interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

export type HookName = "preInvocation" | "postInvocation" | "appStart" | "appTerminate" | "log";

/** Everything an app has registered so far. */
export interface Registry {
  readonly functions: Map<string, { readonly metadata: RegisteredFunction; readonly callback: FunctionCallback }>;
  readonly hooks: Readonly<Record<HookName, Set<HookCallback>>>;
  programmingModel: ProgrammingModel | undefined;
  /** No function can be registered after the start. */
  started: boolean;
}

export function emptyRegistry(): Registry {
  return {
    functions: new Map(),
    hooks: {
      preInvocation: new Set(),
      postInvocation: new Set(),
      appStart: new Set(),
      appTerminate: new Set(),
      log: new Set(),
    },
    programmingModel: undefined,
    started: false,
  };
}

type Log = (level: LogLevel, category: "user" | "system", message: string) => void;

/** Makes `require("@azure/functions-core")` return a module that writes to `registry`, anywhere in this process. */
export function provideFunctionsCore(registry: Registry, log: Log): void {
  const core = functionsCore(registry, log);
  // oxlint-disable-next-line typescript/unbound-method -- the proxy is called with the module as `this`
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply: (original, module, args: [string]) =>
      args[0] === "@azure/functions-core" ? core : Reflect.apply(original, module, args),
  });
}

function functionsCore(registry: Registry, log: Log): object {
  class Disposable {
    static from(...all: { dispose(): unknown }[]): Disposable {
      return new Disposable(() => {
        for (const one of all) one.dispose();
      });
    }

    #callOnDispose: (() => unknown) | undefined;

    constructor(callOnDispose: () => unknown) {
      this.#callOnDispose = callOnDispose;
    }

    dispose(): void {
      this.#callOnDispose?.();
      this.#callOnDispose = undefined;
    }
  }

  return {
    version: "3.0.0-local",
    hostVersion: "4.0.0-local",
    Disposable,
    log,
    setProgrammingModel(model: ProgrammingModel) {
      registry.programmingModel = model;
    },
    getProgrammingModel: () => registry.programmingModel,
    registerHook(name: string, callback: HookCallback) {
      if (!isHookName(registry, name)) throw systemError(RangeError, `Unrecognized hook "${name}"`);
      registry.hooks[name].add(callback);
      return new Disposable(() => registry.hooks[name].delete(callback));
    },
    registerFunction(metadata: RegisteredFunction, callback: FunctionCallback) {
      if (registry.started) throw systemError(Error, "A function can only be registered during app startup.");
      if (registry.functions.has(metadata.name)) {
        throw systemError(Error, `A function with name "${metadata.name}" has already been registered.`);
      }
      registry.functions.set(metadata.name, { metadata, callback });
      return new Disposable(() => {
        if (registry.started) throw systemError(Error, "A function can only be disposed during app startup.");
        registry.functions.delete(metadata.name);
      });
    },
  };
}

function isHookName({ hooks }: Registry, name: string): name is HookName {
  return Object.hasOwn(hooks, name);
}

/** The library checks errors for this mark. */
function systemError(kind: new (message: string) => Error, message: string): Error {
  return Object.assign(new kind(message), { isAzureFunctionsSystemError: true });
}
