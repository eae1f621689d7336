import { readFileSync, statSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join } from "node:path";
import { UsageError } from "../errors.ts";
import type { FindList } from "../kql/compile/constants/lists.ts";
import type { Problem } from "../kql/compile/problem.ts";

/** A file's text and the name under which its problems are reported. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** A rule's file and the files beside it in its folder. */
export interface RuleFiles {
  /** The name of its folder, or of the file if the rule has no folder of its own. */
  readonly name: string;
  readonly rule: TextFile;
  readonly guide?: TextFile;
  readonly overlay?: TextFile;
  readonly tests?: TextFile;
  readonly expectedChanges?: TextFile;
  /** Finds the lists that the rule reads with externaldata. */
  readonly findList?: FindList;
}

const BESIDE = {
  guide: "guide.md",
  overlay: "overlay.yaml",
  tests: "tests.yaml",
  expectedChanges: "expected-changes.yaml",
} as const;

/** Folder beside those of the rules, with the events that tests name. */
export const SAMPLES_FOLDER = "samples";

/** Folder within a rule's folder or beside it, with copies of the lists that rules read with externaldata. */
const LISTS_FOLDER = "externaldata";
/** Every instance of the app loads the lists with the rules. */
export const MAX_LIST_BYTES = 4 * 1_048_576;

/**
 * Finds rules in a file or folder, in the order of their names: `<folder>/rule.yaml` with the files beside it, and every
 * other YAML file, such as an official rule file. In a folder with a guide or an overlay, the only other YAML file is the
 * rule, whatever its name.
 *
 * @throws {UsageError} if there is no such file or folder
 */
export async function findRules(path: string): Promise<{ rules: RuleFiles[]; problems: Problem[] }> {
  const found = await stat(path).catch((error: unknown) => {
    throw isMissing(error)
      ? new UsageError(`${path}: no such file or folder${isAbsolute(path) ? "" : ` in ${process.cwd()}`}`, {
          cause: error,
        })
      : error;
  });
  if (!found.isDirectory()) return { rules: [await ruleAt(path)], problems: [] };
  return inFolder(path);
}

async function inFolder(folder: string): Promise<{ rules: RuleFiles[]; problems: Problem[] }> {
  const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  if (files.includes("rule.yaml")) return { rules: [await ruleAt(join(folder, "rule.yaml"))], problems: [] };
  const companions: readonly string[] = Object.values(BESIDE);
  const companion = files.find((name) => companions.includes(name));
  const others = files.filter((name) => isYaml(name) && !companions.includes(name));
  // An official file may keep its own name.
  if (companion !== undefined && others[0] !== undefined && others.length === 1) {
    return { rules: [await ruleAt(join(folder, others[0]), folder)], problems: [] };
  }
  if (companion !== undefined) {
    const message = `the folder has no rule.yaml for this ${companion}`;
    const problem: Problem = {
      file: join(folder, companion),
      line: 1,
      column: 1,
      level: "error",
      code: "no-rule",
      message,
    };
    return { rules: [], problems: [problem] };
  }
  const rules: RuleFiles[] = [];
  const problems: Problem[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile() && isYaml(entry.name)) rules.push(await ruleAt(path));
    if (!entry.isDirectory() || entry.name === SAMPLES_FOLDER || entry.name === LISTS_FOLDER) continue;
    const below = await inFolder(path);
    rules.push(...below.rules);
    problems.push(...below.problems);
  }
  return { rules, problems };
}

function isYaml(name: string): boolean {
  return [".yaml", ".yml"].includes(extname(name).toLowerCase());
}

/** @param own the rule's own folder; a `rule.yaml` always has one */
async function ruleAt(path: string, own?: string): Promise<RuleFiles> {
  const rule: TextFile = { name: path, text: await readFile(path, "utf8") };
  const folder = own ?? (basename(path) === "rule.yaml" ? dirname(path) : undefined);
  if (folder === undefined) return { name: basename(path, extname(path)), rule, findList: listFinder(dirname(path)) };
  const [guide, overlay, tests, expectedChanges] = await Promise.all([
    textIfThere(join(folder, BESIDE.guide)),
    textIfThere(join(folder, BESIDE.overlay)),
    textIfThere(join(folder, BESIDE.tests)),
    textIfThere(join(folder, BESIDE.expectedChanges)),
  ]);
  return {
    name: basename(folder),
    rule,
    ...(guide && { guide }),
    ...(overlay && { overlay }),
    ...(tests && { tests }),
    ...(expectedChanges && { expectedChanges }),
    findList: listFinder(folder, dirname(folder)),
  };
}

/**
 * Finds copies of lists below `externaldata/` in one of the folders. A copy's path is that of its URL:
 * `externaldata/lists.example/apps.csv` is the copy of `https://lists.example/apps.csv`. The last folder is where a missing
 * list is asked for.
 */
export function listFinder(...folders: readonly string[]): FindList {
  return (url) => {
    const path = pathOfUrl(url);
    if (path === undefined) return { problem: `externaldata: "${url}" is not a URL that begins with https://` };
    const files = folders.map((folder) => join(folder, LISTS_FOLDER, path));
    for (const name of files) {
      const found = statSync(name, { throwIfNoEntry: false });
      if (!found?.isFile()) continue;
      if (found.size <= MAX_LIST_BYTES) return { name, bytes: readFileSync(name), modified: found.mtime };
      return {
        problem: `${name} has ${found.size} bytes; a list has at most ${MAX_LIST_BYTES}: every instance loads it`,
      };
    }
    const download = `curl --fail --location --create-dirs --output '${files.at(-1)}' '${url.replaceAll("'", "%27")}'`;
    return {
      problem: `externaldata reads a local copy of the list when the rule is built, and there is none of ${url}. Download it, check it and build again: ${download}`,
    };
  };
}

/** Host, path and query of a URL, as the path of a file. The URL itself has no `..` left after it was parsed. */
function pathOfUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  return `${url.host}${url.pathname}${url.search}`.replaceAll(
    /[^\w.%/-]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function textIfThere(name: string): Promise<TextFile | undefined> {
  try {
    return { name, text: await readFile(name, "utf8") };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
