import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/**
 * Files and folders of the repository that a build reads. Installed packages count by npm's own list of them.
 * test/build.test.ts runs a build that may read nothing else.
 */
export const SOURCES = [
  "build.ts",
  "host.json",
  "LICENSE",
  "node_modules/.package-lock.json",
  "package-lock.json",
  "package.json",
  "rules",
  "scripts",
  "src",
  "tsconfig.json",
];

/** The file in a built app that says which sources it was built from. */
export const RECORD = "build.json";

/** What a build says about the rules. */
export interface BuildReport {
  readonly warnings: readonly string[];
  readonly scan: string;
}

interface BuildRecord extends BuildReport {
  /** Hash of the sources, and of all other files of the app. */
  readonly sources: string;
  readonly files: string;
}

/** The report of the app in a folder; undefined unless the app is whole and was built from these sources. */
export async function currentBuild(directory: string, sources: string): Promise<BuildReport | undefined> {
  try {
    const record: BuildRecord = JSON.parse(await readFile(join(directory, RECORD), "utf8"));
    return record.sources === sources && record.files === (await filesHash(directory)) ? record : undefined;
  } catch {
    return undefined; // no record, half of one, or a folder that another build is replacing
  }
}

export async function writeRecord(directory: string, sources: string, report: BuildReport): Promise<void> {
  const record: BuildRecord = { sources, files: await filesHash(directory), ...report };
  await writeFile(join(directory, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * Moves a folder to a place where another one may be. A reader finds a whole folder or, for an instant, none: Node cannot
 * exchange two folders in one call. If several builds end at once, one whole folder stays.
 */
export async function replaceFolder(place: string, fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  for (;;) {
    await rename(place, old).catch(unless("ENOENT"));
    const placed = await rename(fresh, place).then(() => true, unless("ENOTEMPTY", "EEXIST", "EPERM")); // another build came between
    await rm(old, { recursive: true, force: true });
    if (placed === true) return;
  }
}

export async function sourcesHash(root: string): Promise<string> {
  const files = await Promise.all(SOURCES.map((path) => filesBelow(join(root, path))));
  return hashOf(root, files.flat());
}

async function filesHash(directory: string): Promise<string> {
  const files = await filesBelow(directory);
  return hashOf(
    directory,
    files.filter((file) => file !== join(directory, RECORD)),
  );
}

async function filesBelow(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
}

/** One hash over names and contents. */
async function hashOf(root: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    const content = createHash("sha256").update(await readFile(file));
    hash.update(`${relative(root, file).split(sep).join("/")}\0${content.digest("hex")}\n`);
  }
  return hash.digest("hex");
}

function unless(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof Error && "code" in error && codes.includes(String(error.code)))) throw error;
  };
}
