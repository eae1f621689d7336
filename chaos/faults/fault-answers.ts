import type { Fault, FaultKind, Operation } from "./fault-matrix.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer of a proxy between app and service, without the service's own format. */
const PAGE = { type: "text/html", body: "<html><body><h1>Sign in to the network</h1></body></html>" };

/** The code that each service gives with a status. */
const TABLE_CODES: Readonly<Record<string, string>> = {
  401: "InvalidAuthenticationInfo",
  403: "AuthorizationFailure",
  404: "ResourceNotFound",
  408: "OperationTimedOut",
  409: "EntityAlreadyExists",
  412: "UpdateConditionNotSatisfied",
  413: "RequestBodyTooLarge",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServerBusy",
  507: "InsufficientStorage",
};
const BLOB_CODES: Readonly<Record<string, string>> = {
  ...TABLE_CODES,
  404: "ContainerNotFound",
  409: "BlobAlreadyExists",
  412: "ConditionNotMet",
};

/**
 * Statuses that report a state: "it exists", "it is gone". For a row or a blob the service says so only if it is true,
 * after the request took effect and its answer was lost. Before that, the same status means something else, or a proxy
 * in between sent it.
 */
const CLAIMS: ReadonlySet<string> = new Set(["404", "409", "412"]);
const TABLE_OTHERWISE: Readonly<Record<string, string>> = { 404: "TableNotFound", 409: "TableBeingDeleted" };
const BLOB_OTHERWISE: Readonly<Record<string, string>> = { 404: "ContainerNotFound", 409: "ContainerBeingDeleted" };

/** Faults that break or hold the connection instead of answering. */
const SILENT: ReadonlySet<FaultKind> = new Set(["reset", "late", "hang", "truncated"]);

/** The answer of a fault; undefined if it has none. */
export function answerOf({ kind, operation, effect }: Fault): HttpAnswer | undefined {
  if (SILENT.has(kind)) return undefined;
  if (kind === "empty 202") return { status: 202, headers: {}, body: "" };
  if (kind === "HTML 200") return page(200);
  if (kind === "206") return { status: 206, headers: { "content-type": "application/json" }, body: "{" };
  return refusal(kind, operation, effect === "before" && CLAIMS.has(kind));
}

function page(status: number): HttpAnswer {
  return { status, headers: { "content-type": PAGE.type }, body: PAGE.body };
}

function refusal(kind: FaultKind, operation: Operation, isLie: boolean): HttpAnswer {
  const [code = kind, retryAfter] = kind.split("+");
  const status = Number(code);
  const isTable = operation !== "ingest" && operation !== "token" && operation !== "blob put";
  const otherwise = isTable ? TABLE_OTHERWISE : operation === "blob put" ? BLOB_OTHERWISE : {};
  if (isLie && otherwise[code] === undefined) return page(status);
  const nameOr = (known: Readonly<Record<string, string>>) => (isLie ? otherwise[code] : known[code]) ?? code;
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  if (operation === "blob put") {
    const name = nameOr(BLOB_CODES);
    return {
      status,
      headers: { ...headers, "content-type": "application/xml", "x-ms-error-code": name },
      body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${name}</Code><Message>a fault</Message></Error>`,
    };
  }
  const error = { code: nameOr(TABLE_CODES), message: "a fault" };
  const body = isTable ? { "odata.error": { ...error, message: { lang: "en-US", value: error.message } } } : { error };
  return { status, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
}
