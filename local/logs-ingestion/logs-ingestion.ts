// A stand-in for Azure Monitor's Logs Ingestion API, for the unmodified @azure/monitor-ingestion client.
//
// It checks what the service checks: path, api-version, bearer token, rule and stream, encoding, the size of the body
// before and after decompression, the JSON array of objects, and each row against the stream's columns.
//
// It does NOT imitate: Entra ID (tokens come from its own endpoint, and roles are not checked), the transformation of
// the data collection rule (transformKql), the throttling limits (429 only on demand), DCRLogErrors, conversions (it
// refuses a value of another type, where the service converts it if it can), the replacement of a TimeGenerated that is
// too old, and the minutes until a row can be queried. Like the real service, it does not deduplicate.
//
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
import { EventEmitter, once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { closeServer, endOf, listenOnLoopback } from "../loopback-server.ts";
import { loopbackCertificate } from "./certificate.ts";
import { startIdentityEndpoint } from "./identity-endpoint.ts";
import { checkColumns, checkRow, type StreamColumn } from "./row-check.ts";

/**
 * "Maximum size of API call: 1 MB for both compressed and uncompressed data", read as 2^20 bytes: Microsoft's client
 * makes bodies of 10^6 bytes plus their commas.
 */
// https://learn.microsoft.com/azure/azure-monitor/service-limits#logs-ingestion-api
export const MAX_UPLOAD_BYTES = 1_048_576;

const API_VERSION = "2023-01-01";

/** How the next requests fail. */
export type Failure =
  | {
      readonly status: number;
      /** Value of Retry-After. */
      readonly retryAfterSeconds?: number;
      /** Number of requests to fail; without it, all until `restore()`. */
      readonly times?: number;
    }
  | { readonly reset: "before" | "after" | "hang"; readonly times?: number }
  /** Breaks the connection before anything is accepted, until `restore()`. */
  | "reset"
  /** Accepts the rows, then breaks the connection before it answers, until `restore()`. */
  | "accept-then-reset"
  /** Never answers, until the client gives up or `restore()` breaks the connection. */
  | "hang";

/** A request that was answered or broken off. */
interface IngestionRequest {
  readonly status: number | "reset" | "hang";
  readonly rows: number;
  readonly bytes: number;
  readonly uncompressedBytes: number;
  /** Why it was refused. */
  readonly problem?: string;
}

export interface LogsIngestionOptions {
  /** The columns of the stream's declaration. */
  readonly columns: readonly StreamColumn[];
  /** The immutable id of the data collection rule. */
  readonly ruleId: string;
  readonly stream: string;
  /** The audience that tokens must have; by default, that of the public cloud. */
  readonly audience?: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
}

export interface LogsIngestion {
  /** https://127.0.0.1:PORT */
  readonly endpoint: string;
  /** For NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  readonly caPem: string;
  /** For IDENTITY_ENDPOINT. */
  readonly identityEndpoint: string;
  /** For IDENTITY_HEADER. */
  readonly identityHeader: string;
  /** Every accepted row in order of acceptance, including duplicates, without undeclared columns. */
  rows(): readonly Readonly<Record<string, unknown>>[];
  requests(): readonly IngestionRequest[];
  /** Names of undeclared columns that rows had, each once. The service would drop them silently. */
  droppedColumns(): readonly string[];
  /** Number of fields cut at 64 KB. */
  truncatedFields(): number;
  fail(failure: Failure): void;
  restore(): void;
  /** Resolves when the rows satisfy `condition`, now or later. */
  waitFor(condition: (rows: readonly Readonly<Record<string, unknown>>[]) => boolean): Promise<void>;
  /** How it ended. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly problem: string;
}

type Body = { readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly uncompressedBytes: number };

/**
 * Starts the stand-in.
 *
 * @throws {RangeError} if a column has a type that data collection rules do not know
 * @throws {UsageError} if the port is taken
 */
export async function startLogsIngestion(options: LogsIngestionOptions): Promise<LogsIngestion> {
  checkColumns(options.columns);
  const { audience = "https://monitor.azure.com" } = options;
  const stored: Readonly<Record<string, unknown>>[] = [];
  const requests: IngestionRequest[] = [];
  const dropped = new Set<string>();
  const hanging = new Set<ServerResponse>();
  const changes = new EventEmitter();
  let truncated = 0;
  let failures: Failure[] = [];

  const identity = await startIdentityEndpoint();
  const certificate = await loopbackCertificate();

  /** The failure for this request, if any. A failure with a number of requests is used up by them. */
  function nextFailure(): Failure | undefined {
    const [failure, ...rest] = failures;
    if (failure === undefined || typeof failure === "string" || failure.times === undefined) return failure;
    failures = failure.times > 1 ? [{ ...failure, times: failure.times - 1 }, ...rest] : rest;
    return failure;
  }

  function refusal(request: IncomingMessage): Refusal | undefined {
    const url = new URL(request.url ?? "/", "https://127.0.0.1");
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined || !identity.issued(token, audience)) {
      return { status: 401, code: "InvalidToken", problem: `no valid bearer token for ${audience}` };
    }
    const expected = `/dataCollectionRules/${options.ruleId}/streams/${options.stream}`;
    if (request.method !== "POST" || decodeURIComponent(url.pathname) !== expected) {
      return { status: 404, code: "NotFound", problem: `only POST ${expected} is served` };
    }
    const parameters = new URLSearchParams(decodeURIComponent(url.search));
    if (parameters.get("api-version") !== API_VERSION) {
      return { status: 400, code: "InvalidApiVersion", problem: `api-version is not ${API_VERSION}` };
    }
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
      return { status: 415, code: "UnsupportedMediaType", problem: "content-type is not application/json" };
    }
    return undefined;
  }

  /** Stores all rows, or none if one does not match the columns. */
  function accept(body: Body): Refusal | undefined {
    const checked = body.rows.map((row) => checkRow(row, options.columns));
    const bad = checked.findIndex((row) => "problem" in row);
    const problem = checked[bad];
    if (problem !== undefined && "problem" in problem) {
      return { status: 400, code: "InvalidRecord", problem: `row ${bad}, ${problem.problem}` };
    }
    for (const row of checked) {
      if ("problem" in row) continue;
      for (const name of row.dropped) dropped.add(name);
      truncated += row.truncated.length;
      stored.push(row.row);
    }
    changes.emit("rows");
    return undefined;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await buffer(request);
    const log = (status: IngestionRequest["status"], body?: Body, problem?: string) => {
      requests.push({
        status,
        rows: body?.rows.length ?? 0,
        bytes: raw.length,
        uncompressedBytes: body?.uncompressedBytes ?? 0,
        ...(problem !== undefined && { problem }),
      });
    };

    const failure = nextFailure();
    const kind = failure === undefined ? undefined : failureKind(failure);
    if (kind === "before") {
      log("reset");
      request.socket.destroy();
      return;
    }
    if (kind === "hang") {
      log("hang");
      hanging.add(response);
      return;
    }
    if (typeof kind === "object") {
      log(kind.status, undefined, "on demand");
      if (kind.retryAfterSeconds !== undefined) response.setHeader("retry-after", kind.retryAfterSeconds);
      refuse(response, { status: kind.status, code: "OnDemand", problem: "this failure was asked for" });
      return;
    }

    const body = refusal(request) ?? (await readBody(raw, request.headers["content-encoding"]));
    if ("problem" in body) {
      log(body.status, undefined, body.problem);
      refuse(response, body);
      return;
    }
    const refused = accept(body);
    if (refused !== undefined) {
      log(refused.status, undefined, refused.problem);
      refuse(response, refused);
      return;
    }
    log(kind === "after" ? "reset" : 204, body);
    if (kind === "after") request.socket.destroy();
    else response.writeHead(204).end();
  }

  const server = createServer({ key: certificate.key, cert: certificate.pem }, (request, response) => {
    // A client that gives up while sending ends the reading of its body; there is nobody to answer.
    answer(request, response).catch(() => request.socket.destroy());
  });
  const port = await listenOnLoopback(server, options.port ?? 0, "Logs ingestion").catch(async (error: unknown) => {
    await Promise.all([identity.close(), certificate.remove()]);
    throw error;
  });

  function restore(): void {
    failures = [];
    for (const response of hanging) response.socket?.destroy();
    hanging.clear();
  }

  return {
    endpoint: `https://127.0.0.1:${port}`,
    caFile: certificate.file,
    caPem: certificate.pem,
    identityEndpoint: identity.url,
    identityHeader: identity.header,
    rows: () => stored,
    requests: () => requests,
    droppedColumns: () => [...dropped].sort(),
    truncatedFields: () => truncated,
    fail: (failure) => void failures.push(failure),
    restore,
    async waitFor(condition) {
      while (!condition(stored)) await once(changes, "rows");
    },
    ended: endOf(server),
    async close() {
      restore();
      await Promise.all([closeServer(server), identity.close(), certificate.remove()]);
    },
  };
}

function failureKind(failure: Failure): "before" | "after" | "hang" | Exclude<Failure, string | { reset: unknown }> {
  if (failure === "reset") return "before";
  if (failure === "accept-then-reset") return "after";
  if (failure === "hang") return "hang";
  return "reset" in failure ? failure.reset : failure;
}

async function readBody(raw: Buffer, encoding: string | undefined): Promise<Body | Refusal> {
  const tooLarge = (bytes: string): Refusal => ({
    status: 413,
    code: "ContentLengthLimitExceeded",
    problem: `the body has ${bytes} bytes and at most ${MAX_UPLOAD_BYTES} are accepted, compressed and uncompressed`,
  });
  if (encoding !== undefined && encoding !== "gzip" && encoding !== "identity") {
    return { status: 415, code: "UnsupportedMediaType", problem: `content-encoding ${encoding} is not gzip` };
  }
  if (raw.length > MAX_UPLOAD_BYTES) return tooLarge(String(raw.length));
  let bytes = raw;
  if (encoding === "gzip") {
    try {
      bytes = await promisify(gunzip)(raw, { maxOutputLength: MAX_UPLOAD_BYTES });
    } catch (error) {
      if (error instanceof RangeError) return tooLarge("more uncompressed");
      return { status: 400, code: "InvalidGzip", problem: "the body is not gzip" };
    }
  }
  return parseRows(bytes);
}

function parseRows(bytes: Buffer): Body | Refusal {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { status: 400, code: "InvalidJson", problem: "the body is not UTF-8 JSON" };
  }
  if (!Array.isArray(parsed)) return { status: 400, code: "InvalidJson", problem: "the body is not a JSON array" };
  const rows = parsed.filter(isRow);
  if (rows.length === parsed.length) return { rows, uncompressedBytes: bytes.length };
  const bad = parsed.findIndex((row) => !isRow(row));
  return { status: 400, code: "InvalidJson", problem: `row ${bad} is not an object` };
}

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(response: ServerResponse, { status, code, problem }: Refusal): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code, message: problem } }));
}
