import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { closeServer, listenOnLoopback } from "../loopback-server.ts";
import { matchRoute, type Route } from "./http-routes.ts";
import type { Attempt } from "./retry-policy.ts";
import type { HttpCookie, HttpData, InvocationResponse, TypedData } from "./worker-messages.ts";

/** The real host's default. https://learn.microsoft.com/azure/azure-functions/functions-app-settings */
const DEFAULT_MAX_BODY_BYTES = 104_857_600;

export interface HttpTriggerOptions {
  /** In the order of matching; a request waits for them, as in the real host. */
  readonly routes: () => Promise<readonly Route[]>;
  /** 0 takes a free port. */
  readonly port: number;
  /** Limit of a body, checked while it is read: FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. */
  readonly maxBodyBytes?: number;
  readonly run: (
    functionName: string,
    request: HttpData,
    signal: AbortSignal,
  ) => Promise<Attempt<InvocationResponse> | "stopped">;
}

export interface HttpTrigger {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves the HTTP functions of an app on 127.0.0.1.
 *
 * As in the real host, a function that fails gives a 500 without a body, one that returns nothing a 204, and a method
 * without a route a 404. Without HTTP streams, the real host also reads a body whole before it calls the function.
 *
 * @throws {UsageError} if the port is taken
 */
export async function startHttpTrigger(options: HttpTriggerOptions): Promise<HttpTrigger> {
  const { routes, port, run, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = options;
  const stopping = new AbortController();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(`http://${request.headers.host ?? "127.0.0.1"}${request.url ?? "/"}`);
    const found = matchRoute(await routes(), request.method ?? "GET", url.pathname);
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const bytes = await readWhole(request, maxBodyBytes);
    if (bytes === "too large") {
      response.writeHead(413, { connection: "close" }).end(() => request.destroy());
      return;
    }
    const data = toHttpData(request, url, { params: found.params, bytes });
    const outcome = await run(found.functionName, data, stopping.signal);
    if (outcome === "stopped" || "error" in outcome) {
      response.writeHead(500).end();
      return;
    }
    reply(response, httpOutput(outcome.value));
  }

  const server = createServer((request, response) => {
    // Errors here mean that the client disconnected, or that HTTP does not allow the reply.
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return {
    url: `http://127.0.0.1:${await listenOnLoopback(server, port, "Function host")}`,
    async stop() {
      stopping.abort();
      await closeServer(server);
    },
  };
}

/** Stops reading a body when it crosses the limit. */
async function readWhole(request: IncomingMessage, maxBytes: number): Promise<Buffer | "too large"> {
  if (Number(request.headers["content-length"]) > maxBytes) return "too large";
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    size += part.length;
    if (size > maxBytes) return "too large";
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function toHttpData(
  request: IncomingMessage,
  url: URL,
  { params, bytes }: { readonly params: Readonly<Record<string, string>>; readonly bytes: Buffer },
): HttpData {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = [value].flat().join(", ");
  const query: Record<string, string> = {};
  for (const key of url.searchParams.keys()) query[key] = url.searchParams.getAll(key).join(",");
  return {
    url: url.href,
    method: request.method ?? "GET",
    headers,
    query,
    params,
    ...(bytes.length > 0 && { body: { bytes } }),
  };
}

/** The response is the return value, or an output binding of type http. */
function httpOutput({ returnValue, outputData }: InvocationResponse): HttpData | undefined {
  return returnValue?.http ?? outputData?.find(({ data }) => data?.http !== undefined)?.data?.http;
}

function reply(response: ServerResponse, output: HttpData | undefined): void {
  if (output === undefined) {
    response.writeHead(204).end();
    return;
  }
  response.statusCode = Number(output.statusCode ?? 200);
  for (const [name, value] of Object.entries(output.headers ?? {})) response.setHeader(name, value);
  const cookies = (output.cookies ?? []).map(toSetCookie);
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  response.end(bodyBytes(output.body));
}

function bodyBytes(body: TypedData | null | undefined): string | Uint8Array {
  return body?.bytes ?? body?.string ?? body?.json ?? "";
}

function toSetCookie(cookie: HttpCookie): string {
  const sameSite = { lax: "Lax", strict: "Strict", explicitNone: "None" }[cookie.sameSite ?? ""];
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString();
  return [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    expires && `Expires=${expires}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.secure?.value === true && "Secure",
    cookie.httpOnly?.value === true && "HttpOnly",
    sameSite && `SameSite=${sameSite}`,
  ]
    .filter((part) => typeof part === "string")
    .join("; ");
}
