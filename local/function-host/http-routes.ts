import { SettingsError } from "../../src/errors.ts";

/** A route of an HTTP function, ready to be matched. */
export interface Route {
  readonly functionName: string;
  /** Upper case; undefined: all. */
  readonly methods: ReadonlySet<string> | undefined;
  readonly segments: readonly Segment[];
}

type Segment =
  | { readonly literal: string }
  | {
      readonly parameter: string;
      readonly optional: boolean;
      readonly rest: boolean;
      readonly constraints: readonly RegExp[];
    };

/** ASP.NET's route constraints that need no argument. */
// https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
const CONSTRAINTS: Readonly<Record<string, RegExp>> = {
  alpha: /^[a-z]+$/i,
  bool: /^(true|false)$/i,
  guid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  int: /^-?\d{1,10}$/,
  long: /^-?\d{1,19}$/,
  required: /./,
};

/**
 * Reads a route template: literals, `{name}`, `{name?}`, `{name:constraint}`, `{*rest}`.
 *
 * @throws {SettingsError} for what ASP.NET has besides
 */
export function parseRoute(functionName: string, template: string, methods: readonly string[] | undefined): Route {
  const segments = template.split("/").filter((part) => part !== "");
  return {
    functionName,
    methods: methods === undefined ? undefined : new Set(methods.map((method) => method.toUpperCase())),
    segments: segments.map((segment) => {
      if (!/[{}]/.test(segment)) return { literal: segment.toLowerCase() };
      const match = /^\{(\*{0,2})(\w+)((?::\w+)*)(\?)?\}$/.exec(segment);
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
          .map((name) => {
            const constraint = CONSTRAINTS[name.toLowerCase()];
            if (constraint !== undefined) return constraint;
            throw new SettingsError([`${functionName}: route constraint "${name}" is not supported here`]);
          }),
      };
    }),
  };
}

/**
 * The function that a request is for, and its parameters. The most literal route wins, segment by segment.
 *
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
  const matches = routes
    .filter(({ methods }) => methods === undefined || methods.has(method.toUpperCase()))
    .flatMap((route) => {
      const params = matchSegments(route.segments, parts);
      return params === undefined ? [] : [{ route, params }];
    })
    .sort((left, right) => rank(left.route).localeCompare(rank(right.route)));
  const best = matches[0];
  return best === undefined ? undefined : { functionName: best.route.functionName, params: best.params };
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
      if (!segment.constraints.every((constraint) => constraint.test(value))) return undefined;
      params[segment.parameter] = value;
    }
    if (segment.rest) return params;
  }
  return parts.length > segments.length ? undefined : params;
}

/** Sorts literals before constrained before free before rest. */
function rank({ segments }: Route): string {
  return segments
    .map((segment) => {
      if ("literal" in segment) return "0";
      if (segment.rest) return "3";
      return segment.constraints.length > 0 ? "1" : "2";
    })
    .join("");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray "%": ASP.NET leaves it as it is, too
  }
}
