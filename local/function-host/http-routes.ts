import { SettingsError } from "../../src/errors.ts";

/** A parsed route of an HTTP function. */
export interface Route {
  readonly functionName: string;
  /** Upper case; undefined means all. */
  readonly methods: ReadonlySet<string> | undefined;
  readonly segments: readonly Segment[];
}

type Segment =
  | { readonly literal: string }
  | {
      readonly parameter: string;
      readonly optional: boolean;
      readonly rest: boolean;
      readonly constraints: readonly Constraint[];
    };

interface Constraint {
  fits(value: string): boolean;
  /** A value that matches. */
  readonly example: string;
}

/** ASP.NET's route constraints by name, built from the numbers in their parentheses. */
// https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
const CONSTRAINTS: Readonly<Record<string, (...numbers: readonly number[]) => Constraint | undefined>> = {
  alpha: matching(/^[a-z]+$/i, "a"),
  bool: matching(/^(true|false)$/i, "true"),
  guid: matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "00000000-0000-0000-0000-000000000000"),
  int: matching(/^-?\d{1,10}$/, "0"),
  long: matching(/^-?\d{1,19}$/, "0"),
  required: matching(/./, "a"),
  length: (least, most = least) => ofLength(least, most),
  minlength: (least) => ofLength(least, Infinity),
  maxlength: (most) => ofLength(0, most),
  min: (least) => between(least, Infinity),
  max: (most) => between(-Infinity, most),
  range: between,
};

function matching(pattern: RegExp, example: string): (...numbers: readonly number[]) => Constraint | undefined {
  return (...numbers) => (numbers.length === 0 ? { fits: (value) => pattern.test(value), example } : undefined);
}

function ofLength(least: number | undefined, most: number | undefined): Constraint | undefined {
  if (least === undefined || most === undefined) return undefined;
  return { fits: ({ length }) => least <= length && length <= most, example: "a".repeat(Math.max(1, least)) };
}

function between(least: number | undefined, most: number | undefined): Constraint | undefined {
  if (least === undefined || most === undefined) return undefined;
  return {
    fits: (value) => /^-?\d{1,19}$/.test(value) && least <= Number(value) && Number(value) <= most,
    example: String(Number.isFinite(least) ? least : most),
  };
}

/**
 * Reads a route template: literals, `{name}`, `{name?}`, `{name:constraint}`, `{name:length(64)}`, `{*rest}`.
 *
 * @throws {SettingsError} for other forms that ASP.NET knows
 */
export function parseRoute(functionName: string, template: string, methods: readonly string[] | undefined): Route {
  const segments = template.split("/").filter((part) => part !== "");
  return {
    functionName,
    methods: methods === undefined ? undefined : new Set(methods.map((method) => method.toUpperCase())),
    segments: segments.map((segment) => parseSegment(functionName, segment)),
  };
}

function parseSegment(functionName: string, segment: string): Segment {
  if (!/[{}]/.test(segment)) return { literal: segment.toLowerCase() };
  const match = /^\{(\*{0,2})(\w+)((?::\w+(?:\([-\d, ]*\))?)*)(\?)?\}$/.exec(segment);
  if (match === null) {
    throw new SettingsError([`${functionName}: route segment "${segment}" has a form that is not supported here`]);
  }
  const [, stars = "", parameter = "", constraints = "", optional] = match;
  return {
    parameter,
    optional: optional !== undefined || stars !== "",
    rest: stars !== "",
    constraints: constraints
      .split(":")
      .slice(1)
      .map((constraint) => parseConstraint(functionName, constraint)),
  };
}

function parseConstraint(functionName: string, constraint: string): Constraint {
  const [name = "", list] = constraint.replace(")", "").split("(");
  const numbers =
    list === undefined ? [] : list.split(",").map((number) => (number.trim() === "" ? NaN : Number(number)));
  const made = numbers.some(Number.isNaN) ? undefined : CONSTRAINTS[name.toLowerCase()]?.(...numbers);
  if (made !== undefined) return made;
  throw new SettingsError([`${functionName}: route constraint "${constraint}" is not supported here`]);
}

/**
 * Sorts routes as the real host does: by the functions' names. A more literal route has no precedence.
 *
 * @see https://github.com/Azure/azure-functions-host/issues/9876
 */
export function routesInOrder(routes: readonly Route[]): readonly Route[] {
  return routes.toSorted((left, right) => left.functionName.localeCompare(right.functionName, "en"));
}

/**
 * The function that serves a request, and its parameters: the first route that matches.
 *
 * @param routes in the order of `routesInOrder`
 * @param path with percent encoding, beginning with "/"
 */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly functionName: string; readonly params: Readonly<Record<string, string>> } | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  for (const { functionName, methods, segments } of routes) {
    if (methods !== undefined && !methods.has(method.toUpperCase())) continue;
    const params = matchSegments(segments, parts);
    if (params !== undefined) return { functionName, params };
  }
  return undefined;
}

function matchSegments(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if ("literal" in segment) {
      if (part?.toLowerCase() !== segment.literal) return undefined;
      continue;
    }
    const value = segment.rest ? parts.slice(index).join("/") : part;
    if (value === undefined || value === "") {
      if (!segment.optional) return undefined;
    } else {
      if (!segment.constraints.every((constraint) => constraint.fits(value))) return undefined;
      params[segment.parameter] = value;
    }
    if (segment.rest) return params;
  }
  return parts.length > segments.length ? undefined : params;
}

/** A request meant for one route but served by another function. */
export interface ShadowedRoute {
  readonly functionName: string;
  /** An example, such as `GET /api/incidents/summary`. */
  readonly request: string;
  /** The function that serves it, because its name sorts first. */
  readonly by: string;
}

/**
 * Routes that never get their requests, because an earlier route takes them.
 *
 * @param routes in the order of `routesInOrder`
 */
export function shadowedRoutes(routes: readonly Route[]): readonly ShadowedRoute[] {
  return routes.flatMap(({ functionName, methods, segments }) =>
    [...(methods ?? ["GET"])].flatMap((method) => {
      const path = examplePath(segments);
      const by = matchRoute(routes, method, path)?.functionName;
      return by === undefined || by === functionName ? [] : [{ functionName, request: `${method} ${path}`, by }];
    }),
  );
}

/** A path that the route is meant for. It matches unless a parameter's constraints exclude each other. */
function examplePath(segments: readonly Segment[]): string {
  const parts = segments.map((segment) => {
    if ("literal" in segment) return segment.literal;
    const examples = segment.constraints.map(({ example }) => example);
    return examples.find((value) => segment.constraints.every((constraint) => constraint.fits(value))) ?? "a";
  });
  return `/${parts.join("/")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // ASP.NET also leaves a stray "%" unchanged
  }
}
