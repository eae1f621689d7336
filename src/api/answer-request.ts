import { type DashboardAccess, identify } from "../core/triage/dashboard-access.ts";
import { type HttpAnswer, json, problem } from "../core/triage/http-answer.ts";
import type { Analyst } from "../core/triage/triage-change.ts";
import { type AppHealth, healthAnswer } from "../workflows/health/health-api.ts";
import { silence } from "../workflows/health/silence-api.ts";
import type { SilenceDependencies } from "../workflows/health/silence.ts";
import {
  type ApiDependencies,
  type ApiRequest,
  change,
  csv,
  list,
  me,
  show,
  summary,
} from "../workflows/incidents/incidents-api.ts";
import { type RouteFor, type RouteName, ROUTES, type StatusOf } from "./routes.ts";

/** What operations answer from. Nothing of it is asked for a request that is refused. */
export interface ApiSources {
  connect(): Promise<ApiDependencies & SilenceDependencies>;
  health(): Promise<AppHealth>;
  /** A file of the page; undefined if there is none of this name. */
  pageFile(name: string, acceptEncoding: string): HttpAnswer<200> | undefined;
  /** The OpenAPI document, as JSON text. */
  document(): string;
}

type Operation<Name extends RouteName> = (
  request: ApiRequest,
  analyst: Analyst,
  sources: ApiSources,
) => Promise<HttpAnswer<StatusOf<Name>>>;

const FOR_ANALYSTS: { readonly [Name in RouteFor<"analyst">]: Operation<Name> } = {
  "incidents-list": connected(list),
  "incidents-summary": connected(summary),
  "incidents-csv": connected(csv),
  "incidents-show": connected(show),
  "incidents-change": connected(change),
  me: connected(me),
  silence: connected((request, _analyst, deps) => silence(request, deps)),
  pipeline: async (_request, _analyst, { health }) => json(200, await health()),
  openapi: async (_request, _analyst, { document }) => ({ ...json(200, {}), body: document() }),
  dashboard: async (request, _analyst, sources) => pageFile("index.html", request, sources),
  "dashboard-assets": async (request, _analyst, sources) => pageFile(request.params["asset"] ?? "", request, sources),
};

/** Answers a request to a route, once it is known who sent it. */
export async function answerRequest(
  name: RouteName,
  request: ApiRequest,
  { access, ...sources }: ApiSources & { readonly access: DashboardAccess },
): Promise<HttpAnswer> {
  if (isForAnyone(name)) return healthAnswer(await sources.health());
  const identified = identify(access, request);
  if ("status" in identified) return problem(identified.status, identified.detail);
  return FOR_ANALYSTS[name](request, identified.analyst, sources);
}

function isForAnyone(name: RouteName): name is RouteFor<"anyone"> {
  return ROUTES[name].access === "anyone";
}

function connected<Status extends number>(
  operation: (
    request: ApiRequest,
    analyst: Analyst,
    deps: ApiDependencies & SilenceDependencies,
  ) => Promise<HttpAnswer<Status>>,
) {
  return async (request: ApiRequest, analyst: Analyst, { connect }: ApiSources) =>
    operation(request, analyst, await connect());
}

function pageFile(name: string, { header }: ApiRequest, sources: ApiSources): HttpAnswer<200 | 404> {
  return sources.pageFile(name, header("accept-encoding") ?? "") ?? problem(404, "the page has no such file");
}
