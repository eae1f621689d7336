import { randomUUID } from "node:crypto";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { pathToFileURL, fileURLToPath } from "node:url";
import { join, relative } from "node:path";
import { build as bundle } from "rolldown";
import { buildDashboard } from "./scripts/build-dashboard.ts";
import { currentBuild, replaceFolder, sourcesHash, writeRecord, type BuildReport } from "./scripts/build-record.ts";
import { bundledPackages } from "./scripts/third-party/npm-packages.ts";
import { writeReleaseContents } from "./scripts/third-party/release-contents.ts";
import { openApiDocument } from "./src/api/document.ts";
import { copyRegexEngine } from "./src/kql/compile/regex-engine.ts";
import { compileAllRules } from "./src/sentinel/compile-rules.ts";
import { formatProblem } from "./src/kql/compile/problem.ts";
import { ruleScan } from "./src/core/scan/rule-scan.ts";
import { UsageError } from "./src/errors.ts";
import { VERSION } from "./src/version.ts";

const ROOT = fileURLToPath(new URL(".", import.meta.url));

/** The host's own module, and an optional dependency: looking for it would take 4 ms of each start. */
export const HOSTED = ["@azure/functions-core"];
export const RESOLVE = { alias: { "supports-color": false } } as const;

export interface Built extends BuildReport {
  readonly directory: string;
  /** False if the app was there already, whole and built from the same sources. */
  readonly isNew: boolean;
}

/**
 * Builds `dist/` unless it is current: azd runs a hook that builds while it packages `dist/`. A new app replaces the old
 * one at once and whole.
 *
 * @throws {UsageError} for rules that do not compile, with file, line, column and reason of each; and for a package
 *   without the text of its licence
 */
export async function build(directory = join(ROOT, "dist")): Promise<Built> {
  const sources = await sourcesHash(ROOT);
  const current = await currentBuild(directory, sources);
  if (current !== undefined) return { ...current, directory, isNew: false };
  const fresh = `${directory}.${randomUUID()}`; // beside it, since a folder cannot be moved to another disk
  try {
    await mkdir(fresh, { recursive: true });
    const report = await buildInto(fresh);
    await writeRecord(fresh, sources, report);
    await replaceFolder(directory, fresh);
    return { ...report, directory, isNew: true };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/**
 * Writes a complete function app, which azd and `func` publish and which the local stack and the tests load.
 * It contains one module with chunks loaded on first use, the rules as plans, the page, the API's OpenAPI document,
 * host.json, licences, notices and the list of third-party components; no dependencies and no source.
 *
 * CommonJS for a fast start: an `import` of node:http makes Node load all of fetch (20 ms), a `require` does not.
 */
async function buildInto(directory: string): Promise<BuildReport> {
  const { rules, problems } = await compileAllRules(join(ROOT, "rules"));
  const app = await bundle({
    input: { app: join(ROOT, "src/app.ts") },
    platform: "node",
    external: HOSTED,
    resolve: RESOLVE,
    logLevel: "warn",
    output: {
      dir: directory,
      format: "cjs",
      strict: true, // some packages rely on strict mode's `this` in plain calls
      minify: true,
      entryFileNames: "[name].cjs",
      chunkFileNames: "[name]-[hash].cjs",
      comments: { legal: false },
    },
  });
  const manifest = { name: "pimwatch", version: VERSION, main: "app.cjs", private: true };
  await writeFile(join(directory, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(directory, "rules.json"), JSON.stringify(rules));
  await writeFile(join(directory, "openapi.json"), JSON.stringify(openApiDocument()));
  const regexEngine = await copyRegexEngine(directory);
  await copyFile(join(ROOT, "host.json"), join(directory, "host.json"));
  const page = await buildDashboard(join(directory, "dashboard"));
  await writeReleaseContents(directory, {
    root: ROOT,
    app: [...bundledPackages(app, ROOT), regexEngine],
    page,
    rules,
  });
  const { summary } = ruleScan(rules.filter(({ disabled }) => disabled !== true));
  // The package holds no path of this machine.
  const warnings = problems.map((problem) => formatProblem({ ...problem, file: relative(ROOT, problem.file) }));
  return { warnings, scan: summary };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const { directory, warnings, scan, isNew } = await build();
    for (const warning of warnings) console.error(warning);
    console.error(scan);
    console.error(isNew ? `built ${directory}` : `${directory} is up to date`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
