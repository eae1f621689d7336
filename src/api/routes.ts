import { API_DEADLINE_MS, PAGE_DEADLINE_MS } from "../core/timing.ts";
import type { ProblemStatus } from "../core/triage/http-answer.ts";
import { MAX_EXPORTED, WRITE_HEADER } from "../workflows/incidents/incidents-api.ts";

/** An HTTP route. Names in it stand for parts of the OpenAPI document, which schemas.ts and document.ts make at build time. */
interface Route {
  readonly method: "GET" | "PATCH";
  /** As the Functions host reads it, behind `/api/`. */
  readonly route: string;
  /**
   * `anyone`: App Service Authentication leaves the route open. Such a route tells everyone the same: nobody promises that
   * the platform removes forged headers there.
   */
  readonly access: "analyst" | "anyone";
  readonly deadlineMs: number;
  readonly summary: string;
  readonly description?: string;
  /** The parameters that it takes in the query. Any other is refused. A route without them ignores the query. */
  readonly query?: string;
  readonly requestHeaders?: readonly RequestHeader[];
  /** The schema of its JSON body. */
  readonly body?: string;
  /** Its own answers, besides SHARED_ANSWERS. */
  readonly answers: Readonly<Partial<Record<200 | ProblemStatus, Answer>>>;
}

export interface RequestHeader {
  readonly name: string;
  readonly description: string;
  /** The only value that is taken. */
  readonly value?: string;
  readonly example?: string;
}

export interface Answer {
  readonly description: string;
  /** The schema of its JSON body. */
  readonly schema?: string;
  /** Without it: JSON, and problem+json for an error. */
  readonly mediaTypes?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

const FAILURES = {
  500: {
    description:
      "A setting of the app is missing or wrong. If a request takes too long, the host answers, without a body",
    schema: "Problem",
  },
  503: {
    description: "Something that the app needs does not answer: try again",
    schema: "Problem",
    headers: { "Retry-After": "Seconds to wait" },
  },
} as const;

/** Answers that come before a route's operation, or instead of it. */
export const SHARED_ANSWERS = {
  anyone: FAILURES,
  analyst: {
    401: { description: "Nobody is signed in", schema: "Problem" },
    403: {
      description: "The sign-in is not a person's for this app; or in a local run, the address is not this machine's",
      schema: "Problem",
    },
    404: { description: "Page and API are off: App Service Authentication is not set up", schema: "Problem" },
    ...FAILURES,
  },
} as const satisfies Readonly<Record<Route["access"], Route["answers"]>>;

const ETAG = { ETag: "The incident's revision, for the If-Match of a change" };
const INVALID = { description: "A parameter or field is not as expected", schema: "InvalidRequest" } as const;
const NO_INCIDENT = {
  description: "There is no such incident. If the id has another length, the host answers, without a body",
  schema: "Problem",
} as const;

// The host tries routes in the order of the functions' names, so a plain `{id}` would also match "summary".
const BY_ID = "incidents/{id:length(64)}"; // a sha256

/**
 * All HTTP routes, by the names of their functions. The app registers them from here, and its OpenAPI document is made from
 * here.
 */
export const ROUTES = {
  "incidents-list": {
    method: "GET",
    route: "incidents",
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Lists incidents, a page at a time",
    description:
      "A page can hold fewer incidents than asked for, even none, and still have a `continuation`: each request searches for a limited time only. The list ends where `continuation` is null.",
    query: "list",
    answers: { 200: { description: "A page of the list", schema: "IncidentList" }, 400: INVALID },
  },
  "incidents-summary": {
    method: "GET",
    route: "incidents/summary",
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Counts incidents by time, effect and priority",
    description: "`order`, `limit` and `continuation` are accepted, and change nothing.",
    query: "list",
    answers: { 200: { description: "The figures", schema: "IncidentSummary" }, 400: INVALID },
  },
  "incidents-csv": {
    method: "GET",
    route: "incidents/export",
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Exports incidents as CSV",
    description: `One export holds up to ${MAX_EXPORTED} incidents; \`limit\` is accepted, and changes nothing.`,
    query: "list",
    answers: {
      200: {
        description:
          "A CSV file in UTF-8 with a header line. A cell that a spreadsheet would run as a formula is made text",
        mediaTypes: ["text/csv"],
        headers: { "Content-Disposition": "The file's name" },
      },
      400: INVALID,
      413: { description: "Too many incidents: narrow the time or the filters", schema: "Problem" },
    },
  },
  "incidents-show": {
    method: "GET",
    route: BY_ID,
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Shows one incident, with record, history and guidance",
    answers: { 200: { description: "The incident", schema: "WholeIncident", headers: ETAG }, 404: NO_INCIDENT },
  },
  "incidents-change": {
    method: "PATCH",
    route: BY_ID,
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Changes status, owner or classification of an incident, or comments on it",
    description:
      "Read the incident first, and send the `ETag` of that answer as `If-Match`. After a 412, look at `current`, and send the change again with the new `ETag` if it is still right. To close an incident, give a classification; opening it again takes the classification away.",
    requestHeaders: [
      {
        name: WRITE_HEADER.name,
        value: WRITE_HEADER.value,
        description: "A page of another site cannot send it, so that no other site can make a browser change incidents",
      },
      { name: "If-Match", description: "The `ETag` of the incident as it was read", example: '"1"' },
    ],
    body: "TriageChange",
    answers: {
      200: { description: "The incident after the change", schema: "WholeIncident", headers: ETAG },
      400: { ...INVALID, description: "The body is not as expected, or changes nothing" },
      403: {
        description: `${WRITE_HEADER.name} is missing, or a browser sent the change from another site`,
        schema: "Problem",
      },
      404: NO_INCIDENT,
      408: { description: "The body did not arrive in time", schema: "Problem" },
      412: {
        description: "Somebody has changed the incident since, so nothing was stored. `current` is the incident now",
        schema: "Conflict",
        headers: ETAG,
      },
      413: {
        description: "The body is too large. If it is above the host's limit, the host answers, without a body",
        schema: "Problem",
      },
      415: { description: "The body is not sent as application/json", schema: "Problem" },
      428: { description: "If-Match is missing", schema: "Problem" },
    },
  },
  me: {
    method: "GET",
    route: "me",
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Says who asks, and names the tenants",
    answers: { 200: { description: "The analyst", schema: "WhoAmI" } },
  },
  silence: {
    method: "GET",
    route: "silence",
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Says how far the silence of one rule is proven",
    query: "silence",
    answers: {
      200: { description: "One statement for each tenant", schema: "Silence" },
      400: INVALID,
      404: { description: "No rule with this id runs, or ALLOWED_TENANT_IDS lacks the tenant", schema: "Problem" },
    },
  },
  pipeline: {
    method: "GET",
    route: "pipeline",
    access: "analyst",
    deadlineMs: API_DEADLINE_MS,
    summary: "Shows the whole health of the app",
    description: "The answer is 200 whatever the health is.",
    answers: { 200: { description: "The health, with problems and figures", schema: "AppHealth" } },
  },
  health: {
    method: "GET",
    route: "health",
    access: "anyone",
    deadlineMs: API_DEADLINE_MS,
    summary: "Tells anyone in one word how the app is, for probes",
    answers: {
      200: { description: "`ok` or `degraded`: events are stored", schema: "Health" },
      503: {
        description: "`down`: events may not be stored now",
        schema: "Health",
        mediaTypes: ["application/json"],
      },
    },
  },
  openapi: {
    method: "GET",
    route: "openapi.json",
    access: "analyst",
    deadlineMs: PAGE_DEADLINE_MS,
    summary: "This document",
    answers: { 200: { description: "An OpenAPI 3.1 document", schema: "OpenApi" } },
  },
  dashboard: {
    method: "GET",
    route: "dashboard",
    access: "analyst",
    deadlineMs: PAGE_DEADLINE_MS,
    summary: "The page for analysts",
    answers: { 200: { description: "The page", mediaTypes: ["text/html"] } },
  },
  "dashboard-assets": {
    method: "GET",
    route: "dashboard/{asset}",
    access: "analyst",
    deadlineMs: PAGE_DEADLINE_MS,
    summary: "A file of the page",
    answers: {
      200: {
        description: "The file",
        mediaTypes: ["text/javascript", "text/css", "text/html", "text/plain", "image/svg+xml", "font/woff2"],
      },
      404: { description: "The page has no such file", schema: "Problem" },
    },
  },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;
type Routes = typeof ROUTES;

/** Names of the routes with this access. */
export type RouteFor<Access extends Route["access"]> = {
  [Name in RouteName]: Routes[Name]["access"] extends Access ? Name : never;
}[RouteName];

/** The statuses that a route's operation may answer with. */
export type StatusOf<Name extends RouteName> = Extract<
  keyof Routes[Name]["answers"] | keyof (typeof SHARED_ANSWERS)[Routes[Name]["access"]],
  number
>;

type Named<Key extends string> = {
  [Name in RouteName]: Routes[Name] extends Readonly<Record<Key, infer Value>> ? Value : never;
}[RouteName];
type AnswersOf<Name extends RouteName> = Routes[Name]["answers"][keyof Routes[Name]["answers"]];

/** What the routes name, so that nothing named is missing in the document. */
export type QueryName = Named<"query">;
export type SchemaName =
  | Named<"body">
  | {
      [Name in RouteName]: AnswersOf<Name> extends infer One
        ? One extends { readonly schema: infer Schema }
          ? Schema
          : never
        : never;
    }[RouteName];

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys() forgets which keys the table has
export const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[];
