import { valueText } from "../../core/value-text.ts";
import type { Portals } from "../../core/azure-clouds.ts";
import type { IncidentRow, StoredIncident } from "../../core/incident/incident-row.ts";
import type { Tenants } from "../../core/event/tenants.ts";
import type { Guide } from "../../core/incident/rule.ts";
import { BODY_TIMEOUT_MS, EXPORT_BUDGET_MS } from "../../core/timing.ts";
import type { Sender } from "../../core/triage/dashboard-access.ts";
import { attachment, type HttpAnswer, invalid, json, problem } from "../../core/triage/http-answer.ts";
import { incidentCsv } from "../../core/triage/incident-csv.ts";
import { type Invalid, type ListRequest, readListRequest } from "../../core/triage/incident-query.ts";
import { type Investigation, investigationOf } from "../../core/triage/investigation.ts";
import {
  type Analyst,
  type HistoryEntry,
  MAX_CHANGE_BYTES,
  readTriageChange,
  withChange,
} from "../../core/triage/triage-change.ts";
import { type ListDependencies, listIncidents } from "./list-incidents.ts";
import { type BodySource, readBody } from "./request-body.ts";
import { type Burst, countBurst, summarizeIncidents } from "./summarize-incidents.ts";

export interface ApiDependencies extends ListDependencies {
  readonly incidents: { get(ruleId: string, id: string): Promise<StoredIncident | undefined> };
  readonly changes: {
    change(row: IncidentRow, entry: HistoryEntry): Promise<"changed" | "conflict">;
    history(ruleId: string, id: string): Promise<readonly HistoryEntry[]>;
  };
  readonly portals: Portals;
  readonly guideOf: (ruleId: string) => Guide | undefined;
  readonly tenantNames: Tenants;
}

/** Who asks, and the tenants that there are incidents of. */
export interface WhoAmI extends Analyst {
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
}

export interface ApiRequest extends Sender, BodySource {
  readonly method: string;
  /** Parts of the path, as the route names them. */
  readonly params: Readonly<Record<string, string>>;
}

/** A page of a list. */
export interface IncidentList {
  readonly incidents: readonly IncidentRow[];
  /** For the next request; null if there is nothing more. */
  readonly continuation: string | null;
}

/** One incident with record, history, burst and guidance. */
export interface WholeIncident {
  readonly incident: IncidentRow;
  /** The audit record as JSON text. */
  readonly record: string;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly guide: Guide | null;
  readonly investigation: Investigation;
  /** The other incidents of its actor within the hour; null if there are none. */
  readonly burst: Burst | null;
}

/** A page of another origin cannot send this header without a preflight request. */
export const WRITE_HEADER = { name: "X-Requested-With", value: "pimwatch" } as const;
export const MAX_EXPORTED = 10_000;
export const INCIDENT_ID = /^[0-9a-f]{64}$/;

export async function list(
  request: ApiRequest,
  _analyst: Analyst,
  deps: ApiDependencies,
): Promise<HttpAnswer<200 | 400>> {
  const asked = listRequestOf(request);
  if ("problems" in asked) return invalid(asked);
  const found = await listIncidents(asked, deps);
  if (found === "refused")
    return problem(400, "continuation: it belongs to another list; ask for the first page again");
  const answer = { incidents: found.rows.map(withoutNulls), continuation: found.continuation ?? null };
  return json(200, answer satisfies IncidentList);
}

export async function summary(
  request: ApiRequest,
  _analyst: Analyst,
  deps: ApiDependencies,
): Promise<HttpAnswer<200 | 400>> {
  const asked = listRequestOf(request);
  return "problems" in asked ? invalid(asked) : json(200, await summarizeIncidents(asked.query, deps));
}

export async function csv(
  request: ApiRequest,
  _analyst: Analyst,
  deps: ApiDependencies,
): Promise<HttpAnswer<200 | 400 | 413>> {
  const asked = listRequestOf(request);
  if ("problems" in asked) return invalid(asked);
  const found = await listIncidents({ ...asked, limit: MAX_EXPORTED }, deps, { milliseconds: EXPORT_BUDGET_MS });
  if (found === "refused")
    return problem(400, "continuation: it belongs to another list; ask for the first page again");
  if (found.continuation !== undefined) {
    const detail = `more than ${MAX_EXPORTED} incidents, or more than can be searched in ${EXPORT_BUDGET_MS / 1_000} s: narrow the time or the filters`;
    return problem(413, detail);
  }
  const day = deps.now().toISOString().slice(0, 10);
  return attachment(`pimwatch-incidents-${day}.csv`, "text/csv; charset=utf-8", incidentCsv(found.rows));
}

export async function show(
  request: ApiRequest,
  _analyst: Analyst,
  deps: ApiDependencies,
): Promise<HttpAnswer<200 | 404>> {
  const found = await find(request.params["id"], deps);
  if (found === undefined) return missing();
  return json(200, await whole(found, deps), { etag: etagOf(found.row) });
}

export async function change(
  request: ApiRequest,
  analyst: Analyst,
  deps: ApiDependencies,
): Promise<HttpAnswer<200 | 400 | 403 | 404 | 408 | 412 | 413 | 415 | 428>> {
  const refusal = refusedWrite(request);
  if (refusal !== undefined) return refusal;
  const body = await readBody(request, { maxBytes: MAX_CHANGE_BYTES, timeoutMs: BODY_TIMEOUT_MS });
  if ("status" in body) return problem(body.status, body.detail);
  const wanted = readTriageChange(body.text);
  if ("problems" in wanted) return invalid(wanted);
  const found = await find(request.params["id"], deps);
  if (found === undefined) return missing();
  if (request.header("if-match") !== etagOf(found.row)) return conflict(found, deps);
  const changed = withChange(found.row, wanted, { by: analyst, at: deps.now() });
  if ("problems" in changed) return invalid(changed);
  if ((await deps.changes.change(changed.row, changed.entry)) === "conflict") {
    const now = await find(request.params["id"], deps);
    return now === undefined ? missing() : conflict(now, deps);
  }
  return json(200, await whole({ ...found, row: changed.row }, deps), { etag: etagOf(changed.row) });
}

export function me(_request: ApiRequest, analyst: Analyst, { tenantNames }: ApiDependencies): Promise<HttpAnswer<200>> {
  const tenants = [...tenantNames].map(([id, name]) => ({ id, name }));
  return Promise.resolve(json(200, { ...analyst, tenants } satisfies WhoAmI));
}

/** Refuses a change that may come from another site, or would overwrite a state that its sender has not seen. */
function refusedWrite(request: ApiRequest): HttpAnswer<403 | 415 | 428> | undefined {
  const { name, value } = WRITE_HEADER;
  if (request.header(name.toLowerCase()) !== value) return problem(403, `changes need the header ${name}: ${value}`);
  const site = request.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return problem(403, "only this page may send changes");
  const type = request.header("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) return problem(415, "changes are sent as application/json");
  if (request.header("if-match") === undefined)
    return problem(428, "changes need If-Match with the ETag of the incident as it was read");
  return undefined;
}

function listRequestOf({ url }: ApiRequest): ListRequest | Invalid {
  return readListRequest(new URL(url).searchParams);
}

/** Looks in every rule, since an id does not name its rule. */
async function find(id: string | undefined, deps: ApiDependencies): Promise<StoredIncident | undefined> {
  if (id === undefined || !INCIDENT_ID.test(id)) return undefined;
  const ruleIds = await deps.ruleIds();
  const found = await Promise.all(ruleIds.map((ruleId) => deps.incidents.get(ruleId, id)));
  return found.find((incident) => incident !== undefined);
}

async function whole({ row, record }: StoredIncident, deps: ApiDependencies): Promise<WholeIncident> {
  const ruleId = valueText(row["RuleId"]);
  const [history, burst] = await Promise.all([
    deps.changes.history(ruleId, valueText(row["IncidentId"])),
    countBurst(valueText(row["BurstId"]), deps),
  ]);
  return {
    incident: withoutNulls(row),
    record,
    history,
    burst,
    guide: deps.guideOf(ruleId) ?? null,
    investigation: investigationOf(row, deps.portals),
  };
}

function etagOf(row: IncidentRow): string {
  return `"${Number(row["Revision"])}"`;
}

async function conflict(current: StoredIncident, deps: ApiDependencies): Promise<HttpAnswer<412>> {
  const answer = problem(412, "somebody else has changed the incident meanwhile, so your change was not stored", {
    current: await whole(current, deps),
  });
  return { ...answer, headers: { ...answer.headers, etag: etagOf(current.row) } };
}

function missing(): HttpAnswer<404> {
  return problem(404, "there is no such incident");
}

function withoutNulls(row: IncidentRow): IncidentRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
