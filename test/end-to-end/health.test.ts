// What the built app tells of the pipeline's health: one word to anyone, the reasons to analysts and the log.
import { expect, test } from "vitest";
import { startApp, startTestStack, type TestStack } from "./running-app.ts";

/** The app with its own settings, the answers of both routes, and its log lines on health. */
async function startWith(running: TestStack, more: Readonly<Record<string, string>>) {
  const logged: unknown[] = [];
  const lines: string[] = [];
  const log = (line: string): void => {
    lines.push(line);
    const start = line.indexOf('{"event":"pipeline health"');
    if (start >= 0) logged.push(JSON.parse(line.slice(start)));
  };
  const { host } = await startApp({ ...running, settings: { ...running.settings, ...more } }, { log });
  const get = async (route: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${host.httpUrl}/api/${route}`, { headers });
    return { code: response.status, body: await response.json() };
  };
  return { get, logged, lines, host };
}

test("a healthy app answers with one word; its figures are for the local user", async () => {
  const { get } = await startWith(await startTestStack(), {});
  expect(await get("health")).toEqual({ code: 200, body: { status: expect.stringMatching(/^(ok|degraded)$/) } });
  expect(await get("pipeline")).toMatchObject({
    code: 200,
    body: {
      version: expect.any(String),
      problems: expect.any(Array),
      deadLetters: 0,
      sinks: { "log-analytics": { pending: 0 } },
      rules: expect.any(Array),
    },
  });
});

test("wrong settings are named in the log and to analysts, each once, and to nobody else", async () => {
  const what = expect.stringMatching(/^ALLOWED_TENANT_IDS is wrong: expected one or more tenant ids/);
  const { get, logged } = await startWith(await startTestStack(), { ALLOWED_TENANT_IDS: "contoso" });
  expect(await get("health")).toEqual({ code: 503, body: { status: "down" } });
  expect(await get("health")).toEqual({ code: 503, body: { status: "down" } });
  expect(await get("pipeline")).toMatchObject({ code: 200, body: { status: "down", problems: [{ what }] } });
  expect(logged).toEqual([{ event: "pipeline health", status: "down", problems: [what] }]);
});

test("in Azure, without sign-in, only the log has the reasons; a forged header opens nothing", async () => {
  const { get, logged } = await startWith(await startTestStack(), {
    ALLOWED_TENANT_IDS: "contoso",
    WEBSITE_SITE_NAME: "app",
  });
  const claims = [
    { typ: "aud", val: "c" },
    { typ: "oid", val: "o" },
    { typ: "name", val: "n" },
  ];
  const forged = Buffer.from(JSON.stringify({ auth_typ: "aad", claims })).toString("base64");
  for (const headers of [{}, { "x-ms-client-principal": forged }]) {
    expect(await get("health", headers)).toEqual({ code: 503, body: { status: "down" } });
    expect(await get("pipeline", headers)).toMatchObject({ code: 404, body: { detail: "there is nothing here" } });
  }
  expect(logged).toHaveLength(1);
});

test("with an unreachable hub, health is not ok from the next check on, and analysts learn which dependency fails", async () => {
  const running = await startTestStack();
  const { get, host, lines } = await startWith(running, {});
  for (const timer of ["outbox-timer", "ledger-timer", "reconciliation-timer", "window-timer", "backup-timer"])
    await host.runTimer(timer);
  expect(await get("health")).toEqual({ code: 200, body: { status: "ok" } });

  await running.stack.eventHub.close();
  await expect(host.runTimer("ledger-timer")).rejects.toThrow("ledger-timer failed");
  expect(lines.join("\n")).toMatch(/Event hub: .*ECONNREFUSED/);

  await expect.poll(() => get("health"), { timeout: 20_000 }).toEqual({ code: 200, body: { status: "degraded" } });
  expect(await get("pipeline")).toMatchObject({
    body: {
      status: "degraded",
      problems: [{ what: expect.stringMatching(/^the hub could not be reached at \S+: Event hub: .*ECONNREFUSED/) }],
    },
  });
});
