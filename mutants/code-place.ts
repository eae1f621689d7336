import { parseAst } from "rolldown/parseAst";
import { UsageError } from "../src/errors.ts";

/** Start (inclusive) and end (exclusive), in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Place extends Span {
  /** Names from the outside in: `suspectTable.takeOver`. */
  readonly path: string;
  readonly isCode: boolean;
}

/**
 * The place of a named thing in a file.
 *
 * TypeScript: a function, method, class or variable by name, or by path if several share it. A bare name means the
 * outermost one, and the function if a variable shares it. A call statement is named by its first text, such as
 * `audit-events` in `app.generic("audit-events", …)`. Bicep: a resource, module, parameter or variable. JSON: a member
 * of the root.
 *
 * @throws {UsageError} unless exactly one thing has the name
 */
export function placeIn(file: string, source: string, name: string): Span {
  const found = placesOf(file, source).filter(({ path }) => path === name || path.endsWith(`.${name}`));
  const outermost = found.filter(({ path }) => path === name);
  const all = outermost.length > 0 ? outermost : found;
  const functions = all.filter((one) => one.isCode);
  const places = functions.length > 0 ? functions : all;
  const [place, ...others] = places;
  if (place === undefined) throw new UsageError(`${file}: nothing is called ${name}`);
  if (others.length > 0)
    throw new UsageError(`${file}: ${name} may be ${places.map(({ path }) => path).join(" or ")}: write more of it`);
  return place;
}

function placesOf(file: string, source: string): Place[] {
  if (/\.tsx?$/.test(file)) return placesOfProgram(file, source);
  if (file.endsWith(".bicep"))
    return blocks(source, /^(?:resource|module|param|var|output|func|type) (\w+)/, /^[\w@/]/);
  if (file.endsWith(".json")) return blocks(source, /^ {2}"([^"]+)":/, /^ {2}"/);
  throw new UsageError(`${file}: only .ts, .tsx, .bicep and .json files have places`);
}

/** Blocks of lines: each begins with a line that names it and ends where the next one begins. */
function blocks(source: string, named: RegExp, next: RegExp): Place[] {
  const places: Place[] = [];
  let open: { path: string; start: number } | undefined;
  let offset = 0;
  for (const line of source.split(/(?<=\n)/)) {
    if (open !== undefined && next.test(line)) places.push({ ...open, end: offset, isCode: false });
    if (next.test(line)) open = undefined;
    const [, path] = named.exec(line) ?? [];
    if (path !== undefined) open = { path, start: offset };
    offset += line.length;
  }
  return open === undefined ? places : [...places, { ...open, end: offset, isCode: false }];
}

interface Node extends Span {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** @throws {UsageError} if the source is not TypeScript */
function placesOfProgram(file: string, source: string): Place[] {
  const program: unknown = parsed(file, source);
  const places: Place[] = [];
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const element of value) visit(element, path);
    if (!isNode(value)) return;
    const name = nameOf(value);
    const inner = name === undefined ? path : path === "" ? name : `${path}.${name}`;
    const { start, end } = value;
    if (name !== undefined) places.push({ path: inner, start, end, isCode: isFunction(value) });
    for (const field of Object.values(value)) visit(field, inner);
  };
  visit(program, "");
  return places;
}

/** The syntax tree. @throws {UsageError} with the parser's message */
export function parsed(file: string, source: string): object {
  try {
    return parseAst(source, { lang: file.endsWith(".tsx") ? "tsx" : "ts" }, file);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} cannot be parsed: ${problem}`, { cause: error });
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value && "end" in value;
}

function nameOf(node: Node): string | undefined {
  const { type, id, key, value, expression } = node;
  if (/^(Function|Class)(Declaration|Expression)$/.test(type) || type === "VariableDeclarator") return wordOf(id);
  if (type === "MethodDefinition" || (type === "Property" && isFunction(value))) return wordOf(key);
  if (type !== "ExpressionStatement" || !isNode(expression) || expression.type !== "CallExpression") return undefined;
  const given: unknown = expression["arguments"];
  return Array.isArray(given) ? wordOf(given[0]) : undefined;
}

function isFunction(node: unknown): boolean {
  if (!isNode(node)) return false;
  return (
    /Function|MethodDefinition/.test(node.type) || isFunction(node.type === "Property" ? node["value"] : node["init"])
  );
}

/** An identifier's name, or the text of a literal. */
function wordOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Identifier") return String(node["name"]);
  return node.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined;
}
