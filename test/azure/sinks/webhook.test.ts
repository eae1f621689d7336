import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { webhook } from "../../../src/azure/sinks/webhook.ts";
import { DependencyError } from "../../../src/errors.ts";
import { storedIncident } from "../../stored-incident.ts";

const { row } = storedIncident();
const SECRET = "sig=s3cr3t";

/** A receiver on loopback, and the requests that it got. */
async function receiver(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const received: { headers: IncomingMessage["headers"]; method: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { headers, method } = request;
      received.push({ headers, method, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return { received, url: `http://127.0.0.1:${address.port}/hook?${SECRET}` };
}

const to = (url: string | undefined) => webhook(fetch, { url, format: "json" });
const answering = (status: number) => receiver((_request, response) => response.writeHead(status).end("told"));

test("an incident is posted as JSON, with its id as idempotency key", async () => {
  const { received, url } = await answering(202);
  expect(await to(url).send([row])).toEqual({ outcome: "accepted" });
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": row["IncidentId"] },
  });
  expect(JSON.parse(received[0]?.body ?? "")).toMatchObject({
    event: "incident.created",
    id: row["IncidentId"],
    incident: { IncidentId: row["IncidentId"], IncidentTitle: "Changes to PIM Settings" },
  });
});

test.each([400, 413, 415, 422])("%i refuses the message for good", async (status) => {
  const { url } = await answering(status);
  expect(await to(url).send([row])).toEqual({ outcome: "refused", reason: `answered ${status}` });
});

test.each([401, 403, 404, 408, 410, 429, 500, 503])("a message is sent again after %i", async (status) => {
  const { url } = await answering(status);
  await expect(to(url).send([row])).rejects.toThrow(new DependencyError("Webhook", `answered ${status}`));
});

test("the webhook follows no redirect: no other server gets the message or the address", async () => {
  const elsewhere = await answering(200);
  const { url } = await receiver((_request, response) => response.writeHead(307, { location: elsewhere.url }).end());
  await expect(to(url).send([row])).rejects.toThrow("Webhook: cannot be reached");
  expect(elsewhere.received).toEqual([]);
});

test("a receiver that never answers is given up in time", async () => {
  const { url } = await receiver(() => undefined);
  await expect(to(url).send([row], 50)).rejects.toThrow("did not answer within 0.05 s");
});

test("a reference that the platform has not resolved yet is a failure for now", async () => {
  await expect(to(undefined).send([row])).rejects.toThrow("the Key Vault reference of WEBHOOK_URL is not resolved");
});

test.each(["http://127.0.0.1:1", "http://user.invalid", "http://127.0.0.1:99999", "no address"])(
  "no error of %s contains the address",
  async (host) => {
    const error: unknown = await to(`${host}/hook?${SECRET}`)
      .send([row])
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DependencyError);
    const told = error instanceof Error ? [error.message, error.stack, JSON.stringify(error), error.cause].join() : "";
    expect(told).not.toContain("s3cr3t");
    expect(told).not.toContain(host);
  },
);
