import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyRegexEngine } from "../../../src/kql/compile/regex-engine.ts";
import { auditLogRow, planOf } from "../query.ts";

const run = promisify(execFile);
let directory = "";

/** A bundle of the evaluator in a folder without any node_modules above it. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pimwatch-bundle-"));
  await build({
    input: { app: fileURLToPath(new URL("../../../src/kql/run/evaluate.ts", import.meta.url)) },
    platform: "node",
    output: { dir: directory, format: "esm", minify: true },
  });
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Evaluates a query in a process that has only the bundle, and that may not generate code from strings. */
async function evaluateInBundle(query: string): Promise<string> {
  const row = auditLogRow().map((value) => (typeof value === "bigint" ? { ticks: String(value) } : value));
  const program = `
    import { prepare } from "./app.js";
    const row = ${JSON.stringify(row)}.map((value) => (value?.ticks === undefined ? value : BigInt(value.ticks)));
    console.log(JSON.stringify(prepare(${JSON.stringify(planOf(query))})(row)));`;
  await writeFile(join(directory, "program.js"), program);
  const { stdout } = await run(process.execPath, ["--disallow-code-generation-from-strings", "program.js"], {
    cwd: directory,
  });
  return stdout.trim();
}

test("a plan without regular expressions needs no engine", async () => {
  expect(await readdir(directory)).not.toContain("rregex");
  expect(await evaluateInBundle("AuditLogs | project Category")).toBe('[["RoleManagement"]]');
});

test("a plan with one finds the engine beside the bundle", async () => {
  await copyRegexEngine(directory);
  const query = 'AuditLogs | project extract("setting in (.*)", 1, OperationName)';
  expect(await evaluateInBundle(query)).toBe('[["PIM"]]');
});
