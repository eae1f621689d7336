import { describe, expect, test } from "vitest";
import type { DashboardAccess } from "../../../src/core/triage/dashboard-access.ts";
import { healthAnswer, pipelineAnswer } from "../../../src/workflows/health/health-api.ts";

const CLIENT = "dddddddd-1111-4222-8333-444444444444";
const ENTRA: DashboardAccess = { kind: "entra", clientId: CLIENT };
const LOCAL: DashboardAccess = { kind: "local", user: "local user" };
const FOUND = {
  version: "0.1.0",
  status: "degraded",
  problems: ["2 row(s) refused by Log Analytics"],
  sinks: { "log-analytics": { pending: 2, failing: 0, refused: 2, oldestSeconds: 40 } },
  rules: [{ id: "rule", fileHash: "hash" }],
} as const;

test.each([
  { status: "ok", code: 200 },
  { status: "degraded", code: 200 },
  { status: "down", code: 503 },
] as const)("anyone is told $status, with $code, and nothing else", ({ status, code }) => {
  const { headers, ...answer } = healthAnswer({ ...FOUND, status });
  expect(answer).toEqual({ status: code, body: JSON.stringify({ status }) });
  expect(headers).toMatchObject({ "cache-control": "no-store", "content-type": "application/json; charset=utf-8" });
});

describe("the whole health", () => {
  const claims = (aud: string) => [
    { typ: "aud", val: aud },
    { typ: "oid", val: "5a6b" },
    { typ: "name", val: "Noor Haddad" },
  ];
  const signedIn = (aud: string) =>
    Buffer.from(JSON.stringify({ auth_typ: "aad", claims: claims(aud) })).toString("base64");
  const sender = (principal?: string, url = "http://127.0.0.1:7071/api/pipeline") => ({
    url,
    header: (name: string) => (name === "x-ms-client-principal" ? principal : undefined),
  });

  test.each([
    { why: "an analyst", access: ENTRA, from: sender(signedIn(CLIENT)) },
    { why: "the local user", access: LOCAL, from: sender() },
  ])("is shown to $why, with 200 whatever the status", async ({ access, from }) => {
    for (const status of ["ok", "degraded", "down"] as const) {
      const answer = await pipelineAnswer(from, { access, health: () => Promise.resolve({ ...FOUND, status }) });
      expect(answer).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
      expect(JSON.parse(String(answer.body))).toEqual({ ...FOUND, status });
    }
  });

  test.each<{ why: string; access: DashboardAccess; from: ReturnType<typeof sender>; status: number }>([
    { why: "nobody is signed in", access: ENTRA, from: sender(), status: 401 },
    { why: "the header is made up", access: ENTRA, from: sender("e30="), status: 401 },
    { why: "the sign-in is for another application", access: ENTRA, from: sender(signedIn("x")), status: 403 },
    { why: "page and API are off", access: { kind: "off" }, from: sender(signedIn(CLIENT)), status: 404 },
    {
      why: "the host name is not of this machine",
      access: LOCAL,
      from: sender("", "http://evil.example/api/pipeline"),
      status: 403,
    },
  ])("is shown to nobody else: $why: $status", async ({ access, from, status }) => {
    const health = (): never => {
      throw new Error("asked");
    };
    const answer = await pipelineAnswer(from, { access, health });
    expect(answer).toMatchObject({ status, headers: { "content-type": "application/problem+json" } });
  });
});
