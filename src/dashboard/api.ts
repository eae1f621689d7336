import type { Statement } from "../core/ledger/silence-statement.ts";
import type { TriageChange } from "../core/triage/triage-change.ts";
import { field } from "./format.ts";
import type { AppHealth as Health } from "../workflows/health/health-api.ts";
import type { IncidentList, WholeIncident, WhoAmI } from "../workflows/incidents/incidents-api.ts";
import type { IncidentSummary } from "../workflows/incidents/summarize-incidents.ts";

export type { AppHealth as Health } from "../workflows/health/health-api.ts";
export type { IncidentList as IncidentPage } from "../workflows/incidents/incidents-api.ts";

/** One incident, with the ETag that a change of it must send. */
export interface ReadIncident extends WholeIncident {
  readonly etag: string;
}

/** The app answered with an error, or could not be reached; then `status` is 0. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** When the app wants to be asked again; undefined if it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options);
    this.status = status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function listIncidents(query: URLSearchParams, signal: AbortSignal): Promise<IncidentList> {
  return read<IncidentList>(`incidents?${query}`, signal);
}

export function summarize(query: URLSearchParams, signal: AbortSignal): Promise<IncidentSummary> {
  return read<IncidentSummary>(`incidents/summary?${query}`, signal);
}

export function whoAmI(signal: AbortSignal): Promise<WhoAmI> {
  return read<WhoAmI>("me", signal);
}

export async function readIncident(id: string, signal: AbortSignal): Promise<ReadIncident> {
  const response = await request(`incidents/${encodeURIComponent(id)}`, { signal });
  return withEtag(await bodyOf<WholeIncident>(response), response);
}

/** Reads the health of the pipeline, whatever its status. */
export function readHealth(signal: AbortSignal): Promise<Health> {
  return read<Health>("pipeline", signal);
}

/** What is proven of one rule, in each tenant. */
export async function readStatements(ruleId: string, signal: AbortSignal): Promise<readonly Statement[]> {
  const query = new URLSearchParams({ rule: ruleId });
  return (await read<{ readonly statements: readonly Statement[] }>(`silence?${query}`, signal)).statements;
}

export type ChangeOutcome =
  | { readonly outcome: "changed"; readonly now: ReadIncident }
  /** Somebody else has changed the incident, so nothing was stored. */
  | { readonly outcome: "conflict"; readonly now: ReadIncident };

/** Changes an incident in the state that has this ETag. */
export async function changeIncident(
  { incident, etag }: Pick<ReadIncident, "incident" | "etag">,
  change: TriageChange,
): Promise<ChangeOutcome> {
  const response = await request(`incidents/${encodeURIComponent(field(incident, "IncidentId"))}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", "if-match": etag, "x-requested-with": "pimwatch" },
    body: JSON.stringify(change),
  });
  if (response.status === 412) {
    const { current }: { readonly current: WholeIncident } = await response.json();
    return { outcome: "conflict", now: withEtag(current, response) };
  }
  return { outcome: "changed", now: withEtag(await bodyOf<WholeIncident>(response), response) };
}

function withEtag(whole: WholeIncident, response: Response): ReadIncident {
  return { ...whole, etag: response.headers.get("etag") ?? "" };
}

async function read<T>(path: string, signal: AbortSignal): Promise<T> {
  return bodyOf<T>(await request(path, { signal }));
}

/** Paths are relative to the URL of the page, `/api/dashboard`. */
async function request(path: string, options: RequestInit): Promise<Response> {
  let response;
  try {
    response = await fetch(path, { ...options, cache: "no-store", credentials: "same-origin", redirect: "manual" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "pimwatch cannot be reached", { cause: error });
  }
  // The API redirects nobody: this is the platform, which asks for a sign-in.
  if (response.type === "opaqueredirect") throw new ApiError(401, "the sign-in has expired");
  return response;
}

async function bodyOf<T>(response: Response): Promise<T> {
  if (!response.ok) {
    const seconds = Number(response.headers.get("retry-after") ?? NaN);
    const retryAfter = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {};
    throw new ApiError(response.status, await problemOf(response), retryAfter);
  }
  const body: T = await response.json();
  return body;
}

async function problemOf(response: Response): Promise<string> {
  // The host itself answers 404 without a body if an id has the wrong length.
  const fallback = response.status === 404 ? "there is no such incident" : `pimwatch answered ${response.status}`;
  if (!(response.headers.get("content-type") ?? "").includes("json")) return fallback;
  const { detail }: { readonly detail?: string } = await response.json();
  return detail ?? fallback;
}
