import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAzurite, type Azurite } from "../../../local/azurite.ts";
import { SAMPLE_APP, sampleHub, sampleSettings, startSample } from "./sample-app.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

async function startHttp(more: Readonly<Record<string, string>> = {}) {
  const { hub, name } = await sampleHub(1);
  const settings = { ...sampleSettings(hub, name, azurite.connectionString), ...more };
  const sample = await startSample({ settings });
  return { ...sample, settings, url: `${sample.host.httpUrl}/api` };
}

test("a function gets the request and gives status, headers, cookies and JSON", async () => {
  const { url } = await startHttp();

  const answer = await fetch(`${url}/ECHO/7/a%20b/c?x=1&x=2&y=%C3%A9`, {
    method: "POST",
    headers: { "x-question": "why" },
    body: "héllo",
  });

  expect(answer.status).toBe(201);
  expect(answer.headers.get("x-sample")).toBe("yes");
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("set-cookie")).toBe("seen=1; HttpOnly; SameSite=Lax");
  expect(await answer.json()).toEqual({
    method: "POST",
    params: { id: "7", rest: "a b/c" },
    query: { x: "1,2", y: "é" },
    header: "why",
    body: "héllo",
  });
});

test("a body can be bytes or a stream", async () => {
  const { url } = await startHttp();

  expect(Buffer.from(await (await fetch(`${url}/bytes`)).arrayBuffer())).toEqual(Buffer.from([0xff, 0x00, 0x01]));
  expect(await (await fetch(`${url}/stream`)).text()).toBe("A");
});

test.each([
  { path: "nothing", status: 204 },
  { path: "failing", status: 500 },
  { path: "late", status: 500 },
  { path: "unknown", status: 404 },
  { path: "echo/seven", status: 404 },
  { path: "nothing", method: "DELETE", status: 404 },
])("$method $path is a $status", async ({ path, method, status }) => {
  const { url } = await startHttp();

  const answer = await fetch(`${url}/${path}`, { method: method ?? "GET" });

  expect([answer.status, await answer.text()]).toEqual([status, ""]);
});

test("a body beyond the host's limit is refused while it is sent, and never reaches the function", async () => {
  const { url } = await startHttp({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "10" });
  const posted = (body: string) => fetch(`${url}/echo/7/x`, { method: "POST", body });

  expect((await posted("0123456789")).status).toBe(201);
  expect((await posted("0123456789x")).status).toBe(413);

  const endless = await new Promise<number | undefined>((resolve, reject) => {
    const sending = request(`${url}/echo/7/x`, { method: "POST", headers: { "transfer-encoding": "chunked" } });
    sending.on("response", ({ statusCode }) => resolve(statusCode)).on("error", reject);
    sending.write("0123456789"); // the request is never ended
    sending.write("x");
  });
  expect(endless).toBe(413);
});

test("the app gets its settings, little else of the environment, and its own folder", async () => {
  const { url, settings } = await startHttp();

  const answer: { names: string[]; cwd: string } = JSON.parse(await (await fetch(`${url}/environment`)).text());

  const names = ["PATH", "HOME", "FUNCTIONS_WORKER_RUNTIME", ...Object.keys(settings)];
  expect(answer.names).toEqual(names.sort());
  expect(answer.cwd).toBe(SAMPLE_APP);
});
