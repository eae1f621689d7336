// The messages between the host and its worker process, with the data types of the Functions worker that they use.
//
// In Azure these are protobuf messages over gRPC; here they are structured clones over Node's IPC channel.
// https://github.com/Azure/azure-functions-language-worker-protobuf/blob/dev/src/proto/FunctionRpc.proto

/** One value, tagged with its encoding: `TypedData` of the protocol. */
export interface TypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: HttpData;
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] };
  readonly collectionString?: { readonly string: readonly string[] };
  readonly collectionSint64?: { readonly sint64: readonly (number | LongNumber)[] };
}

/** A 64-bit integer as protobuf.js passes it to an app if the package `long` is present. */
export interface LongNumber {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** An HTTP request (url, method, …) or response (statusCode, …): `RpcHttp` of the protocol. */
export interface HttpData {
  readonly url?: string;
  readonly method?: string;
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly cookies?: readonly HttpCookie[];
  readonly body?: TypedData | null;
}

export interface HttpCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: { readonly value: string };
  readonly path?: { readonly value: string };
  readonly expires?: { readonly value: { readonly seconds: number } };
  readonly secure?: { readonly value: boolean };
  readonly httpOnly?: { readonly value: boolean };
  readonly sameSite?: string;
  readonly maxAge?: { readonly value: number };
}

/** A registered binding: its type, its direction and its other options. */
export type Binding = Readonly<Record<string, unknown>> & { readonly type: string; readonly direction?: string };

/** The retry policy of a function as `@azure/functions` registers it: whole seconds. */
export interface RetryOptions {
  readonly retryStrategy: string;
  readonly maxRetryCount: number;
  readonly delayInterval?: { readonly seconds?: number };
  readonly minimumInterval?: { readonly seconds?: number };
  readonly maximumInterval?: { readonly seconds?: number };
}

/** A function as the app registered it at its start. */
export interface RegisteredFunction {
  readonly name: string;
  /** By the binding's name; one of them is the trigger. */
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: RetryOptions | undefined;
}

/** Sent with every attempt of a function that has a retry policy. */
export interface RetryContext {
  /** 0 for the first attempt. */
  readonly retryCount: number;
  readonly maxRetryCount: number;
  /** Error of the previous attempt. */
  readonly exception?: InvocationError;
}

export interface InvocationError {
  readonly message: string;
  readonly source?: string;
  readonly stackTrace?: string;
}

/** One attempt to run a function: `InvocationRequest` of the protocol. */
export interface InvocationRequest {
  /** The same for all attempts. */
  readonly invocationId: string;
  readonly functionName: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  readonly retryContext?: RetryContext;
}

/** The result of a function: `InvocationResponse` of the protocol. */
export interface InvocationResponse {
  readonly returnValue?: TypedData | null;
  readonly outputData?: readonly { readonly name: string; readonly data?: TypedData | null }[];
}

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

export type ToWorker =
  | { readonly kind: "start"; readonly appDirectory: string }
  | { readonly kind: "invoke"; readonly request: InvocationRequest }
  | { readonly kind: "terminate" };

export type FromWorker =
  | {
      readonly kind: "started";
      readonly functions: readonly RegisteredFunction[];
      readonly capabilities: Readonly<Record<string, string>>;
      readonly nodeVersion: string;
    }
  | { readonly kind: "startFailed"; readonly message: string }
  | { readonly kind: "succeeded"; readonly invocationId: string; readonly response: InvocationResponse }
  | { readonly kind: "failed"; readonly invocationId: string; readonly error: InvocationError }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly category: "user" | "system";
      readonly message: string;
      readonly invocationId?: string | undefined;
    };
