import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { closeServer, listenOnLoopback } from "../local/loopback-server.ts";
import { failedItem, itemFailureIn } from "./faults/failing-items.ts";

export interface WebhookReceiver {
  readonly url: string;
  /** Incident ids, once per acceptance. */
  readonly taken: readonly string[];
  close(): Promise<void>;
}

/** A webhook that accepts every incident except those whose record says that receivers fail for it. */
export async function startWebhookReceiver(onTaken: (auditLogId: string) => void): Promise<WebhookReceiver> {
  const taken: string[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const failure = itemFailureIn(body);
    if (failure !== undefined) {
      const answer = await failedItem(failure, response);
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    const { id, incident }: { id: string; incident: { AuditLogId: string } } = JSON.parse(body);
    taken.push(id);
    onTaken(incident.AuditLogId);
    response.writeHead(204).end();
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy()); // the sender died while the request was read
  });
  const port = await listenOnLoopback(server, 0, "Webhook receiver");
  return { url: `http://127.0.0.1:${port}/incidents`, taken, close: () => closeServer(server) };
}
