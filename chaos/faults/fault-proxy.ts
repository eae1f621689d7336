import { once } from "node:events";
import {
  Agent as HttpAgent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { Agent as HttpsAgent, createServer as createTlsServer, request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { closeServer, listenOnLoopback } from "../../local/loopback-server.ts";
import type { Director, Kill } from "../director.ts";
import { answerOf } from "./fault-answers.ts";
import { type Answer, failedItem, itemFailureIn, untilClosed } from "./failing-items.ts";
import type { FailingStore } from "./failing-store.ts";
import type { Fault } from "./fault-matrix.ts";
import { REFUSED_MARK } from "../traffic.ts";
import { operationOf, type Service } from "./request-operation.ts";

export interface FaultProxyOptions {
  readonly service: Service;
  /** The real address of the service: http(s)://127.0.0.1:PORT */
  readonly target: string;
  /** The host whose requests arrive here. */
  readonly slot: number;
  readonly director: Director;
  readonly kill: (slot: number, victim: Kill["victim"]) => void;
  readonly store: FailingStore;
  /** Gets the body, as JSON text, of each request that the ingestion endpoint accepted. */
  readonly onAccepted?: (json: Buffer) => void;
  /** For https: the proxy's certificate and the one of the target. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly targetCa: string };
}

export interface FaultProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Delay of a `late` request. */
const LATE_MS = 400;

/** Forwards one host's requests to a service, and applies the director's faults. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { service, slot, director, tls } = options;
  const isSecure = options.target.startsWith("https:");
  const agent = isSecure ? new HttpsAgent({ keepAlive: true, ca: tls?.targetCa }) : new HttpAgent({ keepAlive: true });

  /** Like the ingestion endpoint: refuses some rows and fails for others. */
  async function ingest(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<Answer> {
    const json = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    if (json.includes(`${REFUSED_MARK}"`)) return REFUSAL;
    const failure = itemFailureIn(json);
    if (failure !== undefined) return failedItem(failure, response);
    const answer = await forward(request, body);
    if (answer.status === 204) options.onAccepted?.(json);
    return answer;
  }

  async function forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const target = new URL(request.url ?? "/", options.target);
    const headers = { ...request.headers, host: target.host };
    const settings = { method: request.method, headers, agent };
    const onward = isSecure ? httpsRequest(target, settings) : httpRequest(target, settings);
    onward.end(body);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    const { "transfer-encoding": _chunked, connection: _connection, ...rest } = answer.headers;
    return { status: answer.statusCode ?? 0, headers: rest, body: await buffer(answer) };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const operation = operationOf(service, request);
    if (operation === undefined) return send(response, await forward(request, body));
    const callId = String(request.headers["x-ms-client-request-id"] ?? "");
    const arrived = { slot, operation, callId };
    const kill = director.killFor(arrived);
    const onward = async () => {
      if (service === "ingest") return ingest(request, body, response);
      return (operation === "transaction" ? options.store.answerTo(body) : undefined) ?? forward(request, body);
    };
    if (kill !== undefined) return die(kill, response, onward);
    const fault = director.faultFor(arrived);
    if (fault === undefined) return send(response, await onward());
    return fail(fault, response, onward);
  }

  /** The sender is killed and never gets an answer. */
  async function die(kill: Kill, response: ServerResponse, onward: () => Promise<Answer>): Promise<void> {
    if (kill.moment === "after") await onward();
    const gone = untilClosed(response);
    options.kill(slot, kill.victim);
    await gone;
    if (kill.moment === "late") {
      await sleep(LATE_MS);
      await onward();
    }
  }

  const server = tls
    ? createTlsServer({ key: tls.key, cert: tls.cert }, (request, response) => void begin(request, response))
    : createServer((request, response) => void begin(request, response));

  /** If the sender dies while the request is read, there is nobody to answer. */
  async function begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await handle(request, response);
    } catch {
      request.socket.destroy();
    }
  }

  const port = await listenOnLoopback(server, 0, `Fault proxy of ${service}`);
  return {
    port,
    async close() {
      await closeServer(server);
      agent.destroy();
    },
  };
}

/** Answers like the service to a bad row: for the whole pack. */
const REFUSAL: Answer = {
  status: 400,
  headers: { "content-type": "application/json" },
  body: Buffer.from('{"error":{"code":"InvalidRecord","message":"a row of the pack is refused"}}'),
};

async function fail(fault: Fault, response: ServerResponse, onward: () => Promise<Answer>): Promise<void> {
  if (fault.kind === "late") {
    response.socket?.destroy();
    await sleep(LATE_MS);
    await onward();
    return;
  }
  const real = fault.effect === "after" ? await onward() : undefined;
  const answer = answerOf(fault);
  if (answer !== undefined) send(response, { ...answer, body: Buffer.from(answer.body) });
  else if (fault.kind === "hang") await untilClosed(response);
  else if (fault.kind === "truncated" && real !== undefined) await sendHalf(response, real);
  else response.socket?.destroy();
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body);
}

/** The head and half of the body, or half of the head if there is no body. */
async function sendHalf(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  const { socket } = response;
  if (body.length < 2) {
    socket?.write(`HTTP/1.1 ${status} `);
  } else {
    response.writeHead(status, { ...headers, "content-length": String(body.length) });
    await new Promise<void>((resolve) => response.write(body.subarray(0, body.length / 2), () => resolve()));
  }
  socket?.end();
}
