import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import { readDashboardAccess } from "../config.ts";
import { PAGE_DEADLINE_MS } from "../core/timing.ts";
import { identify } from "../core/triage/dashboard-access.ts";
import { problem } from "../core/triage/http-answer.ts";
import { dashboardAsset } from "../dashboard-assets.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

// No function key: see incidents-api.ts.
app.http("dashboard", { methods: ["GET"], authLevel: "anonymous", route: "dashboard", handler });
app.http("dashboard-assets", { methods: ["GET"], authLevel: "anonymous", route: "dashboard/{asset}", handler });

function handler(request: HttpRequest): Promise<HttpResponseInit> {
  return runInvocation(() => Promise.resolve(answer(request)), PAGE_DEADLINE_MS);
}

function answer(request: HttpRequest): HttpResponseInit {
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  const identified = identify(readDashboardAccess(process.env), { url: request.url, header });
  if ("status" in identified) return problem(identified.status, identified.detail);
  return (
    dashboardAsset(request.params["asset"] ?? "index.html", header("accept-encoding") ?? "") ??
    problem(404, "the page has no such file")
  );
}
