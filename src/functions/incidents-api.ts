import {
  app,
  type HttpMethod,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { readDashboardAccess } from "../config.ts";
import { API_DEADLINE_MS } from "../core/timing.ts";
import { problem } from "../core/triage/http-answer.ts";
import { PimwatchError } from "../errors.ts";
import { answerApi, type ApiRequest } from "../workflows/incidents/incidents-api.ts";
import { silenceAnswer } from "../workflows/health/silence-api.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

// The host tries routes in the order of the functions' names, so a plain `{id}` would also match "summary". An id is a sha256.
const BY_ID = "incidents/{id:length(64)}";

register("incidents-list", "GET", "incidents", "list");
register("incidents-summary", "GET", "incidents/summary", "summary");
register("incidents-csv", "GET", "incidents/export", "csv");
register("incidents-show", "GET", BY_ID, "show");
register("incidents-change", "PATCH", BY_ID, "change");
register("me", "GET", "me", "me");
register("silence", "GET", "silence", "silence");

/**
 * Registers a route of the API. No function key protects it, since a browser could not keep one. App Service
 * Authentication says who asks, and without it there is no API (src/core/triage/dashboard-access.ts).
 */
function register(name: string, method: HttpMethod, route: string, operation: Operation): void {
  app.http(name, {
    methods: [method],
    authLevel: "anonymous",
    route,
    handler: (request: HttpRequest, context: InvocationContext) =>
      runInvocation(() => answer(operation, request, context), API_DEADLINE_MS),
  });
}

type Operation = Parameters<typeof answerApi>[0] | "silence";

async function answer(
  operation: Operation,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  try {
    const wiring = {
      access: readDashboardAccess(process.env),
      async connect() {
        const { services } = await import("../services.ts"); // the SDKs are loaded when first needed
        return services();
      },
    };
    const sent = toApiRequest(request);
    return await (operation === "silence" ? silenceAnswer(sent, wiring) : answerApi(operation, sent, wiring));
  } catch (error) {
    context.error(JSON.stringify({ event: "request failed", operation, error: String(error) }));
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
