import { expect, test } from "vitest";
import { healthAnswer } from "../../../src/workflows/health/health-api.ts";

const FOUND = {
  version: "0.1.0",
  status: "degraded",
  problems: [{ what: "Log Analytics refused 2 rows", next: "Read the reasons." }],
  sinks: { "log-analytics": { pending: 2, failing: 0, refused: 2, untaken: [], oldestSeconds: 40 } },
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
