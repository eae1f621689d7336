/** What is answered to a request, before it is the Functions host's form. */
export interface HttpAnswer {
  readonly status: number;
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

export function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status,
    headers: { ...PRIVATE, "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}

export function attachment(name: string, type: string, body: string): HttpAnswer {
  const headers = { ...PRIVATE, "content-type": type, "content-disposition": `attachment; filename="${name}"` };
  return { status: 200, headers, body };
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Forbidden",
  404: "Not found",
  408: "Too slow",
  409: "Conflict",
  412: "Changed meanwhile",
  413: "Too large",
  415: "Not JSON",
  428: "If-Match is missing",
  500: "Something went wrong here",
  503: "Not available",
};

/** An error as RFC 9457 has it. */
export function problem(status: number, detail: string, members: object = {}): HttpAnswer {
  const title = TITLES[status] ?? "Error";
  const answer = json(status, { type: "about:blank", title, status, detail, ...members });
  const retry = status === 503 ? { "retry-after": "5" } : {};
  return { ...answer, headers: { ...answer.headers, "content-type": "application/problem+json", ...retry } };
}
