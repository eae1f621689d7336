import { readFileSync } from "node:fs";
import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import { answerRequest } from "../api/answer-request.ts";
import { ROUTE_NAMES, type RouteName, ROUTES } from "../api/routes.ts";
import { readDashboardAccess } from "../config.ts";
import { problem } from "../core/triage/http-answer.ts";
import { dashboardAsset } from "../dashboard-assets.ts";
import { PimwatchError } from "../errors.ts";
import type { ApiRequest } from "../workflows/incidents/incidents-api.ts";
import { loggedHealth } from "../invocations/health.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

// No function key protects a route, since a browser could not keep one. App Service Authentication says who asks, and
// without it there is no API (src/core/triage/dashboard-access.ts).
for (const name of ROUTE_NAMES) {
  const { method, route, deadlineMs } = ROUTES[name];
  app.http(name, {
    methods: [method],
    authLevel: "anonymous",
    route,
    handler: (request: HttpRequest, context: InvocationContext) =>
      runInvocation(() => answer(name, request, context), deadlineMs),
  });
}

async function answer(name: RouteName, request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  try {
    return await answerRequest(name, toApiRequest(request), {
      access: readDashboardAccess(process.env),
      async connect() {
        const { services } = await import("../services.ts"); // the SDKs are loaded when first needed
        return services();
      },
      health: () => loggedHealth(context),
      pageFile: dashboardAsset,
      document: () => readFileSync(new URL("./openapi.json", import.meta.url), "utf8"), // beside app.cjs: see build.ts
    });
  } catch (error) {
    context.error(JSON.stringify({ event: "request failed", operation: name, error: String(error) }));
    return error instanceof PimwatchError && !error.retryable
      ? problem(500, "a setting of the app is missing or wrong: /api/pipeline and the app's log name it")
      : problem(503, "the incident table does not answer; try again in a moment");
  }
}

function toApiRequest(request: HttpRequest): ApiRequest {
  return {
    method: request.method,
    url: request.url,
    params: request.params,
    header: (name) => request.headers.get(name) ?? undefined,
    body: request.body,
  };
}
