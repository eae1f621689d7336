import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What goes wrong with a request. `effect`: whether the server behind carries it out all the same. */
export type Fault = { readonly effect?: boolean } & (
  | { readonly kind: "cut" }
  | { readonly kind: "hang" }
  /** The head of the answer and half of its body, then nothing more. */
  | { readonly kind: "stall" }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
);

export interface FaultProxy {
  /** http://127.0.0.1:PORT */
  readonly origin: string;
  /** The next requests fail, one after the other; what comes then goes through. */
  failNext(...faults: readonly Fault[]): void;
  /** All requests fail until `restore()`, or those that are meant: by their path and their body. */
  failAll(fault: Fault, isMeant?: (url: string, body: Buffer) => boolean): void;
  /** All transactions on tables fail until `restore()`. */
  failTransactions(fault: Fault): void;
  restore(): void;
  /** How many requests came in. */
  requests(): number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** An HTTP server on loopback that hands requests on to another one, and fails those that it is told to. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let queued: Fault[] = [];
  let always: (url: string, body: Buffer) => Fault | undefined = () => undefined;
  let count = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    count += 1;
    const next = queued.shift();
    const body = await buffer(request);
    const fault = next ?? always(request.url ?? "/", body);
    const passesOn = fault === undefined || fault.effect === true || fault.kind === "stall";
    const answer = passesOn ? await forward(request, body) : undefined;
    if (fault === undefined && answer !== undefined) {
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } else if (fault?.kind === "answer") {
      response.writeHead(fault.status, fault.headers).end(fault.body);
    } else if (fault?.kind === "stall" && answer !== undefined) {
      response.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) });
      response.write(answer.body.subarray(0, answer.body.length / 2));
    } else if (fault?.kind === "cut") {
      request.socket.destroy();
    }
  }

  async function forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const onward = httpRequest(new URL(request.url ?? "/", target), {
      method: request.method,
      headers: { ...request.headers, host: new URL(target).host },
    });
    onward.end(body);
    const [answer] = await once(onward, "response");
    const { statusCode = 0, headers } = answer as IncomingMessage;
    const { "transfer-encoding": _chunked, ...rest } = headers;
    return { status: statusCode, headers: rest, body: await buffer(answer as IncomingMessage) };
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    failNext: (...faults) => void queued.push(...faults),
    failAll: (fault, isMeant = () => true) => void (always = (url, body) => (isMeant(url, body) ? fault : undefined)),
    failTransactions: (fault) => void (always = (url) => (/\$batch/.test(url) ? fault : undefined)),
    restore() {
      queued = [];
      always = () => undefined;
    },
    requests: () => count,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
