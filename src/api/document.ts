import * as z from "zod/mini";
import { FILTER_NAMES, FILTERS } from "../core/triage/incident-filters.ts";
import { PAGING } from "../core/triage/incident-query.ts";
import { MAX_CHANGE_BYTES } from "../core/triage/triage-change.ts";
import { VERSION } from "../version.ts";
import { SILENCE_PARAMETERS } from "../workflows/health/silence-api.ts";
import { INCIDENT_ID } from "../workflows/incidents/incidents-api.ts";
import {
  type Answer,
  type QueryName,
  type RequestHeader,
  ROUTE_NAMES,
  type RouteName,
  ROUTES,
  SHARED_ANSWERS,
} from "./routes.ts";
import { SCHEMAS } from "./schemas.ts";

/** The parts of JSON Schema, draft 2020-12, that the document uses: the dialect of OpenAPI 3.1. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: string | number;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly style?: string;
  readonly explode?: boolean;
  readonly example?: string;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

interface Header {
  readonly description: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content: Content;
}

export interface OperationObject {
  readonly operationId: RouteName;
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly [];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly description: string; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

/** The OpenAPI document of all routes. It is made at build time, so that the app serves bytes. */
export function openApiDocument() {
  const operations = ROUTE_NAMES.map((name) => ({ path: pathOf(name), ...operationOf(name) }));
  return {
    openapi: "3.1.1",
    info: {
      title: "pimwatch",
      version: VERSION,
      summary: "Incidents of Entra ID audit logs, their triage, and the health of the pipeline",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/api", description: "This app" }],
    security: [{ session: [] }, { accessToken: [] }],
    paths: Object.fromEntries(
      [...Map.groupBy(operations, ({ path }) => path)].map(([path, of]) => [
        path,
        Object.fromEntries(of.map(({ method, operation }) => [method, operation])),
      ]),
    ),
    components: { schemas: namedSchemas(), securitySchemes: SECURITY_SCHEMES },
  } as const;
}

const ABOUT = `Who may ask: people whom App Service Authentication has signed in with Microsoft Entra ID for this app; without a sign-in the platform redirects to the sign-in page before the app is asked, and an application's own token gets 403. In a local run, anyone on this machine may ask, without signing in, by the address 127.0.0.1 or localhost. \`/health\` is open to anyone.

A route with query parameters refuses any other parameter, and one that is given twice, with 400. A parameter without a value restricts nothing. Other routes ignore the query. Errors are \`application/problem+json\` (RFC 9457). Times are ISO 8601 in UTC.`;

/** @see https://learn.microsoft.com/azure/app-service/configure-authentication-customize-sign-in-out */
const SECURITY_SCHEMES = {
  session: {
    type: "apiKey",
    in: "cookie",
    name: "AppServiceAuthSession",
    description: "The session of a browser in which a person has signed in at /.auth/login/aad",
  },
  accessToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token of Microsoft Entra ID for this app that a person has got, with a scope",
  },
};

function pathOf(name: RouteName): string {
  return `/${ROUTES[name].route.replaceAll(/\{(\w+)[^}]*\}/g, "{$1}")}`;
}

function operationOf(name: RouteName): { readonly method: string; readonly operation: OperationObject } {
  const { method, access, summary, answers, ...route } = ROUTES[name];
  const parameters = [
    ...[...pathOf(name).matchAll(/\{(\w+)\}/g)].map(([, parameter = ""]) => pathParameter(parameter)),
    ...("query" in route ? QUERIES[route.query]() : []),
    ...("requestHeaders" in route ? route.requestHeaders.map(headerParameter) : []),
  ];
  const operation: OperationObject = {
    operationId: name,
    summary,
    ...("description" in route && { description: route.description }),
    ...(access === "anyone" && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...("body" in route && {
      requestBody: {
        required: true,
        description: `At most ${MAX_CHANGE_BYTES} bytes`,
        content: { "application/json": { schema: refTo(route.body) } },
      },
    }),
    responses: responsesOf([answers, SHARED_ANSWERS[access]]),
  };
  return { method: method.toLowerCase(), operation };
}

const PATH_PARAMETERS: Readonly<Record<string, Pick<Parameter, "description" | "schema">>> = {
  id: { description: "IncidentId of the incident", schema: { type: "string", pattern: INCIDENT_ID.source } },
  asset: { description: "Name of the file, as the page has it", schema: { type: "string" } },
};

function pathParameter(name: string): Parameter {
  const known = PATH_PARAMETERS[name];
  if (known === undefined) throw new TypeError(`describe the path parameter "${name}" in PATH_PARAMETERS`);
  return { name, in: "path", required: true, ...known };
}

function headerParameter({ name, description, value, example }: RequestHeader): Parameter {
  const schema = value === undefined ? { type: "string" } : { type: "string", const: value };
  return { name, in: "header", required: true, description, schema, ...(example !== undefined && { example }) };
}

const QUERIES: Readonly<Record<QueryName, () => readonly Parameter[]>> = {
  list: () => [...FILTER_NAMES.map(filterParameter), ...parametersOf(PAGING)],
  silence: () => parametersOf(SILENCE_PARAMETERS),
};

function filterParameter(name: (typeof FILTER_NAMES)[number]): Parameter {
  const filter = FILTERS[name];
  const rest = { name, in: "query", required: false, description: filter.help } as const;
  if (!("values" in filter)) return { ...rest, schema: { type: "string", ...filter.form } };
  const schema = { type: "array", items: { type: "string", enum: filter.values } };
  return { ...rest, schema, style: "form", explode: false };
}

function parametersOf(shape: z.ZodMiniObject): Parameter[] {
  const { properties = {}, required = [] } = asSchema(z.toJSONSchema(shape, SPELLING));
  return Object.entries(properties).map(([name, { description = "", ...schema }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    description,
    schema,
  }));
}

function responsesOf(tables: readonly Readonly<Record<number, Answer>>[]): Readonly<Record<string, Response>> {
  const answers = tables.flatMap((table) => Object.entries(table));
  return Object.fromEntries(
    [...Map.groupBy(answers, ([status]) => status)].map(([status, alike]) => [
      status,
      joined(alike.map(([, answer]) => responseOf(Number(status), answer))),
    ]),
  );
}

function responseOf(status: number, { description, schema, mediaTypes, headers = {} }: Answer): Response {
  const usual = status < 400 ? "application/json" : "application/problem+json";
  const content = schema === undefined ? { type: "string" } : refTo(schema);
  const described = Object.entries(headers).map(([name, meaning]) => [
    name,
    { description: meaning, required: true, schema: { type: "string" } },
  ]);
  return {
    description,
    ...(described.length > 0 && { headers: Object.fromEntries(described) }),
    content: Object.fromEntries((mediaTypes ?? [usual]).map((type) => [type, { schema: content }])),
  };
}

/** The answers with one status: one may come before an operation, another from it. */
function joined(responses: readonly Response[]): Response {
  const headers = Object.entries<Header>(Object.assign({}, ...responses.map((response) => response.headers)));
  const isInAll = (name: string): boolean => responses.every((response) => response.headers?.[name] !== undefined);
  return {
    description: responses.map(({ description }) => description).join(". Or: "),
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map(([name, header]) => [name, { ...header, required: isInAll(name) }])),
    }),
    content: Object.assign({}, ...responses.map(({ content }) => content)),
  };
}

function refTo(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

function namedSchemas(): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { ...SPELLING, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _uri, ...schema }]) => [id, asSchema(schema)]),
  );
}

function asSchema(made: object): JsonSchema {
  return made; // zod's own type allows every dialect
}

/** As a client sends it. The range of JavaScript's numbers says nothing about a value. */
const SPELLING = {
  io: "input",
  override({ jsonSchema: made }: { readonly jsonSchema: { minimum?: number; maximum?: number } }) {
    if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
    if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
  },
} as const;
