import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { wholeJson } from "../kql/run/exact-json.ts";
import { suggestion } from "../kql/compile/nearest-name.ts";
import type { Problem } from "../kql/compile/problem.ts";

/** A YAML file with its positions. */
export interface YamlFile {
  readonly name: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

type Place = Pick<Problem, "line" | "column">;

/** More than a person writes, but far less than a few lines of nested aliases can expand to. */
const MAX_ALIASES = 100;

export interface ReadYaml {
  readonly file: YamlFile;
  /** The content of the file, whole numbers with all digits; undefined if there is a problem. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** Turns whole numbers into numbers, except where they would lose digits. */
function exactNumber(_key: unknown, value: unknown): unknown {
  return typeof value === "bigint" ? wholeJson(value) : value;
}

/** Reads a YAML file. Syntax errors become problems at their place. */
export function readYaml(text: string, name: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, intAsBigInt: true });
  const file: YamlFile = { name, text, document, lines };
  const problems = document.errors.map((error): Problem => {
    const reason = error.code === "MULTIPLE_DOCS" ? "a second document begins here" : error.message.split("\n")[0];
    return yamlProblem(file, error.pos[0], reason ?? "");
  });
  if (problems.length > 0) return { file, value: undefined, problems };
  try {
    return { file, value: document.toJS({ maxAliasCount: MAX_ALIASES, reviver: exactNumber }) as unknown, problems };
  } catch (error) {
    // An alias is unknown, or aliases expand to too much.
    if (!(error instanceof ReferenceError)) throw error;
    return { file, value: undefined, problems: [yamlProblem(file, 0, error.message)] };
  }
}

function yamlProblem(file: YamlFile, offset: number, reason: string): Problem {
  return {
    file: file.name,
    ...placeOfOffset(file, offset),
    level: "error",
    code: "yaml",
    message: `not YAML: ${reason}`,
  };
}

function placeOfOffset({ lines }: YamlFile, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Where the value at a path begins, or its nearest parent if there is no value. */
export function placeOf(file: YamlFile, path: readonly PropertyKey[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(file, path.slice(0, length));
    if (node?.range) return placeOfOffset(file, node.range[0]);
  }
  return { line: 1, column: 1 };
}

/** Where a field's name begins. */
export function placeOfKey(file: YamlFile, field: string): Place {
  const root = file.document.contents;
  const pair = isMap(root) ? root.items.find(({ key }) => isScalar(key) && key.value === field) : undefined;
  const key = pair?.key;
  return isNode(key) && key.range ? placeOfOffset(file, key.range[0]) : { line: 1, column: 1 };
}

export function topLevelFields({ document }: YamlFile): string[] {
  const root = document.contents;
  return isMap(root) ? root.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : [])) : [];
}

function nodeAt({ document }: YamlFile, path: readonly PropertyKey[]): Node | undefined {
  const node = document.getIn(path, true);
  return isNode(node) ? node : undefined;
}

/**
 * The place in the file of an offset inside a text value. The lines of a block scalar are in the file unchanged, after
 * their indentation. For a quoted value or folded lines, only the start is known.
 */
export function placeInText(file: YamlFile, path: readonly PropertyKey[], offset: number): Place {
  const node = nodeAt(file, path);
  if (!isScalar(node) || typeof node.value !== "string" || !node.range) return placeOf(file, path);
  const start = placeOfOffset(file, node.range[0]);
  const before = node.value.slice(0, offset).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  if (node.type === "PLAIN" && !node.value.includes("\n")) return { line: start.line, column: start.column + offset };
  if (node.type !== "BLOCK_LITERAL") return start;
  const line = start.line + before.length;
  return { line, column: column + indentation(file, start.line, node.value) };
}

interface ShapeIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** If several forms are allowed: the problems with each of them. */
  readonly errors?: readonly (readonly ShapeIssue[])[];
}

/** The problems that a schema has with a file, each at the place of its value. */
export function shapeProblems(file: YamlFile, issues: readonly ShapeIssue[], code: string): Problem[] {
  return issues.map(nearestIssue).map(({ path, message }) => {
    const where = path.length === 0 ? "the file" : path.map(String).join(".");
    const hint = choiceHint(file, path, message);
    return {
      file: file.name,
      ...placeOf(file, path),
      level: "error",
      code,
      message: `${where}: ${plain(message)}${hint}`,
    };
  });
}

/** Replaces the schema library's messages with ones that say what to do. */
function plain(message: string): string {
  return message
    .replace(/^Invalid (?:discriminator value|option)[.:] [Ee]xpected /, "expected ")
    .replace(/^Invalid input: expected (\w+), received undefined$/, "it is missing, but required ($1)")
    .replace(/^Invalid input: expected object, received \w+$/, "expected fields and their values, `field: value`");
}

/** The choice that was probably meant by a misspelt one. */
function choiceHint({ document }: YamlFile, path: readonly PropertyKey[], message: string): string {
  const given: unknown = document.getIn(path);
  const choices = [...message.matchAll(/"([^"]+)"/g)].map(([, choice = ""]) => choice);
  return message.startsWith("Invalid option") && typeof given === "string" ? suggestion(given, choices) : "";
}

/** If several forms are allowed, takes the problem deepest inside the value: its form is probably the intended one. */
function nearestIssue(issue: ShapeIssue): ShapeIssue {
  const forms = (issue.errors ?? []).flatMap(([first]) => (first === undefined ? [] : [nearestIssue(first)]));
  const deepest = forms.toSorted((left, right) => right.path.length - left.path.length)[0];
  if (deepest === undefined) return issue;
  const path = [...issue.path, ...deepest.path];
  if (deepest.path.length > 0) return { path, message: deepest.message };
  return { path, message: [...new Set(forms.map(({ message }) => message))].join(", or ") };
}

function indentation({ text }: YamlFile, headerLine: number, value: string): number {
  const firstUsed = value.split("\n").findIndex((line) => line.trim() !== "");
  const source = text.split("\n")[headerLine + firstUsed] ?? "";
  const written = value.split("\n")[firstUsed] ?? "";
  return Math.max(0, source.replace(/\r$/, "").length - written.length);
}
