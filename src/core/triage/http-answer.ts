/** What is answered to a request, before it is the Functions host's form. */
export interface HttpAnswer<Status extends number = number> {
  readonly status: Status;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Nothing of it is kept by a browser or a proxy, and nothing is taken for another type than it says. */
const PRIVATE: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

export function json<Status extends number>(
  status: Status,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer<Status> {
  return {
    status,
    headers: { ...PRIVATE, "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}

export function attachment(name: string, type: string, body: string): HttpAnswer<200> {
  const headers = { ...PRIVATE, "content-type": type, "content-disposition": `attachment; filename="${name}"` };
  return { status: 200, headers, body };
}

/** The errors that the app answers with. */
const PROBLEM_TITLES = {
  400: "Bad request",
  401: "Not signed in",
  403: "Forbidden",
  404: "Not found",
  408: "Too slow",
  412: "Changed meanwhile",
  413: "Too large",
  415: "Not JSON",
  428: "If-Match is missing",
  500: "Something went wrong here",
  503: "Not available",
} as const;
export type ProblemStatus = keyof typeof PROBLEM_TITLES;

/** An error as RFC 9457 has it. */
export function problem<Status extends ProblemStatus>(
  status: Status,
  detail: string,
  members: object = {},
): HttpAnswer<Status> {
  const title = PROBLEM_TITLES[status];
  const answer = json(status, { type: "about:blank", title, status, detail, ...members });
  const retry = status === 503 ? { "retry-after": "5" } : {};
  return { ...answer, headers: { ...answer.headers, "content-type": "application/problem+json", ...retry } };
}

/** The answer to a request that cannot be read. */
export function invalid({ problems }: { readonly problems: readonly string[] }): HttpAnswer<400> {
  return problem(400, problems.join("; "), { problems });
}
