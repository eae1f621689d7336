import { isRecord } from "../../src/core/event/event-body.ts";

/** What an error and everything behind it say about a failed call. */
export interface Failure {
  /** The error, its causes, and the parts of each AggregateError; outermost first, and last attempt first. */
  readonly chain: readonly Error[];
  /** The code that Node.js or the service gives the error, such as `ENOTFOUND` or `TableNotFound`; "" if it gives none. */
  readonly code: string;
  /** Of the HTTP answer, if there was one. */
  readonly status: number | undefined;
  /** HOST:PORT or HOST of the service; "" if the error does not say it. */
  readonly address: string;
  /** Of the HTTP request, if there was one. */
  readonly method: string | undefined;
  /** Whether the request has a signature, made with an account's key, rather than a token. */
  readonly isSignedWithKey: boolean;
}

export function failureOf(error: unknown): Failure {
  const chain = chainOf(error);
  const request = fieldOf(error, "request");
  const { method, url } = isRecord(request) ? request : {};
  const status = fieldOf(error, "statusCode");
  const address = typeof url === "string" ? url : "";
  return {
    chain,
    code: codeOf(chain),
    status: typeof status === "number" ? status : undefined,
    address: addressOf(chain, address),
    method: typeof method === "string" ? method : undefined,
    isSignedWithKey: authorizationOf(request).startsWith("SharedKey") || /[?&]sig=/.test(address),
  };
}

/** A field of an error or of what is behind it; of the last attempt, if there were several. */
export function fieldOf(error: unknown, name: string): unknown {
  const values: unknown[] = chainOf(error).map((each) => Reflect.get(each, name));
  return values.find((value) => value !== undefined && value !== null);
}

/** The first line of an error's message, with its status if it has one. Table Storage answers in JSON or XML. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = fieldOf(error, "statusCode");
  const message = error.message
    .replace(/\{"odata\.error".*$/s, (json) => /"value":"((?:[^"\\]|\\["\\])*)/.exec(json)?.[1] ?? json)
    .replace(/<\?xml .*$/s, (xml) => /<Message>([^\n<]*)/.exec(xml)?.[1] ?? "");
  const [line = ""] = message.split("\n", 1);
  return typeof status === "number" ? `${line} (${status})` : line || error.name;
}

function chainOf(error: unknown, seen: Set<unknown> = new Set()): Error[] {
  if (!(error instanceof Error) || seen.has(error)) return [];
  seen.add(error);
  // Of AggregateErrors, the SDK for identity has its own.
  const parts: unknown[] = "errors" in error && Array.isArray(error.errors) ? error.errors : [];
  return [error, ...[error.cause, ...parts.toReversed()].flatMap((inner) => chainOf(inner, seen))];
}

/** Table Storage names its code in the body of the answer, and the emulator in a header alone. */
function codeOf(chain: readonly Error[]): string {
  for (const error of chain) {
    const details = fieldOf(error, "details");
    const { odataError, errorCode } = isRecord(details) ? details : {};
    const inBody = isRecord(odataError) ? odataError["code"] : undefined;
    for (const code of [fieldOf(error, "code"), inBody, errorCode]) if (typeof code === "string") return code;
  }
  return "";
}

function addressOf(chain: readonly Error[], url: string): string {
  if (URL.canParse(url)) return new URL(url).host;
  const message = chain.map((error) => error.message).join("\n");
  return /\b(?:E[A-Z]{4,}|EAI_AGAIN) (\S+)|'sb:\/\/([^/']+)/.exec(message)?.slice(1).find(Boolean) ?? "";
}

function authorizationOf(request: unknown): string {
  const headers: unknown = isRecord(request) ? request["headers"] : undefined;
  const get: unknown = isRecord(headers) ? headers["get"] : undefined;
  return typeof get === "function" ? String(get.call(headers, "authorization")) : "";
}
