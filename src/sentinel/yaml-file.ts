import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { wholeJson } from "../kql/run/exact-json.ts";
import type { Problem } from "../kql/compile/problem.ts";

/** A YAML file with its positions. */
export interface YamlFile {
  readonly name: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

type Place = Pick<Problem, "line" | "column">;

/** More than a person writes, and far less than a few lines of aliases of aliases can ask for. */
const MAX_ALIASES = 100;

export interface ReadYaml {
  readonly file: YamlFile;
  /** What the file holds, as data, whole numbers with all their digits; undefined where there is a problem. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** A whole number is a bigint where a number would lose digits. */
function exactNumber(_key: unknown, value: unknown): unknown {
  return typeof value === "bigint" ? wholeJson(value) : value;
}

/** Reads a YAML file; syntax errors are problems at their place. */
export function readYaml(text: string, name: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, intAsBigInt: true });
  const file: YamlFile = { name, text, document, lines };
  const problems = document.errors.map((error): Problem => {
    const said = error.code === "MULTIPLE_DOCS" ? "a second document begins here" : error.message.split("\n")[0];
    return yamlProblem(file, error.pos[0], said ?? "");
  });
  if (problems.length > 0) return { file, value: undefined, problems };
  try {
    return { file, value: document.toJS({ maxAliasCount: MAX_ALIASES, reviver: exactNumber }) as unknown, problems };
  } catch (error) {
    // Aliases that name nothing, or would make far more of the file than it holds.
    if (!(error instanceof ReferenceError)) throw error;
    return { file, value: undefined, problems: [yamlProblem(file, 0, error.message)] };
  }
}

function yamlProblem(file: YamlFile, offset: number, said: string): Problem {
  return {
    file: file.name,
    ...placeOfOffset(file, offset),
    level: "error",
    code: "yaml",
    message: `not YAML: ${said}`,
  };
}

function placeOfOffset({ lines }: YamlFile, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Where the value at a path begins; where there is none, its nearest parent. */
export function placeOf(file: YamlFile, path: readonly PropertyKey[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(file, path.slice(0, length));
    if (node?.range) return placeOfOffset(file, node.range[0]);
  }
  return { line: 1, column: 1 };
}

/** Where a field's name stands. */
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
 * Where an offset inside a text value lies in the file. A block scalar's lines stand in the file as they are, behind
 * their indentation; a value in quotes or over folded lines is only known to begin where it begins.
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
  /** Where several forms are allowed: what each of them says against the value. */
  readonly errors?: readonly (readonly ShapeIssue[])[];
}

/** What a schema says against a file, each where the value stands. */
export function shapeProblems(file: YamlFile, issues: readonly ShapeIssue[], code: string): Problem[] {
  return issues.map(nearestIssue).map(({ path, message }) => {
    const where = path.length === 0 ? "the file" : path.map(String).join(".");
    return { file: file.name, ...placeOf(file, path), level: "error", code, message: `${where}: ${plain(message)}` };
  });
}

/** Without the schema library's own words, where a person asks what is to be done. */
function plain(message: string): string {
  return message
    .replace(/^Invalid (?:discriminator value|option)[.:] [Ee]xpected /, "expected ")
    .replace(/^Invalid input: expected (\w+), received undefined$/, "it is missing, and must be there ($1)")
    .replace(/^Invalid input: expected object, received \w+$/, "expected fields and their values, `field: value`");
}

/** Of several allowed forms, the one that was meant is that which objects deepest inside the value. */
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
