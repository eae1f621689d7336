import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { body, settingsChanges } from "./events.ts";
import { startApp, startTestStack } from "./running-app.ts";

test("a webhook that is down holds up nothing; once it answers, the timer sends it each incident", async () => {
  let status = 503;
  const told: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    if (status === 200) told.push(request.headers["idempotency-key"]?.toString());
    request.resume();
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  const running = await startTestStack();
  const settings = { ...running.settings, WEBHOOK_URL: `http://127.0.0.1:${address.port}/hook` };
  const app = await startApp({ ...running, settings });
  await running.send(settingsChanges(3).map((change) => body(change)));
  await app.caughtUp();

  const waiting = [...(await running.tableRows()).keys()].filter((key) => key.startsWith("outbox|"));
  expect(waiting.map((key) => key.split("|")[1])).toEqual(["webhook", "webhook", "webhook"]);
  const forwarded = running.stack.ingestion.rows().map((row) => String(row["IncidentId"]));
  expect(forwarded).toHaveLength(3);

  // A new worker, because the first one pauses the webhook for a minute.
  await app.host.stop();
  status = 200;
  const next = await startApp({ ...running, settings });
  await next.host.runTimer("outbox-timer");
  expect(new Set(told)).toEqual(new Set(forwarded));
  expect(told).toHaveLength(3);
  expect([...(await running.tableRows()).keys()].filter((key) => key.startsWith("outbox|"))).toEqual([]);
});
