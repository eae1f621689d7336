import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

export type TestOutcome =
  /** `seconds`: duration of each file's tests. */
  | { readonly outcome: "passed"; readonly seconds: ReadonlyMap<string, number> }
  | { readonly outcome: "failed"; readonly by: string }
  | { readonly outcome: "timed out" }
  | { readonly outcome: "no test ran"; readonly because: string };

export interface TestRunOptions {
  /** A copy of the repository. */
  readonly directory: string;
  /** Test files of one suite. */
  readonly tests: readonly string[];
  readonly limitMs: number;
  readonly workers: number;
  readonly stopping: AbortSignal;
}

const REPORT = "mutants-report.json";

/** Runs test files with vitest until one test fails, in its own process group that ends with the run. */
export async function runTests({ directory, tests, limitMs, workers, stopping }: TestRunOptions): Promise<TestOutcome> {
  stopping.throwIfAborted();
  const report = join(directory, REPORT);
  await rm(report, { force: true });
  const options = [`--config=${configOf(tests)}`, "--bail=1", `--maxWorkers=${workers}`];
  const vitest = join(directory, "node_modules/vitest/vitest.mjs");
  const child = spawn(
    process.execPath,
    [vitest, "run", ...options, "--reporter=json", `--outputFile=${report}`, ...tests],
    { cwd: directory, detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-KEPT_CHARACTERS)));
  const end = (): void => endGroup(child.pid);
  const limit = AbortSignal.timeout(limitMs);
  limit.addEventListener("abort", end);
  stopping.addEventListener("abort", end);
  const [code]: unknown[] = await once(child, "close");
  limit.removeEventListener("abort", end);
  stopping.removeEventListener("abort", end);
  endGroup(child.pid); // processes that tests left behind
  stopping.throwIfAborted();
  if (limit.aborted && code === null) return { outcome: "timed out" };
  return outcomeOf(directory, await readReport(report), { code, said });
}

const KEPT_CHARACTERS = 4_000;

/** The configuration for these files, which belong to one suite. */
export function configOf(tests: readonly string[]): string {
  if (tests.every((test) => test.startsWith("test/infra/"))) return "vitest.infra.config.ts";
  if (tests.every((test) => test.startsWith("test/browser/"))) return "vitest.browser.config.ts";
  const needNoBuild = /^test\/(azure|compile|core|model|workflows)\//;
  return tests.every((test) => needNoBuild.test(test)) ? "mutants/sources-only.config.ts" : "vitest.config.ts";
}

/** The parts of vitest's report that are read here. */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

async function readReport(file: string): Promise<Report | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const report: Report = JSON.parse(text);
  return report;
}

function outcomeOf(
  directory: string,
  report: Report | undefined,
  { code, said }: { readonly code: unknown; readonly said: string },
): TestOutcome {
  const files = report?.testResults ?? [];
  const nameOf = (path: string): string => path.replace(directory, "").replace(/^\/+/, "");
  for (const { name, assertionResults } of files)
    for (const { status, fullName } of assertionResults)
      if (status === "failed") return { outcome: "failed", by: `${nameOf(name)}: ${fullName}` };
  const ran = files.filter(({ assertionResults }) => assertionResults.length > 0);
  if (ran.length === 0 || ran.length < files.length) {
    const problem = files.find(({ message }) => message !== "")?.message ?? said;
    return { outcome: "no test ran", because: problem.trim() || "vitest said nothing" };
  }
  // Vitest also fails on an error that belongs to no test.
  if (code !== 0) return { outcome: "failed", by: "an error that no test caught" };
  return {
    outcome: "passed",
    seconds: new Map(files.map(({ name, startTime, endTime }) => [nameOf(name), (endTime - startTime) / 1_000])),
  };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!isGone) throw error;
  }
}
