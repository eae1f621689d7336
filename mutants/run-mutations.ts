import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mutated } from "./mutate.ts";
import type { Mutation } from "./mutation-list.ts";
import { configOf, runTests, type TestOutcome, type TestRunOptions } from "./test-run.ts";

export interface Result {
  readonly mutation: Mutation;
  readonly line: number;
  /**
   * `noticed`: a test failed. `timed out`: the tests did not end, which also counts as noticed. `not tried`: they fail
   * anyway.
   */
  readonly outcome: "noticed" | "timed out" | "survived" | "no test ran" | "not tried";
  /** The test that failed, or why none ran or was conclusive. */
  readonly by: string;
  readonly seconds: number;
}

export interface RunOptions {
  /** Copies of the repository, one for each parallel mutation. */
  readonly directories: readonly string[];
  readonly stopping: AbortSignal;
  onResult(result: Result): void;
  /** Time for vitest to start, the app to build and packages to load. */
  readonly startMs?: number;
}

const WHOLE_LIMIT_MS = 3_600_000;

/** Tries mutations, each against its own tests. Skips those whose tests fail without a mutation. */
export async function runMutations(
  mutations: ReadonlyMap<Mutation, Mutated & { readonly original: string }>,
  { directories, stopping, onResult, startMs = 45_000 }: RunOptions,
): Promise<Result[]> {
  const [first] = directories;
  if (first === undefined) throw new TypeError("no directory to work in");
  const all = new Set([...mutations.keys()].flatMap(({ tests }) => tests));
  const usual = await runsWithout([...all], { directory: first, workers: directories.length, stopping });
  const secondsOf = ({ tests }: Mutation): number => sum(tests.map((test) => usual.seconds.get(test) ?? 0));
  // Longest first, so that no worker is left with a long one at the end.
  const queue = [...mutations].toSorted(([a], [b]) => secondsOf(b) - secondsOf(a));
  const results: Result[] = [];
  const work = async (directory: string): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [mutation, fault] = next;
      const why = mutation.tests.map((test) => usual.failing.get(test)).find((reason) => reason !== undefined);
      const limitMs = Math.ceil(startMs + 4_000 * secondsOf(mutation));
      const result =
        why === undefined
          ? await tryMutation(mutation, fault, { directory, limitMs, workers: 1, stopping })
          : { mutation, line: fault.line, outcome: "not tried" as const, by: why, seconds: 0 };
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(directories.map(work));
  return results;
}

/** How the tests end without a mutation. A test that already fails proves nothing. */
interface UsualRuns {
  readonly seconds: ReadonlyMap<string, number>;
  /** Why each failing test file fails. */
  readonly failing: ReadonlyMap<string, string>;
}

async function runsWithout(
  tests: readonly string[],
  options: Omit<TestRunOptions, "tests" | "limitMs">,
): Promise<UsualRuns> {
  const seconds = new Map<string, number>();
  const failing = new Map<string, string>();
  const run = async (some: readonly string[]): Promise<TestOutcome> => {
    const ran = await runTests({ ...options, tests: some, limitMs: WHOLE_LIMIT_MS });
    if (ran.outcome === "passed") for (const [test, taken] of ran.seconds) seconds.set(test, taken);
    return ran;
  };
  for (const suite of suitesOf(tests)) {
    if ((await run(suite)).outcome === "passed") continue;
    // Run one at a time, each shows which one fails, and a test that failed only under load gets a second chance.
    for (const test of suite) {
      const ran = await run([test]);
      if (ran.outcome !== "passed") failing.set(test, `fails without a mutation: ${explanationOf(ran)}`);
    }
  }
  return { seconds, failing };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function tryMutation(
  mutation: Mutation,
  { source, original, line }: Mutated & { readonly original: string },
  options: Omit<TestRunOptions, "tests">,
): Promise<Result> {
  const beganAt = performance.now();
  const file = join(options.directory, mutation.file);
  const resultOf = (outcome: Result["outcome"], by: string): Result => {
    return { mutation, line, outcome, by, seconds: (performance.now() - beganAt) / 1_000 };
  };
  await writeFile(file, source);
  try {
    for (const tests of suitesOf(mutation.tests)) {
      const ran = await runTests({ ...options, tests });
      if (ran.outcome === "failed") return resultOf("noticed", ran.by);
      if (ran.outcome !== "passed") return resultOf(ran.outcome, explanationOf(ran));
    }
    return resultOf("survived", "");
  } finally {
    await writeFile(file, original);
  }
}

/** Test files that one vitest run takes together; those without a build come first. */
function suitesOf(tests: readonly string[]): string[][] {
  const byConfig = Map.groupBy(tests, (test) => configOf([test]));
  return [...byConfig].toSorted(([a], [b]) => a.localeCompare(b)).map(([, suite]) => suite);
}

function explanationOf(ran: Exclude<TestOutcome, { outcome: "passed" }>): string {
  if (ran.outcome === "failed") return ran.by;
  return ran.outcome === "no test ran" ? ran.because : "the tests did not end";
}
