import { expect, test } from "vitest";
import { type RouteName, ROUTE_NAMES, ROUTES } from "../../src/api/routes.ts";
import type { DashboardAccess } from "../../src/core/triage/dashboard-access.ts";
import { askRoute, LOCAL, type Sent } from "./asking.ts";

const CLIENT = "dddddddd-1111-4222-8333-444444444444";
const ENTRA: DashboardAccess = { kind: "entra", clientId: CLIENT };
const FOUND = {
  version: "0.1.0",
  status: "degraded",
  problems: [{ what: "Log Analytics refused 2 rows", next: "Read the reasons." }],
  sinks: { "log-analytics": { pending: 2, failing: 0, refused: 2, untaken: [], oldestSeconds: 40 } },
} as const;

const claims = (aud: string) => [
  { typ: "aud", val: aud },
  { typ: "oid", val: "5a6b" },
  { typ: "name", val: "Noor Haddad" },
];
const signedIn = (aud: string): Sent => ({
  headers: {
    "x-ms-client-principal": Buffer.from(JSON.stringify({ auth_typ: "aad", claims: claims(aud) })).toString("base64"),
  },
});

const PROTECTED = ROUTE_NAMES.filter((name) => name !== "health");

test("one route alone is open to anyone", () => {
  expect(ROUTE_NAMES.filter((name) => ROUTES[name].access === "anyone")).toEqual(["health"]);
});

test.each<{ why: string; access: DashboardAccess; sent: Sent; status: number }>([
  { why: "nobody is signed in", access: ENTRA, sent: {}, status: 401 },
  { why: "the header is made up", access: ENTRA, sent: { headers: { "x-ms-client-principal": "e30=" } }, status: 401 },
  { why: "the sign-in is for another application", access: ENTRA, sent: signedIn("x"), status: 403 },
  { why: "page and API are off", access: { kind: "off" }, sent: signedIn(CLIENT), status: 404 },
  {
    why: "the host name is not of this machine",
    access: LOCAL,
    sent: { url: "http://evil.example/api/pipeline" },
    status: 403,
  },
])("every other route refuses, without asking anything, if $why: $status", async ({ access, sent, status }) => {
  for (const name of PROTECTED) {
    const answer = await askRoute(name, sent, { access });
    expect(answer, name).toMatchObject({ status, headers: { "content-type": "application/problem+json" } });
  }
});

test.each<{ why: string; access: DashboardAccess; sent: Sent }>([
  { why: "an analyst", access: ENTRA, sent: signedIn(CLIENT) },
  { why: "the local user", access: LOCAL, sent: {} },
])("the whole health is shown to $why, with 200 whatever the status", async ({ access, sent }) => {
  for (const status of ["ok", "degraded", "down"] as const) {
    const answer = await askRoute("pipeline", sent, { access, health: () => Promise.resolve({ ...FOUND, status }) });
    expect(answer).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    expect(JSON.parse(String(answer.body))).toEqual({ ...FOUND, status });
  }
});

test("anyone is told one word of the health", async () => {
  for (const access of [ENTRA, LOCAL, { kind: "off" } as const]) {
    const { status, body } = await askRoute("health", {}, { access, health: () => Promise.resolve(FOUND) });
    expect({ status, body }).toEqual({ status: 200, body: '{"status":"degraded"}' });
  }
});

test.each<{ name: RouteName; params: Record<string, string>; asked: string }>([
  { name: "dashboard", params: {}, asked: "index.html br" },
  { name: "dashboard-assets", params: { asset: "main.js" }, asked: "main.js br" },
])("$name: a file of the page, or 404", async ({ name, params, asked }) => {
  const seen: string[] = [];
  const sent = { params, headers: { "accept-encoding": "br" } };
  const file = { status: 200, headers: {}, body: "…" } as const;
  const pageFile = (...given: readonly string[]) => {
    seen.push(given.join(" "));
    return seen.length === 1 ? file : undefined;
  };
  expect(await askRoute(name, sent, { pageFile })).toEqual(file);
  expect(await askRoute(name, sent, { pageFile })).toMatchObject({ status: 404 });
  expect(seen).toEqual([asked, asked]);
});
