// Answers of the built app to requests of every kind, compared with the OpenAPI document that it serves.
import { expect, test } from "vitest";
import { conformance, type Document, operationsOf } from "../api/conformance.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../shipped-rule.ts";
import { body, settingsChanges } from "./events.ts";
import { startApp, startTestStack } from "./running-app.ts";

const CLIENT = "dddddddd-1111-4222-8333-444444444444";
const WRITE = { "x-requested-with": "pimwatch", "content-type": "application/json" };
const RULE = `rule=${CHANGES_TO_PIM_SETTINGS.id}`;

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

test("every answer is as documented, and every documented answer was seen but for those named here", async () => {
  const running = await startTestStack();
  const { host, caughtUp } = await startApp(running);
  const document: Document = JSON.parse(await (await fetch(`${host.httpUrl}/api/openapi.json`)).text());
  const operations = operationsOf(document);
  const conforms = conformance(document);
  const unseen = new Set(
    [...operations].flatMap(([name, { operation }]) =>
      Object.keys(operation.responses).map((status) => `${name} ${status}`),
    ),
  );
  const problems: string[] = [];

  async function ask(base: string, name: string, { path, headers = {}, body: sent }: Asked = {}) {
    const { method = "", path: documented = "" } = operations.get(name) ?? {};
    const response = await fetch(`${base}/api${path ?? documented}`, {
      method,
      headers,
      ...(sent !== undefined && { body: sent }),
    });
    const text = await response.text();
    unseen.delete(`${name} ${response.status}`);
    const answer = { status: response.status, headers: Object.fromEntries(response.headers), body: text };
    problems.push(...conforms.answer(name, answer).map((problem) => `${name} ${path} ${response.status}: ${problem}`));
    return answer;
  }

  await running.send([body(...settingsChanges(3)), Buffer.from("not JSON")]);
  await caughtUp();
  for (const timer of ["ledger-timer", "outbox-timer", "reconciliation-timer", "window-timer", "backup-timer"])
    await host.runTimer(timer);
  const here = (name: string, asked?: Asked) => ask(host.httpUrl, name, asked);

  const list = await here("incidents-list", { path: "/incidents?limit=1&order=priority" });
  const { incidents, continuation } = JSON.parse(list.body);
  const path = `/incidents/${incidents[0].IncidentId}`;
  await here("incidents-list", { path: `/incidents?limit=1&order=priority&continuation=${continuation}` });
  for (const name of ["incidents-list", "incidents-summary", "incidents-csv"]) {
    const { path: route } = operations.get(name) ?? {};
    await here(name);
    for (const query of ["colour=red", "status=New&status=Active", "priority=P9"])
      expect(await here(name, { path: `${route}?${query}` }), query).toMatchObject({ status: 400 });
  }
  for (const query of [RULE, `${RULE}&tenant=x`, "rule=x", "", `${RULE}&colour=red`])
    await here("silence", { path: `/silence?${query}` });
  for (const name of ["me", "pipeline", "health", "openapi", "dashboard"])
    await here(name, { path: `${operations.get(name)?.path}?colour=red` });
  const page = await (await fetch(`${host.httpUrl}/api/dashboard`)).text();
  for (const [, asset = ""] of page.matchAll(/(?:src|href)="(?:\.\/)?dashboard\/([^"]+)"/g))
    await here("dashboard-assets", { path: `/dashboard/${asset}` });
  await here("dashboard-assets", { path: "/dashboard/none.js" });

  const { headers } = await here("incidents-show", { path });
  await here("incidents-show", { path: `/incidents/${"0".repeat(64)}` });
  const change = (more: Readonly<Record<string, string>>, sent = "{}", at = path) =>
    here("incidents-change", { path: at, headers: { ...WRITE, ...more }, body: sent });
  const match = { "if-match": String(headers["etag"]) };
  const closing = JSON.stringify({
    status: "Closed",
    classification: "BenignPositive",
    comment: "agreed",
    owner: "Noor",
  });
  expect(await change(match, closing)).toMatchObject({ status: 200 });
  await change(match, closing); // it has another ETag by now
  await change(match);
  await change(match, '{"colour": "red"}');
  await change({});
  await change({ ...match, "content-type": "text/plain" });
  await change({ ...match, "x-requested-with": "" });
  await change(match, JSON.stringify({ comment: "x".repeat(40_000) }));
  await change(match, closing, `/incidents/${"0".repeat(64)}`);

  // The host stops matching routes behind an error of the settings, so each state of the app is an app of its own.
  const signedIn = (aud: string) => {
    const claims = Object.entries({ aud, oid: "5a6b", name: "Noor Haddad" }).map(([typ, val]) => ({ typ, val }));
    return { "x-ms-client-principal": Buffer.from(JSON.stringify({ auth_typ: "aad", claims })).toString("base64") };
  };
  const states = [
    { settings: { WEBSITE_SITE_NAME: "app" }, headers: {} },
    { settings: { WEBSITE_SITE_NAME: "app", WEBSITE_AUTH_ENABLED: "True", DASHBOARD_CLIENT_ID: CLIENT }, headers: {} },
    {
      settings: { WEBSITE_SITE_NAME: "app", WEBSITE_AUTH_ENABLED: "True", DASHBOARD_CLIENT_ID: CLIENT },
      headers: signedIn("x"),
    },
    { settings: { ALLOWED_TENANT_IDS: "contoso" }, headers: {} },
  ];
  const everything = async (base: string, sent: Readonly<Record<string, string>>) => {
    for (const [name, { path: documented }] of operations) {
      const at = documented.replace("/incidents/{id}", path).replace("{asset}", "none.js");
      const query = name === "silence" ? `?${RULE}` : "";
      await ask(base, name, {
        path: `${at}${query}`,
        headers: { ...(name === "incidents-change" && { ...WRITE, ...match }), ...sent },
        ...(name === "incidents-change" && { body: closing }),
      });
    }
  };
  for (const { settings, headers: sent } of states) {
    const { host: other } = await startApp({ ...running, settings: { ...running.settings, ...settings } });
    await everything(other.httpUrl, sent);
    await other.stop();
  }
  await running.tableGate.close();
  await everything(host.httpUrl, {});

  expect(problems).toEqual([]);
  expect([...unseen].toSorted(), "ask for the other answers in this test").toEqual([
    "dashboard 500", // files of the app itself
    "dashboard 503",
    "dashboard-assets 500",
    "dashboard-assets 503",
    "health 500", // asks nothing that fails so
    "incidents-change 408", // the host reads a body whole; request-body.test.ts sends one slowly
    "incidents-csv 413", // more than 10,000 incidents
    "me 503", // asks nothing once the app has started
    "openapi 500",
    "openapi 503",
    "pipeline 500",
    "pipeline 503",
  ]);
}, 120_000);
