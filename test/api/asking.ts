// Asks a route as the Functions host does, over dependencies of a test.
import { answerRequest, type ApiSources } from "../../src/api/answer-request.ts";
import type { RouteName } from "../../src/api/routes.ts";
import type { DashboardAccess } from "../../src/core/triage/dashboard-access.ts";
import type { HttpAnswer } from "../../src/core/triage/http-answer.ts";
import type { ApiRequest } from "../../src/workflows/incidents/incidents-api.ts";

export const LOCAL: DashboardAccess = { kind: "local", user: "local user" };

export interface Sent {
  readonly url?: string;
  readonly query?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

function requestOf({
  url = "http://127.0.0.1:7071/api/x",
  query = "",
  params = {},
  headers = {},
  body,
}: Sent): ApiRequest {
  return {
    method: "GET",
    url: `${url}${query}`,
    params,
    header: (name) => headers[name],
    body: body === undefined ? null : new Blob([typeof body === "string" ? body : JSON.stringify(body)]).stream(),
  };
}

const unasked = (): never => {
  throw new Error("asked");
};
const NOTHING: ApiSources = { connect: unasked, health: unasked, pageFile: unasked, document: unasked };

/** @param sources - those that are missing throw if they are asked */
export function askRoute(
  name: RouteName,
  sent: Sent,
  { access = LOCAL, ...sources }: Partial<ApiSources> & { readonly access?: DashboardAccess },
): Promise<HttpAnswer> {
  return answerRequest(name, requestOf(sent), { ...NOTHING, ...sources, access });
}

/** The services of a test that has only some: the others are missing. */
export function connecting(deps: object): ApiSources["connect"] {
  return () => Promise.resolve(deps as Awaited<ReturnType<ApiSources["connect"]>>);
}
